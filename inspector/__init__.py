"""Industrial visual inspection: camera frames and log text in, verdicts out."""
