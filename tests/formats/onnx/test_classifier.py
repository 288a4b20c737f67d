"""A real trained network: the classifier of text directions of PP-OCR, on lines cut from a photographed page."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import skimage.data

import convproof as cp
from convproof.core.derivation.node import leaves
from tests.cli.invoke import invoke
from tests.formats.onnx.runtime import every_tensor, node_by_node

MODEL = Path(__file__).parents[2] / "data/ch_ppocr_mobile_v2.0_cls_infer.onnx"
PREPARED = "height=48,pad=right:192,mean=0.5,std=0.5"
BOXES = {  # rows and columns of whole words of a line
    "Region-based segmentation": (8, 38, 0, 238),
    "Let us first determine": (48, 66, 0, 130),
    "determine markers of the": (48, 66, 100, 260),
    "the coins and the": (46, 66, 250, 384),
    "These markers are": (66, 84, 90, 230),
    "pixels that we can label": (64, 82, 220, 384),
    "as either object": (82, 102, 120, 250),
    "or background. Here,": (82, 100, 240, 384),
}


@pytest.fixture(scope="module")
def network():
    return cp.load(MODEL)


def crop(box, turned=False):
    """The line as a picture H, W, C."""
    top, bottom, left, right = box
    line = skimage.data.page()[top:bottom, left:right]
    return np.repeat((line[::-1, ::-1] if turned else line)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("text", BOXES)
def test_upright_text_is_class_0_and_turned_text_is_class_1(network, text):
    both = [network(cp.to_batch(crop(BOXES[text], turned), preprocess=PREPARED)) for turned in (False, True)]
    assert [int(y.argmax()) for y in both] == [0, 1]


def test_every_node_is_onnx_runtimes_within_its_bound(network):
    x = np.asarray(cp.to_batch(crop(BOXES["Region-based segmentation"]), preprocess=PREPARED))
    tensors = every_tensor(onnx.load(MODEL), {"x": x})
    found = list(node_by_node(network, tensors))
    assert len(found) >= 230
    beyond = [(f.name, f.node.layer, *f.worst()) for f in found if max(f.worst()) > 1]
    assert beyond == []


def test_every_layer_is_ours_but_for_a_shape(network):
    delegated = sorted(layer.operator for layer in network.layers.values() if layer.support != "ours")
    assert delegated == ["Cast", "Cast", "Shape"]


def test_a_cell_deep_in_the_network_goes_back_to_pixels(network):
    trace = network.trace(cp.to_batch(crop(BOXES["These markers are"]), preprocess=PREPARED))
    derived, steps = trace.why("Conv@52", (0, 3, 1, 2)), 0
    while derived.origin is not None:
        assert abs(float(derived.exact) - derived.value) <= derived.allowed
        inputs = [term for term in derived.terms if any(leaf.source.what == "input" for leaf in leaves(term))]
        derived, steps = derived.expand(max(inputs, key=lambda term: abs(float(term.value)))), steps + 1
    assert steps > 40
    assert [leaf.source.name for leaf in leaves(derived.tree) if leaf.source.what == "pixel"] == ["resized"]


def test_on_the_command_line(tmp_path):
    from PIL import Image

    path = tmp_path / "line.png"
    Image.fromarray(crop(BOXES["the coins and the"], turned=True)).save(path)
    shown = invoke("run", str(MODEL), str(path), "--preprocess", PREPARED, "--layer", "Softmax@0")
    assert (shown.code, "[0.0000 1.0000]" in shown.out) == (0, True)
    told = invoke("why", str(MODEL), str(path), "--preprocess", PREPARED, "--at", "Conv@3:0,1,0,0")
    assert (told.code, "Conv@3[0, 1, 0, 0]" in told.out) == (0, True)
