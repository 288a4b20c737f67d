"""What frameworks call these normalisations. The great trap is eps: how large it is, and whether it stands under the root."""

from convproof.core.records import Convention, Setting

EPS = Setting("eps", "eps", 1e-5)
AFFINE = {"weight": "weight", "bias": "bias"}
ONNX = {"weight": "scale", "bias": "bias"}
KERAS = {"weight": "gamma", "bias": "beta"}

INSTANCE = (
    Convention(
        "onnx",
        "InstanceNormalization",
        (Setting("eps", "epsilon", 1e-5),),
        {"weight": "scale", "bias": "B"},
        note="always by the instance; one with running statistics is a BatchNormalization in eval",
    ),
    Convention(
        "keras",
        "GroupNormalization",
        (Setting("eps", "epsilon", 1e-3),),
        KERAS,
        note="groups=-1, one group a channel; tensorflow_addons had an InstanceNormalization of its own",
    ),
)
GROUP = (
    Convention(
        "onnx",
        "GroupNormalization",
        (Setting("num_groups", "num_groups"), Setting("eps", "epsilon", 1e-5)),
        ONNX,
        note="operator set 18 has one scale and bias for each group, 21 for each channel",
    ),
    Convention(
        "keras", "GroupNormalization", (Setting("num_groups", "groups", 32), Setting("eps", "epsilon", 1e-3)), KERAS, note="channels last"
    ),
    Convention("mlx", "GroupNorm", (EPS,), AFFINE, note="channels c of a group are apart by num_groups unless pytorch_compatible=True"),
)
LAYER = (
    Convention(
        "onnx",
        "LayerNormalization",
        (Setting("normalized_shape", "axis", -1, "the first axis of a row"), Setting("eps", "epsilon", 1e-5)),
        {"weight": "Scale", "bias": "B"},
    ),
    Convention(
        "keras",
        "LayerNormalization",
        (Setting("normalized_shape", "axis", -1, "the axes of a row"), Setting("eps", "epsilon", 1e-3)),
        KERAS,
        note="BERT takes eps 1e-12, timm and ConvNeXt 1e-6",
    ),
)
RMS = (
    Convention(
        "onnx",
        "RMSNormalization",
        (Setting("normalized_shape", "axis", -1, "the first axis of a row"), Setting("eps", "epsilon", 1e-5)),
        {"weight": "scale"},
        note="from operator set 23",
    ),
    Convention("keras", "RMSNormalization", (Setting("eps", "epsilon", 1e-6),), {"weight": "scale"}),
)
LOCAL = (
    Convention(
        "onnx",
        "LRN",
        (Setting("size", "size"), Setting("alpha", "alpha", 1e-4), Setting("beta", "beta", 0.75), Setting("k", "bias", 1.0)),
        note="of an even size the longer half lies after the cell, in torch before it",
    ),
    Convention(
        "keras",
        "local_response_normalization",
        (
            Setting("size", "depth_radius", 5, "half of it: size = 2 * radius + 1"),
            Setting("alpha", "alpha", 1.0, "not divided by size"),
            Setting("beta", "beta", 0.5),
            Setting("k", "bias", 1.0),
        ),
        note="tf.nn; Keras has no such layer",
    ),
    Convention(
        "caffe",
        "LRN",
        (Setting("size", "local_size", 5), Setting("alpha", "alpha", 1.0), Setting("beta", "beta", 0.75), Setting("k", "k", 1.0)),
        note="ACROSS_CHANNELS; WITHIN_CHANNEL is another layer",
    ),
)
INSTANCE_SETTINGS = (
    EPS,
    Setting("momentum", "momentum", 0.1),
    Setting("affine", "affine", False),
    Setting("track_running_stats", "track_running_stats", False),
)
TORCH = {
    "GroupNorm": (EPS, Setting("affine", "affine", True)),
    "LayerNorm": (EPS, Setting("elementwise_affine", "elementwise_affine", True)),
    "RMSNorm": (Setting("eps", "eps", None), Setting("elementwise_affine", "elementwise_affine", True)),
    "LocalResponseNorm": (Setting("alpha", "alpha", 1e-4), Setting("beta", "beta", 0.75), Setting("k", "k", 1.0)),
}
OTHERS = {"GroupNorm": GROUP, "LayerNorm": LAYER, "RMSNorm": RMS, "LocalResponseNorm": LOCAL}


def conventions_of(name: str) -> tuple[Convention, ...]:
    """Those of a class by this name; torch has one InstanceNorm for each number of spatial axes."""
    instance = name not in OTHERS
    theirs = "InstanceNorm2d" if name == "InstanceNorm" else name
    parameters = {"RMSNorm": {"weight": "weight"}, "LocalResponseNorm": {}}.get(name, AFFINE)
    torchs = Convention("torch", theirs, INSTANCE_SETTINGS if instance else TORCH[name], parameters)
    return (torchs, *(INSTANCE if instance else OTHERS[name]))
