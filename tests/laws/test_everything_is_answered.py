"""Law: a layer answers every question of the Layer base; those that still owe an answer stand here, so that the list can only shrink."""

import numpy as np

from convproof.core.errors import NotCoveredError
from tests.laws.over import every_sample

OWED: set[tuple[str, str]] = set()  # (class, question)

QUESTIONS = {
    "derive": lambda layer, inputs, step: layer.derive((0,) * step.outputs[0].ndim, inputs),
    "lines": lambda layer, inputs, step: layer.lines(None, inputs),
    "pull": lambda layer, inputs, step: layer.pull(step, *(np.ones(y.shape, np.float32) for y in step.outputs)),
}


@every_sample
def test_every_question_has_an_answer(sample):
    layer, inputs = sample.layer(), sample.inputs()
    step = layer.step(*inputs, training=layer.training)
    owed = set()
    for question, ask in QUESTIONS.items():
        try:
            ask(layer, inputs, step)
        except NotCoveredError:
            owed.add((type(layer).__name__, question))
    assert owed == {debt for debt in OWED if debt[0] == type(layer).__name__}


@every_sample
def test_a_layer_says_what_it_computes(sample):
    layer = sample.layer()
    assert layer.equation().startswith("y")
    assert type(layer).__doc__
    assert layer.conventions()
