"""What frameworks call a convolution, and how they lay its weight out."""

from convproof.core.channels import AXES, CAFFE, SPATIAL
from convproof.core.records import Convention, Setting


def conventions(axes: int) -> tuple[Convention, ...]:
    """Those of a convolution along so many spatial axes."""
    layout = f"O I {SPATIAL[axes]}"
    in_two_axes = (of_caffe(layout),) if axes == 2 else ()
    return of_torch(axes, layout), of_onnx(layout), of_keras(axes), *in_two_axes, of_mindspore(axes, layout)


def of_torch(axes: int, layout: str) -> Convention:
    """PyTorch's."""
    return Convention(
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
        layout,
    )


def of_onnx(layout: str) -> Convention:
    """ONNX's."""
    return Convention(
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
        layout,
    )


def of_keras(axes: int) -> Convention:
    """Keras's."""
    return Convention(
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
        f"{SPATIAL[axes]} I O",
        f"images are N, {AXES[axes]}, C unless data_format says channels_first",
    )


def of_caffe(layout: str) -> Convention:
    """Caffe's, of images alone."""
    return Convention("caffe", "Convolution", CAFFE, {"weight": "blobs[0]", "bias": "blobs[1]"}, layout)


def of_mindspore(axes: int, layout: str) -> Convention:
    """MindSpore's."""
    return Convention(
        "mindspore",
        f"Conv{axes}d",
        (Setting("padding", "pad_mode", "same"), Setting("bias", "has_bias", False), Setting("groups", "group", 1)),
        {"weight": "weight", "bias": "bias"},
        layout,
    )
