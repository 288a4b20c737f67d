"""2 000 damaged model files: each is a network that runs, or a sentence of ours."""

import warnings

import numpy as np
import pytest

import convproof as cp
from tests.formats.onnx.mutants import mutants, small_model

BATCHES, EACH = 20, 100


def test_the_model_itself_is_whole(tmp_path):
    (tmp_path / "small.onnx").write_bytes(small_model().SerializeToString())
    network = cp.load(tmp_path / "small.onnx")
    probabilities, padded = network(np.random.default_rng(0).normal(size=(2, 3, 4, 6)).astype(np.float32))
    assert (probabilities.shape, padded.shape) == ((2, 5), (2, 2, 2, 8))


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_damaged_file_is_a_network_or_a_sentence(batch, tmp_path):
    path = tmp_path / "model.onnx"
    x = np.random.default_rng(batch).normal(size=(2, 3, 4, 6)).astype(np.float32)
    for k, data in enumerate(mutants(EACH, batch)):
        path.write_bytes(data)
        problem = problem_of(path, x)
        assert problem is None or str(problem), (batch, k)


def problem_of(path, x):
    """The error of ours that loading or running a file ends with; None if it is a network that runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            network = cp.load(path)
            network.summary(*[x.shape for _ in network.graph.inputs])
            network(*[x for _ in network.graph.inputs])
        except cp.ConvproofError as error:
            return error
    return None
