"""What is peculiar to batch normalisation: what is remembered, what divides by n, and how far rounding goes."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64
from tests.samples import Sample


def _twins(name, shape, like=lambda x: x, eval=False, kind="BatchNorm2d", **keywords):
    return Sample(
        f"{kind} {name}",
        lambda: getattr(cp, kind)(shape[1], **keywords),
        (shape,),
        lambda: getattr(torch.nn, kind)(shape[1], **keywords),
        eval,
        like,
    )


def _decades(x):
    """Standard deviations from 1e-3 to 30, means about as large."""
    spread = np.geomspace(1e-3, 30, x.shape[1]).reshape(1, -1, *(1,) * (x.ndim - 2))
    return (x + 0.7) * spread


def _written_out(name, shape, eval=False, **settings):
    """BatchNorm, which torch.nn has not, beside the same in torch's arithmetic."""

    def theirs(x):
        layer = next(s for s in SAMPLES if s.name == f"BatchNorm {name}").layer(np.float64 if x.dtype == torch.float64 else np.float32)
        arrays = {key: None if array is None else torch.tensor(array).to(x.dtype) for key, array in layer.arrays.items()}
        axes = (0, *range(1 + len(layer.features), x.ndim))
        found = {key: arrays[f"running_{key}"] for key in ("mean", "var")}
        if layer.uses_batch(layer.training):
            batch = {"mean": x.mean(axes), "var": x.var(axes, unbiased=False)}
            m, unbiased = layer.weight_of_new(1), batch["var"] if layer.biased else x.var(axes, unbiased=True)
            for key, value in zip(("running_mean", "running_var"), (batch["mean"], unbiased), strict=True):
                arrays[key] = None if arrays[key] is None else (1 - m) * arrays[key] + m * value
            found = batch
        found["inv_std"] = 1 / torch.sqrt(found["var"] + layer.eps)
        mean, inv_std, weight, bias = (
            part if part is None else part.reshape(1, *part.shape, *(1,) * (x.ndim - 1 - part.ndim))
            for part in (found["mean"], found["inv_std"], arrays["weight"], arrays["bias"])
        )
        y = (x - mean) * inv_std
        y = y if weight is None else weight * y
        outputs = (y if bias is None else y + bias, *((arrays | found)[key] for key in layer.outputs))
        return outputs[0] if len(outputs) == 1 else outputs

    features = settings.pop("features", shape[1])
    return Sample(f"BatchNorm {name}", lambda: cp.BatchNorm(features, **settings), (shape,), lambda: theirs, eval)


EVERYTHING = {"statistics_of": "batch", "outputs": ("running_mean", "running_var", "mean", "var", "inv_std")}
SAMPLES = [
    _twins("training", (2, 3, 5, 4), _decades),
    _twins("training, one image", (1, 4, 3, 7), _decades, eps=1e-3, momentum=0.3),
    _twins("training, cumulative", (3, 2, 2, 5), momentum=None),
    _twins("training, not affine", (2, 3, 4, 3), affine=False),
    _twins("training, nothing tracked", (2, 3, 4, 3), track_running_stats=False),
    _twins("training, without beta", (2, 3, 4, 3), bias=False),
    _twins("eval", (2, 3, 5, 4), _decades, eval=True),
    _twins("eval, not affine", (2, 3, 4, 3), eval=True, affine=False),
    _twins("eval, nothing tracked", (2, 3, 4, 3), eval=True, track_running_stats=False),
    _twins("training", (5, 3), _decades, kind="BatchNorm1d"),
    _twins("training, with a length", (2, 3, 5), kind="BatchNorm1d", eps=1e-3, momentum=0.3),
    _twins("eval", (3, 4), kind="BatchNorm1d", eval=True),
    _twins("eval, without beta", (2, 3, 5), kind="BatchNorm1d", eval=True, bias=False),
    _twins("training", (2, 3, 2, 4, 3), kind="BatchNorm3d", momentum=None),
    _twins("eval", (2, 3, 2, 4, 3), kind="BatchNorm3d", eval=True),
    _twins("training", (3, 2, 4), kind="SyncBatchNorm", momentum=0.2),
    _twins("eval", (3, 2), kind="SyncBatchNorm", eval=True),
    _written_out("of the mode, in eval", (2, 3, 4), eval=True, eps=1e-3),
    _written_out("of the batch, giving everything", (2, 3, 5, 4), eval=True, **EVERYTHING, eps=1e-3, momentum=0.7, biased=True),
    _written_out("in training, giving everything", (5, 2), affine=False, momentum=None, outputs=EVERYTHING["outputs"][::-1]),
    _written_out("of the running statistics", (2, 3, 4), bias=False, statistics_of="running", outputs=("mean", "inv_std")),
    _written_out("of every cell alone", (5, 3, 2), features=(3, 2), outputs=("inv_std", "running_var")),
]


@st.composite
def norms(draw):
    keywords = {
        "eps": draw(st.sampled_from([1e-5, 1e-3, 1e-12, 0.1])),
        "momentum": draw(st.sampled_from([0.1, 0.01, 0.9, None])),
        "affine": draw(st.booleans()),
        "track_running_stats": draw(st.booleans()),
    }
    sizes = draw(st.lists(st.integers(1, 4), max_size=3))
    shape = (draw(st.integers(2, 4)), draw(st.integers(1, 4)), *sizes)
    ratio = draw(st.sampled_from([0, 1, 30, 1000]))
    scale = 10.0 ** draw(st.integers(-4, 3))
    return keywords, shape, ratio, scale, draw(st.booleans()), draw(st.sampled_from([np.float32, np.float64]))


@given(norms(), st.integers(0, 2**32))
@settings(max_examples=40)
def test_outputs_and_running_statistics_are_torchs(norm, seed):
    keywords, shape, ratio, scale, training, dtype = norm
    rng = np.random.default_rng(seed)
    name = f"BatchNorm{max(len(shape) - 2, 1)}d"
    ours, theirs = getattr(cp, name)(shape[1], dtype=dtype, **keywords), getattr(torch.nn, name)(shape[1], **keywords)
    if keywords["affine"]:
        ours.weight, ours.bias = rng.normal(size=shape[1]).astype(dtype), rng.normal(size=shape[1]).astype(dtype)
    theirs.to(torch.float32 if dtype == np.float32 else torch.float64)
    theirs.load_state_dict({key: torch.tensor(array) for key, array in ours.state_dict().items()})
    arithmetic = FLOAT32 if dtype == np.float32 else FLOAT64
    for batch in range(3):
        mode = training or batch < 2  # statistics move twice before an eval
        ours.train(mode)
        theirs.train(mode)
        x = ((rng.normal(size=shape) + ratio) * scale).astype(dtype)
        lines = ours.lines(None, (x,), arithmetic=arithmetic)
        for y in (ours(x), theirs(torch.tensor(x)).detach().numpy()):
            assert y.dtype == dtype
            assert (abs(y - lines.exact) <= lines.proof).all()
    if keywords["track_running_stats"]:
        assert ours.num_batches_tracked == theirs.num_batches_tracked.item()
        # the remembered moments are sums of n squares and products, moved three times; their own scale is x^2
        n, u = x[:, 0].size, arithmetic.u
        size = abs(x.astype(np.float64)).max() * 1.5
        for name, unit in (("running_mean", size), ("running_var", size**2 + 1)):
            difference = abs(ours.arrays[name] - getattr(theirs, name).numpy())
            assert (difference <= 3 * 2 * (2 * n + 8) * u * unit).all(), name


def test_the_normalising_variance_divides_by_n_and_the_running_one_by_n_minus_1():
    x = np.array([[[[1.0, 3.0]]]], np.float64)
    norm = cp.BatchNorm2d(1, eps=0.0, momentum=1.0, dtype=np.float64)
    assert norm(x).tolist() == [[[[-1.0, 1.0]]]]
    assert norm.running_var.tolist() == [2.0]
    assert norm.running_mean.tolist() == [2.0]


def test_momentum_none_averages_over_all_batches():
    norm = cp.BatchNorm2d(1, momentum=None)
    for value in (1.0, 2.0, 6.0):
        norm(np.array([[[[value - 1, value + 1]]]]))
    assert norm.running_mean.tolist() == [3.0]
    assert norm.num_batches_tracked == 3


def test_gamma_may_be_negative_or_zero():
    norm = cp.BatchNorm2d(2)
    norm.weight, norm.bias = [-2.0, 0.0], [0.5, 7.0]
    y = norm(np.random.default_rng(0).normal(size=(2, 2, 3, 4)))
    assert (y[:, 1] == 7).all()
    assert abs(y[:, 0].mean() - 0.5) < 1e-6
    assert abs(y[:, 0].std() - 2) < 1e-4


def test_one_value_a_channel_is_an_error_in_training_as_in_torch():
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        torch.nn.BatchNorm2d(3)(torch.zeros(1, 3, 1, 1))
    with pytest.raises(cp.ShapeError, match="needs more than one value a channel"):
        cp.BatchNorm2d(3)(np.zeros((1, 3, 1, 1)))
    assert cp.BatchNorm2d(3).eval()(np.zeros((1, 3, 1, 1))).shape == (1, 3, 1, 1)


@pytest.mark.parametrize("shape", [(0, 3, 4, 5), (2, 3, 0, 5)])
@pytest.mark.parametrize("keywords", [{}, {"momentum": None}, {"track_running_stats": False}])
def test_an_empty_batch_is_counted_and_teaches_nothing(shape, keywords):
    ours, theirs = cp.BatchNorm2d(3, **keywords), torch.nn.BatchNorm2d(3, **keywords)
    for training in (True, False):
        ours.train(training)
        y, expected = ours(np.zeros(shape, np.float32)), theirs.train(training)(torch.zeros(shape))
        assert (y.shape, y.dtype) == (tuple(expected.shape), np.float32)
        for key, buffer in theirs.state_dict().items():
            assert np.array_equal(ours.state_dict()[key], buffer.numpy()), key
        assert ours.lines(None, (np.zeros(shape, np.float32),)).proof.shape == shape
        gradients = ours.vjp(np.zeros(shape, np.float32))[1](np.zeros(shape, np.float32))
        assert gradients.inputs[0].shape == shape
        assert gradients.parameters["weight"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("shape", [(3, 4, 4), (2, 3, 4), (2, 4, 5, 5), (2, 3)])
def test_shapes_that_torch_refuses_too(shape):
    with pytest.raises((ValueError, RuntimeError)):
        torch.nn.BatchNorm2d(3)(torch.zeros(shape))
    with pytest.raises(cp.ShapeError, match=r"expects x of shape \(N, C, H, W\) with C = 3"):
        cp.BatchNorm2d(3)(np.zeros(shape))


@pytest.mark.parametrize(
    ("name", "shape", "order"),
    [
        ("BatchNorm1d", (2, 5, 3), "(0, 2, 1)"),
        ("BatchNorm2d", (2, 5, 4, 3), "(0, 3, 1, 2)"),
        ("BatchNorm3d", (2, 5, 4, 6, 3), "(0, 4, 1, 2, 3)"),
        ("BatchNorm", (2, 5, 4, 3), "(0, 3, 1, 2)"),
    ],
)
def test_channels_last_is_recognised(name, shape, order):
    with pytest.raises(cp.ShapeError, match=re.escape(f"It looks like channels last: try x.transpose{order}")):
        getattr(cp, name)(3)(np.zeros(shape))


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("BatchNorm1d", (3,), "(N, C) or (N, C, L) with C = 3"),
        ("BatchNorm1d", (2, 3, 4, 4), "(N, C) or (N, C, L) with C = 3"),
        ("BatchNorm3d", (2, 3, 4, 4), "(N, C, D, H, W) with C = 3"),
        ("SyncBatchNorm", (3,), "(N, C, *) with C = 3"),
        ("BatchNorm", (2, 4, 3, 3), "(N, C, *) with C = 3"),
    ],
)
def test_other_ranks_that_torch_refuses_too(name, shape, expected):
    if hasattr(torch.nn, name):
        with pytest.raises((ValueError, RuntimeError)):
            getattr(torch.nn, name)(3)(torch.zeros(shape))
    with pytest.raises(cp.ShapeError, match=re.escape(f"expects x of shape {expected}; got {shape}")):
        getattr(cp, name)(3)(np.zeros(shape))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"num_features": 0}, "num_features=0: expected the number of channels, 1 or more"),
        ({"num_features": ()}, "num_features=(): expected the number of channels, 1 or more"),
        ({"num_features": True}, "num_features=True: expected the number of channels, 1 or more"),
        ({"num_features": 3, "statistics_of": "image"}, "statistics_of='image': expected batch or running, or None for the mode's own"),
        (
            {"num_features": 3, "outputs": ["std"]},
            "outputs=['std']: expected some of mean, var, inv_std, running_mean or running_var",
        ),
        ({"num_features": 3, "track_running_stats": False, "statistics_of": "running"}, "track_running_stats=False leaves no running"),
        ({"num_features": 3, "track_running_stats": False, "outputs": ["running_var"]}, "track_running_stats=False leaves no running"),
    ],
)
def test_settings_that_cannot_be(settings, sentence):
    with pytest.raises(cp.SettingError, match=re.escape(sentence)):
        cp.BatchNorm(**settings)


def test_every_cell_may_have_statistics_of_its_own():
    norm = cp.BatchNorm((2, 3))
    x = np.arange(12, dtype=np.float64).reshape(2, 2, 3)
    by_hand = 3 / np.sqrt(9 + 1e-5)  # two numbers each, 6 apart
    assert (abs(abs(norm(x)) - by_hand) <= norm.lines(None, (x,), training=True, arithmetic=FLOAT64).proof).all()
    assert norm.running_mean.shape == norm.weight.shape == (2, 3)
    with pytest.raises(cp.ShapeError, match=re.escape("with C = (2, 3); got (2, 3, 2)")):
        norm(x.reshape(2, 3, 2))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_spoils_its_channel_as_in_torch(value):
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    x[1, 2, 0] = value
    for training in (True, False):
        ours, theirs = cp.BatchNorm1d(3).train(training)(x), torch.nn.BatchNorm1d(3).train(training)(torch.tensor(x)).detach().numpy()
        assert np.array_equal(np.isnan(ours), np.isnan(theirs))
        assert np.array_equal(np.isinf(ours), np.isinf(theirs))


def test_the_text_says_what_the_mean_runs_over():
    rng = np.random.default_rng(0)
    for name, shape, axes in (("1d", (4, 2), "N"), ("1d", (4, 2, 3), "N and L"), ("3d", (2, 2, 1, 2, 3), "N, D, H and W")):
        text = getattr(cp, f"BatchNorm{name}")(2).why(rng.normal(size=shape), at=(0,) * len(shape)).text()
        assert f"over {axes} of channel 0: n = " in text
    assert "over N at [1, 0] of every image: n = 4" in cp.BatchNorm((2, 3)).why(rng.normal(size=(4, 2, 3)), at=(0, 1, 0)).text()


def test_in_eval_it_is_a_scale_and_shift():
    norm = cp.BatchNorm2d(3)
    x = _decades(np.random.default_rng(0).normal(size=(4, 3, 5, 6))).astype(np.float32)
    assert norm.is_a() is None
    norm(x)
    kind = norm.eval().is_a()
    lines = norm.lines(None, (x,))
    folded = x * kind.scale.astype(np.float32).reshape(1, 3, 1, 1) + kind.shift.astype(np.float32).reshape(1, 3, 1, 1)
    assert (abs(folded - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize("ratio", [0, 1, 30, 1000])
@pytest.mark.parametrize("n", [(2, 3), (40, 41)])
def test_the_proof_line_covers_welford_and_folding(ratio, n):
    rng = np.random.default_rng(ratio)
    x = (rng.normal(size=(1, 1, *n)) + ratio).astype(np.float32)
    norm = cp.BatchNorm2d(1)
    norm.weight, norm.bias = [1.7], [-0.4]
    lines = norm.lines(None, (x,))
    mean, m2 = np.float32(0), np.float32(0)
    for count, value in enumerate(x.reshape(-1), start=1):
        delta = value - mean
        mean = np.float32(mean + delta / np.float32(count))
        m2 = np.float32(m2 + delta * (value - mean))
    scale = np.float32(1.7) / np.sqrt(m2 / np.float32(x.size) + np.float32(1e-5))
    folded = x * scale + (np.float32(-0.4) - mean * scale)
    assert (abs(folded - lines.exact) <= lines.proof).all()


def test_the_proof_line_covers_sums_that_go_wrong_one_way():
    """Equal squares, added one by one in float32, are all rounded the same way; an outlier shows what that does to the variance."""
    x = np.where(np.arange(50_000) % 2, np.float32(0.7), np.float32(-0.7)).reshape(1, 1, 200, 250)
    x[0, 0, 0, 0] = 70
    norm = cp.BatchNorm2d(1)
    lines = norm.lines(None, (x,))
    one_by_one = np.add.accumulate
    mean = one_by_one(x.reshape(-1))[-1] / np.float32(x.size)
    var = one_by_one(np.square(x - mean).reshape(-1))[-1] / np.float32(x.size)
    y = (x - mean) / np.sqrt(var + np.float32(1e-5))
    error = abs(y - lines.exact)
    assert (error <= lines.proof).all()
    # far more than the rounding of one division: the line has to count what the variance passes on
    assert error[0, 0, 0, 0] > 1000 * 2.0**-24 * abs(lines.exact[0, 0, 0, 0])
