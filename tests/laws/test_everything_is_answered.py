"""Law: a layer answers every question of the Layer base."""

import numpy as np

from tests.laws.over import every_sample


def ask_gradient(layer, inputs):
    step = layer.step(*inputs, training=layer.training)
    return layer.pull(step, *(np.ones(y.shape, np.float32) for y in step.outputs))


QUESTIONS = {
    "derive": lambda layer, inputs: layer.derive((0,) * len(layer.shapes(*(x.shape for x in inputs))[0]), inputs),
    "lines": lambda layer, inputs: layer.lines(None, inputs),
    "pull": ask_gradient,
    "conventions": lambda layer, inputs: layer.conventions(),
}


@every_sample
def test_every_question_has_an_answer(sample):
    layer, inputs = sample.layer(), sample.inputs()
    for question in QUESTIONS:
        assert QUESTIONS[question](layer, inputs), question


@every_sample
def test_a_layer_says_what_it_computes(sample):
    layer = sample.layer()
    assert str(layer.equation()).startswith("y")
    assert type(layer).__doc__
