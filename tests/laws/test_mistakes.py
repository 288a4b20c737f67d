"""Law: every mistake is loud on its own sample, and no two of a layer look alike there."""

from itertools import combinations

import numpy as np
import pytest

from convproof.core.records import Mistake
from convproof.layers.catalogue import LAYERS

# ids are for life: a new one is added here, none is ever changed
KNOWN = {
    "bn-bessel-forward",
    "bn-eps-value",
    "bn-running-var-biased",
    "conv-bias-missing",
    "conv-kernel-flip",
    "relu-grad-zero",
    "relu-missing-or-extra",
}
SETTINGS = {"Conv2d": (3, 4, 3), "BatchNorm2d": (3,), "ReLU": ()}


def mistakes() -> list[tuple[str, Mistake]]:
    return [(name, mistake) for name, args in SETTINGS.items() for mistake in LAYERS[name](*args).mistakes()]


every_mistake = pytest.mark.parametrize("mistake", [m for _, m in mistakes()], ids=lambda m: m.id)


def symptoms(mistake, sample, wrong):
    """Everything that a mistake can change: outputs, statistics, gradients, flattened."""
    layer, inputs = sample.layer, sample.inputs
    constants = {c.name: next(iter(c.known)) for c in mistake.constants}
    step = mistake.replay(layer, *inputs, training=True, **constants) if wrong else layer.step(*inputs, training=True)
    right = layer.step(*inputs, training=True)
    pull = mistake.pull if wrong and mistake.pull else type(layer).pull
    gradients = pull(layer, right, np.ones_like(right.outputs[0]))
    parts = [*step.outputs, *step.state.values(), *(g for g in gradients.inputs if g is not None)]
    return np.concatenate([np.ravel(part).astype(np.float64) for part in parts])


def test_ids_are_unique_and_known():
    ids = [m.id for _, m in mistakes()]
    assert len(ids) == len(set(ids))
    assert set(ids) == KNOWN


@every_mistake
def test_it_is_loud_on_its_own_sample(mistake):
    sample = mistake.sample()
    right, wrong = symptoms(mistake, sample, False), symptoms(mistake, sample, True)
    assert abs(right - wrong).max() > 1e-3 * abs(right).max()


@every_mistake
def test_it_has_all_its_sentences(mistake):
    assert all([mistake.title, mistake.wrong, mistake.right, mistake.fix])
    assert not any(text.endswith(".") for text in (mistake.title, mistake.wrong, mistake.right, mistake.fix))
    assert mistake.step or mistake.pull


@every_mistake
def test_a_constant_has_known_values_apart_from_the_right_one(mistake):
    layer = mistake.sample().layer
    for constant in mistake.constants:
        assert any(value != constant.right(layer) for value in constant.known)
        same = mistake.replay(layer, *mistake.sample().inputs, training=True, **{constant.name: constant.right(layer)})
        right = layer.step(*mistake.sample().inputs, training=True)
        assert np.array_equal(same.outputs[0], right.outputs[0])


@pytest.mark.parametrize("name", SETTINGS)
def test_no_two_look_alike(name):
    own = [m for layer, m in mistakes() if layer == name]
    for a, b in combinations(own, 2):
        sample = a.sample()
        difference = abs(symptoms(a, sample, True) - symptoms(b, sample, True)).max()
        assert difference > 1e-3 * abs(symptoms(a, sample, False)).max(), (a.id, b.id)


def test_a_mistake_says_when_it_cannot_be():
    assert [m.id for m in LAYERS["Conv2d"](3, 4, 1, bias=False).mistakes()] == []
    assert [m.id for m in LAYERS["BatchNorm2d"](3).eval().mistakes()] == ["bn-eps-value"]
