"""Law: whatever looks (step, derive, lines, why, trace, inner, summary, gradients) changes no parameter, statistic, mode or input."""

import numpy as np

import convproof as cp
from tests.laws.over import every_sample


def state_of(layer):
    return {key: array.tobytes() for key, array in layer.state_dict().items()} | {"training": layer.training}


@every_sample
def test_looking(sample):
    layer, inputs = sample.layer(), sample.inputs()
    names = tuple(f"in{k}" for k in range(len(inputs)))
    network = cp.Network({"layer": (layer, *names)}, inputs=names)
    before, given = state_of(layer), [x.tobytes() for x in inputs]
    first = layer.step(*inputs, training=layer.training)
    cell = (0,) * first.outputs[0].ndim
    layer.derive(cell, inputs)
    layer.lines(None, inputs)
    layer.why(*inputs, at=cell)
    layer.vjp(*inputs)
    trace = network.trace(*inputs)
    trace.inner("layer")
    trace.why("layer", cell)
    str(trace)
    network.summary(*sample.shapes)
    network.vjp(*inputs)
    assert state_of(layer) == before
    assert [x.tobytes() for x in inputs] == given
    again = layer.step(*inputs, training=layer.training)
    assert [y.tobytes() for y in again.outputs] == [y.tobytes() for y in first.outputs]


@every_sample
def test_a_trace_is_read_only_and_its_own(sample):
    inputs = [x.copy() for x in sample.inputs()]
    names = tuple(f"in{k}" for k in range(len(inputs)))
    trace = cp.Network({"layer": (sample.layer(), *names)}, inputs=names).trace(*inputs)
    stored = trace["in0"].copy()
    inputs[0][...] = 7
    assert np.array_equal(trace["in0"], stored)
    assert not any(trace[name].flags.writeable for name in trace)
