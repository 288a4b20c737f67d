"""Law: a region of the output depends on the input region that ``reads`` names, and on nothing outside it (in eval mode)."""

import numpy as np

from tests.laws.over import every_sample
from tests.samples import all_samples, cells_of

MOVED = 1e3
MULTIPLY = {  # sums of products; all other layers have none to count
    *("Bilinear", "Gemm", "Linear", "MatMul", "Resize", "Upsample", "UpsamplingBilinear2d"),
    *(f"Conv{kind}{n}d" for kind in ("", "Transpose") for n in (1, 2, 3)),
}


def one(cell):
    return tuple(range(i, i + 1) for i in cell)


def inside(x, region):
    """True in the cells of a region that lie in the input."""
    mask = np.zeros(x.shape, bool)
    mask[tuple(slice(max(r.start, 0), max(r.stop, 0)) for r in region)] = True
    return mask


def in_eval(sample):
    """The layer, or None where it keeps using the batch: reads describes layers with statistics of their own."""
    layer = sample.layer(np.float64).eval()
    return None if "running_var" in layer.declared() and layer.arrays["running_var"] is None else layer


@every_sample
def test_nothing_outside_the_region_matters(sample):
    layer, inputs = in_eval(sample), sample.inputs(np.float64)
    if layer is None:
        return
    for k, y in enumerate(layer.step(*inputs, training=False).outputs):
        for cell in cells_of(y.shape, 10).tolist():
            regions = layer.reads(one(cell), *sample.shapes, output=k)
            outside = [np.where(inside(x, region), x, x + MOVED) for x, region in zip(inputs, regions, strict=True)]
            moved = layer.step(*outside, training=False).outputs[k]
            assert moved[tuple(cell)] == y[tuple(cell)]


@every_sample
def test_something_inside_the_region_matters(sample):
    layer, inputs = in_eval(sample), sample.inputs(np.float64)
    if layer is None:
        return
    y = layer.step(*inputs, training=False).outputs[0]
    rng = np.random.default_rng(sample.seed + 2)
    for cell in cells_of(y.shape, 10).tolist():
        regions = layer.reads(one(cell), *sample.shapes)
        # a push of every cell, upwards and by a different amount, so that no maximum hides and no sum or share cancels
        pushed = [np.where(inside(x, r), abs(x) + rng.uniform(1, 2, x.shape), x) for x, r in zip(inputs, regions, strict=True)]
        moved = layer.step(*pushed, training=False).outputs[0][tuple(cell)]
        empty = not any(inside(x, r).any() for x, r in zip(inputs, regions, strict=True))
        assert (moved == y[tuple(cell)]) == empty


@every_sample
def test_what_changes_a_sum_of_products_is_what_its_derivation_reads(sample):
    layer, inputs = in_eval(sample), sample.inputs(np.float64)
    if layer is None or layer.products(*sample.shapes) == 0:
        return
    y = layer.step(*inputs, training=False).outputs[0]
    for cell in cells_of(y.shape, 4).tolist():
        found = [n.source for n in layer.derive(tuple(cell), inputs).nodes() if hasattr(n, "source")]
        for k, x in enumerate(inputs):
            sources = [source for source in found if source.index == k]
            read = {source.cell for source in sources if source.what == "input"}
            everything = read | {source.cell for source in sources if source.what == "padding"}
            box = [(min(axis), max(axis) + 1) for axis in zip(*everything, strict=True)]
            assert box == [(r.start, r.stop) for r in layer.reads(one(cell), *sample.shapes)[k]]
            for at in cells_of(x.shape, 60).tolist():
                moved = x.copy()
                moved[tuple(at)] += MOVED
                others = [*inputs[:k], moved, *inputs[k + 1 :]]
                changed = layer.step(*others, training=False).outputs[0][tuple(cell)] != y[tuple(cell)]
                assert changed == (tuple(at) in read)


@every_sample
def test_a_larger_region_reads_all_that_its_cells_read(sample):
    layer = sample.layer()
    for k, shape in enumerate(layer.shapes(*sample.shapes)):
        whole = layer.reads(tuple(range(size) for size in shape), *sample.shapes, output=k)
        for cell in cells_of(shape, 10).tolist():
            for large, small in zip(whole, layer.reads(one(cell), *sample.shapes, output=k), strict=True):
                for r, s in zip(large, small, strict=True):
                    assert len(s) == 0 or (r.start <= s.start and s.stop <= r.stop)


def test_which_layers_multiply():
    counts = ((type(sample.make()).__name__, sample.layer().products(*sample.shapes)) for sample in all_samples())
    assert {name for name, count in counts if count > 0} == MULTIPLY


@every_sample
def test_products_are_those_of_the_derivations(sample):
    layer, inputs = sample.layer(), sample.inputs()
    (shape,) = layer.shapes(*sample.shapes)[:1]
    if layer.products(*sample.shapes) == 0:
        return
    counted = 0
    for cell in np.ndindex(*shape):
        counted += sum(node.kind == "product" for node in layer.derive(cell, inputs).nodes() if hasattr(node, "kind"))
    assert layer.products(*sample.shapes) == counted
