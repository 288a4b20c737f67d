"""Samples as networks that a witness is asked about."""

import numpy as np

import convproof as cp


def network_of(sample, dtype=np.float32, training=None):
    """A network of one layer, "layer", that gives all its outputs, and its inputs; in the sample's own mode unless told."""
    layer, inputs = sample.layer(dtype), sample.inputs(dtype)
    mode = layer.training if training is None else training
    names = tuple(f"in{k}" for k in range(len(inputs)))
    count = len(layer.shapes(*(x.shape for x in inputs)))
    network = cp.Network({"layer": (layer.train(mode), *names)}, inputs=names, outputs=[("layer", k) for k in range(count)])
    network.training = mode
    return network, inputs


def named(outputs):
    """Outputs of "layer" by the names of their arrays."""
    return {"layer" if k == 0 else f"layer.{k}": y for k, y in enumerate(outputs)}
