"""Law: a region of the output depends on the input region that ``reads`` names, and on nothing outside it (in eval mode)."""

import numpy as np

from tests.laws.over import every_sample
from tests.samples import cells_of

MOVED = 1e3


@every_sample
def test_nothing_outside_the_region_matters(sample):
    layer, inputs = sample.layer(np.float64).eval(), sample.inputs(np.float64)
    if "running_var" in layer.declared() and layer.arrays["running_var"] is None:
        return  # it keeps using the batch: reads describes layers with statistics of their own
    y = layer.step(*inputs, training=False).outputs[0]
    for cell in cells_of(y.shape, 10).tolist():
        regions = layer.reads(tuple(range(i, i + 1) for i in cell), *sample.shapes)
        outside = []
        for x, region in zip(inputs, regions, strict=True):
            mask = np.ones(x.shape, bool)
            mask[tuple(slice(max(r.start, 0), max(r.stop, 0)) for r in region)] = False
            outside.append(np.where(mask, x + MOVED, x))
        moved = layer.step(*outside, training=False).outputs[0]
        assert moved[tuple(cell)] == y[tuple(cell)]


@every_sample
def test_a_larger_region_reads_all_that_its_cells_read(sample):
    layer = sample.layer()
    (shape,) = layer.shapes(*sample.shapes)[:1]
    whole = layer.reads(tuple(range(size) for size in shape), *sample.shapes)
    for cell in cells_of(shape, 10).tolist():
        part = layer.reads(tuple(range(i, i + 1) for i in cell), *sample.shapes)
        for large, small in zip(whole, part, strict=True):
            for r, s in zip(large, small, strict=True):
                assert len(s) == 0 or (r.start <= s.start and s.stop <= r.stop)


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
