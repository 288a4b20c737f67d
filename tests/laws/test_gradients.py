"""Law: gradients are PyTorch's, for random upstream gradients, and the adjoint of finite differences."""

import numpy as np
import torch

from tests.laws.over import every_sample


@every_sample
def test_gradients_are_torchs(sample):
    layer, inputs = sample.layer(np.float64), sample.inputs(np.float64)
    y, pullback = layer.vjp(*inputs)
    dy = np.random.default_rng(sample.seed + 2).normal(size=y.shape)
    ours = pullback(dy)
    witness = sample.witness(layer)
    tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
    witness(*tensors).backward(torch.tensor(dy))
    pairs = [(g, t.grad.numpy()) for g, t in zip(ours.inputs, tensors, strict=True)]
    if isinstance(witness, torch.nn.Module):
        parameters = dict(witness.named_parameters())
        assert list(ours.parameters) == list(parameters)
        pairs += [(ours.parameters[name], p.grad.numpy()) for name, p in parameters.items()]
    # sums of at most dy.size products of numbers of this size, in float64
    scale = max(1.0, *(abs(x).max() for x in inputs), *(abs(p).max() for p in layer.parameters().values()), abs(dy).max()) ** 3
    if layer.training and "running_var" in layer.declared():
        scale /= min(inputs[0].var(axis=(0, 2, 3)).min(), 1) ** 1.5
    for mine, theirs in pairs:
        assert mine.shape == theirs.shape
        assert (abs(mine - theirs) <= 16 * dy.size * 2.0**-53 * scale * max(1, abs(theirs).max())).all()


@every_sample
def test_the_pull_back_is_the_adjoint_of_a_finite_difference(sample):
    layer, inputs = sample.layer(np.float64), sample.inputs(np.float64)
    rng = np.random.default_rng(sample.seed + 2)
    y, pullback = layer.vjp(*inputs)
    u = rng.normal(size=y.shape)
    gradients = pullback(u)
    h = 1e-6
    for k, x in enumerate(inputs):
        v = rng.normal(size=x.shape) * abs(x).max(axis=tuple(range(2, x.ndim)), keepdims=True)
        ends = []
        for sign in (1, -1):
            moved = [*inputs[:k], x + sign * h * v, *inputs[k + 1 :]]
            ends.append(layer.step(*moved, training=layer.training).outputs[0])
        along = (u * (ends[0] - ends[1]) / (2 * h)).sum()
        back = (gradients.inputs[k] * v).sum()
        # the error of a central difference: h^2 of the third derivative, and rounding divided by h; both below 1e-6 of the absolute sum
        assert abs(along - back) <= 1e-6 * (abs(u * (ends[0] - ends[1])).sum() / (2 * h) + abs(gradients.inputs[k] * v).sum())


@every_sample
def test_looking_for_gradients_moves_no_statistic(sample):
    layer, inputs = sample.layer(), sample.inputs()
    before = layer.state_dict()
    y, pullback = layer.vjp(*inputs)
    pullback(np.ones_like(y))
    assert all(np.array_equal(before[key], array) for key, array in layer.state_dict().items())
