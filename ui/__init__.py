"""The operator console: a Qt desktop beside any number of lines."""
