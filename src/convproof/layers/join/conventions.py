"""What frameworks call a concatenation. The trap: its axis, which is the last one where channels come last."""

from convproof.core.records import Convention, Setting

CONVENTIONS = (
    Convention("torch", "cat", (Setting("axis", "dim", 0),)),
    Convention("onnx", "Concat", (Setting("axis", "axis"),), note="axis has no default since opset 4; before, it was 1"),
    Convention("keras", "Concatenate", (Setting("axis", "axis", -1),), note="-1 is the channel axis of N, H, W, C and axis 1 here"),
    Convention("caffe", "Concat", (Setting("axis", "axis", 1),)),
)
