"""Batch normalisations of ONNX and PyTorch graphs, read and written."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.operators import FOLLOWS_MODULE, LATER, Call, Later, NotKnownYet, Result
from convproof.formats.operators import operators, read
from tests.operators import answer_torch, assert_case, node_cases


@pytest.mark.parametrize("case", node_cases("BatchNormalization"), ids=lambda case: case.name)
def test_onnx_backend(case):
    assert_case(case)


RNG = np.random.default_rng(1)
X = RNG.normal(size=(2, 3, 4)).astype(np.float32)
SCALE, B, MEAN = (RNG.normal(size=3).astype(np.float32) for _ in range(3))
VAR = RNG.uniform(0.5, 2, 3).astype(np.float32)
STORED = (SCALE, B, MEAN, VAR)


def reading(arguments, version=15, outputs=1, **settings):
    return read(operators("onnx")["BatchNormalization"], Call("BatchNormalization", tuple(arguments), settings, version, outputs))


@pytest.mark.parametrize(
    ("version", "settings", "outputs"),
    [
        (6, {"is_test": 1, "spatial": 1, "consumed_inputs": (0, 0, 0, 1, 1)}, 1),
        (6, {"is_test": 1}, 5),
        (6, {}, 1),
        (7, {"spatial": 1, "momentum": 0.9}, 1),
        (9, {}, 1),
        (14, {"training_mode": 0}, 1),
        (15, {}, 1),
    ],
)
def test_all_versions_in_inference(version, settings, outputs):
    found = reading((X, *STORED), version, outputs, epsilon=1e-3, **settings)
    expected = torch.nn.functional.batch_norm(*map(torch.tensor, (X, MEAN, VAR, SCALE, B)), False, 0.1, 1e-3).numpy()
    lines = found.layer.lines(None, (X,))
    (y,) = found.layer.checked_step((X,), found.layer.training).outputs
    assert (abs(y - lines.exact) <= lines.proof).all()
    assert (abs(expected - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize(
    ("version", "settings", "outputs"), [(6, {"is_test": 0}, 5), (7, {}, 5), (9, {}, 3), (14, {"training_mode": 1}, 3)]
)
def test_all_versions_in_training(version, settings, outputs):
    found = reading((X, *STORED), version, outputs, epsilon=1e-3, momentum=0.75, **settings)
    y, *further = found.layer.checked_step((X,), found.layer.training).outputs
    x = X.astype(np.float64)
    mean, var = x.mean((0, 2)), x.var((0, 2))  # divided by n, in the running variance too
    wide = (1, 3, 1)
    named = ((MEAN, mean), (VAR, var))
    expected = [*(0.75 * old.astype(np.float64) + 0.25 * new for old, new in named), mean, var][: outputs - 1]
    exact = (x - mean.reshape(wide)) / np.sqrt(var + 1e-3).reshape(wide) * SCALE.reshape(wide) + B.reshape(wide)
    for k, (ours, theirs) in enumerate(zip((y, *further), (exact, *expected), strict=True)):
        assert (abs(ours - theirs) <= found.layer.lines(None, (X,), output=k).proof).all()
    before = found.layer.state_dict()
    found.layer(X)
    assert all(np.array_equal(array, before[key]) for key, array in found.layer.state_dict().items())  # what it gives back it does not keep


def test_the_old_form_with_statistics_for_every_cell():
    shape = (3, 4)
    arrays = [RNG.uniform(0.5, 2, shape).astype(np.float32) for _ in range(4)]
    found = reading((X, *arrays), 7, spatial=0)
    scale, beta, mean, var = (a.astype(np.float64) for a in arrays)
    exact = scale * (X - mean) / np.sqrt(var + 1e-5) + beta
    assert (abs(found.layer(X) - exact) <= found.layer.lines(None, (X,)).proof).all()
    assert found.layer.is_a() is None


def test_it_is_loaded_before_the_rank_is_known():
    layer = reading((LATER, *STORED)).layer
    for shape in ((2, 3), (2, 3, 5), (2, 3, 4, 5), (2, 3, 1, 2, 3, 2)):
        assert layer.shapes(shape) == (shape,)
    assert reading((LATER, Later((3,)), Later((3,)), Later((3,)), Later((3,)))).parameters["running_var"] == 4
    with pytest.raises(NotKnownYet):
        reading((LATER, LATER, LATER, LATER, LATER))


def test_arrays_may_come_in_other_precisions():
    fine = [a.astype(np.float64) + 1e-12 for a in (MEAN, VAR)]
    layer = reading((X, SCALE.astype(np.float16), B, *fine)).layer
    assert (layer.weight.dtype, layer.bias.dtype, layer.running_mean.dtype) == (np.float32, np.float32, np.float64)
    assert np.array_equal(layer.running_var, fine[1])
    y = layer(X)
    assert y.dtype == np.float32
    assert (abs(y - layer.lines(None, (X,)).exact) <= layer.lines(None, (X,)).proof).all()
    assert layer(X.astype(np.float16)).dtype == np.float16
    assert layer(X.astype(np.float64)).dtype == np.float64


TENSORS = dict(zip(("running_mean", "running_var", "weight", "bias"), map(torch.tensor, (MEAN, VAR, SCALE, B)), strict=True))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("absent", [(), ("weight", "bias"), ("bias",), ("weight",)])
def test_the_function_is_torchs(training, absent):
    given_arrays = {key: None if key in absent else tensor.clone() for key, tensor in TENSORS.items()}
    expected = torch.nn.functional.batch_norm(torch.tensor(X), **given_arrays, training=training, momentum=0.3, eps=1e-3).numpy()
    arrays = {key: None if key in absent else tensor.numpy() for key, tensor in TENSORS.items()}
    (y,) = answer_torch("batch_norm", X, **arrays, training=training, momentum=0.3, eps=1e-3)
    found = read(operators("torch")["batch_norm"], Call("batch_norm", (X, *arrays.values(), training, 0.3, 1e-3)))
    lines = found.layer.lines(None, (X,))
    for numbers in (y, expected):
        assert (abs(numbers - lines.exact) <= lines.proof).all()
    if training:  # it moves the statistics that it was given, as torch's does
        found.layer(X)
        assert np.allclose(found.layer.running_var, given_arrays["running_var"].numpy(), rtol=1e-6)
    for mode in (True, False):  # what it was told wins over the network's mode
        assert found.layer.train(mode).uses_batch(mode) == training


def test_torchs_own_function_takes_its_arrays_in_another_order():
    ours = answer_torch("batch_norm", X, SCALE, B, MEAN, VAR, False, 0.1, 1e-5, True)[0]
    theirs = torch.batch_norm(*map(torch.tensor, (X, SCALE, B, MEAN, VAR)), False, 0.1, 1e-5, True).numpy()
    (by_name,) = answer_torch("batch_norm", X, weight=SCALE, bias=B, running_mean=MEAN, running_var=VAR, cudnn_enabled=True)
    lines = read(operators("torch")["batch_norm"], Call("batch_norm", (X, MEAN, VAR, SCALE, B))).layer.lines(None, (X,))
    for y in (ours, theirs, by_name):
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_a_function_may_follow_its_module():
    arguments = (X, MEAN, VAR, SCALE, B, FOLLOWS_MODULE)
    layer = read(operators("torch")["batch_norm"], Call("batch_norm", arguments)).layer
    assert not layer.uses_batch(layer.training)
    assert layer.train().uses_batch(True)


def test_without_statistics_it_can_only_use_the_batch():
    (y,) = answer_torch("batch_norm", X, None, None, training=True)
    theirs = torch.nn.functional.batch_norm(torch.tensor(X), None, None, training=True).numpy()
    lines = cp.BatchNorm(3, affine=False).lines(None, (X,))
    for numbers in (y, theirs):
        assert (abs(numbers - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("_native_batch_norm_legit_no_training", (X, *STORED, 0.1, 1e-3)),
        ("_native_batch_norm_legit", (X, *STORED, True, 0.1, 1e-3)),
        ("native_batch_norm", (X, *STORED, True, 0.1, 1e-3)),
        ("native_batch_norm", (X, None, None, MEAN, VAR, True, 0.1, 1e-3)),
        ("_native_batch_norm_legit_functional", (X, *STORED, True, 0.1, 1e-3)),
    ],
)
def test_aten_operators(name, arguments):
    ours = answer_torch(name, *arguments)
    tensors = [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in arguments]
    theirs = getattr(torch.ops.aten, name).default(*tensors)
    assert len(ours) == len(theirs)
    layer = read(operators("torch")[name], Call(name, arguments)).layer
    for k, (y, expected) in enumerate(zip(ours, theirs, strict=True)):
        lines = layer.lines(None, (X,), output=k)
        assert (abs(y - lines.exact) <= lines.proof).all()
        if expected.numel():  # on a CPU, without training, mean and inv_std are left empty
            assert (abs(expected.numpy() - lines.exact) <= lines.proof).all()


def test_aten_without_statistics():
    ours = answer_torch("_native_batch_norm_legit", input=X, weight=SCALE, bias=B, training=True, momentum=0.1, eps=1e-3)
    theirs = torch.ops.aten._native_batch_norm_legit.no_stats(*map(torch.tensor, (X, SCALE, B)), True, 0.1, 1e-3)
    norm = cp.BatchNorm(3, 1e-3, outputs=("mean", "inv_std"))
    norm.weight, norm.bias = SCALE, B
    for k, (y, expected) in enumerate(zip(ours, theirs, strict=True)):
        lines = norm.lines(None, (X,), output=k)
        assert (abs(y - lines.exact) <= lines.proof).all()
        assert (abs(expected.numpy() - lines.exact) <= lines.proof).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: cp.BatchNorm1d(3, eps=1e-3),
        lambda: cp.BatchNorm1d(3, affine=False),
        lambda: cp.BatchNorm1d(3, bias=False, momentum=None),
        lambda: cp.BatchNorm1d(3, track_running_stats=False),
        lambda: cp.BatchNorm(3, statistics_of="batch", biased=True, outputs=("running_mean", "running_var")),
    ],
)
def test_what_is_written_reads_back_the_same(make):
    layer = make().eval()
    for name, array in layer.arrays.items():
        if array is not None and array.dtype.kind == "f":
            layer.arrays[name] = RNG.uniform(0.5, 2, 3).astype(np.float32)
    (node,) = layer.written()
    assert not any(isinstance(a, Result) for a in node.arguments)
    arguments = [layer.arrays[a] if isinstance(a, str) else X if isinstance(a, int) else a for a in node.arguments]
    settings = {key: float(np.float32(v)) if isinstance(v, float) else v for key, v in node.settings.items()}
    again = read(operators("onnx")[node.operator], Call(node.operator, tuple(arguments), settings, 22, node.outputs)).layer
    found = again.checked_step((X,), False).outputs  # in ONNX's training form one for each running statistic too, used or not
    for k, (y, expected) in enumerate(zip(found, layer.step(X, training=False).outputs, strict=False)):
        assert (abs(y - expected) <= 2 * layer.lines(None, (X,), output=k).proof).all()
