"""Results laid out for people: tables, Markdown, and pages with charts."""
