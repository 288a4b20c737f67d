"""What frameworks call pooling. The traps: whether an average counts padding, how output sizes are rounded, what an index counts."""

from convproof.core.records import Convention, Setting

CHANNELS_LAST = "images are N, H, W, C unless data_format says channels_first"
CAFFE_ROUNDS = "a last window that starts in the padding after the image is left out, but only where there is padding"
ONNX_ROUNDS = (
    "with ceil_mode a last window that starts in the padding after the input is left out: opset 22 says so, and ONNX Runtime does so in "
    "all versions; auto_pad VALID with ceil_mode rounds up too, against the formula in the text"
)
TORCH_WINDOWS = (Setting("stride", "stride", None), Setting("padding", "padding", 0))
ONNX = (
    Setting("kernel_size", "kernel_shape"),
    Setting("stride", "strides", 1, "the default is 1, not the kernel"),
    Setting("padding", "pads", 0, "all begins, then all ends; auto_pad SAME_UPPER and SAME_LOWER are by the input's size"),
    Setting("ceil_mode", "ceil_mode", 0, "since opset 10"),
)
KERAS = (
    Setting("kernel_size", "pool_size", 2),
    Setting("stride", "strides", None),
    Setting("padding", "padding", "valid", "'same' is 'same_upper': ceil(size / stride) outputs, the odd pixel after the image"),
)
CAFFE = (
    Setting("kernel_size", "kernel_size"),
    Setting("stride", "stride", 1, "the default is 1, not the kernel"),
    Setting("padding", "pad", 0),
    Setting("ceil_mode", "round_mode", "CEIL", "old versions have no such setting and always round up"),
)


def _maximum(n: int) -> tuple[Convention, ...]:
    torch = (
        *TORCH_WINDOWS,
        Setting("dilation", "dilation", 1),
        Setting("return_indices", "return_indices", False),
        Setting("ceil_mode", "ceil_mode", False),
    )
    onnx = (
        *ONNX,
        Setting("dilation", "dilations", 1, "since opset 10"),
        Setting("return_indices", "Indices", None, "a second output; counts through the whole N, C, H, W array, not one plane"),
        Setting("indices_in", "Indices", "array"),
        Setting("storage_order", "storage_order", 0),
    )
    note = f"storage_order=1 counts indices column by column (default 0: row by row); the maxima are the same; {ONNX_ROUNDS}"
    return (
        Convention("torch", f"MaxPool{n}d", torch),
        Convention("onnx", "MaxPool", onnx, note=note),
        Convention("keras", f"MaxPooling{n}D", KERAS, note=CHANNELS_LAST),
        Convention("caffe", "Pooling", CAFFE, note="pool: MAX; " + CAFFE_ROUNDS),
    )


def _average(n: int) -> tuple[Convention, ...]:
    torch = (*TORCH_WINDOWS, Setting("ceil_mode", "ceil_mode", False), Setting("count_include_pad", "count_include_pad", True))
    onnx = (
        *ONNX,
        Setting("count_include_pad", "count_include_pad", 0, "the default is 0, torch's is True"),
        Setting("dilation", "dilations", 1, "since opset 19; torch's average pooling has none"),
    )
    return (
        Convention("torch", f"AvgPool{n}d", (*torch, Setting("divisor_override", "divisor_override", None)) if n > 1 else torch),
        Convention(
            "onnx", "AveragePool", onnx, note="a window clipped by ceil_mode is divided by its clipped size, as in torch; " + ONNX_ROUNDS
        ),
        Convention("keras", f"AveragePooling{n}D", KERAS, note="padding is never counted; " + CHANNELS_LAST),
        Convention("caffe", "Pooling", CAFFE, note="pool: AVE; padding is counted; " + CAFFE_ROUNDS),
    )


def _norm(n: int) -> tuple[Convention, ...]:
    onnx = (
        Setting("norm_type", "p", 2, "a whole number since opset 2"),
        *ONNX[:3],
        Setting("ceil_mode", "ceil_mode", 0, "since opset 18"),
        Setting("dilation", "dilations", 1, "since opset 18"),
        Setting("absolute", "p", None, "always: powers are of abs(x); torch takes them of x, so that an odd p can give NaN"),
        Setting("scale_clipped", "ceil_mode", None, "never: a clipped window is summed as it is; torch scales it up to a whole one"),
    )
    return (
        Convention("torch", f"LPPool{n}d", (Setting("stride", "stride", None), Setting("ceil_mode", "ceil_mode", False))),
        Convention("onnx", "LpPool", onnx, note="padding adds nothing to the sum"),
        Convention(
            "keras", f"AveragePooling{n}D", note="no layer of its own: average abs(x)^p, times the window's size, to the power of 1/p"
        ),
    )


def _adaptive(kind: str, n: int, settings: tuple[Setting, ...], onnx: str, keras: str) -> tuple[Convention, ...]:
    return (
        Convention("torch", f"Adaptive{kind}Pool{n}d", settings),
        Convention("onnx", onnx, note="for output_size=1 alone; there is no other adaptive pooling"),
        Convention(
            "keras", f"{keras}{n}D", (Setting("output_size", "keepdims", None, "keepdims=True with output_size=1"),), note=CHANNELS_LAST
        ),
    )


def _global(torch: str, onnx: str, keras: str, settings: tuple[Setting, ...] = ()) -> tuple[Convention, ...]:
    return (
        Convention("torch", torch, note="over all spatial axes, keepdim=True"),
        Convention("onnx", onnx, settings),
        Convention("keras", keras, note="keepdims=True keeps the spatial axes, which are left out otherwise"),
    )


INDICES = (Setting("return_indices", "return_indices", False),)
CONVENTIONS = {
    **{f"MaxPool{n}d": _maximum(n) for n in (1, 2, 3)},
    **{f"AvgPool{n}d": _average(n) for n in (1, 2, 3)},
    **{f"LPPool{n}d": _norm(n) for n in (1, 2, 3)},
    **{f"AdaptiveMaxPool{n}d": _adaptive("Max", n, INDICES, "GlobalMaxPool", "GlobalMaxPooling") for n in (1, 2, 3)},
    **{f"AdaptiveAvgPool{n}d": _adaptive("Avg", n, (), "GlobalAveragePool", "GlobalAveragePooling") for n in (1, 2, 3)},
    "GlobalMaxPool": _global("torch.amax", "GlobalMaxPool", "GlobalMaxPooling2D"),
    "GlobalAveragePool": _global("torch.mean", "GlobalAveragePool", "GlobalAveragePooling2D"),
    "GlobalLpPool": _global("torch.linalg.vector_norm", "GlobalLpPool", "Lambda", (Setting("norm_type", "p", 2, "a float in opset 1"),)),
}
