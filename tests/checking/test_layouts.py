"""In which order numbers stand: shapes by hand, orders by NumPy's own transpose, everything on arrays of pairwise different sizes."""

from typing import Any

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.checking.grids import suggested_grid
from convproof.checking.matching.declared_order import Layout
from convproof.checking.matching.expected import Expected, weight_letters
from convproof.checking.matching.layouts import Habit, fit
from convproof.checking.matching.likeness import Likeness, Standard, ratio
from convproof.core.errors import SettingError, ShapeError
from convproof.core.formats import FLOAT32
from convproof.core.resolution import Decimals
from tests.checking.blocks import as_expected

RNG = np.random.default_rng(7)
OWN = RNG.normal(size=(2, 3, 5, 7)).astype(np.float32)
EXPECTED = as_expected(OWN, "nchw")
ORDERS = {
    "nhwc": (0, 2, 3, 1),
    "nwhc": (0, 3, 2, 1),
    "ncwh": (0, 1, 3, 2),
    "whcn": (3, 2, 1, 0),
    "hwcn": (2, 3, 1, 0),
    "cnwh": (1, 0, 3, 2),
}


def read(
    array: np.ndarray[Any, Any], expected: Expected = EXPECTED, layout: str | None = None, habit: Habit | None = None
) -> tuple[Any, list[str]]:
    fitted = fit(array, expected, "y", Layout.parse(layout) if layout else Layout(), habit or Habit())
    return fitted.change(array), [str(note) for note in fitted.notes]


@pytest.mark.parametrize(("order", "axes"), ORDERS.items())
def test_an_array_in_another_order_is_read_in_it_and_the_note_says_so(order: str, axes: tuple[int, ...]) -> None:
    found, notes = read(OWN.transpose(axes))
    assert np.array_equal(found, OWN)
    assert notes == [f"read as {', '.join(order.upper())}"]


@pytest.mark.parametrize(("order", "axes"), ORDERS.items())
def test_a_flat_array_is_read_in_the_order_that_is_the_networks_own(order: str, axes: tuple[int, ...]) -> None:
    found, notes = read(OWN.transpose(axes).ravel())
    assert np.array_equal(found, OWN)
    assert notes == [f"read as {', '.join(order.upper())}"]


def test_a_flat_array_row_by_row_and_column_by_column() -> None:
    assert np.array_equal(read(OWN.ravel())[0], OWN)
    assert np.array_equal(read(OWN.ravel(order="F"))[0], OWN)


@pytest.mark.parametrize(
    ("axes", "shape"), [((0, 1, 2, 3), (6, 35)), ((0, 1, 2, 3), (2, 3, 35)), ((0, 2, 3, 1), (70, 3)), ((0, 2, 3, 1), (2, 5, 21))]
)
def test_neighbouring_axes_may_be_joined_as_in_a_text_of_lines(axes: tuple[int, ...], shape: tuple[int, ...]) -> None:
    assert np.array_equal(read(OWN.transpose(axes).reshape(shape))[0], OWN)


def test_an_array_of_the_expected_shape_is_never_permuted() -> None:
    own = RNG.normal(size=(2, 5, 5, 5)).astype(np.float32)
    other = own.transpose(0, 2, 3, 1)
    found, notes = read(other, as_expected(own, "nchw"))
    assert np.array_equal(found, other)
    assert notes == []
    one = own[:1]
    found, notes = read(one.transpose(0, 2, 3, 1)[0], as_expected(one, "nchw"))  # nor one that lacks an axis of length 1
    assert np.array_equal(found, one.transpose(0, 2, 3, 1))


def test_axes_of_length_1_may_be_missing_or_more() -> None:
    own = OWN[:1]
    expected = as_expected(own, "nchw")
    for shape in [(3, 5, 7), (3, 5, 7, 1), (1, 1, 3, 5, 7)]:
        found, notes = read(own.reshape(shape), expected)
        assert np.array_equal(found, own)
        assert notes == [f"read as (1, 3, 5, 7), its shape is {shape}"]
    found, notes = read(own[0].transpose(1, 2, 0), expected)
    assert np.array_equal(found, own)
    assert notes == ["read as N, H, W, C"]


@pytest.mark.parametrize("order", ["hwio", "ihwo", "ohwi", "whio"])
def test_weights_in_other_orders(order: str) -> None:
    own = RNG.normal(size=(8, 3, 5, 7)).astype(np.float32)
    there = own.transpose(["oihw".index(letter) for letter in order])
    for array in (there, there.ravel()):
        found, notes = read(array, as_expected(own, "oihw", "weight"))
        assert np.array_equal(found, own)
        assert notes == [f"read as {', '.join(order.upper())}"]


def test_the_letters_of_a_parameters_axes() -> None:
    assert weight_letters("out_channels, in_channels / groups, *kernel_size", 4) == "oihw"
    assert weight_letters("in_channels, out_channels / groups, *kernel_size", 5) == "iodhw"
    assert weight_letters("out_features, in_features", 2) == "oi"
    assert weight_letters("out_features, in1_features, in2_features", 3) == ""
    assert weight_letters("num_features", 1) == ""


def test_a_flat_array_that_is_close_in_no_order_is_assumed_to_stand_row_by_row() -> None:
    wrong = RNG.normal(size=OWN.size)
    found, notes = read(wrong)
    assert np.array_equal(found, wrong.reshape(OWN.shape))
    assert notes == ["read as N, C, H, W, which is assumed: no order brings it close to the network's own"]


def test_a_wrong_layer_is_still_read_in_its_order() -> None:
    flat = (1.3 * OWN + 0.1).transpose(0, 2, 3, 1).ravel()  # a third too large, and a bias
    found, notes = read(flat)
    assert np.array_equal(found.transpose(0, 2, 3, 1).ravel(), flat)
    assert notes == ["read as N, H, W, C"]


def test_what_is_close_in_no_order_follows_the_other_arrays_of_the_same_target() -> None:
    habit = Habit()
    read(OWN.transpose(0, 2, 3, 1).ravel(), habit=habit)
    other = as_expected(RNG.normal(size=(2, 4, 3, 5)), "nchw")
    wrong = RNG.normal(size=(2, 3, 5, 4))
    found, notes = read(wrong.ravel(), other, habit=habit)
    assert np.array_equal(found, wrong.transpose(0, 3, 1, 2))
    assert notes == ["read as N, H, W, C, as other arrays of these are"]
    assert "assumed" in read(RNG.normal(size=24), as_expected(RNG.normal(size=(4, 3, 1, 2)), "oihw", "weight"), habit=habit)[1][0]


def test_numbers_that_are_all_the_same_are_read_in_the_plain_order() -> None:
    found, notes = read(np.full(OWN.size, 4.0), as_expected(np.full(OWN.shape, 4.0), "nchw"))
    assert found.shape == OWN.shape
    assert notes == ["read as N, C, H, W"]


def test_a_declared_layout_is_always_applied() -> None:
    own = RNG.normal(size=(2, 5, 5, 5))
    found, notes = read(own.transpose(0, 3, 2, 1), as_expected(own, "nchw"), "nwhc")
    assert np.array_equal(found, own)
    assert notes == ["read as N, W, H, C, as declared"]
    wrong = RNG.normal(size=(7, 2, 5, 3))
    assert np.array_equal(read(wrong.ravel(), layout="WNHC")[0], wrong.transpose(1, 3, 2, 0))
    assert read(OWN, layout="nchw")[1] == []
    assert np.array_equal(read(wrong.ravel(), layout="nchw")[0], wrong.reshape(OWN.shape))


def test_a_declared_layout_may_leave_n_out_and_speaks_of_its_own_letters_alone() -> None:
    assert np.array_equal(read(OWN[:1].transpose(0, 2, 3, 1)[0], as_expected(OWN[:1], "nchw"), "hwc")[0], OWN[:1])
    assert np.array_equal(read(OWN[0].transpose(1, 2, 0), as_expected(OWN[0], "chw"), "nhwc")[0], OWN[0])
    sound = RNG.normal(size=(2, 3, 5))
    assert np.array_equal(read(sound.transpose(0, 2, 1), as_expected(sound, "chw"), "nlc")[0], sound)
    flat = RNG.normal(size=(2, 6))
    assert np.array_equal(read(flat, as_expected(flat, "nc"), "nhwc")[0], flat)
    weight = RNG.normal(size=(4, 3, 2, 5))
    assert np.array_equal(read(weight.transpose(2, 3, 1, 0), as_expected(weight, "oihw", "weight"), "nhwc, hwio")[0], weight)


@pytest.mark.parametrize("text", ["nhwx", "nhhc", "n", "", "nhwc,nwhc", "nc4hw8", "nc1hw1", "nhwc,nc4hw4", "hw"])
def test_a_layout_that_makes_no_sense_is_an_error_with_examples(text: str) -> None:
    with pytest.raises(SettingError, match=r"slowest first, such as nhwc, hwc, nwhc, ndhwc for outputs, hwio, ohwi, ihwo for weights"):
        Layout.parse(text)


def test_a_declared_layout_that_the_shape_contradicts() -> None:
    with pytest.raises(
        ShapeError, match=r"y: expected \(2, 5, 7, 3\), which is \(2, 3, 5, 7\) in the declared order N, H, W, C; got \(2, 3, 5, 7\)"
    ):
        read(OWN, layout="nhwc")


COUNTS = [
    ((0,), r"y is empty \(shape \(0,\)\); expected 210 numbers, of shape \(2, 3, 5, 7\); was it written before the layer ran\?"),
    ((420,), "exactly 2 times as many"),
    ((3, 5, 7), "exactly 1/2 of them, as if it were cut short or one image of a batch"),
    ((280,), r"as many as \(2, 4, 5, 7\) has, with axis C padded from 3 to 4"),
    ((240,), r"as many as \(2, 3, 5, 8\) has, with axis W padded from 7 to 8"),
    ((378,), r"as many as \(2, 3, 7, 9\) has, with a border of 1"),
    ((211,), r"y: expected 210 numbers, of shape \(2, 3, 5, 7\); got 211, of shape \(211,\): 1 too many"),
    ((2, 3, 5, 6), "30 too few"),
]


@pytest.mark.parametrize(("shape", "message"), COUNTS)
def test_a_wrong_count_says_what_was_found_and_what_it_looks_like(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        read(np.ones(shape))


def test_a_wrong_count_names_the_arrays_that_would_hold_it() -> None:
    with pytest.raises(ShapeError, match="as many as relu2 or pool would hold"):
        fit(np.ones(99), EXPECTED, "y", Layout(), Habit(), ["relu2", "pool"])


def test_a_shape_that_is_no_order_of_the_axes() -> None:
    with pytest.raises(ShapeError, match=r"y: expected an array of shape \(1, 4, 6, 5\); got \(8, 15\), which is that shape in no order"):
        read(np.ones((8, 15)), as_expected(np.ones((1, 4, 6, 5)), "nchw"))


def test_what_the_digits_leave_open_follows_the_numbers() -> None:
    step = RNG.uniform(size=OWN.shape)
    there = OWN.transpose(0, 2, 3, 1)
    fitted = fit(there, EXPECTED, "y", Layout(), Habit())
    moved = Decimals(FLOAT32, step.transpose(0, 2, 3, 1), "digits").map(fitted.change)
    assert isinstance(moved, Decimals)
    assert np.array_equal(moved.step, step)


def test_likeness_by_hand() -> None:
    own = np.array([1.0, 3.0])  # mean 2, standard deviation 1
    found = Standard.of(own).likeness(np.array([1.5, 99.0]))
    assert (found.distance, found.of_same, found.cells) == (0.75, 1.0, 2)  # (0.5 + 1) / 2; (1 + 1) / 2
    assert Standard.of(own).likeness(np.array([np.nan, 3.0])).distance == 0.5
    assert Standard.of(np.array([np.nan, np.inf])).likeness(np.array([np.nan, np.inf])).distance == 0
    assert ratio(1) == pytest.approx(1e-3)
    assert ratio(3) == pytest.approx(0.1)
    assert ratio(10**6) == ratio(20) == pytest.approx(0.70794578)  # 10^(-3/20)
    assert Likeness(0.0, 0.0, 5).close


def test_random_arrays_are_taken_for_one_of_others_in_few_of_a_thousand_cases() -> None:
    rng = np.random.default_rng(5)
    for cells in (2, 5, 9):
        hits = 0
        for _ in range(500):
            own, array = rng.normal(size=(2, cells))
            hits += Standard.of(own).likeness(array).close
        assert hits <= 3  # 500 times 1/1000: a Poisson of 1/2 is above 3 in 2 of 1000 cases


def test_a_grid_is_suggested_where_all_numbers_lie_on_one() -> None:
    codes = RNG.integers(-3000, 3000, size=60)
    assert str(suggested_grid(codes / 256)) == "all numbers are multiples of 2^-8: if they are Q7.8, say so with --format q7.8"
    small = RNG.integers(-100, 100, size=60)
    assert str(suggested_grid(small / 16)) == "all numbers are multiples of 2^-4: if they are Q3.4, say so with --format q3.4"
    assert "whole" in str(suggested_grid(small))
    scaled = (small * np.float32(0.05)).astype(np.float32)
    assert (
        str(suggested_grid(np.tile(scaled, 3))) == "all numbers are multiples of 0.05: if they are int8, say so with --format int8:0.05:0"
    )
    shifted = np.tile((RNG.integers(0, 200, size=60) * np.float32(0.1)).astype(np.float32), 3)
    assert "int8:0.1:-" in str(suggested_grid(shifted))  # codes beyond 127 need a zero point


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_a_short_float_is_suggested(kind: str) -> None:
    numbers = torch.tensor(RNG.normal(size=100)).to(getattr(torch, kind)).to(torch.float32).numpy()
    assert str(suggested_grid(numbers)) == f"all numbers are numbers of {kind}: if they were stored in it, say so with --format {kind}"


def test_no_grid_is_suggested_for_other_numbers() -> None:
    assert suggested_grid(RNG.normal(size=100).astype(np.float32)) is None
    assert suggested_grid(np.tile(RNG.normal(size=9).astype(np.float32), 9)) is None
    assert suggested_grid(np.zeros(100)) is None
    assert suggested_grid(np.array([0.5, np.nan] * 50)) is None
    assert suggested_grid(np.arange(5) / 8) is None


def test_one_buffer_that_is_turned_is_said_to_be_unlike_the_others():
    net = cp.Sequential(*(cp.Conv2d(3, 3, 3, padding=1, seed=k) for k in range(4)))
    x = np.random.default_rng(0).normal(size=(1, 3, 6, 7)).astype(np.float32)
    trace = net.trace(x)
    flat = {name: trace[name].ravel() for name in net}
    flat["3"] = trace["3"].transpose(0, 1, 3, 2).ravel()
    notes = {row.name: str(row.notes[0]) for row in cp.check(net, x, flat).rows}
    assert notes["0"] == notes["2"] == "read as N, C, H, W"
    assert notes["3"] == "read as N, C, W, H, unlike the others: a layer that takes it for N, C, H, W is wrong"
