"""Bad input on the command line: one sentence, exit code 2, no traceback, nothing written."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from PIL import Image

from tests.cli.invoke import invoke
from tests.walkthrough import IMAGE_A

NET = """
import numpy as np
import convproof as cp
def make():
    return cp.Sequential(conv=cp.Conv2d(3, 2, 3, seed=0), relu=cp.ReLU())
def nan():
    net = make()
    net["conv"].weight[1, 2, 0, 1] = np.nan
    return net
def two():
    return cp.Network({"a.conv": (cp.Conv2d(3, 2, 3), "input"), "b.conv": (cp.Conv2d(2, 2, 1), "a.conv")})
def number():
    return 5
def fails():
    raise RuntimeError("no luck")
"""

BAD = [
    ("why --at 0,0,9,9", "index 2 of a cell goes from 0 to 2, got 9"),
    ("why --at 0,0", "a cell has 4 indices"),
    ("why --at 0,x", "'0,x' is not a cell"),
    ("why --at relu:0,0,0,0", "no layer is called 'relu'; there are input, conv1"),
    ("why --mine abc", "'abc' is not a number"),
    ("why --at 0,0,0,0 --max", "both choose a cell"),
    ("why walkthrough", "which cell of relu? its shape is (2, 1, 3, 3): give --at relu:0,0,0,0, or --max"),
    ("why walkthrough --layer bn2 --at 0,0,0,0", "did you mean bn1?"),
    ("why net.py:two --shape 1,3,5,5 --layer conv --at 0,0,0,0", "'conv' matches several layers: a.conv, b.conv"),
    ("run nothere", "no model is called 'nothere'"),
    ("run walkthrough --model walkthrough", "MODEL is given twice"),
    ("run missing.py:make", "missing.py"),
    ("run net.py:mak", "did you mean make?"),
    ("run net.py", "write net.py:NAME; the file defines make, nan, two, number, fails"),
    ("run net.py:number --shape 1,3,5,5", "net.py:number returned"),
    ("run net.py:fails --shape 1,3,5,5", "RuntimeError: no luck"),
    ("run net.py:make", "leaves the size of its input open"),
    ("run net.py:make --shape 1,4,5,5", "conv: Conv2d(in_channels=3, out_channels=2, kernel_size=(3, 3)) expects x of shape (N, 3, H, W)"),
    ("run net.py:make --shape 1,3,2,2", "more than the padded input"),
    ("run net.py:make --shape 1,3", "expects x of shape (N, 3, H, W)"),
    ("run net.py:make --shape a,b", "expected whole numbers with commas"),
    ("run net.py:make --shape 0,3,5,5", "every size must be 1 or more"),
    (
        "run walkthrough --shape 99999999999,1,1,1",
        "noise would make an output of shape (99999999999, 1, 1, 1), more cells than any network",
    ),
    ("run walkthrough --shape 1,3,8,8 --seed -1", "-1 is not in the range x>=0"),
    ("why --blank --seed -1", "-1 is not in the range x>=0"),
    ("run net.py:make channels_last.npy", "It looks like channels last: try x.transpose(0, 3, 1, 2)"),
    ("run net.py:nan --shape 1,3,5,5", "weight[1, 2, 0, 1] of Conv2d(in_channels=3, out_channels=2, kernel_size=(3, 3)) is nan: set it"),
    ("run walkthrough missing.png", "missing.png"),
    ("run walkthrough broken.png", "broken.png"),
    ("run walkthrough text.npy", "text.npy"),
    ("run walkthrough words.npy", "words.npy"),
    ("run walkthrough complex.npy", "complex"),
    ("run walkthrough --input small.npy --shape 1,3,5,5", "give one of them"),
    ("run walkthrough --preprocess mean=0.5", "--preprocess says what is done to images: give INPUT"),
    ("run walkthrough image.png --preprocess nonsense", "preprocessing 'nonsense': expected NAME=VALUE"),
    ("run open.onnx", "open.onnx leaves sizes of its input open: batch, h; give each, such as --dim batch=1"),
    ("run open.onnx --dim batch", "--dim 'batch': expected a name and a size of 1 or more, such as batch=1"),
    ("run open.onnx --dim batch=1", "leaves sizes of its input open: h"),
    ("run cut.onnx", "cut.onnx cannot be read as an ONNX model"),
    ("run magic.onnx --shape 2", "Magic cannot be computed"),
    ("run --layer nope", "no layer is called 'nope'"),
    ("run -o trace.txt", "trace.txt"),
    ("run -o nowhere/trace.npz", "nowhere"),
    ("weights --set conv1.bias", "expected NAME=VALUE"),
    ("weights --set conv1.bais=2", "it has conv1.weight, conv1.bias"),
    ("weights --set conv9.bias=2", "no layer is called 'conv9'"),
    ("weights --set conv1.bias=nan", "bias[0] of Conv2d(in_channels=3, out_channels=1, kernel_size=(3, 3)) is nan"),
    ("weights --set conv1.weight=small.npy", "has shape (1, 3, 3, 3)"),
    ("weights --set conv1.weight=missing.npy", "missing.npy"),
    ("weights --set conv1.weight:0,0,9,9=1", "goes from 0 to 2, got 9"),
    ("weights --weights small.npy", "small.npy"),
    ("weights --weights missing.safetensors", "missing.safetensors"),
    ("summary net.py:make --shape 1,3,5,5;1,3,5,5", "the network has 1 input (input)"),
    ("nonsense", "No such command 'nonsense'"),
    ("why --nonsense", "No such option"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 30)
    (tmp_path / "text.npy").write_text("not an array")
    np.save("words.npy", np.array(["a", "b"]))
    np.save("complex.npy", np.ones((1, 3, 5, 5), np.complex64))
    np.save("small.npy", np.ones((1, 3, 5, 4), np.float32))
    np.save("channels_last.npy", np.ones((1, 5, 5, 3), np.float32))
    Image.fromarray(IMAGE_A).save("image.png")
    models()
    return tmp_path


def models():
    """ONNX files: one with open sizes, one that is cut short, one with an operator that nobody knows."""
    Path("open.onnx").write_bytes(model("Relu", ["batch", 3, "h", 2]))
    Path("cut.onnx").write_bytes(model("Relu", ["batch", 3, "h", 2])[:-20])
    Path("magic.onnx").write_bytes(model("Magic", [2], domain="my.own"))


def model(operator, sizes, **more):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes) for name in "xy")
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"], name="node", **more)], "one", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("my.own", 1)]).SerializeToString()


@pytest.mark.parametrize(("command", "sentence"), BAD, ids=[command for command, _ in BAD])
def test_one_sentence_and_exit_code_2(command, sentence, folder):
    before = sorted(path.name for path in folder.iterdir())
    result = invoke(*command.split())
    assert result.code == 2, result
    assert sentence in " ".join(result.err.split())
    assert "Traceback" not in result.err + result.out
    assert [name for name in sorted(path.name for path in folder.iterdir()) if name != "__pycache__"] == before
