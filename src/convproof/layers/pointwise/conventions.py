"""What frameworks call the pointwise functions."""

from convproof.core.records import Convention

CONVENTIONS = {
    "relu": (
        Convention("torch", "ReLU", note="inplace=True overwrites the input, which a skip connection may still need"),
        Convention("onnx", "Relu"),
        Convention("keras", "ReLU"),
        Convention("caffe", "ReLU", note="negative_slope other than 0 makes it a leaky ReLU"),
    ),
}
