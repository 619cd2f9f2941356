"""Stores of branches: a folder, or any URL that fsspec knows; and packages to carry."""
