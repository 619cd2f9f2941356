"""Verdicts in SQL, evidence pictures in files."""
