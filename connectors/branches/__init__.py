"""Stores of trunk and branch artifacts."""
