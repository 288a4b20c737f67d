"""What frameworks call padding. The trap is the order: torch names the last axis first, ONNX all beginnings before all ends."""

from convproof.core.records import Convention, Setting

MODES = {"Constant": "constant", "Zero": "constant", "Reflection": "reflect", "Replication": "edge", "Circular": "wrap"}
KERAS = {"Constant": "constant", "Zero": "", "Reflection": "reflect", "Replication": "edge", "Circular": "wrap"}


def of(name: str) -> tuple[Convention, ...]:
    """The conventions of a layer, by its name."""
    if name == "Pad":
        return PAD
    kind, axes = name.removesuffix(name[-5:]), name[-2]
    keras = Convention("keras", f"ZeroPadding{axes}D", note="((top, bottom), (left, right)): the first axis first")
    return (
        Convention("torch", name, note="the last axis first"),
        Convention("onnx", "Pad", note=f"mode {MODES[kind]}; all beginnings before all ends"),
        keras
        if kind == "Zero"
        else Convention("keras", "ops.pad", note=f"mode {KERAS[kind]}; a pair for every axis, the first axis first"),
    )


PAD = (
    Convention("torch", "pad", (Setting("pad", "pad"), Setting("mode", "mode", "constant"), Setting("value", "value"))),
    Convention(
        "onnx",
        "Pad",
        (Setting("pad", "pads"), Setting("mode", "mode", "constant"), Setting("value", "constant_value"), Setting("dims", "axes")),
        note="all beginnings before all ends; replicate is edge there, circular is wrap; pads is an attribute before opset 11",
    ),
    Convention("keras", "ops.pad", (Setting("pad", "pad_width"), Setting("mode", "mode", "constant")), note="symmetric repeats the edge"),
)
