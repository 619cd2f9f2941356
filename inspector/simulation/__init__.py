"""Simulated lines: log text for real pictures, or pictures and log text both."""
