"""Witnesses: the same network, computed by somebody else. PyTorch, ONNX Runtime, the ONNX reference evaluator, or any function."""
