"""Law: whatever looks (step, derive, lines, why, trace, summary, gradients, saving) changes no parameter, statistic, mode or input."""

import numpy as np
import pytest

import convproof as cp
from tests.laws.over import every_sample


def state_of(layer):
    return {key: array.tobytes() for key, array in layer.state_dict().items()} | {"training": layer.training}


def network_of(layer, count):
    names = tuple(f"in{k}" for k in range(count))
    return cp.Network({"layer": (layer, *names)}, inputs=names)


@every_sample
@pytest.mark.parametrize("training", [True, False])
def test_looking(sample, training, tmp_path):
    layer, inputs = sample.layer().train(training), sample.inputs()
    network = network_of(layer, len(inputs))
    before, given = state_of(layer), [x.tobytes() for x in inputs]
    first = layer.step(*inputs, training=training)
    cell = (0,) * first.outputs[0].ndim
    layer.derive(cell, inputs)
    layer.lines(None, inputs)
    layer.reads(tuple(range(size) for size in first.outputs[0].shape), *sample.shapes)
    layer.mistakes()
    layer.is_a()
    layer.why(*inputs, at=cell).text()
    pull_everything_back(layer, inputs)
    pull_everything_back(network, inputs)
    trace = network.trace(*inputs)
    trace.inner("layer")
    trace.why("layer", cell)
    trace.save(tmp_path / "trace.npz")
    network.save(tmp_path / "net.safetensors")
    summary = network.summary(*sample.shapes)
    for record in (trace, summary):
        str(record)
        record._repr_html_()
    repr(network)
    assert state_of(layer) == before
    assert [x.tobytes() for x in inputs] == given
    again = layer.step(*inputs, training=training)
    assert [y.tobytes() for y in again.outputs] == [y.tobytes() for y in first.outputs]
    assert {key: value.tobytes() for key, value in again.state.items()} == {key: value.tobytes() for key, value in first.state.items()}


def pull_everything_back(what, inputs):
    y, pullback = what.vjp(*inputs)
    outputs = y if isinstance(y, tuple) else (y,)
    pullback(*(np.ones(out.shape, np.float32) for out in outputs))


@every_sample
def test_a_call_stores_what_the_step_said(sample):
    layer, inputs = sample.layer(), sample.inputs()
    step = layer.step(*inputs, training=layer.training)
    before = layer.state_dict()
    y = layer(*inputs)
    assert all(np.array_equal(a, b) for a, b in zip(y if isinstance(y, tuple) else (y,), step.outputs, strict=True))
    for key, array in layer.state_dict().items():
        assert np.array_equal(array, step.state.get(key, before[key])), key


@every_sample
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_a_call_returns_is_fresh(sample, order):
    layer, inputs = sample.layer().eval(), [np.array(x, order=order) for x in sample.inputs()]
    network = network_of(layer, len(inputs))
    given, before = [x.copy() for x in inputs], state_of(layer)
    for call in (layer, network):
        y = call(*inputs)
        for out in y if isinstance(y, tuple) else (y,):
            assert out.flags.c_contiguous
            assert out.flags.writeable
            out[...] = 7
    assert state_of(layer) == before
    assert all(np.array_equal(x, g) for x, g in zip(inputs, given, strict=True))


@every_sample
def test_a_trace_is_read_only_and_its_own(sample):
    inputs = [x.copy() for x in sample.inputs()]
    trace = network_of(sample.layer(), len(inputs)).trace(*inputs)
    stored = trace["in0"].copy()
    inputs[0][...] = 7
    assert np.array_equal(trace["in0"], stored)
    assert not any(trace[name].flags.writeable for name in trace)
