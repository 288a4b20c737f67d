"""Normalisations of all settings beside PyTorch's, and which algorithms the proof line covers."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import format_of

KINDS = ("InstanceNorm", "GroupNorm", "LayerNorm", "RMSNorm", "LocalResponseNorm")
SCALES = st.sampled_from([1e-4, 1e-2, 1.0, 1e3])


@st.composite
def norms(draw):
    """A layer's name, its arguments, and the shape of an input."""
    kind = draw(st.sampled_from(KINDS))
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    groups, each = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = (draw(st.integers(1, 3)), groups * each, *sizes[:-1], sizes[-1] + 1)
    eps = draw(st.sampled_from([1e-5, 1e-3, 0.1]))
    if kind == "InstanceNorm":
        return f"InstanceNorm{len(sizes)}d", (shape[1], eps, 0.3, draw(st.booleans()), draw(st.booleans())), shape
    if kind == "GroupNorm":
        return kind, (groups, shape[1], eps, draw(st.booleans())), shape
    if kind == "LocalResponseNorm":
        return kind, (draw(st.integers(1, 6)), draw(st.sampled_from([1e-4, 0.5])), draw(st.sampled_from([0.75, 0.5, 2])), 1.5), shape
    row = shape[draw(st.integers(1, len(shape) - 1)) :]
    return kind, (row, eps, draw(st.booleans())), shape


def both(kind, arguments, seed, dtype):
    """Our layer and torch's, with the same parameters."""
    theirs = getattr(torch.nn, kind)(*arguments).to(torch.float32 if dtype == np.float32 else torch.float64)
    takes = "dtype" in inspect.signature(getattr(cp, kind)).parameters
    ours = getattr(cp, kind)(*arguments, **({"dtype": dtype} if takes else {}))
    rng = np.random.default_rng(seed)
    for name, array in ours.parameters().items():
        setattr(ours, name, rng.normal(size=array.shape).astype(dtype))
    theirs.load_state_dict({key: torch.tensor(array) for key, array in ours.state_dict().items()})
    return ours, theirs


@given(norms(), SCALES, st.sampled_from([0, 1, 100]), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
@settings(max_examples=100)
def test_outputs_lie_below_the_line_beside_torchs(norm, scale, ratio, dtype, seed):
    kind, arguments, shape = norm
    ours, theirs = both(kind, arguments, seed, dtype)
    for mode in (True, False) if kind.startswith("Inst") else (True,):
        x = ((np.random.default_rng(seed).normal(size=shape) + ratio) * scale).astype(dtype)
        lines = ours.train(mode).lines(None, (x,), arithmetic=format_of(dtype))
        for y in (ours(x), theirs.train(mode)(torch.tensor(x)).detach().numpy()):
            assert (y.shape, y.dtype) == (shape, dtype)
            assert (abs(y - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize("ratio", [0, 1, 30, 1000])
def test_the_proof_line_covers_welford_and_folding(ratio):
    x = (np.random.default_rng(ratio).normal(size=(1, 40 * 41)) + ratio).astype(np.float32)
    lines = cp.LayerNorm(x.shape[1]).lines(None, (x,))
    mean, m2 = np.float32(0), np.float32(0)
    for count, value in enumerate(x[0], start=1):
        delta = value - mean
        mean = np.float32(mean + delta / np.float32(count))
        m2 = np.float32(m2 + delta * (value - mean))
    scale = 1 / np.sqrt(m2 / np.float32(x.size) + np.float32(1e-5))
    assert (abs(x * scale - mean * scale - lines.exact) <= lines.proof).all()


def test_a_variance_in_one_pass_is_not_covered():
    x = (np.random.default_rng(0).normal(size=(1, 50)) + 3000).astype(np.float32)
    mean, lines = x.mean(), cp.LayerNorm(50).lines(None, (x,))
    y = (x - mean) / np.sqrt(abs(np.square(x).mean() - np.square(mean)) + np.float32(1e-5))
    assert (abs(y - lines.exact) > lines.proof).any()


def test_a_running_sum_is_not_covered():
    x = np.ones((1, 9, 2), np.float32)
    x[0, 1] = 1e4
    lines = cp.LocalResponseNorm(3, alpha=1.0).lines(None, (x,))
    running = np.zeros((1, 9, 2), np.float32)
    total = np.zeros((1, 2), np.float32)
    for c in range(10):
        total = total + np.square(x[:, c]) if c < 9 else total
        total = total - np.square(x[:, c - 3]) if c > 2 else total
        if c:
            running[:, c - 1] = total
    y = x / (1 + running / 3) ** np.float32(0.75)
    assert (abs(y - lines.exact) > lines.proof).any()
