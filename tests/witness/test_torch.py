"""PyTorch as a witness: statistics, draws, types, and what it cannot say."""

import ml_dtypes
import numpy as np
import pytest
import torch

import convproof as cp
from convproof.witness.asking import ask

X = np.random.default_rng(4).normal(size=(2, 3, 5, 7)).astype(np.float32)


def test_statistics_are_those_that_torch_arrives_at():
    twin = torch.nn.BatchNorm2d(3, momentum=0.3)
    network = cp.Network({"bn": (cp.BatchNorm2d(3, momentum=0.3), "input")})
    (answer,) = ask("torch", network, (X,))
    twin(torch.tensor(X))
    assert {name for name in answer.arrays if name != "bn"} == {"bn.running_mean", "bn.running_var", "bn.num_batches_tracked"}
    assert all(
        np.array_equal(answer.arrays[f"bn.{name}"], tensor.numpy())
        for name, tensor in twin.state_dict().items()
        if "weight" not in name and "bias" not in name
    )
    assert cp.check(network, X, claimed=dict(answer.arrays)).ok


def test_a_layer_that_stands_twice_remembers_its_first_use():
    twin, bn = torch.nn.BatchNorm2d(3, momentum=None), cp.BatchNorm2d(3, momentum=None)
    network = cp.Network({"bn": (bn, "input"), "half": (cp.Mul(constant=0.5), "bn"), "bn@2": (bn, "half")})
    (answer,) = ask("torch", network, (X,))
    twin(0.5 * twin(torch.tensor(X)))
    assert np.array_equal(answer.arrays["bn.running_var"], twin.running_var.numpy())
    assert answer.arrays["bn.num_batches_tracked"] == 2
    assert "bn@2.running_var" not in answer.arrays


def test_a_dropout_drops_what_ours_dropped():
    network = cp.Network({"drop": (cp.Dropout(0.4, seed=8), "input"), "alpha": (cp.AlphaDropout(0.3, seed=9), "drop")})
    (answer,) = ask("torch", network, (X,))
    trace = network.trace(X)
    dropped = trace["drop"] == 0
    assert dropped.any()
    assert np.array_equal(answer.arrays["drop"] == 0, dropped)
    assert np.array_equal(answer.arrays["drop"][~dropped], (torch.tensor(X) * (1 / torch.tensor(0.6))).numpy()[~dropped])


@pytest.mark.parametrize("training", [True, False])
def test_the_mask_of_a_dropout_is_an_answer_too(training):
    network = cp.Network({"drop": (cp.Dropout(0.4, seed=8, return_mask=True), "input")}, outputs=["drop", ("drop", 1)]).train(training)
    (answer,) = ask("torch", network, (X,))
    assert np.array_equal(answer.arrays["drop.1"], network.trace(X)["drop.1"])
    assert np.array_equal(answer.arrays["drop"] != 0, answer.arrays["drop.1"])
    assert bool(answer.arrays["drop.1"].all()) is not training


@pytest.mark.parametrize(("dtype", "u"), [(np.float16, 2.0**-11), (ml_dtypes.bfloat16, 2.0**-8)])
def test_short_floats_stay_short(dtype, u):
    """One function is PyTorch's own of that type; several are computed in float32 and rounded once."""
    x = X.astype(dtype)
    network = cp.Network({"abs": (cp.Abs(), "input"), "clip": (cp.Hardsigmoid(alpha=0.2, beta=0.1), "abs")})
    (answer,) = ask("torch", network, (x,))
    assert {array.dtype for array in answer.arrays.values()} == {np.dtype(dtype)}
    assert np.array_equal(answer.arrays["abs"], abs(x))
    exact = np.clip(np.float64(np.float32(0.2)) * abs(x).astype(np.float64) + np.float64(np.float32(0.1)), 0, 1)
    assert (abs(answer.arrays["clip"].astype(np.float64) - exact) <= u * abs(exact) * (1 + 2.0**-10)).all()


def test_a_float64_input_is_computed_in_float64_and_integers_stay_integers():
    network = cp.Network({"conv": (cp.Conv2d(3, 2, 3, seed=0), "input")}).eval()
    (answer,) = ask("torch", network, (X.astype(np.float64),))
    assert answer.arrays["conv"].dtype == np.float64
    whole = cp.Network({"sum": (cp.Add(), "a", "b")}, inputs=("a", "b"))
    (answer,) = ask("torch", whole, (np.arange(6), np.arange(6)))
    assert np.array_equal(answer.arrays["sum"], 2 * np.arange(6))
    assert answer.arrays["sum"].dtype == np.int64


def test_what_torch_cannot_say_is_missing_and_the_rest_is_asked():
    layers = {
        "resize": (cp.Resize(scales=(1, 1, 2, 2), mode="cubic", cubic_coeff_a=-0.5), "input"),
        "relu": (cp.ReLU(), "resize"),
    }
    network = cp.Network(layers).eval()
    (answer,) = ask("torch", network, (X,))
    assert list(answer.arrays) == ["relu"]
    assert str(answer.missing["resize"]).endswith("PyTorch's interpolate has no such coordinates")
    assert np.array_equal(answer.arrays["relu"], network(X))


def test_arrays_that_nobody_may_write_to_and_layers_that_work_in_place():
    x = X.copy()
    x.flags.writeable = False
    network = cp.Network({"relu": (cp.ReLU(inplace=True), "input"), "back": (cp.Flip((1,)), "relu")})
    (answer,) = ask("torch", network, (x[..., ::-1],))
    assert np.array_equal(answer.arrays["relu"], np.maximum(X[..., ::-1], 0))
    assert np.array_equal(x, X)
