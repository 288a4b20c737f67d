"""Law: names, order and defaults of arguments, and attribute names, are torch.nn's; what torch's convention says is what torch does."""

import inspect

import pytest
import torch

import convproof as cp
from convproof.layers.catalogue import LAYERS

MADE = {
    "AvgPool2d": ((3, 2, 1), {"count_include_pad": False}),
    "BatchNorm2d": ((3,), {"eps": 1e-3}),
    "Conv2d": ((4, 6, (3, 2)), {"stride": 2, "padding": (1, 0), "dilation": (1, 2), "groups": 2}),
    "Flatten": ((1, 2), {}),
    "Linear": ((4, 5), {}),
    "MaxPool2d": (((3, 2),), {"ceil_mode": True}),
    "ReLU": ((), {"inplace": True}),
    "Softmax": ((1,), {}),
}
OURS_ALONE = {"Add", "Concat"}
NOT_NUMBERS = {"training", "call_super_init", "dump_patches", "T_destination"}


def test_every_layer_is_either_torchs_or_ours_alone():
    assert set(LAYERS) == set(MADE) | OURS_ALONE


@pytest.mark.parametrize("name", MADE)
def test_arguments(name):
    ours = list(inspect.signature(getattr(cp, name).__init__).parameters.values())[1:]
    theirs = list(inspect.signature(getattr(torch.nn, name).__init__).parameters.values())[1:]
    shared = ours[: len(theirs)]
    assert [(p.name, p.default) for p in shared] == [(p.name, p.default) for p in theirs]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in ours[len(theirs) :])


@pytest.mark.parametrize("name", MADE)
def test_attributes(name):
    args, keywords = MADE[name]
    ours, theirs = getattr(cp, name)(*args, **keywords), getattr(torch.nn, name)(*args, **keywords)
    for attribute in theirs.__constants__:
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [a.shape for a in ours.state_dict().values()] == [tuple(t.shape) for t in theirs.state_dict().values()]
    assert ours.training is theirs.training is True


@pytest.mark.parametrize("name", MADE)
def test_the_torch_convention_is_torchs_signature(name):
    args, keywords = MADE[name]
    torchs = next(c for c in getattr(cp, name)(*args, **keywords).conventions() if c.framework == "torch")
    assert torchs.layer == name
    defaults = {p.name: p.default for p in inspect.signature(getattr(torch.nn, name).__init__).parameters.values()}
    for setting in torchs.settings:
        assert (defaults[setting.theirs], setting.sense) == (setting.default, "same")


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_every_convention_speaks_of_settings_and_parameters_that_there_are(name):
    args, keywords = MADE.get(name, ((), {}))
    layer = LAYERS[name](*args, **keywords)
    arguments = inspect.signature(LAYERS[name].__init__).parameters
    conventions = layer.conventions()
    assert {"torch", "onnx", "keras"} <= {c.framework for c in conventions}
    for convention in conventions:
        assert {s.ours for s in convention.settings} <= set(arguments)
        assert set(convention.parameters or {}) <= set(layer.declared())


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_repr_makes_the_same_layer(name):
    args, keywords = MADE.get(name, ((), {}))
    layer = LAYERS[name](*args, **keywords)
    again = eval(repr(layer), {name: LAYERS[name]})
    assert repr(again) == repr(layer)
