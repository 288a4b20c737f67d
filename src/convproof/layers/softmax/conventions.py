"""What frameworks call a softmax. The trap: its axis."""

from convproof.core.records import Convention, Setting

CONVENTIONS = (
    Convention(
        "torch",
        "Softmax",
        (Setting("dim", "dim", None),),
        note="dim=None means 0 for 0, 1 or 3 axes, else 1, and is deprecated",
    ),
    Convention(
        "onnx",
        "Softmax",
        (Setting("dim", "axis", -1),),
        note="before opset 13 the default is 1, and all axes from there on count as one: x is made 2-D first, and a whole row adds up to 1",
    ),
    Convention("keras", "Softmax", (Setting("dim", "axis", -1),), note="-1 is the channel axis of N, H, W, C and axis 1 here"),
    Convention("caffe", "Softmax", (Setting("dim", "axis", 1),)),
)
