"""What frameworks call a convolution, and how they lay its weight out."""

from convproof.core.records import Convention, Setting

SPATIAL = {1: "W", 2: "H W", 3: "D H W"}
CAFFE = (Setting("out_channels", "num_output"), Setting("groups", "group", 1), Setting("bias", "bias_term", True))


def conventions(axes: int) -> tuple[Convention, ...]:
    """Those of a convolution along so many spatial axes."""
    spatial = SPATIAL[axes]
    plain = f"O I {spatial}"
    return (
        Convention(
            "torch",
            f"Conv{axes}d",
            (
                Setting("stride", "stride", 1),
                Setting("padding", "padding", 0),
                Setting("dilation", "dilation", 1),
                Setting("groups", "groups", 1),
                Setting("bias", "bias", True),
                Setting("padding_mode", "padding_mode", "zeros"),
            ),
            {"weight": "weight", "bias": "bias"},
            plain,
        ),
        Convention(
            "onnx",
            "Conv",
            (
                Setting("kernel_size", "kernel_shape"),
                Setting("stride", "strides", 1),
                Setting("padding", "pads", 0, "all begins, then all ends; auto_pad says SAME_UPPER or SAME_LOWER"),
                Setting("dilation", "dilations", 1),
                Setting("groups", "group", 1),
            ),
            {"weight": "W", "bias": "B"},
            plain,
        ),
        Convention(
            "keras",
            f"Conv{axes}D",
            (
                Setting("out_channels", "filters"),
                Setting("stride", "strides", 1),
                Setting("padding", "padding", "valid", "'same' is our same_upper: with any stride, the odd pixel after the image"),
                Setting("dilation", "dilation_rate", 1),
                Setting("groups", "groups", 1),
                Setting("bias", "use_bias", True),
            ),
            {"weight": "kernel", "bias": "bias"},
            f"{spatial} I O",
            f"images are N, {', '.join(spatial.split())}, C unless data_format says channels_first",
        ),
        *((Convention("caffe", "Convolution", CAFFE, {"weight": "blobs[0]", "bias": "blobs[1]"}, plain),) if axes == 2 else ()),
        Convention(
            "mindspore",
            f"Conv{axes}d",
            (Setting("padding", "pad_mode", "same"), Setting("bias", "has_bias", False), Setting("groups", "group", 1)),
            {"weight": "weight", "bias": "bias"},
            plain,
        ),
    )
