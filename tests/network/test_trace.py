"""Traces: every array of a run, inner quantities, and the weights that they belong to."""

import numpy as np
import pytest

import convproof as cp

X = np.random.default_rng(0).normal(size=(2, 3, 6, 5)).astype(np.float32)


def network():
    return cp.Sequential(conv=cp.Conv2d(3, 4, 3, seed=1), bn=cp.BatchNorm2d(4), relu=cp.ReLU())


def test_every_array_by_name_in_the_order_of_the_run():
    trace = network().trace(X)
    assert list(trace) == trace.keys() == ["input", "conv", "bn", "relu"]
    assert len(trace) == 4
    assert "bn" in trace
    assert np.array_equal(trace["input"], X)
    assert np.array_equal(trace["relu"], network()(X))
    assert [x.shape for x in trace.inputs_of("bn")] == [(2, 4, 4, 3)]
    with pytest.raises(cp.UnknownNameError, match="no layer is called 'bn1'; did you mean bn"):
        trace["bn1"]


def test_it_is_read_only():
    trace = network().trace(X)
    with pytest.raises(ValueError, match="read-only"):
        trace["bn"][0, 0, 0, 0] = 1
    with pytest.raises(TypeError):
        trace["bn"] = X


def test_it_is_not_moved_by_what_happens_to_the_input_afterwards():
    given = X.copy()
    trace = network().trace(given)
    given[...] = 0
    assert np.array_equal(trace["input"], X)
    assert trace.why("conv", (0, 0, 0, 0)).value == trace["conv"][0, 0, 0, 0]


def test_inner_quantities_are_of_the_traces_mode():
    net = network()
    trace = net.trace(X)
    net.eval()
    inner = trace.inner("bn")
    assert set(inner) == {"mean", "var", "x_hat"}
    numbers = trace["conv"].astype(np.float64)
    rounding = numbers.size / len(inner["mean"]) * 2.0**-24 * abs(numbers).mean((0, 2, 3))  # n*u times the mean of the sizes
    assert (abs(inner["mean"] - numbers.mean((0, 2, 3))) <= rounding).all()
    assert trace.inner("conv") == {}
    assert trace.why("bn", (1, 2, 3, 1)).value == trace["bn"][1, 2, 3, 1]
    assert np.array_equal(net.trace(X).inner("bn")["mean"], [0, 0, 0, 0])


def test_running_statistics_that_moved_are_noticed_only_where_they_were_used():
    net = network()
    in_training = net.trace(X)
    in_eval = net.eval().trace(X)
    net.train()(X)
    assert in_training.why("bn", (0, 1, 2, 1)).value == in_training["bn"][0, 1, 2, 1]
    with pytest.raises(cp.StaleTraceError, match="bn: parameters changed since this trace was made; trace again"):
        in_eval.why("bn", (0, 1, 2, 1))
    with pytest.raises(cp.StaleTraceError, match="bn: parameters changed"):
        in_eval.inner("bn")


@pytest.mark.parametrize("look", [lambda t: t.why("conv", (0, 2, 1, 1)), lambda t: t.inner("conv")])
def test_weights_that_changed_are_noticed(look):
    net = network()
    trace = net.trace(X)
    look(trace)
    net["conv"].weight[2, 0, 0, 0] += 0.01
    with pytest.raises(cp.StaleTraceError, match="conv: parameters changed"):
        look(trace)


def test_a_weight_that_no_cell_of_the_channel_uses_is_no_reason():
    net = network()
    trace = net.trace(X)
    net["conv"].weight[2] += 0.01
    assert trace.why("conv", (0, 1, 1, 1)).value == trace["conv"][0, 1, 1, 1]
    assert trace.why("relu", (0, 2, 1, 1)).value == trace["relu"][0, 2, 1, 1]


def test_cells_and_names_that_are_not_there():
    trace = network().trace(X)
    with pytest.raises(cp.CellError, match=r"bn has shape \(2, 4, 4, 3\): index 1 of a cell goes from 0 to 3, got 4"):
        trace.why("bn", (0, 4, 0, 0))
    with pytest.raises(cp.CellError, match="a cell has 4 indices"):
        trace.why("bn", (0, 0, 0))
    with pytest.raises(cp.UnknownNameError, match="no layer is called 'gelu'"):
        trace.why("gelu", (0, 0, 0, 0))
    assert trace.why("bn", (-1, -1, -1, -1)).cell == (1, 3, 3, 2)
    assert trace.why("input", (0, 1, 2, 3)).value == X[0, 1, 2, 3]


def test_outputs_are_kept_apart_from_layers_whose_names_begin_alike():
    net = cp.Network(
        {
            "pool.relu": (cp.ReLU(), "input"),
            "pool.1x": (cp.ReLU(), "pool.relu"),
            "pool": (cp.MaxPool2d(2, return_indices=True), "pool.1x"),
        },
        outputs=("pool", ("pool", 1)),
    )
    trace = net.trace(X)
    values, places = net(X)
    cell = (1, 2, 1, 0)
    assert trace.why("pool", cell).value == values[cell]
    assert trace.why("pool", cell, output=1).value == places[cell]
    assert trace.why("pool.1", cell).value == places[cell]
    assert trace.why("pool.relu", cell).layer == "pool.relu"
    with pytest.raises(cp.SettingError, match="pool has 2 outputs, counted from 0; got output=2"):
        trace.why("pool", cell, output=2)


def test_an_output_and_a_layer_of_one_name_cannot_be_told_apart():
    net = cp.Network({"pool": (cp.MaxPool2d(2, return_indices=True), "input"), "pool.1": (cp.ReLU(), "pool")})
    with pytest.raises(cp.GraphError, match=r"two arrays are called 'pool.1', an output and a layer"):
        net.trace(X)


def test_a_layer_that_stands_twice_is_explained_by_its_own_inputs():
    conv = cp.Conv2d(3, 3, 3, padding=1, seed=1)
    trace = cp.Network({"conv": (conv, "input"), "conv@2": (conv, "conv")}).trace(X)
    d = trace.why("conv@2", (0, 1, 2, 3))
    assert d.value == trace["conv@2"][0, 1, 2, 3]
    assert {d.expand(k).layer for k in range(3)} == {"conv"}


def test_a_second_use_of_a_norm_in_eval_and_in_training():
    norm = cp.BatchNorm2d(3)
    net = cp.Network({"bn": (norm, "input"), "relu": (cp.ReLU(), "bn"), "bn@2": (norm, "relu")})
    net(X)
    for mode in (True, False):
        trace = net.train(mode).trace(X)
        for name in ("bn", "bn@2"):
            d = trace.why(name, (1, 2, 3, 1))
            assert abs(d.value - float(d.exact)) <= d.allowed
            assert trace.inner(name)["x_hat"].shape == X.shape
