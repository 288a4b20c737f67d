"""What frameworks call joining. The trap of a concatenation: its axis, which is the last one where channels come last."""

from convproof.core.records import Convention, Setting

CONCAT = (
    Convention("torch", "cat", (Setting("axis", "dim", 0),)),
    Convention("onnx", "Concat", (Setting("axis", "axis"),), note="axis has no default since opset 4; before, it was 1"),
    Convention("keras", "Concatenate", (Setting("axis", "axis", -1),), note="-1 is the channel axis of N, H, W, C and axis 1 here"),
    Convention("caffe", "Concat", (Setting("axis", "axis", 1),)),
)

STACK = (
    Convention("torch", "stack", (Setting("dim", "dim", 0),)),
    Convention("onnx", "Concat", note="after an Unsqueeze of every input"),
    Convention("keras", "ops.stack", (Setting("dim", "axis", 0),)),
)
CONVENTIONS = {"Concat": CONCAT, "Stack": STACK}
