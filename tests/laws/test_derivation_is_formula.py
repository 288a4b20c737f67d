"""Law: evaluating the tree of a derivation gives the number in the cell, within the bound, for every cell."""

import json

import numpy as np

from convproof.core.derivation import evaluate
from tests.laws.over import every_sample
from tests.samples import cells_of


def outputs_of(layer, inputs):
    """Every output with its number."""
    return enumerate(layer.step(*inputs, training=layer.training).outputs)


@every_sample
def test_the_tree_evaluates_to_the_output_of_every_cell(sample):
    layer, inputs = sample.layer(), sample.inputs()
    for k, y in outputs_of(layer, inputs):
        cells = cells_of(y.shape)
        lines = layer.lines(cells, inputs, output=k)
        for cell, proof, exact in zip(cells.tolist(), lines.proof, lines.exact, strict=True):
            d = layer.derive(tuple(cell), inputs, k)
            assert evaluate(d.tree) == d.exact == d.tree.value
            assert abs(float(y[tuple(cell)]) - float(d.exact)) <= proof
            assert abs(exact - float(d.exact)) <= proof


BORDER = {"ConstantPad2d", "Pad with a constant"}  # of these no cell is looked at but of the border, which is read from nowhere


@every_sample
def test_every_leaf_holds_the_number_at_its_source(sample):
    layer, inputs = sample.layer(), sample.inputs()
    own, looked = {"gamma": "weight", "beta": "bias"}, 0
    for k, y in outputs_of(layer, inputs):
        for cell in cells_of(y.shape, 12).tolist():
            for node in layer.derive(tuple(cell), inputs, k).nodes():
                source = getattr(node, "source", None)
                if source is None or source.cell is None:
                    continue
                looked += 1
                if source.what == "input":
                    assert node.value == float(inputs[source.index][source.cell])
                elif source.what == "padding":
                    assert node.value == 0
                else:
                    assert node.value == float(layer.arrays[own.get(source.name, source.name)][source.cell])
    assert (looked > 0) == (sample.name not in BORDER)


@every_sample
def test_a_derivation_reads_nothing_outside_its_region(sample):
    layer, inputs = sample.layer().eval(), sample.inputs()
    if "running_var" in layer.declared() and layer.arrays["running_var"] is None:
        return  # it keeps using the batch: reads describes layers with statistics of their own
    for k, y in outputs_of(layer, inputs):
        for cell in cells_of(y.shape, 12).tolist():
            regions = layer.reads(tuple(range(i, i + 1) for i in cell), *sample.shapes, output=k)
            for node in layer.derive(tuple(cell), inputs, k).nodes():
                source = getattr(node, "source", None)
                if source is not None and source.what == "input" and source.cell is not None:
                    assert all(i in r for i, r in zip(source.cell, regions[source.index], strict=True)), (cell, source)


@every_sample
def test_it_can_be_written_in_every_way(sample):
    layer, inputs = sample.layer(), sample.inputs()
    for k, y in outputs_of(layer, inputs):
        d = layer.why(*inputs, at=cells_of(y.shape)[-1].tolist(), output=k)
        assert "exact: " in d.text(full=True)
        assert d.latex().count("{") == d.latex().count("}")
        assert json.loads(json.dumps(d.to_dict(full=True)))["exact"] == str(d.exact)
        assert d._repr_html_().startswith("<details")
        assert d.allowed is None or abs(d.value - float(d.exact)) <= d.allowed
        assert d.value == float(y[tuple(d.cell)])
        assert np.isfinite(d.ulps)
