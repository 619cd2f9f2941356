"""Run time: arrays in, scores out, through ONNX Runtime; no torch."""
