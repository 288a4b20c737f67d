"""Law: names, order and defaults of arguments, and attribute names, are torch.nn's; what torch's convention says is what torch does."""

import inspect

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.layers.catalogue import LAYERS
from tests.laws.over import every_sample
from tests.samples import all_samples

TORCHS = {type(s.make()).__name__ for s in all_samples() if isinstance(s.twin(), torch.nn.Module)}
every_torch_layer = pytest.mark.parametrize("name", sorted(TORCHS))


def arguments(kind):
    found = list(inspect.signature(kind.__init__).parameters.values())[1:]
    return [p for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]  # torch.nn.Sigmoid and others take what they ignore


def test_every_layer_has_a_sample():
    reading = {layer for layer in LAYERS.values() if layer.input_names}  # the laws ask what becomes of inputs
    assert {type(sample.make()) for sample in all_samples()} == reading
    names = [sample.name for sample in all_samples()]
    assert len(names) == len(set(names))


@every_torch_layer
def test_arguments(name):
    ours, theirs = arguments(getattr(cp, name)), arguments(getattr(torch.nn, name))
    shared = ours[: len(theirs)]
    assert [(p.name, p.default, p.kind) for p in shared] == [(p.name, p.default, p.kind) for p in theirs]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in ours[len(theirs) :])


@every_torch_layer
def test_arguments_are_described_or_explain_themselves(name):
    """The class's docstring says what only we have, and what None means."""
    kind = getattr(cp, name)
    alone = {p.name for p in arguments(kind)} - {p.name for p in arguments(getattr(torch.nn, name))}
    assert all(f"``{argument}``" in kind.__doc__ for argument in alone)
    assert "Arguments and defaults are torch.nn" in kind.__doc__ or len(arguments(kind)) <= 3


@every_sample
def test_attributes(sample):
    ours, theirs = sample.make(), sample.twin()
    if not isinstance(theirs, torch.nn.Module):
        return
    assert type(ours).__name__ == type(theirs).__name__
    for attribute in getattr(theirs, "__constants__", ()):
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [a.shape for a in ours.state_dict().values()] == [tuple(t.shape) for t in theirs.state_dict().values()]
    assert list(ours.parameters()) == [name for name, _ in theirs.named_parameters()]
    for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        assert (getattr(ours, name, None) is None) == (getattr(theirs, name, None) is None), name
    assert ours.training is theirs.training is True
    assert ours.train(False) is ours
    assert ours.training is theirs.train(False).training is False


@every_sample
def test_a_fresh_layer_starts_where_torchs_does(sample):
    """What is not drawn is equal; what is drawn lies in the same range, and not in its inner half alone (60 numbers: 1 in 2**60)."""
    theirs = sample.twin()
    if not isinstance(theirs, torch.nn.Module):
        return
    another = sample.twin().state_dict()
    for name, tensor in theirs.state_dict().items():
        expected = tensor.numpy()
        if torch.equal(tensor, another[name]):
            assert np.array_equal(sample.make().state_dict()[name], expected), name
        else:
            fan_in = theirs.in1_features if isinstance(theirs, torch.nn.Bilinear) else theirs.weight[0].numel()
            limit = 1 / np.sqrt(fan_in)
            drawn = np.stack([sample.make().state_dict()[name] for _ in range(-(-60 // tensor.numel()))])
            assert max(abs(drawn).max(), abs(expected).max()) <= np.float32(limit), name
            assert abs(drawn).max() > limit / 2, name


@every_torch_layer
def test_the_torch_convention_is_torchs_signature(name):
    defaults = {p.name: p.default for p in arguments(getattr(torch.nn, name))}
    layer = next(s for s in all_samples() if type(s.make()).__name__ == name).make()
    torchs = next(c for c in layer.conventions() if c.framework == "torch")
    assert torchs.layer == name
    for setting in torchs.settings:
        assert (defaults[setting.theirs], setting.sense) == (setting.default, "same")
    with_default = {key for key, default in defaults.items() if default is not inspect.Parameter.empty}
    said = {setting.theirs for setting in torchs.settings}
    # device and dtype are no meaning, inplace is no number
    assert with_default - said - {"device", "dtype", "inplace"} <= set(torchs.parameters or {})


@every_sample
def test_every_convention_speaks_of_settings_and_parameters_that_there_are(sample):
    layer = sample.make()
    names = set(inspect.signature(type(layer).__init__).parameters)
    conventions = layer.conventions()
    assert {"torch", "onnx", "keras"} <= {c.framework for c in conventions}
    assert len({(c.framework, c.layer, c.note) for c in conventions}) == len(conventions)
    for convention in conventions:
        assert {s.ours for s in convention.settings} <= names
        assert set(convention.parameters or {}) <= set(layer.declared())
        if convention.framework == "torch":
            assert set(convention.parameters or {}) >= {name for name in layer.declared() if layer.declared()[name].learnt}


@every_sample
def test_a_repr_makes_the_same_layer(sample):
    layer = sample.make()
    again = eval(repr(layer), {type(layer).__name__: type(layer)})
    assert repr(again) == repr(layer)
    assert again.shapes(*sample.shapes) == layer.shapes(*sample.shapes)
    assert again.equation() == layer.equation()
