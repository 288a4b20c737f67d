"""What frameworks call batch normalisation. The two great traps: what momentum weighs, and how large eps is."""

from convproof.core.records import Convention, Setting

OLD_VALUE = "complement"  # their momentum weighs the old value: theirs = 1 - ours

OWN = {"weight": "weight", "bias": "bias", "running_mean": "running_mean", "running_var": "running_var"}
OTHERS = (
    Convention(
        "onnx",
        "BatchNormalization",
        (Setting("eps", "epsilon", 1e-5), Setting("momentum", "momentum", 0.9, OLD_VALUE)),
        {"weight": "scale", "bias": "B", "running_mean": "input_mean", "running_var": "input_var"},
        note="the running variance is the biased one, divided by n",
    ),
    Convention(
        "keras",
        "BatchNormalization",
        (Setting("eps", "epsilon", 1e-3), Setting("momentum", "momentum", 0.99, OLD_VALUE)),
        {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"},
        note="channels last unless axis=1",
    ),
    Convention(
        "caffe",
        "BatchNorm",
        (Setting("eps", "eps", 1e-5), Setting("momentum", "moving_average_fraction", 0.999, OLD_VALUE)),
        {"running_mean": "blobs[0] / blobs[2]", "running_var": "blobs[1] / blobs[2]"},
        note="gamma and beta are in a Scale layer that follows",
    ),
    Convention(
        "darknet",
        "batch_normalize",
        (Setting("eps", "1e-6", 1e-6, "added to the root, not under it"),),
        {"bias": "biases", "weight": "scales", "running_mean": "rolling_mean", "running_var": "rolling_variance"},
        note="files hold beta, gamma, mean, variance in this order",
    ),
)


def conventions_of(name: str) -> tuple[Convention, ...]:
    """Those of a class by this name; torch has one class for each number of spatial axes."""
    theirs = name if name != "BatchNorm" else "BatchNorm2d"
    settings = (
        Setting("eps", "eps", 1e-5),
        Setting("momentum", "momentum", 0.1),
        Setting("affine", "affine", True),
        Setting("track_running_stats", "track_running_stats", True),
        *((Setting("process_group", "process_group", None),) if name == "SyncBatchNorm" else ()),
    )
    return (Convention("torch", theirs, settings, OWN), *OTHERS)
