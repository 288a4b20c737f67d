"""What frameworks call a convolution, and how they lay its weight out."""

from convproof.core.records import Convention, Setting

CONVENTIONS = (
    Convention(
        "torch",
        "Conv2d",
        (
            Setting("stride", "stride", 1),
            Setting("padding", "padding", 0),
            Setting("dilation", "dilation", 1),
            Setting("groups", "groups", 1),
            Setting("bias", "bias", True),
            Setting("padding_mode", "padding_mode", "zeros"),
        ),
        {"weight": "weight", "bias": "bias"},
        "O I H W",
    ),
    Convention(
        "onnx",
        "Conv",
        (
            Setting("kernel_size", "kernel_shape"),
            Setting("stride", "strides", 1),
            Setting("padding", "pads", 0, "all begins, then all ends"),
            Setting("dilation", "dilations", 1),
            Setting("groups", "group", 1),
        ),
        {"weight": "W", "bias": "B"},
        "O I H W",
    ),
    Convention(
        "keras",
        "Conv2D",
        (
            Setting("out_channels", "filters"),
            Setting("stride", "strides", 1),
            Setting("padding", "padding", "valid", "'same' puts the odd pixel after the image, also with a stride"),
            Setting("dilation", "dilation_rate", 1),
            Setting("groups", "groups", 1),
            Setting("bias", "use_bias", True),
        ),
        {"weight": "kernel", "bias": "bias"},
        "H W I O",
        "images are N, H, W, C unless data_format says channels_first",
    ),
    Convention(
        "caffe",
        "Convolution",
        (Setting("out_channels", "num_output"), Setting("groups", "group", 1), Setting("bias", "bias_term", True)),
        {"weight": "blobs[0]", "bias": "blobs[1]"},
        "O I H W",
    ),
    Convention(
        "mindspore",
        "Conv2d",
        (Setting("padding", "pad_mode", "same"), Setting("bias", "has_bias", False), Setting("groups", "group", 1)),
        {"weight": "weight", "bias": "bias"},
        "O I H W",
    ),
)
