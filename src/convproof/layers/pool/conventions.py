"""What frameworks call pooling. The traps: whether an average counts padding, how output sizes are rounded, what an index counts."""

from convproof.core.records import Convention, Setting

ONNX = (
    Setting("kernel_size", "kernel_shape"),
    Setting("stride", "strides", 1, "the default is 1, not the kernel"),
    Setting("padding", "pads", 0, "all begins, then all ends"),
    Setting("ceil_mode", "ceil_mode", 0),
)
KERAS = (
    Setting("kernel_size", "pool_size", 2),
    Setting("stride", "strides", None),
    Setting("padding", "padding", "valid", "'same' pads to ceil(size / stride) outputs and puts the odd pixel after the image"),
)
CAFFE = (
    Setting("kernel_size", "kernel_size"),
    Setting("stride", "stride", 1, "the default is 1, not the kernel"),
    Setting("padding", "pad", 0),
    Setting("ceil_mode", "round_mode", "CEIL", "old versions have no such setting and always round up"),
)
CAFFE_ROUNDS = "a last window that starts in the padding after the image is left out, but only where there is padding"

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
            *ONNX,
            Setting("dilation", "dilations", 1, "since opset 10"),
            Setting("return_indices", "Indices", None, "a second output; counts through the whole N, C, H, W array, not one plane"),
        ),
        note="storage_order=1 counts indices column by column (default 0: row by row); the maxima are the same",
    ),
    Convention("keras", "MaxPooling2D", KERAS, note="images are N, H, W, C unless data_format says channels_first"),
    Convention("caffe", "Pooling", CAFFE, note="pool: MAX; " + CAFFE_ROUNDS),
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
        (*ONNX, Setting("count_include_pad", "count_include_pad", 0, "the default is 0, torch's is True")),
        note="dilations since opset 19, which torch's average pooling does not have",
    ),
    Convention(
        "keras",
        "AveragePooling2D",
        KERAS,
        note="padding is never counted; images are N, H, W, C unless data_format says channels_first",
    ),
    Convention("caffe", "Pooling", CAFFE, note="pool: AVE; padding is counted; " + CAFFE_ROUNDS),
)
