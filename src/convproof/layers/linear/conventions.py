"""What frameworks call linear layers and matrix products.

The traps: a weight that is (in, out), and the order in which a Flatten before it counts.
"""

from convproof.core.records import Convention, Setting

LINEAR = (
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

BILINEAR = (
    Convention("torch", "Bilinear", (Setting("bias", "bias", True),), {"weight": "weight", "bias": "bias"}, "O I1 I2"),
    Convention("onnx", "Einsum", (), None, "O I1 I2", "'...i,oij,...j->...o', and an Add with the bias"),
    Convention("keras", "ops.einsum", (), None, "", "no layer of its own"),
)

MATMUL = (
    Convention("torch", "matmul", note="bmm, mm, mv and dot are the same for a fixed number of axes; @ in Python"),
    Convention("onnx", "MatMul"),
    Convention("keras", "ops.matmul", note="Dot of keras.layers contracts named axes, and keeps the batch axis"),
)

GEMM = (
    Convention(
        "torch",
        "addmm",
        (Setting("alpha", "alpha", 1), Setting("beta", "beta", 1)),
        note="addmm(C, A, B): what is added comes first; there is nothing to transpose with",
    ),
    Convention(
        "onnx",
        "Gemm",
        (
            Setting("alpha", "alpha", 1.0),
            Setting("beta", "beta", 1.0),
            Setting("transA", "transA", 0),
            Setting("transB", "transB", 0),
        ),
        note="C may be left out since opset 11; before opset 7 it is broadcast only with broadcast=1",
    ),
    Convention("keras", "ops.add", note="of ops.matmul, each multiplied by its factor"),
    Convention("blas", "gemm", (Setting("transA", "TRANSA", "N"), Setting("transB", "TRANSB", "N")), note="C is overwritten"),
)
