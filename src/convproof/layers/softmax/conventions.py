"""What frameworks call softmax layers. The trap: the axis."""

from convproof.core.records import Convention, Setting

NONE = "dim=None means 0 for 0, 1 or 3 axes, else 1, and is deprecated"
OLD = "before opset 13 the default is 1, and all axes from there on count as one: x is made 2-D first, and a whole row adds up to 1"
LAST = "-1 is the channel axis of N, H, W, C and axis 1 here"
DIM, AXIS = (Setting("dim", "dim", None),), (Setting("dim", "axis", -1),)

CONVENTIONS = {
    "Softmax": (
        Convention("torch", "Softmax", DIM, note=NONE),
        Convention("onnx", "Softmax", AXIS, note=OLD),
        Convention("keras", "Softmax", AXIS, note=LAST),
        Convention("caffe", "Softmax", (Setting("dim", "axis", 1),)),
    ),
    "LogSoftmax": (
        Convention("torch", "LogSoftmax", DIM, note=NONE),
        Convention("onnx", "LogSoftmax", AXIS, note=OLD),
        Convention("keras", "ops.log_softmax", AXIS, note=LAST),
    ),
    "Softmin": (
        Convention("torch", "Softmin", DIM, note=NONE),
        Convention("onnx", "Softmax", AXIS, note="of the negated input"),
        Convention("keras", "Softmax", AXIS, note=f"of the negated input; {LAST}"),
    ),
    "Softmax2d": (
        Convention("torch", "Softmax2d", note="along the channels, whether there is a batch axis or not"),
        Convention("onnx", "Softmax", note="axis=-3"),
        Convention("keras", "Softmax", note=LAST),
    ),
}
