"""What frameworks call a transposed convolution, and how they lay its weight out."""

from convproof.core.records import Convention, Setting

SPATIAL = {1: "W", 2: "H W", 3: "D H W"}
CAFFE = (Setting("out_channels", "num_output"), Setting("groups", "group", 1), Setting("bias", "bias_term", True))


def conventions(axes: int) -> tuple[Convention, ...]:
    """Those of a transposed convolution along so many spatial axes. I are the input channels, O the output channels of a group."""
    spatial = SPATIAL[axes]
    plain = f"I O {spatial}"
    return (
        Convention(
            "torch",
            f"ConvTranspose{axes}d",
            (
                Setting("stride", "stride", 1),
                Setting("padding", "padding", 0),
                Setting("output_padding", "output_padding", 0),
                Setting("groups", "groups", 1),
                Setting("bias", "bias", True),
                Setting("dilation", "dilation", 1),
                Setting("padding_mode", "padding_mode", "zeros"),
            ),
            {"weight": "weight", "bias": "bias"},
            plain,
        ),
        Convention(
            "onnx",
            "ConvTranspose",
            (
                Setting("kernel_size", "kernel_shape"),
                Setting("stride", "strides", 1),
                Setting("padding", "pads", 0, "all begins, then all ends; auto_pad says SAME_UPPER or SAME_LOWER"),
                Setting("output_padding", "output_padding", 0),
                Setting("output_shape", "output_shape", None, "pads are left unread; without auto_pad it is our same_lower"),
                Setting("dilation", "dilations", 1),
                Setting("groups", "group", 1),
            ),
            {"weight": "W", "bias": "B"},
            plain,
        ),
        Convention(
            "keras",
            f"Conv{axes}DTranspose",
            (
                Setting("out_channels", "filters"),
                Setting("stride", "strides", 1),
                Setting("padding", "padding", "valid", "'same' is our same_upper: the odd pixel is cut off after the image"),
                Setting("output_padding", "output_padding", None),
                Setting("dilation", "dilation_rate", 1),
                Setting("bias", "use_bias", True),
            ),
            {"weight": "kernel", "bias": "bias"},
            f"{spatial} O I",
            f"images are N, {', '.join(spatial.split())}, C unless data_format says channels_first",
        ),
        *((Convention("caffe", "Deconvolution", CAFFE, {"weight": "blobs[0]", "bias": "blobs[1]"}, plain),) if axes == 2 else ()),
        Convention(
            "mindspore",
            f"Conv{axes}dTranspose",
            (Setting("padding", "pad_mode", "same"), Setting("bias", "has_bias", False), Setting("groups", "group", 1)),
            {"weight": "weight", "bias": "bias"},
            plain,
        ),
    )
