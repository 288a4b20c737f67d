"""Never wrong when right: layers in TF32, float16, bfloat16. And never right when wrong, at n = 4608, whatever they are in."""

import ml_dtypes
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import convproof as cp

PLAIN = (3, 9, 5)  # channels, height, outputs: n = 27
DEEP = (512, 3, 4)  # n = 4608


def bits_cut(v):
    """The upper 16 bits of a float32."""
    return (v.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def tf32(v):
    """13 bits less, to nearest, ties to even."""
    whole = v.view(np.uint32).astype(np.uint64)
    whole = (whole + 0xFFF + ((whole >> 13) & 1)) & ~np.uint64(0x1FFF)
    return whole.astype(np.uint32).view(np.float32)


def tf32_away(v):
    """13 bits less, to nearest, ties away from zero, as a GPU's conversion does."""
    whole = (v.view(np.uint32).astype(np.uint64) + 0x1000) & ~np.uint64(0x1FFF)
    return whole.astype(np.uint32).view(np.float32)


def tf32_cut(v):
    """13 bits cut off, as a GPU does that converts nothing."""
    return (v.view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)


def through_dtype(dtype):
    return lambda v: v.astype(dtype).astype(np.float32)


FORMATS = {
    "float32": (lambda v: v, ()),
    "tf32": (tf32, ("tf32-on",)),
    "tf32-away": (tf32_away, ("tf32-on",)),
    "tf32-cut": (tf32_cut, ("tf32-on",)),
    "float16": (through_dtype(np.float16), ("tf32-on", "fp16-io")),  # as many bits: they are told apart by stored outputs only
    "bfloat16": (through_dtype(ml_dtypes.bfloat16), ("bf16-io",)),
    "bfloat16-cut": (bits_cut, ("bf16-truncate",)),
}
STORED = {"float16": "fp16-io", "bfloat16": "bf16-io", "bfloat16-cut": "bf16-truncate"}


def images(kind, shape, seed=0):
    x = np.random.default_rng(seed).normal(size=shape)
    return {"random": x, "relu": np.maximum(x, 0), "constant": np.full(shape, 0.7)}[kind].astype(np.float32)


def layer_of(size, seed=1, **settings):
    channels, _, out = size
    conv = cp.Conv2d(channels, out, 3, padding=1, seed=seed, **settings).eval()
    if conv.bias is not None:
        conv.bias = np.linspace(-0.5, 0.75, out)
    return conv


def convolved(x, w, b, value=0.0):
    return F.conv2d(F.pad(torch.tensor(x), (1, 1, 1, 1), value=value), torch.tensor(w), None if b is None else torch.tensor(b)).numpy()


def right(row, ids):
    assert row.verdict in ("identical", "rounding", "precision"), row
    assert row.precision in (None, *ids)


@pytest.mark.parametrize("kind", ["random", "relu", "constant"])
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", [PLAIN, DEEP], ids=str)
@pytest.mark.parametrize("bias", ["rounded", "none"])
def test_a_convolution_in_another_format_is_not_wrong(name, size, kind, bias):
    change, ids = FORMATS[name]
    conv, x = layer_of(size, bias=bias != "none"), images(kind, (1, size[0], size[1], size[1] + 1))
    b = None if bias == "none" else change(conv.bias) if bias == "rounded" else conv.bias
    y = convolved(change(x), change(conv.weight), b)
    right(cp.check(conv, x, y)["Conv2d"], ids)
    if name in STORED:
        right(cp.check(conv, x, change(y))["Conv2d"], (*ids, STORED[name]))


@pytest.mark.parametrize("name", FORMATS)
def test_at_27_terms_it_is_named(name):
    change, ids = FORMATS[name]
    conv, x = layer_of(PLAIN), images("random", (2, 3, 9, 10))
    row = cp.check(conv, x, convolved(change(x), change(conv.weight), conv.bias))["Conv2d"]
    assert (row.verdict, row.precision) == (("precision", ids[0]) if ids else ("rounding", None))


@pytest.mark.parametrize("bias", ["rounded", "as it is"])
@pytest.mark.parametrize("name", ["float16", "bfloat16", "bfloat16-cut"])
def test_weights_alone_in_a_shorter_format_are_named(name, bias):
    """As a file of a model holds them that is to be small: they are widened again before anything is multiplied."""
    change, _ = FORMATS[name]
    conv, x = layer_of(PLAIN), images("random", (2, 3, 9, 9))
    y = convolved(x, change(conv.weight), change(conv.bias) if bias == "rounded" else conv.bias)
    row = cp.check(conv, x, y)["Conv2d"]
    assert (row.verdict, row.precision) == ("precision", STORED[name])
    assert "weights are" in str(row.notes[0])
    assert "inputs are not" in str(row.notes[0])
    others = (np.zeros_like(y), y + conv.bias[:, None, None], y * np.float32(1.0001), convolved(x, change(conv.weight), 0 * conv.bias))
    assert [cp.check(conv, x, other)["Conv2d"].verdict for other in others] == ["wrong"] * 4


@pytest.mark.parametrize(("name", "stored"), [*((name, False) for name in FORMATS), *((name, True) for name in STORED)])
@pytest.mark.parametrize("size", [PLAIN, DEEP], ids=str)
def test_no_format_hides_a_bug(name, size, stored):
    change = FORMATS[name][0]
    conv, x = layer_of(size), images("random", (1, size[0], size[1], size[1] + 1))
    last = change if stored else (lambda v: v)
    given = change(x), change(conv.weight)
    y = convolved(*given, conv.bias)
    cell = y.copy()
    cell[0, -1, -1, -1] += np.float32(0.3) * y.std()
    bugs = {
        "all zero": 0 * y,
        "no bias": convolved(*given, None),
        "bias twice": convolved(*given, 2 * conv.bias),
        "padded with 0.1": convolved(*given, conv.bias, 0.1),
        "a channel shifted": np.concatenate([y[:, :1], np.roll(y[:, 1:2], 1, -1), y[:, 2:]], axis=1),
        "a wrong cell": cell,
        "two channels swapped": y[:, [1, 0, *range(2, y.shape[1])]],
    }
    found = {bug: cp.check(conv, x, last(wrong))["Conv2d"].verdict for bug, wrong in bugs.items()}
    assert set(found.values()) == {"wrong"}, found


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("widened", [False, True])
def test_torch_modules_in_sixteen_bits(dtype, widened):
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 3, padding=1), torch.nn.BatchNorm2d(6), torch.nn.GELU(), torch.nn.AvgPool2d(2), torch.nn.Flatten(),
        torch.nn.LayerNorm(72), torch.nn.Linear(72, 5), torch.nn.Softmax(-1),
    ).eval()  # fmt: skip
    module[1].running_mean.uniform_(-0.3, 0.3)
    module[1].running_var.uniform_(0.5, 2)
    network = cp.from_torch(module)
    x, claimed = images("random", (2, 3, 6, 8)), {}
    value = torch.tensor(x).to(dtype)
    with torch.no_grad():
        for name, part in module.to(dtype).named_children():
            value = part(value)
            kept = value.float().numpy() if widened or dtype is torch.float16 else value.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
            claimed[name] = kept.astype(np.float16) if dtype is torch.float16 and not widened else kept
    report = cp.check(network, x, claimed)
    assert {row.name: row.verdict for row in report.rows if row.verdict in ("wrong", "undecided")} == {}
    assert {row.precision for row in report.rows} <= {None, "fp16-io", "bf16-io"}
    assert cp.check(network, x, {**claimed, "6": claimed["6"] * 0}).first_wrong == "6"


@pytest.mark.parametrize("name", ["tf32", "bfloat16"])
def test_a_fused_unit_is_replayed_at_its_first_layer(name):
    change, ids = FORMATS[name]
    conv, norm = layer_of(PLAIN), cp.BatchNorm2d(5).eval()
    norm.running_mean, norm.running_var = np.linspace(-0.2, 0.3, 5), np.linspace(0.4, 1.5, 5)
    network = cp.Sequential(conv=conv, norm=norm, relu=cp.ReLU()).eval()
    x = images("random", (1, 3, 9, 10))
    wide = norm.running_mean[:, None, None], np.sqrt(norm.running_var + np.float32(1e-5))[:, None, None]

    def unit(bias):
        return np.maximum((convolved(change(x), change(conv.weight), bias) - wide[0]) / wide[1], 0)

    row = cp.check(network, x, {"relu": unit(conv.bias)})["relu"]
    assert (row.verdict, row.precision) == ("precision", ids[0])
    assert cp.check(network, x, {"relu": unit(None)})["relu"].verdict == "wrong"


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name", ["tf32", "float16", "bfloat16"])
def test_folded_first_and_rounded_then(name, bias):
    """What engines do that make 16-bit weights of a trained network: the products scale * weight are rounded."""
    change, ids = FORMATS[name]
    conv, norm = layer_of(PLAIN, bias=bias), cp.BatchNorm2d(5)
    norm.running_mean, norm.running_var = np.linspace(-0.2, 0.3, 5), np.linspace(0.4, 1.5, 5)
    norm.weight, norm.bias = np.linspace(-1, 2, 5), np.linspace(0.5, -0.3, 5)
    network = cp.Sequential(conv=conv, norm=norm, relu=cp.ReLU()).eval()
    x = images("random", (1, 3, 9, 10))
    scale = norm.weight / np.sqrt(norm.running_var + np.float32(1e-5))
    shift = norm.bias - norm.running_mean * scale
    folded = change((conv.weight * scale[:, None, None, None]).astype(np.float32))
    whole = (shift if conv.bias is None else scale * conv.bias + shift).astype(np.float32)
    for b in (whole, change(whole)):
        y = np.maximum(convolved(change(x), folded, b), 0)
        row = cp.check(network, x, {"relu": y})["relu"]
        assert (row.verdict, row.precision) == ("precision", ids[0])
        assert cp.check(network, x, {"relu": np.maximum(convolved(change(x), folded, 1.1 * b), 0)})["relu"].verdict == "wrong"


def test_a_layer_behind_one_that_only_moves_numbers():
    linear = cp.Linear(60, 4, seed=2)
    network, x = cp.Sequential(flat=cp.Flatten(), fc=linear).eval(), images("random", (7, 3, 4, 5))
    y = tf32(x.reshape(7, 60)) @ tf32(linear.weight).T + linear.bias
    assert cp.check(network, x, {"fc": y})["fc"].precision == "tf32-on"


def test_both_operands_of_a_product_are_rounded():
    a, b = images("random", (2, 7, 30)), images("random", (2, 30, 5), seed=1)
    row = cp.check(cp.MatMul(), (a, b), tf32(a) @ tf32(b))["MatMul"]
    assert (row.verdict, row.precision) == ("precision", "tf32-on")
    assert cp.check(cp.MatMul(), (a, b), tf32(a) @ tf32(b) + np.float32(1e-3))["MatMul"].verdict == "wrong"
    c = images("random", (7, 5), seed=2)
    assert cp.check(cp.Gemm(), (a[0], b[0], c), tf32(a[0]) @ tf32(b[0]) + c)["Gemm"].precision == "tf32-on"


class Weighted(torch.nn.Module):
    """A convolution whose weight is an input of the graph."""

    def forward(self, x, weight):
        return F.conv2d(x, weight, padding=1)


@pytest.mark.parametrize("name", ["tf32", "bfloat16"])
def test_a_layer_whose_weights_are_inputs(name):
    change, ids = FORMATS[name]
    network = cp.from_torch(Weighted())
    x, w = images("random", (1, 3, 9, 10)), images("random", (4, 3, 3, 3), seed=5)
    (last,) = [node.name for node in network.graph][-1:]
    report = cp.check(network, (x, w), {last: convolved(change(x), change(w), None)})
    assert [row.precision for row in report.rows] == [ids[0]]
    assert cp.check(network, (x, w), {last: convolved(change(x), change(w), np.full(4, 0.01, np.float32))}).first_wrong == last


def test_a_format_is_not_taken_for_stored_where_a_number_is_off_its_grid():
    conv, x = layer_of(PLAIN), images("random", (1, 3, 9, 10))
    change = FORMATS["bfloat16"][0]
    y = change(convolved(change(x), change(conv.weight), conv.bias))
    assert cp.check(conv, x, y)["Conv2d"].precision == "bf16-io"
    y[0, 0, 0, 0] = np.nextafter(y[0, 0, 0, 0], np.float32(9))
    assert cp.check(conv, x, y)["Conv2d"].verdict == "wrong"


def test_a_nan_is_no_arithmetic():
    conv, x = layer_of(PLAIN), images("random", (1, 3, 9, 10))
    y = convolved(tf32(x), tf32(conv.weight), conv.bias)
    y[0, 1, 2, 3] = np.nan
    assert cp.check(conv, x, y)["Conv2d"].verdict == "wrong"


def test_rounding_took_all_that_could_be_told():
    norm, x = cp.LayerNorm(30), 1000 + images("random", (4, 30))
    y = norm(x)
    assert cp.check(norm, x, y + np.float32(0.5))["LayerNorm"].verdict == "wrong"


def dumped(folder, y, how):
    """Numbers as a target writes them down coarsely, and what is to be declared of them."""
    if how == "q7.8":
        return np.rint(256 * y).astype(np.int16), {"format": how}
    if how == "decimals:4":
        return np.round(y.astype(np.float64), 4), {"format": how}
    if how == "float16":
        return y.astype(np.float16), {}
    (folder / "Conv2d.txt").write_text(" ".join(how % v for v in y.ravel()))
    return folder, {}


@pytest.mark.parametrize("how", ["%.4f", "%.3e", "float16", "decimals:4", "q7.8"])
def test_a_network_in_float64_that_the_target_computed_in_float32(tmp_path, how):
    """At the edge of what was written down the arithmetic decides: of 160 000 numbers some lie there, and are float32's."""
    conv = cp.Conv2d(3, 8, 3, seed=1, dtype="float64").eval()
    x = np.random.default_rng(0).normal(size=(1, 3, 142, 142))
    y = F.conv2d(*(torch.tensor(a, dtype=torch.float32) for a in (x, conv.weight, conv.bias))).numpy()
    claimed, declared = dumped(tmp_path, y, how)
    row = cp.check(conv, x, claimed, **declared)["Conv2d"]
    assert (row.verdict, row.precision) == ("precision", "float32")
    claimed, declared = dumped(tmp_path, np.roll(y, 1, -1), how)
    assert cp.check(conv, x, claimed, **declared)["Conv2d"].verdict == "wrong"


@pytest.mark.parametrize("how", ["%.4f", "%.3e", "decimals:4"])
@pytest.mark.parametrize("name", ["tf32", "bfloat16"])
def test_another_arithmetic_is_named_in_what_was_printed_too(tmp_path, name, how):
    change, ids = FORMATS[name]
    conv, x = layer_of(PLAIN), images("random", (2, 3, 9, 9))
    y = convolved(change(x), change(conv.weight), conv.bias)
    claimed, declared = dumped(tmp_path, y, how)
    row = cp.check(conv, x, claimed, **declared)["Conv2d"]
    assert (row.verdict, row.precision) == ("precision", ids[0])
    claimed, declared = dumped(tmp_path, y + conv.bias[:, None, None], how)
    assert cp.check(conv, x, claimed, **declared)["Conv2d"].verdict == "wrong"
