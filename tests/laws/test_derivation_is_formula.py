"""Law: evaluating the tree of a derivation gives the number in the cell, within the bound, for every cell."""

import json

import numpy as np

from convproof.core.derivation import evaluate
from tests.laws.over import every_sample
from tests.samples import cells_of


@every_sample
def test_the_tree_evaluates_to_the_output_of_every_cell(sample):
    layer, inputs = sample.layer(), sample.inputs()
    y = layer.step(*inputs, training=layer.training).outputs[0]
    cells = cells_of(y.shape)
    lines = layer.lines(cells, inputs)
    for cell, proof in zip(cells.tolist(), lines.proof, strict=True):
        d = layer.derive(tuple(cell), inputs)
        assert evaluate(d.tree) == d.exact == d.tree.value
        assert abs(float(y[tuple(cell)]) - float(d.exact)) <= proof


@every_sample
def test_every_leaf_holds_the_number_at_its_source(sample):
    layer, inputs = sample.layer(), sample.inputs()
    y = layer.step(*inputs, training=layer.training).outputs[0]
    own = {"gamma": "weight", "beta": "bias"}
    for cell in cells_of(y.shape, 12).tolist():
        for node in layer.derive(tuple(cell), inputs).nodes():
            source = getattr(node, "source", None)
            if source is None or source.cell is None:
                continue
            if source.what == "input":
                assert node.value == float(inputs[source.index][source.cell])
            elif source.what == "padding":
                assert node.value == 0
            else:
                assert node.value == float(layer.arrays[own.get(source.name, source.name)][source.cell])


@every_sample
def test_it_can_be_written_in_every_way(sample):
    layer, inputs = sample.layer(), sample.inputs()
    y = layer.step(*inputs, training=layer.training).outputs[0]
    d = layer.why(*inputs, at=cells_of(y.shape)[-1].tolist())
    assert "exact: " in d.text(full=True)
    assert d.latex().count("{") == d.latex().count("}")
    assert json.loads(json.dumps(d.to_dict(full=True)))["exact"] == str(d.exact)
    assert d._repr_html_().startswith("<details")
    assert np.isclose(d.value, float(y[tuple(d.cell)]))
