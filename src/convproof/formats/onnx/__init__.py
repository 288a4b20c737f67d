"""ONNX files: read into networks, and written from them."""
