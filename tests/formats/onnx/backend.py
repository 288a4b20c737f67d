"""ONNX's own backend test cases that use only the operators of convolutional networks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from tests.operators import backend_cases, onnx_array

OPERATORS = {
    *(
        "Conv",
        "ConvTranspose",
        "BatchNormalization",
        "Relu",
        "LeakyRelu",
        "PRelu",
        "Elu",
        "Selu",
        "Celu",
        "HardSigmoid",
        "HardSwish",
        "Mish",
    ),
    *("Gelu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Clip", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool"),
    *("Gemm", "MatMul", "Flatten", "Reshape", "Transpose", "Pad", "Concat", "Add", "Mul", "Softmax", "LogSoftmax", "InstanceNormalization"),
    *("LayerNormalization", "GroupNormalization", "LRN", "Resize", "Upsample", "Dropout", "ReduceMean"),
}
LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
TOPOLOGIES = ("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19", "zfnet512")


@dataclass(frozen=True)
class Case:
    """A model, and data sets of inputs and expected outputs."""

    name: str
    kind: str
    model: onnx.ModelProto
    data: list[tuple[list[np.ndarray], list[np.ndarray]]]
    rtol: float
    atol: float


def cases() -> Iterator[Case]:
    """Node cases of one single node of these operators; other cases whose nodes are all of these, Constant or Identity."""
    for case in backend_cases("node"):
        nodes = case.model.graph.node
        if "_expanded" not in case.name and len(nodes) == 1 and nodes[0].op_type in OPERATORS:
            data = [([onnx_array(x) for x in inputs], [onnx_array(y) for y in outputs]) for inputs, outputs in case.data_sets]
            yield Case(case.name, "node", case.model, data, case.rtol, case.atol)
    for kind in ("pytorch-converted", "pytorch-operator", "simple"):
        for case in backend_cases(kind):
            folder = Path(case.model_dir)
            model = onnx.load(folder / "model.onnx")
            if {node.op_type for node in model.graph.node} <= OPERATORS | {"Constant", "Identity"}:
                yield Case(case.name, kind, model, list(recorded(folder)), case.rtol, case.atol)


def recorded(folder: Path) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
    """The data sets beside a model."""
    for data in sorted(folder.glob("test_data_set_*")):
        inputs, outputs = (sorted(data.glob(f"{what}_*.pb"), key=lambda path: int(path.stem.split("_")[1])) for what in ("input", "output"))
        yield [tensor(path) for path in inputs], [tensor(path) for path in outputs]


def tensor(path: Path) -> np.ndarray:
    """The array of a file that holds one tensor."""
    return numpy_helper.to_array(onnx.TensorProto.FromString(path.read_bytes()))
