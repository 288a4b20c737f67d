"""What is peculiar to linear layers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64
from tests.samples import Sample


def _twins(name, shape, into, out, **keywords):
    return Sample(
        f"Linear {name}", lambda: cp.Linear(into, out, seed=1, **keywords), (shape,), lambda: torch.nn.Linear(into, out, **keywords)
    )


SAMPLES = [
    _twins("plain", (3, 7), 7, 5),
    _twins("without bias", (2, 9), 9, 4, bias=False),
    _twins("more axes", (2, 3, 5), 5, 4),
    _twins("of a vector", (6,), 6, 3),
    _twins("long", (2, 300), 300, 2),
]


@given(st.lists(st.integers(1, 4), max_size=3), st.integers(1, 80), st.integers(1, 6), st.booleans(), st.booleans())
@settings(max_examples=100)
def test_it_lies_below_the_line_beside_torchs(batch, into, out, bias, wide):
    dtype = np.float64 if wide else np.float32
    ours = cp.Linear(into, out, bias=bias, dtype=dtype, seed=into)
    theirs = torch.nn.Linear(into, out, bias=bias, dtype=torch.float64 if wide else torch.float32)
    theirs.load_state_dict({key: torch.tensor(array) for key, array in ours.state_dict().items()})
    x = np.random.default_rng(into).normal(size=(*batch, into)).astype(dtype)
    lines = ours.lines(None, (x,), arithmetic=FLOAT64 if wide else FLOAT32)
    for y in (ours(x), theirs(torch.tensor(x)).detach().numpy()):
        assert y.shape == (*batch, out)
        assert y.dtype == dtype
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_features_that_do_not_fit():
    with pytest.raises(RuntimeError):
        torch.nn.Linear(12, 2)(torch.zeros(2, 3, 4))
    with pytest.raises(cp.ShapeError, match=r"expects x of shape \(\*, 12\); got \(2, 3, 4\); a Flatten before it would make it fit"):
        cp.Linear(12, 2)(np.zeros((2, 3, 4)))
    with pytest.raises(cp.SettingError, match="in_features=0 and out_features=2 must be positive"):
        cp.Linear(0, 2)


def test_the_hand_calculation_shows_every_product_and_the_bias():
    fc = cp.Linear(3, 1)
    fc.weight, fc.bias = [[1, 2, -3]], [0.5]
    text = fc.why(np.array([[4.0, 5.0, 6.0]]), at=(0, 0)).text()
    assert "= 4*1 + 5*2 + 6*(-3) + 0.5 = -3.5" in text
