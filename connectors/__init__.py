"""Connectors to cameras, logs, databases and stores."""
