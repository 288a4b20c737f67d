"""The walkthrough's numbers, worked out by hand."""

import numpy as np

import convproof as cp
from tests.walkthrough import BATCH, IMAGE_A, IMAGE_B, X, conv, network


def four(array):
    """To four decimals, -0 as 0."""
    return (np.round(np.asarray(array, np.float64), 4) + 0.0).tolist()


def test_fresh_layers_differ_and_a_seed_repeats_them():
    assert not np.array_equal(cp.Conv2d(3, 1, 3).weight, cp.Conv2d(3, 1, 3).weight)
    assert np.array_equal(cp.Conv2d(3, 1, 3, seed=5).weight, cp.Conv2d(3, 1, 3, seed=5).weight)
    assert cp.Conv2d(3, 1, 3).weight.shape == (1, 3, 3, 3)
    assert cp.Conv2d(3, 1, 3).bias.shape == (1,)


def test_the_convolution_and_its_first_cell():
    assert conv()(X).tolist() == [[[[109, 109, 55], [163, 163, 82], [217, 217, 109]]]]
    d = conv().why(X, at=(0, 0, 0, 0))
    assert [int(part.value) for part in d.tree.parts] == [72, 18, 18, 1]
    assert int(sum(part.value for part in d.tree.parts[:3])) == 108


def test_padding_puts_a_ring_of_zeros_around_the_image():
    layer = cp.Conv2d(3, 1, 3, padding=1).initialise("constant", weight=1, bias=1)
    y = layer(X)
    assert y.shape == (1, 1, 5, 5)
    assert y[0, 0, 1:4, 1:4].tolist() == [[109, 109, 55], [163, 163, 82], [217, 217, 109]]
    assert y[0, 0, 0, 0] == 1 + 10 + 2 + 20 + 1 + 1 + 2 + 2 + 1 + 1 + 2 + 2 + 1
    assert sum(node.source.what == "padding" for node in layer.why(X, at=(0, 0, 0, 0)).nodes() if hasattr(node, "source")) == 15


def test_stride_takes_every_second_window():
    layer = cp.Conv2d(3, 1, 3, stride=2).initialise("constant", weight=1, bias=1)
    assert layer(X).tolist() == [[[[109, 55], [217, 109]]]]


def test_batch_normalisation_of_one_image():
    norm = cp.BatchNorm2d(3)
    assert (norm.weight.tolist(), norm.bias.tolist(), norm.eps) == ([1, 1, 1], [0, 0, 0], 1e-5)
    step = norm.step(X, training=True)
    y = norm(X)
    column = [0.1272, 0.9221, 1.7171, 2.5121, 3.3070]
    others = [-0.5883, -0.5088, -0.4293, -0.3498, -0.2703]
    assert four(y[0, 0]) == [[o, c, o, o, o] for o, c in zip(others, column, strict=True)]
    for channel in (1, 2):
        assert four(y[0, channel]) == [[v] * 5 for v in (-1.4142, -0.7071, 0.0, 0.7071, 1.4142)]
    assert (four(step.inner["mean"][0]), four(step.inner["var"][0])) == (8.4, 158.24)
    assert four(norm.running_mean) == [0.84, 0.3, 0.3]
    assert four(norm.running_var) == [17.3833, 1.1083, 1.1083]


def test_the_half_hour_mistake():
    norm = cp.BatchNorm2d(3)
    mistake = next(m for m in norm.mistakes() if m.id == "bn-bessel-forward")
    wrong = mistake.replay(norm, X, training=True)
    assert four(wrong.inner["var"][0]) == 164.8333
    assert four(wrong.outputs[0][0, 0, 0]) == [-0.5764, 0.1246, -0.5764, -0.5764, -0.5764]
    assert four(wrong.outputs[0][0, 0, 4, 1]) == 3.2402
    ratio = wrong.outputs[0][0, 0] / norm.step(X, training=True).outputs[0][0, 0]
    assert four(ratio.max()) == four(ratio.min()) == four(np.sqrt(24 / 25))


def test_preprocessing():
    batch = cp.to_batch([IMAGE_A, IMAGE_B])
    assert (batch.shape, batch.dtype) == ((2, 3, 5, 5), np.float32)
    assert four(batch[0, 0, :, 1]) == [0.0392, 0.0784, 0.1176, 0.1569, 0.1961]
    assert four(batch[1]) == [[[0.0039] * 5] * 5] * 3
    assert np.array_equal(batch, BATCH)


def test_the_whole_pipeline():
    trace = network().trace(cp.to_batch([IMAGE_A, IMAGE_B]))
    assert four(trace["conv1"][0, 0]) == [[1.4235, 1.4235, 1.2118], [1.6353, 1.6353, 1.3176], [1.8471, 1.8471, 1.4235]]
    assert four(trace["conv1"][1, 0]) == [[1.1059] * 3] * 3
    norm, relu = trace["bn1"].copy(), trace["relu"].copy()
    d = trace.why("bn1", (0, 0, 1, 2))
    assert abs(float(norm[0, 0, 1, 2]) - float(d.exact)) <= d.allowed
    assert d.allowed < 5e-5
    norm[0, 0, 1, 2] = relu[0, 0, 1, 2] = 0  # the cell that is 0 up to rounding
    assert four(norm[0, 0]) == [[0.4082, 0.4082, -0.4082], [1.2247, 1.2247, 0.0], [2.0411, 2.0411, 0.4082]]
    assert four(norm[1, 0]) == [[-0.8164] * 3] * 3
    assert four(relu[0, 0]) == [[0.4082, 0.4082, 0.0], [1.2247, 1.2247, 0.0], [2.0411, 2.0411, 0.4082]]
    assert four(relu[1, 0]) == [[0.0] * 3] * 3
