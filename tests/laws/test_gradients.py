"""Law: gradients are PyTorch's, for random upstream gradients, and the adjoint of finite differences."""

import numpy as np
import torch

from tests.laws.over import every_sample


def gradients_and_dy(layer, inputs, seed):
    """A pull-back of random upstream gradients; indices, which are an output too, have none."""
    y, pullback = layer.vjp(*inputs)
    outputs = y if isinstance(y, tuple) else (y,)
    rng = np.random.default_rng(seed)
    dy = [np.asarray(rng.normal(size=out.shape)) if out.dtype.kind == "f" else np.zeros(out.shape) for out in outputs]
    return pullback(*dy), dy


@every_sample
def test_gradients_are_torchs(sample):
    layer, inputs = sample.layer(np.float64), sample.inputs(np.float64)
    ours, above = gradients_and_dy(layer, inputs, sample.seed + 2)
    witness = sample.witness(layer)
    tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
    found = witness(*tensors)
    found = found if isinstance(found, tuple) else (found,)
    pulled = [(y, torch.tensor(g)) for y, g in zip(found, above, strict=True) if y.requires_grad]
    torch.autograd.backward(*map(list, zip(*pulled, strict=True)))
    dy = flat(above)
    pairs = [(g, t.grad.numpy()) for g, t in zip(ours.inputs, tensors, strict=True)]
    if isinstance(witness, torch.nn.Module):
        parameters = dict(witness.named_parameters())
        assert list(ours.parameters) == list(parameters)
        pairs += [(ours.parameters[name], p.grad.numpy()) for name, p in parameters.items()]
    # sums of at most dy.size products of numbers of this size, in float64
    scale = max(1.0, *(abs(x).max() for x in inputs), *(abs(p).max() for p in layer.parameters().values()), abs(dy).max()) ** 3
    if layer.training and "running_var" in layer.declared():
        scale /= min(inputs[0].var(axis=(0, *range(2, inputs[0].ndim))).min(), 1) ** 1.5
    for mine, theirs in pairs:
        assert mine.shape == theirs.shape
        assert (abs(mine - theirs) <= 16 * dy.size * 2.0**-53 * scale * max(1, abs(theirs).max())).all()


def flat(arrays):
    """All numbers of several outputs, or of what was pulled back to them."""
    return np.concatenate([np.ravel(array).astype(np.float64) for array in arrays])


def agree(ends, u, back, sizes, h):
    """Whether <J v, u> from the two ends of a central difference is <v, J' u>."""
    along = (u * (ends[0] - ends[1]) / (2 * h)).sum()
    # the error of a central difference: h^2 of the third derivative, and rounding divided by h; both below 1e-6 of the absolute sums
    return abs(along - back) <= 1e-6 * (abs(u * (ends[0] - ends[1])).sum() / (2 * h) + sizes)


@every_sample
def test_the_pull_back_is_the_adjoint_of_a_finite_difference(sample):
    layer, inputs = sample.layer(np.float64), sample.inputs(np.float64)
    gradients, above = gradients_and_dy(layer, inputs, sample.seed + 2)
    rng, h = np.random.default_rng(sample.seed + 3), 1e-6
    for k, x in enumerate(inputs):
        v = rng.normal(size=x.shape) * abs(x).max(axis=tuple(range(2, x.ndim)), keepdims=True)
        ends = []
        for sign in (1, -1):
            moved = [*inputs[:k], np.asarray(x + sign * h * v), *inputs[k + 1 :]]
            ends.append(flat(layer.step(*moved, training=layer.training).outputs))
        back = gradients.inputs[k] * v
        assert agree(ends, flat(above), back.sum(), abs(back).sum(), h)


@every_sample
def test_the_pull_back_to_parameters_is_the_adjoint_too(sample):
    layer, inputs = sample.layer(np.float64), sample.inputs(np.float64)
    gradients, above = gradients_and_dy(layer, inputs, sample.seed + 2)
    assert list(gradients.parameters) == list(layer.parameters())
    rng, h = np.random.default_rng(sample.seed + 3), 1e-6
    for name, array in layer.parameters().items():
        v, ends = rng.normal(size=array.shape), []
        for sign in (1, -1):
            layer.arrays[name] = array + sign * h * v
            ends.append(flat(layer.step(*inputs, training=layer.training).outputs))
        layer.arrays[name] = array
        back = gradients.parameters[name] * v
        assert agree(ends, flat(above), back.sum(), abs(back).sum(), h), name


@every_sample
def test_gradients_have_the_shapes_and_the_precision_of_what_they_belong_to(sample):
    layer, inputs = sample.layer(), sample.inputs()
    y, pullback = layer.vjp(*inputs)
    outputs = y if isinstance(y, tuple) else (y,)
    gradients = pullback(*(np.ones(out.shape, np.float32) for out in outputs))
    for g, x in zip(gradients.inputs, inputs, strict=True):
        assert (g.shape, g.dtype) == (x.shape, np.float32)
    for name, g in gradients.parameters.items():
        assert (g.shape, g.dtype) == (layer.arrays[name].shape, np.float32), name


@every_sample
def test_looking_for_gradients_moves_no_statistic(sample):
    layer, inputs = sample.layer(), sample.inputs()
    before = layer.state_dict()
    gradients_and_dy(layer, inputs, 0)
    assert all(np.array_equal(before[key], array) for key, array in layer.state_dict().items())
