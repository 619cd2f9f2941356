"""The attention flow report: one HTML file that says why a part got its verdict."""
