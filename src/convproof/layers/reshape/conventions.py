"""What frameworks call a flattening. The trap: the order in which channels-last frameworks count."""

from convproof.core.records import Convention, Setting

CONVENTIONS = (
    Convention("torch", "Flatten", (Setting("start_dim", "start_dim", 1), Setting("end_dim", "end_dim", -1))),
    Convention("onnx", "Flatten", (Setting("start_dim", "axis", 1),), note="always two axes: everything before axis, everything after"),
    Convention("keras", "Flatten", note="N, H, W, C flattens in the order h, w, c: permute the weight of the Linear that follows"),
    Convention("caffe", "Flatten", (Setting("start_dim", "axis", 1), Setting("end_dim", "end_axis", -1))),
)
