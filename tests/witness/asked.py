"""All samples as one network, so that a witness is asked once about every layer there is."""

import numpy as np

import convproof as cp
from tests.samples import all_samples

SAMPLES = all_samples()


def together(samples, dtype=np.float32, training=None):
    """A network of one layer for each sample, side by side, and its inputs; every output is one of the network's.

    Each layer is in its sample's own mode unless ``training`` says else.
    """
    layers, given, outputs = {}, {}, []
    for sample in samples:
        layer, inputs = sample.layer(dtype), sample.inputs(dtype)
        layer.train(layer.training if training is None else training)
        names = [f"{sample.name}, input {k}" for k in range(len(inputs))]
        given |= dict(zip(names, inputs, strict=True))
        layers[sample.name] = (layer, *names)
        outputs += [(sample.name, k) for k in range(len(layer.shapes(*(x.shape for x in inputs))))]
    return cp.Network(layers, inputs=list(given), outputs=outputs), tuple(given.values())


def verdicts(network, inputs, arrays):
    """What check says of arrays, (verdict, name) of each; on statistics too."""
    report = cp.check(network, inputs, claimed=arrays)
    return {(row.verdict, row.name) for row in report.rows}


def other_than(found, *usual):
    """Names by verdict, of verdicts that are not the usual ones."""
    return {name: verdict for verdict, name in found if verdict not in usual}
