"""Frame sources, one file each."""
