"""Law: every mistake is loud on its own sample, and no two of a layer look alike there."""

from itertools import combinations

import numpy as np
import pytest

from convproof.core.records import Mistake
from convproof.layers.catalogue import LAYERS
from tests.laws.over import every_sample
from tests.samples import all_samples

# ids are for life: a new one is added here, none is ever changed
KNOWN = {
    "bn-bessel-forward",
    "bn-eps-value",
    "bn-running-var-biased",
    "conv-bias-missing",
    "conv-bias-twice",
    "conv-kernel-flip",
    "relu-grad-zero",
    "relu-missing-or-extra",
}
ELSEWHERE = {"bn-running-var-biased", "relu-grad-zero"}  # in what is remembered, and in gradients: their outputs are right


def mistakes() -> dict[str, list[Mistake]]:
    """The mistakes of every class: those of its samples, whatever their settings."""
    found: dict[str, dict[str, Mistake]] = {}
    for sample in all_samples():
        layer = sample.layer()
        found.setdefault(type(layer).__name__, {}).update({m.id: m for m in layer.mistakes()})
    return {name: list(own.values()) for name, own in found.items()}


MISTAKES = mistakes()
ALL = list({m.id: m for own in MISTAKES.values() for m in own}.values())
every_mistake = pytest.mark.parametrize("mistake", ALL, ids=lambda m: m.id)


def symptoms(mistake, sample, wrong):
    """Everything that a mistake can change (outputs, statistics, gradients), each flattened, by name."""
    layer, inputs = sample.layer, sample.inputs
    right = layer.step(*inputs, training=layer.training)
    constants = {c.name: loudest(c, layer) for c in mistake.constants}
    step = mistake.replay(layer, *inputs, training=layer.training, **constants) if wrong else right
    pull = mistake.pull if wrong and mistake.pull else type(layer).pull
    rng = np.random.default_rng(0)  # an upstream gradient of ones would hide much
    gradients = pull(layer, right, *(rng.normal(size=y.shape) for y in right.outputs))
    parts = {f"output {k}": y for k, y in enumerate(step.outputs)} | dict(step.state)
    parts |= {f"d input {k}": g for k, g in enumerate(gradients.inputs) if g is not None} | dict(gradients.parameters)
    return {name: np.ravel(part).astype(np.float64) for name, part in parts.items()}


def loudest(constant, layer):
    """The known wrong value that lies farthest from the right one."""
    return max(constant.known, key=lambda value: abs(value - constant.right(layer)))


def loudness(these, those):
    """The largest difference in anything, measured by that thing's own size."""
    return max(abs(these[name] - those[name]).max() / max(abs(those[name]).max(), abs(these[name]).max(), 1e-300) for name in those)


def test_ids_are_unique_and_known():
    known: dict[str, Mistake] = {}
    for own in MISTAKES.values():
        for m in own:
            assert known.setdefault(m.id, m) is m  # layers of one family share their mistakes
    assert set(known) == KNOWN


@every_mistake
def test_it_is_loud_on_its_own_sample(mistake):
    sample = mistake.sample()
    assert mistake.applies(sample.layer)
    assert loudness(symptoms(mistake, sample, True), symptoms(mistake, sample, False)) > 1e-3


@every_mistake
def test_it_changes_what_it_says_and_nothing_else(mistake):
    sample = mistake.sample()
    right, wrong = symptoms(mistake, sample, False), symptoms(mistake, sample, True)
    assert list(right) == list(wrong)
    changed = {name for name in right if not np.array_equal(right[name], wrong[name])}
    gradients = {name for name in right if name.startswith("d ") or name in sample.layer.parameters()}
    assert changed <= (gradients if mistake.step is None else set(right) - gradients if mistake.pull is None else set(right))


@every_mistake
def test_it_lies_above_the_proof_line_unless_it_changes_no_output(mistake):
    sample = mistake.sample()
    lines, wrong = sample.layer.lines(None, sample.inputs), symptoms(mistake, sample, True)
    assert (abs(wrong["output 0"] - lines.exact.ravel()) > lines.proof.ravel()).any() == (mistake.id not in ELSEWHERE)


@every_mistake
def test_it_has_all_its_sentences(mistake):
    assert all([mistake.title, mistake.wrong, mistake.right, mistake.fix])
    assert not any(text.endswith(".") for text in (mistake.title, mistake.wrong, mistake.right, mistake.fix))
    assert mistake.step or mistake.pull


@pytest.mark.parametrize("mistake", [m for m in ALL if m.constants], ids=lambda m: m.id)
def test_a_constant_has_known_values_apart_from_the_right_one(mistake):
    layer = mistake.sample().layer
    for constant in mistake.constants:
        assert any(value != constant.right(layer) for value in constant.known)
        assert all(constant.known.values())
        same = mistake.replay(layer, *mistake.sample().inputs, training=True, **{constant.name: constant.right(layer)})
        right = layer.step(*mistake.sample().inputs, training=True)
        assert np.array_equal(same.outputs[0], right.outputs[0])


@pytest.mark.parametrize("name", [name for name, own in MISTAKES.items() if len(own) > 1])
def test_no_two_look_alike(name):
    for a, b in combinations(MISTAKES[name], 2):
        for sample in (a.sample(), b.sample()):
            assert loudness(symptoms(a, sample, True), symptoms(b, sample, True)) > 1e-3, (a.id, b.id)


@every_sample
def test_a_replay_is_pure_and_fits_every_layer_that_can_suffer_from_it(sample):
    layer, inputs = sample.layer(), sample.inputs()
    before = {key: array.tobytes() for key, array in layer.state_dict().items()}
    right = layer.step(*inputs, training=layer.training)
    for mistake in layer.mistakes():
        constants = {c.name: loudest(c, layer) for c in mistake.constants}
        wrong = mistake.replay(layer, *inputs, training=layer.training, **constants)
        assert [y.shape for y in wrong.outputs] == [y.shape for y in right.outputs], mistake.id
        assert set(wrong.state) == set(right.state), mistake.id
    assert {key: array.tobytes() for key, array in layer.state_dict().items()} == before


def test_a_mistake_says_when_it_cannot_be():
    assert [m.id for m in LAYERS["Conv2d"](3, 4, 1, bias=False).mistakes()] == []
    assert [m.id for m in LAYERS["BatchNorm2d"](3).eval().mistakes()] == ["bn-eps-value"]
