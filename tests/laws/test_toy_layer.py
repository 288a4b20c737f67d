"""Law: a layer that nothing in the house knows is understood by every verb there is, through the Layer base alone."""

import json

import numpy as np
import pytest

import convproof as cp
from convproof.core.derivation import evaluate
from tests.cli.invoke import invoke
from tests.laws.toy import Jitter

X = np.array([[1.5, -2.0, 3.0], [0.25, 4.0, -8.0]], np.float32)
SHIFTED = X + np.array([[1, 2, 3]], np.float32)


def network():
    """The toy first, the toy again after a layer that is known, and the two added up."""
    jitter = Jitter(3, seed=5)
    return cp.Network(
        {
            "jitter": (jitter, "input"),
            "relu": (cp.ReLU(), "jitter"),
            "again": (jitter, "relu"),
            "sum": (cp.Add(), "again", "jitter"),
        }
    )


def test_a_call_moves_its_statistic_and_its_dice():
    net = network()
    first, second = net(X), net(X)
    assert net["jitter"].steps == 4
    assert not np.array_equal(first, second)
    assert np.array_equal(network()(X), first)
    in_eval = net.eval()(X)
    assert np.array_equal(in_eval, np.maximum(SHIFTED, 0) + (SHIFTED - X) + SHIFTED)
    assert net["jitter"].steps == 4


def test_a_shared_layer_throws_other_dice_at_its_second_use():
    trace = network().trace(np.zeros((40, 3)))
    assert not np.array_equal(trace.inner("jitter")["noise"], trace.inner("again")["noise"])


def test_looking_throws_the_same_dice_again_and_again():
    net = network()
    before = {key: array.tobytes() for key, array in net.state_dict().items()}
    traces = [net.trace(X) for _ in range(2)]
    assert all(np.array_equal(traces[0][name], traces[1][name]) for name in traces[0])
    assert np.array_equal(net.vjp(X)[0], traces[0]["sum"])
    assert net["jitter"].why(X, at=(1, 2)).value == traces[0]["jitter"][1, 2]
    assert {key: array.tobytes() for key, array in net.state_dict().items()} == before
    assert np.array_equal(net(X), traces[0]["sum"])


@pytest.mark.parametrize("training", [True, False])
def test_trace_why_and_expand(training):
    net = network().train(training)
    trace = net.trace(X)
    net.train(not training)  # a trace stays in the mode that it was made in
    for name in ("jitter", "again", "sum"):
        for cell in np.ndindex(X.shape):
            d = trace.why(name, cell)
            assert d.value == trace[name][cell] == float(d.exact)
            assert evaluate(d.tree) == d.exact
            assert d.allowed > 0
    noise = trace.inner("jitter")["noise"][1, 0] if training else 0
    assert trace.why("jitter", (1, 0)).allowed == 2 * (2.0**-24 + 2.0**-53) * (0.25 + 1 + abs(noise))
    d = trace.why("sum", (1, 2))
    assert d.expand(0).layer == "again"
    assert d.expand(0).expand(0).layer == "relu"
    assert d.expand(1).expand(0).layer == "input"
    assert d.expand(1).expand(0).value == -8
    assert [part.source.name for part in d.expand(1).terms] == ["x", "shift"] + ["noise"] * training


def test_a_trace_kept_its_dice_when_more_were_thrown_since():
    net = network()
    trace = net.trace(X)
    stored = trace["jitter"].copy()
    net(X)
    assert trace.why("jitter", (0, 0)).value == stored[0, 0]
    assert np.array_equal(X + net["jitter"].shift + trace.inner("jitter")["noise"], stored)


def test_a_stale_trace_is_noticed():
    net = network()
    trace = net.trace(X)
    net["jitter"].shift = [5, 5, 5]
    with pytest.raises(cp.StaleTraceError, match="jitter: parameters changed since this trace was made"):
        trace.why("jitter", (0, 0))


def test_every_way_of_writing_it_down(tmp_path):
    net = network()
    trace = net.trace(X)
    d = trace.why("again", (0, 1))
    assert "y = x[0, 1] + shift[1] + noise" in d.text()
    assert "shift" in d.latex()
    assert json.loads(json.dumps(d.to_dict()))["exact"] == str(d.exact)
    for record in (d, trace, net.summary(X)):
        assert record._repr_html_().startswith("<")
    assert "noise" in str(trace)
    assert "Jitter(channels=3, seed=5)" in repr(net)
    trace.save(tmp_path / "trace.npz")
    assert np.array_equal(np.load(tmp_path / "trace.npz")["again"], trace["again"])


def test_summary():
    summary = network().summary((2, 3))
    assert [row.parameters for row in summary.rows] == [3, 0, 0, 0]
    assert [row.shared_with for row in summary.rows] == [None, None, "jitter", None]
    assert [row.output_shapes for row in summary.rows] == [((2, 3),)] * 4
    assert summary.products == 0
    assert "Jitter(channels=3, seed=5)" in str(summary)


def test_gradients():
    net = network().eval()
    _, pullback = net.vjp(X)
    dy = np.array([[1, 2, 4], [8, 16, 32]], np.float32)
    gradients = pullback(dy)
    open_ = SHIFTED > 0
    assert np.array_equal(gradients.inputs[0], dy + dy * open_)
    assert np.array_equal(gradients.parameters["jitter.shift"], dy.sum(0) + (dy + dy * open_).sum(0))


def test_weights_into_files_and_by_hand(tmp_path):
    net = network()
    net["jitter"].shift[1] = 7.5
    net(X)
    net.save(tmp_path / "net.safetensors")
    other = network().load_weights(tmp_path / "net.safetensors")
    assert list(other.state_dict()) == ["jitter.shift", "jitter.steps"]
    assert (other["jitter"].shift.tolist(), int(other["jitter"].steps)) == ([1, 7.5, 3], 2)
    assert other["jitter"].initialise("constant", shift=0.5).shift.tolist() == [0.5] * 3
    with pytest.raises(cp.ShapeError, match=r"shift of Jitter\(channels=3, seed=5\) has shape \(3,\) \(channels\)"):
        other["jitter"].shift = [1, 2]


def test_its_errors_name_the_node():
    with pytest.raises(cp.ShapeError, match=r"jitter: Jitter\(channels=3, seed=5\) expects x of shape \(N, 3\); got \(2, 4\)"):
        network()(np.zeros((2, 4)))


def test_its_mistake_is_named():
    d = network().eval().trace(X).why("jitter", (1, 1))
    assert "shift[1] = 2 is missing" in str(d.compare(4))


FACTORY = "from tests.laws.test_toy_layer import network\n\n\ndef toy():\n    return network()\n"


def test_the_command_line(tmp_path):
    (tmp_path / "net.py").write_text(FACTORY, encoding="utf-8")
    np.save(tmp_path / "x.npy", X)
    model = [f"{tmp_path / 'net.py'}:toy", str(tmp_path / "x.npy")]
    run = invoke("run", *model)
    assert (run.code, run.err) == (0, "")
    assert "again" in run.out
    why = invoke("why", *model, "--at", "jitter:1,1")
    assert (why.code, why.err) == (0, "")
    assert "y = x[1, 1] + shift[1] + noise = 4 + 2" in why.out
    assert "Jitter" in invoke("summary", *model[:1]).out
    assert "jitter.shift" in invoke("weights", *model[:1]).out
