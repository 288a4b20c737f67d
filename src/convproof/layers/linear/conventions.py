"""What frameworks call a linear layer. The traps: a weight that is (in, out), and the order in which a Flatten before it counts."""

from convproof.core.records import Convention, Setting

CONVENTIONS = (
    Convention("torch", "Linear", (Setting("bias", "bias", True),), {"weight": "weight", "bias": "bias"}, "O I"),
    Convention(
        "onnx",
        "Gemm",
        (),
        {"weight": "B", "bias": "C"},
        "I O",
        "O I with transB=1, as PyTorch exports it; y = alpha * A @ B + beta * C, with alpha = beta = 1 unless the node says else; "
        "A has two axes, and is transposed first with transA=1; for x with more axes stands a MatMul, and an Add with the bias",
    ),
    Convention(
        "keras",
        "Dense",
        (Setting("out_features", "units"), Setting("bias", "use_bias", True)),
        {"weight": "kernel", "bias": "bias"},
        "I O",
        "after a Flatten of N, H, W, C the features stand in the order h, w, c",
    ),
    Convention(
        "caffe",
        "InnerProduct",
        (Setting("out_features", "num_output"), Setting("bias", "bias_term", True)),
        {"weight": "blobs[0]", "bias": "blobs[1]"},
        "O I",
        "flattens all axes from axis 1 on by itself; I O with transpose: true",
    ),
    Convention("paddle", "Linear", (Setting("bias", "bias_attr", None, "False means none"),), {"weight": "weight", "bias": "bias"}, "I O"),
)
