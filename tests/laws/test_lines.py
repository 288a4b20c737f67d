"""Law: lines of some cells are the lines of all; the usual line never lies above the proof line; a layer passes on what comes in."""

import tracemalloc

import numpy as np
import pytest

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64
from convproof.core.lines import Lines
from tests.laws.over import every_sample
from tests.samples import cells_of


def incoming_of(inputs, rng):
    """Lines for each input: worst cases up to 1e-3 of it, sigmas a tenth of that."""
    worst = [np.asarray(abs(x.astype(np.float64)) * 1e-3 * rng.uniform(size=x.shape)) for x in inputs]
    return tuple(Lines(x.astype(np.float64), w, np.asarray(w / 10)) for x, w in zip(inputs, worst, strict=True))


@every_sample
@pytest.mark.parametrize("with_incoming", [False, True])
def test_some_cells_are_as_all_cells(sample, with_incoming):
    layer, inputs = sample.layer(), sample.inputs()
    incoming = incoming_of(inputs, np.random.default_rng(0)) if with_incoming else None
    for output in range(len(layer.shapes(*sample.shapes))):
        everywhere = layer.lines(None, inputs, incoming, output)
        cells = cells_of(everywhere.exact.shape, 50)
        some = layer.lines(cells, inputs, incoming, output)
        for part in ("exact", "proof", "sigma"):
            whole, few = getattr(everywhere, part)[tuple(cells.T)], getattr(some, part)
            # the same sums in another order, in float64
            assert (abs(whole - few) <= 1e-12 * (abs(whole) + abs(everywhere.exact).max())).all(), part
        assert (everywhere.usual <= everywhere.proof).all()
        assert (everywhere.sigma >= 0).all()
        assert everywhere.exact.dtype == everywhere.proof.dtype == everywhere.sigma.dtype == np.float64


@every_sample
def test_a_finer_arithmetic_has_closer_lines(sample):
    layer, inputs = sample.layer(), sample.inputs()
    coarse, fine = (layer.lines(None, inputs, arithmetic=arithmetic) for arithmetic in (FLOAT32, FLOAT64))
    assert np.array_equal(coarse.exact, fine.exact)
    # the exact value is itself computed in float64, which both proof lines count; beyond that they are as 2^29 to 1
    assert (fine.proof <= coarse.proof * 2.0**-27).all()
    assert (fine.sigma <= coarse.sigma * 2.0**-28).all()


@every_sample
def test_nothing_that_comes_in_changes_nothing(sample):
    layer, inputs = sample.layer(), sample.inputs()
    local = layer.lines(None, inputs)
    silent = layer.lines(None, inputs, tuple(Lines(x.astype(np.float64), np.zeros(x.shape), np.zeros(x.shape)) for x in inputs))
    for part in ("exact", "proof", "sigma"):
        assert np.allclose(getattr(local, part), getattr(silent, part), rtol=1e-12, atol=0), part


@every_sample
def test_a_perturbed_input_stays_below_the_worst_case_that_is_carried(sample):
    layer, inputs = sample.layer(), sample.inputs()
    rng = np.random.default_rng(sample.seed + 2)
    incoming = incoming_of(inputs, rng)
    lines = layer.lines(None, inputs, incoming, arithmetic=FLOAT64)
    for trial in range(6):
        signs = [np.sign(rng.normal(size=x.shape)) if trial else np.ones(x.shape) for x in inputs]
        moved = [np.asarray(line.exact + sign * line.proof) for line, sign in zip(incoming, signs, strict=True)]
        y = layer.step(*moved, training=layer.training).outputs[0]
        # the moved inputs are themselves rounded to float64, and the line is computed in it
        largest = max(abs(x).max() for x in moved)
        assert (abs(y - lines.exact) <= lines.proof * (1 + 1e-12) + 2.0**-52 * largest).all()


@every_sample
def test_random_errors_have_about_the_spread_that_is_carried(sample):
    layer, inputs = sample.layer(np.float64), sample.inputs(np.float64)
    rng = np.random.default_rng(sample.seed + 2)  # not the numbers that the weights were drawn from
    spread = 1e-7
    incoming = tuple(Lines(x, np.full(x.shape, 8 * spread), np.full(x.shape, spread)) for x in inputs)
    lines = layer.lines(None, inputs, incoming, arithmetic=FLOAT64)
    moved = ([np.asarray(x + spread * rng.normal(size=x.shape)) for x in inputs] for _ in range(40))
    runs = [layer.step(*noisy, training=layer.training).outputs[0] for noisy in moved]
    seen = np.sqrt(np.mean([(y - lines.exact) ** 2 for y in runs], axis=0))
    assert (seen <= 2 * lines.sigma + 1e-12).all()
    if layer.products(*sample.shapes) > 0:  # sums of products have that very spread; the chance that 40 throws show but half is 1e-7
        assert (seen**2).sum() >= (lines.sigma**2).sum() / 4  # in a border single cells may read a number twice, with weights that cancel


def test_one_cell_takes_the_memory_of_one_cell():
    layers = [
        (cp.Conv2d(16, 8, 3, padding=1, seed=0), (1, 16, 300, 300)),
        (cp.Conv2d(16, 8, 3, padding=1, padding_mode="reflect", seed=0), (16, 300, 300)),
        (cp.MaxPool2d(2), (1, 16, 300, 300)),
        (cp.AvgPool2d(2), (1, 16, 300, 300)),
        (cp.ReLU(), (1, 16, 300, 300)),
        (cp.BatchNorm2d(16).eval(), (1, 16, 300, 300)),
        (cp.Flatten(), (1, 16, 300, 300)),
        (cp.Linear(300, 4, seed=0), (4800, 300)),
        (cp.Softmax(1), (4800, 300)),
        (cp.Add(), (1, 16, 300, 300)),
        (cp.Concat(1), (1, 16, 300, 300)),
    ]
    for layer, shape in layers:
        inputs = (np.ones(shape, np.float32),) * (2 if isinstance(layer, cp.Add | cp.Concat) else 1)
        incoming = tuple(Lines(x, x, x) for x in inputs)
        cell = (0,) * (2 if isinstance(layer, cp.Flatten) else len(shape))

        def look(layer=layer, cell=cell, inputs=inputs, incoming=incoming):
            layer.derive(cell, inputs).text()
            layer.lines(np.array([cell]), inputs)
            layer.lines(np.array([cell]), inputs, incoming)

        look()  # imports and caches
        tracemalloc.start()
        look()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < inputs[0].nbytes / 5, (layer, peak)
