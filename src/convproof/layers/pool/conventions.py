"""What frameworks call pooling. The traps: whether the average counts padding, and which way output sizes are rounded."""

from convproof.core.records import Convention, Setting

MAX = (
    Convention(
        "torch",
        "MaxPool2d",
        (
            Setting("stride", "stride", None),
            Setting("padding", "padding", 0),
            Setting("dilation", "dilation", 1),
            Setting("return_indices", "return_indices", False),
            Setting("ceil_mode", "ceil_mode", False),
        ),
    ),
    Convention(
        "onnx",
        "MaxPool",
        (
            Setting("kernel_size", "kernel_shape"),
            Setting("stride", "strides", 1, "the default is 1, not the kernel"),
            Setting("padding", "pads", 0, "all begins, then all ends"),
            Setting("dilation", "dilations", 1),
            Setting("ceil_mode", "ceil_mode", 0),
        ),
    ),
    Convention(
        "keras",
        "MaxPooling2D",
        (Setting("kernel_size", "pool_size", 2), Setting("stride", "strides", None), Setting("padding", "padding", "valid")),
    ),
    Convention("caffe", "Pooling", (Setting("stride", "stride", 1), Setting("padding", "pad", 0)), note="output sizes are rounded up"),
)

AVERAGE = (
    Convention(
        "torch",
        "AvgPool2d",
        (
            Setting("stride", "stride", None),
            Setting("padding", "padding", 0),
            Setting("ceil_mode", "ceil_mode", False),
            Setting("count_include_pad", "count_include_pad", True),
            Setting("divisor_override", "divisor_override", None),
        ),
    ),
    Convention(
        "onnx",
        "AveragePool",
        (
            Setting("kernel_size", "kernel_shape"),
            Setting("stride", "strides", 1, "the default is 1, not the kernel"),
            Setting("padding", "pads", 0, "all begins, then all ends"),
            Setting("ceil_mode", "ceil_mode", 0),
            Setting("count_include_pad", "count_include_pad", 0),
        ),
    ),
    Convention(
        "keras",
        "AveragePooling2D",
        (Setting("kernel_size", "pool_size", 2), Setting("stride", "strides", None), Setting("padding", "padding", "valid")),
        note="padding is never counted",
    ),
    Convention(
        "caffe",
        "Pooling",
        (Setting("stride", "stride", 1), Setting("padding", "pad", 0)),
        note="output sizes are rounded up; padding is counted",
    ),
)
