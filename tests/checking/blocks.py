"""A network whose arrays are alike in shape, what is claimed of it, and what a claim is read as."""

import numpy as np

import convproof as cp
from convproof.checking.claims import Claim
from convproof.checking.matching.expected import Expected
from convproof.checking.matching.match import Matched
from convproof.checking.subject import Subject

X = np.random.default_rng(3).normal(size=(1, 3, 5, 7)).astype(np.float32)


def blocks() -> cp.Network:
    """Two blocks with a skip connection and names as a file of ONNX has them; five arrays of one shape, a module used twice."""
    conv = {k: cp.Conv2d(3, 3, 3, padding=1, seed=k) for k in (1, 2)}
    return cp.Network(
        {
            "layer1.0.conv1": (conv[1], "input"),
            "layer1.0.relu": (cp.ReLU(), "layer1.0.conv1"),
            "layer1.0.conv2": (conv[2], "layer1.0.relu"),
            "layer1.0.add": (cp.Add(), "layer1.0.conv2", "input"),
            "layer1.0.relu@2": (cp.ReLU(), "layer1.0.add"),
            "layer1.1.conv1": (cp.Conv2d(3, 4, 3, seed=4), "layer1.0.relu@2"),
            "flatten": (cp.Flatten(), "layer1.1.conv1"),
            "fc": (cp.Linear(60, 6, seed=5), "flatten"),
        },
        aliases={"/layer1/block/0/first/Conv_output_0": "layer1.0.conv1", "logits": "fc"},
    ).eval()


BLOCKS = Subject.of(blocks(), X)


def only(found: Matched) -> Claim:
    """The one claim there is."""
    (read,) = [*found.outputs.values(), *found.state.values(), *found.inputs.values()]
    return read()


def notes(claim: Claim) -> list[str]:
    """What is said of it."""
    return [str(note) for note in claim.notes]


def as_expected(own: np.ndarray, letters: str, kind: str = "output") -> Expected:
    """What a claim on this array is read as."""
    return Expected(own.shape, letters, kind, lambda: own)
