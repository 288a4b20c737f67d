"""What frameworks call a transposed convolution, and how they lay its weight out."""

from convproof.core.channels import AXES, CAFFE, SPATIAL
from convproof.core.records import Convention, Setting


def conventions(axes: int) -> tuple[Convention, ...]:
    """Those of a transposed convolution along so many spatial axes. I are the input channels, O the output channels of a group."""
    layout = f"I O {SPATIAL[axes]}"
    in_two_axes = (of_caffe(layout),) if axes == 2 else ()
    return of_torch(axes, layout), of_onnx(layout), of_keras(axes), *in_two_axes, of_mindspore(axes, layout)


def of_torch(axes: int, layout: str) -> Convention:
    """PyTorch's."""
    return Convention(
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
        layout,
    )


def of_onnx(layout: str) -> Convention:
    """ONNX's."""
    return Convention(
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
        layout,
    )


def of_keras(axes: int) -> Convention:
    """Keras's."""
    return Convention(
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
        f"{SPATIAL[axes]} O I",
        f"images are N, {AXES[axes]}, C unless data_format says channels_first",
    )


def of_caffe(layout: str) -> Convention:
    """Caffe's, of images alone."""
    return Convention("caffe", "Deconvolution", CAFFE, {"weight": "blobs[0]", "bias": "blobs[1]"}, layout)


def of_mindspore(axes: int, layout: str) -> Convention:
    """MindSpore's."""
    return Convention(
        "mindspore",
        f"Conv{axes}dTranspose",
        (Setting("padding", "pad_mode", "same"), Setting("bias", "has_bias", False), Setting("groups", "group", 1)),
        {"weight": "weight", "bias": "bias"},
        layout,
    )
