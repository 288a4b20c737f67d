"""What frameworks call the pointwise layers, and how they say their settings."""

from convproof.core.records import Convention, Setting

Entry = tuple[Convention, ...]


def _known(torch: str, onnx: str, keras: str, *others: Convention, notes: tuple[str, str, str] = ("", "", "")) -> Entry:
    """A layer without settings, by its three names."""
    names = zip(("torch", "onnx", "keras"), (torch, onnx, keras), notes, strict=True)
    return (*(Convention(framework, name, note=note) for framework, name, note in names), *others)


def _set(framework: str, layer: str, note: str = "", **settings: tuple[str, object]) -> Convention:
    """A layer with settings: ours = (theirs, their default)."""
    return Convention(framework, layer, tuple(Setting(ours, theirs, default) for ours, (theirs, default) in settings.items()), note=note)


OUT_OF_PLACE = "inplace=True overwrites the input, which a skip connection may still need"

CONVENTIONS: dict[str, Entry] = {
    "ReLU": _known(
        "ReLU",
        "Relu",
        "ReLU",
        Convention("caffe", "ReLU", note="negative_slope other than 0 makes it a leaky ReLU"),
        notes=(OUT_OF_PLACE, "", ""),
    ),
    "ReLU6": _known("ReLU6", "Clip", "ReLU", notes=("", "min=0, max=6", "max_value=6")),
    "LeakyReLU": (
        _set("torch", "LeakyReLU", negative_slope=("negative_slope", 0.01)),
        _set("onnx", "LeakyRelu", negative_slope=("alpha", 0.01)),
        _set("keras", "LeakyReLU", "before Keras 3 it was called alpha", negative_slope=("negative_slope", 0.3)),
        _set("darknet", "leaky", "fixed at 0.1"),
    ),
    "PReLU": (
        Convention("torch", "PReLU", (Setting("num_parameters", "num_parameters", 1), Setting("init", "init", 0.25)), {"weight": "weight"}),
        Convention("onnx", "PRelu", parameters={"weight": "slope"}, note="the slope broadcasts from the right: (C, 1, 1) is one a channel"),
        Convention("keras", "PReLU", parameters={"weight": "alpha"}, note="one slope a cell unless shared_axes=[1, 2]"),
        Convention("caffe", "PReLU", note="channel_shared: one slope for all"),
    ),
    "RReLU": (
        _set("torch", "RReLU", lower=("lower", 1 / 8), upper=("upper", 1 / 3)),
        Convention("onnx", "LeakyRelu", note="in eval the slope is (lower + upper) / 2"),
        Convention("keras", "LeakyReLU", note="there is no random one"),
    ),
    "Hardtanh": (
        _set(
            "torch",
            "Hardtanh",
            min_val=("min_val", -1.0),
            max_val=("max_val", 1.0),
            min_value=("min_value", None),
            max_value=("max_value", None),
        ),
        Convention("onnx", "Clip", note="the ends are inputs from version 11 on"),
        Convention("keras", "hard_tanh", note="fixed at -1 and 1"),
    ),
    "Clip": (
        _set("torch", "torch.clamp", min=("min", None), max=("max", None)),
        _set("onnx", "Clip", "inputs from version 11 on, attributes before", min=("min", None), max=("max", None)),
        Convention("keras", "ops.clip", note="x_min and x_max"),
    ),
    "Threshold": (
        Convention("torch", "Threshold", (Setting("threshold", "threshold"), Setting("value", "value"))[:0]),
        Convention("onnx", "Where", note="of LessOrEqual"),
        Convention("keras", "ReLU", note="threshold, and 0 as the value"),
    ),
    "ThresholdedReLU": (
        Convention("torch", "torch.threshold", note="with value 0"),
        _set("onnx", "ThresholdedRelu", alpha=("alpha", 1.0)),
        _set("keras", "ReLU", alpha=("threshold", 0.0)),
    ),
    "Hardshrink": (
        _set("torch", "Hardshrink", lambd=("lambd", 0.5)),
        _set("onnx", "Shrink", "with bias 0", lambd=("lambd", 0.5)),
        _set("keras", "hard_shrink", lambd=("threshold", 0.5)),
    ),
    "Softshrink": (
        _set("torch", "Softshrink", lambd=("lambd", 0.5)),
        _set("onnx", "Shrink", "with bias = lambd, which is 0 there unless set", lambd=("lambd", 0.5)),
        _set("keras", "soft_shrink", lambd=("threshold", 0.5)),
    ),
    "Shrink": (
        Convention("torch", "torch.softshrink", note="where bias = lambd; hardshrink where bias = 0"),
        _set("onnx", "Shrink", lambd=("lambd", 0.5), bias=("bias", 0.0)),
        Convention("keras", "soft_shrink"),
    ),
    "Hardsigmoid": (
        Convention("torch", "Hardsigmoid", note="alpha 1/6, beta 1/2"),
        _set("onnx", "HardSigmoid", alpha=("alpha", 0.2), beta=("beta", 0.5)),
        Convention("keras", "hard_sigmoid", note="alpha 1/6 in Keras 3, 0.2 in Keras 2"),
    ),
    "Hardswish": _known("Hardswish", "HardSwish", "hard_silu"),
    "Sigmoid": _known("Sigmoid", "Sigmoid", "sigmoid", Convention("caffe", "Sigmoid")),
    "LogSigmoid": _known("LogSigmoid", "Softplus", "log_sigmoid", notes=("", "between two Neg", "")),
    "Tanh": _known("Tanh", "Tanh", "tanh", Convention("caffe", "TanH")),
    "Tanhshrink": _known("Tanhshrink", "Tanh", "tanh_shrink", notes=("", "subtracted from x", "")),
    "Erf": _known("torch.erf", "Erf", "ops.erf"),
    "Softsign": _known("Softsign", "Softsign", "softsign"),
    "Softplus": (
        _set("torch", "Softplus", beta=("beta", 1.0), threshold=("threshold", 20.0)),
        Convention("onnx", "Softplus", note="without beta, and without a threshold"),
        Convention("keras", "softplus", note="without beta, and without a threshold"),
    ),
    "ELU": (
        _set("torch", "ELU", alpha=("alpha", 1.0)),
        _set("onnx", "Elu", alpha=("alpha", 1.0)),
        _set("keras", "ELU", alpha=("alpha", 1.0)),
        _set("caffe", "ELU", alpha=("alpha", 1.0)),
    ),
    "CELU": (
        _set("torch", "CELU", alpha=("alpha", 1.0)),
        _set("onnx", "Celu", alpha=("alpha", 1.0)),
        _set("keras", "celu", alpha=("alpha", 1.0)),
    ),
    "SELU": (
        Convention("torch", "SELU", note="both constants are fixed"),
        _set(
            "onnx", "Selu", "before version 6 the defaults were 1.6732 and 1.0507", alpha=("alpha", 1.67326319), gamma=("gamma", 1.05070102)
        ),
        Convention("keras", "selu", note="both constants are fixed"),
    ),
    "SiLU": (
        Convention("torch", "SiLU"),
        _set("onnx", "Swish", "from version 24 on; before, Sigmoid and Mul", alpha=("alpha", 1.0)),
        Convention("keras", "silu", note="swish is another name"),
    ),
    "GELU": (
        _set("torch", "GELU", approximate=("approximate", "none")),
        _set("onnx", "Gelu", "from version 20 on", approximate=("approximate", "none")),
        Convention("keras", "gelu", note="approximate=True is tanh; Keras 3 takes it as False in layers and True in jax.nn"),
    ),
    "Mish": _known("Mish", "Mish", "mish"),
    "GLU": (
        _set("torch", "GLU", dim=("dim", -1)),
        Convention("onnx", "Split", note="then Sigmoid and Mul"),
        _set("keras", "glu", dim=("axis", -1)),
    ),
    "Sqrt": _known("torch.sqrt", "Sqrt", "ops.sqrt"),
    "Rsqrt": _known("torch.rsqrt", "Sqrt", "ops.rsqrt", notes=("", "then Reciprocal", "")),
    "Exp": _known("torch.exp", "Exp", "ops.exp"),
    "Log": _known("torch.log", "Log", "ops.log"),
    "Abs": _known("torch.abs", "Abs", "ops.abs"),
    "Neg": _known("torch.neg", "Neg", "ops.negative"),
    "Reciprocal": _known("torch.reciprocal", "Reciprocal", "ops.reciprocal"),
    "Square": _known("torch.square", "Mul", "ops.square", notes=("", "of x with itself", "")),
    "Floor": _known("torch.floor", "Floor", "ops.floor"),
    "Ceil": _known("torch.ceil", "Ceil", "ops.ceil"),
    "Round": _known("torch.round", "Round", "ops.round", notes=("halves to even, as everywhere here", "", "")),
    "Sign": _known("torch.sign", "Sign", "ops.sign", notes=("the sign of NaN is 0; NumPy and the ONNX reference say NaN", "", "")),
    "Sin": _known("torch.sin", "Sin", "ops.sin"),
    "Cos": _known("torch.cos", "Cos", "ops.cos"),
}
