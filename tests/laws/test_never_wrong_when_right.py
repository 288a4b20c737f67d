"""Law: numbers that were rightly computed are never called wrong, in whatever order they were summed and however they were written down."""

import numpy as np
import pytest

import convproof as cp
from convproof.checking.judging import Judged
from convproof.checking.reckoning import Reckoned
from convproof.checking.verdicts import opinion
from convproof.formats.dumps.declared import parse_format
from tests.laws.over import every_sample
from tests.laws.rounded_trees import FOLDED, RECIPROCAL, WAYS, computed, plain
from tests.laws.writing import ARITHMETICS, WRITTEN
from tests.samples import cells_of

RIGHT = {"identical", "rounding"}
EVERY = (*WAYS, *RECIPROCAL, *FOLDED)
EFFORT = 25  # numbers that are read, and summed in every way, of one sample


def outputs_of(layer, inputs):
    """The layer's own float32 numbers, every output by the name under which it is claimed."""
    with np.errstate(all="ignore"):
        outputs = layer.checked_step(inputs, layer.training).outputs
    name = type(layer).__name__
    return {name if k == 0 else f"{name}.{k}": y.copy() for k, y in enumerate(outputs)}


def farthest(layer, inputs, most=EFFORT):
    """The layer's outputs, in which some cells hold, of what all ways give, the number that is farthest from the exact one."""
    found = outputs_of(layer, inputs)
    for k, y in enumerate(found.values()):
        effort = 0
        for cell in map(tuple, cells_of(y.shape, 8).tolist() if y.size and y.dtype.kind == "f" else []):
            try:
                d = layer.derive(cell, inputs, k)
            except cp.NotFiniteError:
                continue
            tree = plain(d.tree)
            with np.errstate(all="ignore"):
                y[cell] = max((computed(tree, way) for way in EVERY), key=lambda value: abs(float(value) - float(d.exact)))
            effort += tree.leaves
            if effort > most:
                break
    return found


@every_sample
def test_whatever_order_sums_are_taken_in(sample):
    layer, inputs = sample.layer(), sample.inputs()
    report = cp.check(layer, inputs, farthest(layer, inputs))
    assert report.rows
    assert {row.verdict for row in report.rows} <= RIGHT, report.text()


def verdict(layer, inputs, k, claimed, format="float32"):
    """What the lines alone say of output ``k``."""
    with np.errstate(all="ignore"):
        lines = layer.lines(None, inputs, output=k)
    return opinion(Judged(lines, claimed.astype(np.float64), parse_format(format)), Reckoned(lines.exact, lines, 1)).verdict


@every_sample
def test_however_it_is_written_down(sample):
    layer, inputs = sample.layer(), sample.inputs()
    for k, y in enumerate(outputs_of(layer, inputs).values()):
        if y.dtype.kind == "f" and np.isfinite(y).all():
            for format, write in WRITTEN.items():
                assert verdict(layer, inputs, k, write(y), format) in RIGHT, format


def norm(channels, seed):
    layer, rng = cp.BatchNorm2d(channels).eval(), np.random.default_rng(seed)
    layer.weight, layer.bias = rng.uniform(0.5, 1.5, channels), rng.normal(size=channels)
    layer.running_mean, layer.running_var = rng.normal(size=channels), rng.uniform(0.5, 2, channels)
    return layer


NETWORKS = {
    "a block": lambda: {
        "conv": (cp.Conv2d(3, 5, (2, 3), padding=1, seed=1), "input"),
        "bn": (norm(5, 2), "conv"),
        "relu": (cp.ReLU(), "bn"),
        "pool": (cp.MaxPool2d((2, 3)), "relu"),
        "again": (cp.Conv2d(5, 5, 3, padding=1, groups=5, seed=3), "pool"),
        "sum": (cp.Add(), "pool", "again"),
        "relu@2": (cp.ReLU6(), "sum"),
        "flat": (cp.Flatten(), "relu@2"),
        "fc": (cp.Linear(30, 7, seed=4), "flat"),
        "softmax": (cp.Softmax(1), "fc"),
    },
    "others": lambda: {
        "up": (cp.Upsample(scale_factor=(2, 1.5), mode="bilinear"), "input"),
        "conv": (cp.ConvTranspose2d(3, 4, 2, stride=(2, 1), seed=1), "up"),
        "norm": (cp.GroupNorm(2, 4), "conv"),
        "act": (cp.SiLU(), "norm"),
        "pool": (cp.AvgPool2d((3, 2), padding=1, count_include_pad=False), "act"),
        "gate": (cp.Sigmoid(), "pool"),
        "mul": (cp.Mul(), "pool", "gate"),
        "join": (cp.Concat(1), "mul", "pool"),
        "mean": (cp.GlobalAveragePool(), "join"),
    },
    "in training": lambda: {
        "conv": (cp.Conv2d(3, 4, 3, seed=1), "input"),
        "bn": (cp.BatchNorm2d(4), "conv"),
        "act": (cp.GELU(), "bn"),
        "norm": (cp.LayerNorm(5), "act"),
        "pool": (cp.LPPool2d(2, 2), "norm"),
    },
}


def network(name):
    """The network, in training where its name says so, and an input on every grid that is not too coarse."""
    net = cp.Network(NETWORKS[name]()).train(name == "in training")
    x = np.random.default_rng(5).normal(size=(2, 3, 6, 7))
    return net, np.round(x * 16).astype(np.float32) / 16


def on_the_grid(net, write):
    """The same network with parameters that were written down themselves."""
    net.load_state_dict({key: write(array) if array.dtype.kind == "f" else array for key, array in net.state_dict().items()})
    return net


def every_other(formats):
    """Every format with some of the networks, and every network with some of the formats."""
    return [(name, format) for i, name in enumerate(NETWORKS) for j, format in enumerate(formats) if (i + j) % 2 == 0]


@pytest.mark.parametrize(("name", "format"), every_other(WRITTEN))
def test_a_network_that_was_written_down(name, format):
    net, x = network(name)
    trace = net.trace(x)
    claimed = {layer: WRITTEN[format](trace[layer]) for layer in net}
    report = cp.check(net, x, claimed, format=format)
    assert len(report.rows) == len(net)
    assert {row.verdict for row in report.rows} <= RIGHT, report.text()


@pytest.mark.parametrize(("name", "format"), every_other(ARITHMETICS))
def test_a_network_that_was_computed_in_coarse_numbers(name, format):
    net, x = network(name)
    if format.startswith("q"):
        on_the_grid(net, WRITTEN[format])
    claimed = {"input": x.astype(np.float64)}
    for node in net.graph:
        exact = node.layer.lines(None, [claimed[str(source)] for source in node.sources]).exact
        claimed[node.name] = WRITTEN[format](exact)
    del claimed["input"]
    report = cp.check(net, x, claimed, format=format)
    assert len(report.rows) == len(net)
    assert {row.verdict for row in report.rows} <= RIGHT, report.text()


def constant(x):
    """The same number in every cell: each step of a sum is rounded to the same side."""
    return np.full_like(x, 0.1)


def one_huge(x):
    """One number that outweighs all others."""
    x = x.copy()
    x.reshape(-1)[-1:] = 3e9
    return x


def denormal(x):
    """Numbers below the smallest normal one."""
    return (x * 1e-40).astype(x.dtype)


def nothing(x):
    """Zeros of both signs."""
    return np.copysign(np.zeros_like(x), x)


def alternating(x):
    """Numbers that cancel, and leave a small one."""
    x = np.full_like(x, 1 / 3)
    x.reshape(-1)[1::2] *= -1
    return x


OTHERS = (one_huge, denormal, nothing, alternating)  # two of them for each sample: every kind meets half of all samples


@every_sample
def test_whatever_the_numbers_are(sample):
    for change in (constant, *OTHERS[sample.seed % 2 :: 2]):
        layer = sample.layer()
        inputs = tuple(np.asarray(sample.inputs_like(change(x)), x.dtype) for x in sample.inputs())
        if change in (constant, alternating):
            for key, array in layer.state_dict().items():
                if layer.declared()[key].learnt:
                    layer.arrays[key] = change(array)
        for k, y in enumerate(farthest(layer, inputs, 0).values()):
            assert verdict(layer, inputs, k, y) in RIGHT, change.__name__
