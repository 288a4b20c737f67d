"""What a check takes beside the claimed numbers: at most three times the trace, all arrays of the network in float32."""

import tracemalloc

import numpy as np
import pytest

import convproof as cp
from convproof.checking.judging import Judged
from convproof.core.formats import FLOAT32
from convproof.core.lines import BLOCK, no_error
from convproof.core.resolution import Resolution

WIDTH, SIZE, BLOCKS = 6, 160, 6


def chain():
    """Eighteen layers whose arrays are of one size; each takes an eighteenth of the trace."""
    layers = {}
    for k in range(BLOCKS):
        layers[f"conv{k}"] = cp.Conv2d(WIDTH, WIDTH, 3, padding=1, seed=k)
        layers[f"bn{k}"] = cp.BatchNorm2d(WIDTH)
        layers[f"relu{k}"] = cp.ReLU()
    return cp.Sequential(**layers).eval()


@pytest.fixture(scope="module")
def subject():
    network, x = chain(), np.random.default_rng(3).standard_normal((1, WIDTH, SIZE, SIZE)).astype(np.float32)
    small = x[..., :9, :8]
    cp.check(network, small, {"conv0": network.trace(small)["conv0"] + 1})  # all modules that a check loads are no part of it
    trace = network.trace(x)
    return network, x, {name: trace[name] for name in trace if name != "input"}


def peak_of(network, x, claimed):
    tracemalloc.start()
    try:
        report = cp.check(network, x, claimed)
        return report, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("claim", ["every layer", "the output alone", "a wrong first layer"])
def test_a_check_takes_at_most_three_traces(subject, claim):
    network, x, right = subject
    claimed = dict(right)
    if claim == "the output alone":
        claimed = {"relu5": right["relu5"]}
    elif claim == "a wrong first layer":
        claimed["conv0"] = right["conv0"] * np.float32(1.01)
    report, peak = peak_of(network, x, claimed)
    assert report.ok == (claim in ("every layer", "the output alone"))
    assert peak <= 3 * sum(array.nbytes for array in right.values())


def test_an_array_is_identical_only_if_its_last_block_is_too():
    exact = np.random.default_rng(5).standard_normal((3, BLOCK)).astype(np.float32).astype(np.float64)
    assert Judged(no_error(exact), exact.copy(), Resolution(FLOAT32)).identical
    other = exact.copy()
    other[-1, -1] = np.nextafter(np.float32(other[-1, -1]), np.float32(np.inf))
    assert not Judged(no_error(exact), other, Resolution(FLOAT32)).identical
    assert Judged(no_error(exact), other, Resolution(FLOAT32)).worst() == (2, BLOCK - 1)
