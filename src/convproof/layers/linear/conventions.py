"""What frameworks call a linear layer. The trap: whether the weight is (out, in) or (in, out)."""

from convproof.core.records import Convention, Setting

CONVENTIONS = (
    Convention("torch", "Linear", (Setting("bias", "bias", True),), {"weight": "weight", "bias": "bias"}, "O I"),
    Convention(
        "onnx",
        "Gemm",
        (),
        {"weight": "B", "bias": "C"},
        "I O",
        "O I with transB=1; y = alpha * A @ B + beta * C with alpha and beta 1",
    ),
    Convention(
        "keras",
        "Dense",
        (Setting("out_features", "units"), Setting("bias", "use_bias", True)),
        {"weight": "kernel", "bias": "bias"},
        "I O",
    ),
    Convention(
        "caffe",
        "InnerProduct",
        (Setting("out_features", "num_output"), Setting("bias", "bias_term", True)),
        {"weight": "blobs[0]", "bias": "blobs[1]"},
        "O I",
    ),
    Convention("paddle", "Linear", (), {"weight": "weight", "bias": "bias"}, "I O"),
)
