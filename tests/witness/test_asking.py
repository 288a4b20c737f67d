"""Who can be asked, and what an answer promises: names, reasons, the same numbers twice, and nothing changed."""

import sys

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.witness.asking import WITNESSES, ask
from tests.formats.torch.collection import COLLECTION

X = np.random.default_rng(3).normal(size=(2, 3, 7, 5)).astype(np.float32)


def small(training=False):
    """A convolution, a BatchNorm and a split whose parts are joined again."""
    layers = {
        "conv": (cp.Conv2d(3, 4, (3, 2), seed=1), "input"),
        "bn": (cp.BatchNorm2d(4), "conv"),
        "split": (cp.Split(2, 1), "bn"),
        "join": (cp.Add(), "split", ("split", 1)),
    }
    return cp.Network(layers).train(training)


def reasons(answer):
    return {name: str(reason) for name, reason in answer.missing.items()}


@pytest.mark.parametrize("witness", WITNESSES)
@pytest.mark.parametrize("training", [True, False])
def test_an_answer_is_the_same_twice_and_changes_nothing(witness, training):
    network = small(training)
    before, given = network.state_dict(), X.copy()
    first, second = ask(witness, network, (X,)), ask(witness, network, (X,))
    for one, other in zip(first, second, strict=True):
        assert (one.name, one.arrays.keys(), reasons(one)) == (other.name, other.arrays.keys(), reasons(other))
        assert all(np.array_equal(y, other.arrays[name]) for name, y in one.arrays.items())
    assert np.array_equal(X, given)
    assert all(np.array_equal(array, before[name]) for name, array in network.state_dict().items())
    assert all(layer.training is training for layer in network.layers.values())


def test_arrays_have_the_names_of_the_network():
    (answer,) = ask("torch", small(), (X,))
    assert list(answer.arrays) == ["conv", "bn", "split", "split.1", "join"]
    (named, outputs) = ask("onnxruntime", small(), (X,))
    assert sorted(named.arrays) == sorted(answer.arrays)
    assert (named.name, outputs.name, list(outputs.arrays)) == ("onnxruntime (not optimised)", "onnxruntime", ["join"])


def test_an_answer_shares_no_memory_with_what_was_given():
    network = cp.Network({"same": (cp.Identity(), "input"), "flat": (cp.Flatten(), "same")}, outputs=["same", "flat"])
    for witness in (*WITNESSES, lambda x: {"same": x}):
        for answer in ask(witness, network, (X,)):
            assert answer.arrays
            assert not any(np.shares_memory(y, X) for y in answer.arrays.values())


def test_a_function_gives_an_array_a_tuple_or_a_mapping():
    network = small()
    y = network(X)
    (one,) = ask(lambda x: network(x), network, (X,))
    assert np.array_equal(one.arrays["join"], y)
    two = cp.Network({"a": (cp.ReLU(), "input"), "b": (cp.Neg(), "input")}, outputs=["b", "a"])
    (both,) = ask(lambda x: (-x, np.maximum(x, 0)), two, (X,))
    assert np.array_equal(both.arrays["b"], -X)
    assert np.array_equal(both.arrays["a"], np.maximum(X, 0))

    def port(x):
        return {"split.1": torch.tensor(x[:, :2]), "bn": [1, 2], "bn.running_mean": np.zeros(4)}

    (named,) = ask(port, network, (X,))
    assert (named.name, list(named.arrays)) == ("port", ["split.1", "bn", "bn.running_mean"])
    assert all(isinstance(array, np.ndarray) for array in named.arrays.values())
    with pytest.raises(cp.UnknownNameError, match="no layer is called 'bm'; did you mean bn"):
        ask(lambda x: {"bm": x}, network, (X,))


def test_what_a_function_does_to_its_inputs_and_what_it_raises():
    def spoils(x):
        x[...] = 0
        raise ZeroDivisionError("by\nnothing")

    given = X.copy()
    (answer,) = ask(spoils, small(), (X,))
    assert np.array_equal(X, given)
    assert reasons(answer) == {"join": "spoils cannot compute the network: ZeroDivisionError: by nothing"}
    (answer,) = ask(lambda x: (x, x), small(), (X,))
    assert reasons(answer) == {"join": "it gave 2 arrays; expected 1 array, the outputs of the network in order"}


@pytest.mark.parametrize("training", [True, False])
def test_a_module_gives_what_its_submodules_give(training):
    torch.manual_seed(0)
    module = COLLECTION["ResidualBlock"]().train(training)
    network, state = cp.from_torch(module), {name: tensor.clone() for name, tensor in module.state_dict().items()}
    (answer,) = ask(module, network, (X,))
    assert answer.name == "ResidualBlock"
    trace = network.trace(X)
    assert set(answer.arrays) == {"conv1", "bn1", "relu", "conv2", "bn2", "downsample.0", "downsample.1", "relu@2"}
    assert reasons(answer) == {"iadd": "the module has no submodule of this name"}
    assert all(array.shape == trace[name].shape for name, array in answer.arrays.items())
    assert cp.check(network, X, claimed=dict(answer.arrays)).ok
    assert all(torch.equal(tensor, state[name]) for name, tensor in module.state_dict().items())
    assert not any(part._forward_hooks for part in module.modules())


def test_a_module_that_fails_says_how_far_it_came():
    class Breaks(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, (3, 2))

        def forward(self, x):
            return self.conv(x).reshape(7)

    (answer,) = ask(Breaks(), small(), (X,))
    assert list(answer.arrays) == ["conv"]
    assert "Breaks cannot compute the network: RuntimeError: shape '[7]' is invalid" in reasons(answer)["join"]


def test_a_module_that_draws_draws_the_same_and_leaves_the_dice_alone():
    module = torch.nn.Sequential(torch.nn.Dropout(0.5))
    network = cp.Network({"0": (cp.Dropout(0.5), "input")})
    torch.manual_seed(5)
    dice = torch.random.get_rng_state()
    answers = [ask(module, network, (X,))[0].arrays["0"] for _ in range(2)]
    assert np.array_equal(*answers)
    assert torch.equal(torch.random.get_rng_state(), dice)


def test_unknown_witnesses_and_missing_packages():
    with pytest.raises(cp.SettingError, match="'tensorflow' is no witness; expected torch, onnxruntime or onnx-reference, a torch"):
        ask("tensorflow", small(), (X,))
    with pytest.raises(cp.SettingError, match=r"a witness is torch, .* or a function; got int"):
        ask(7, small(), (X,))


@pytest.mark.parametrize("package", ["torch", "onnxruntime"])
def test_a_missing_package_is_named_with_the_line_that_installs_it(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(cp.SettingError, match=rf"pip install 'convproof\[{package}\]'"):
        ask(package, small(), (X,))
