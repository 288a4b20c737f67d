"""Claimed numbers as they come: dtypes, codes, declared formats, printed digits; an array in Python, a dump and a text go the same way."""

import json
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch

import convproof as cp
from convproof.checking.matching.declared_formats import Formats
from convproof.checking.matching.match import match
from convproof.checking.subject import Subject
from convproof.core.errors import DTypeError
from convproof.core.formats import FLOAT32
from convproof.core.resolution import Decimals
from convproof.formats.dumps.declared import parse_format
from convproof.formats.dumps.dump import Dump, Written
from tests.checking.blocks import BLOCKS, X, notes, only

Q7_8 = Formats.of(parse_format("q7.8"))


def small():
    """Two layers, an input, and the exact arrays of both, in float64."""
    net = cp.Sequential(conv=cp.Conv2d(3, 4, 3, seed=1), relu=cp.ReLU()).eval()
    y = torch.nn.functional.conv2d(*(torch.tensor(a, dtype=torch.float64) for a in (X, net["conv"].weight, net["conv"].bias))).numpy()
    return net, {"conv": y, "relu": np.maximum(y, 0)}


def c_source(arrays):
    kinds = {name: "float" if a.dtype.kind == "f" else f"{a.dtype}_t" for name, a in arrays.items()}
    return "".join(f"{kinds[name]} {name}[] = {{{', '.join(map(str, a.ravel().tolist()))}}};\n" for name, a in arrays.items())


def log(arrays, pattern):
    return "".join(f"{name}:\n{' '.join(pattern % v for v in a.ravel())}\n" for name, a in arrays.items())


def every_way(folder, arrays, pattern):
    """The same arrays as a target may give them, by what they are written in."""
    np.savez(folder / "a.npz", **arrays)
    (folder / "a.c").write_text(c_source(arrays))
    (folder / "a.log").write_text(log(arrays, pattern))
    (folder / "a.json").write_text(json.dumps({name: a.tolist() for name, a in arrays.items()}))
    (folder / "raw").mkdir()
    for name, a in arrays.items():
        a.astype(a.dtype.newbyteorder("<")).tofile(folder / "raw" / f"{name}.bin")
    return {"python": arrays, **{way: folder / way for way in ("a.npz", "a.c", "a.log", "a.json", "raw")}}


def rows_in_every_way(folder, arrays, pattern, format, raw):
    """What a report says of the numbers, however they were given."""
    found = {}
    for way, claimed in every_way(folder, arrays, pattern).items():
        report = cp.check(small()[0], X, claimed, format=format, raw=raw)
        said = [[str(note) for note in row.notes if not str(note).startswith("read as")] for row in report.rows]
        found[way] = [(row.name, row.verdict, str(row.resolution), *notes) for row, notes in zip(report.rows, said, strict=True)]
    return found


@pytest.mark.parametrize("dtype", ["int16", "int32", "int64"])
def test_codes_in_every_way(tmp_path, dtype):
    codes = {name: np.rint(y * 256).astype(dtype) for name, y in small()[1].items()}
    found = rows_in_every_way(tmp_path, codes, "%d", "q7.8", dtype)
    wanted = [(name, "identical", "Q7.8", "whole numbers, read as codes of Q7.8") for name in codes]
    assert all(rows == wanted for rows in found.values()), found


def test_numbers_of_a_grid_in_every_way(tmp_path):
    grid = {name: (np.rint(y * 256) / 256).astype(np.float32) for name, y in small()[1].items()}
    found = rows_in_every_way(tmp_path, grid, "%.4f", "q7.8", "float32")
    wanted = [(name, "identical", "Q7.8", "real numbers, not codes of Q7.8") for name in grid]
    assert all(rows == wanted for rows in found.values()), found


def test_bits_in_every_way(tmp_path):
    bits = {name: y.astype(ml_dtypes.bfloat16).view(np.uint16) for name, y in small()[1].items()}
    found = rows_in_every_way(tmp_path, bits, "%d", "bfloat16", None)
    wanted = [(name, "identical", "bfloat16", "whole numbers, read as the bits of bfloat16") for name in bits]
    assert found.pop("a.log") != wanted  # a text does not say that its numbers have 16 bits
    assert found.pop("a.json") != wanted
    assert found.pop("raw") == [row[:3] for row in wanted]  # raw bytes are read as the declared format stores them
    assert all(rows == wanted for rows in found.values()), found


def test_codes_outside_the_format_in_every_way(tmp_path):
    codes = {name: np.rint(y * 32).astype(np.int16) for name, y in small()[1].items()}
    codes["relu"][0, 1, 2, 3] = 300
    for way, claimed in every_way(tmp_path, codes, "%d").items():
        where = "^relu" if way == "python" else rf"^relu \(.*{way}.*\)"
        with pytest.raises(
            DTypeError, match=f"{where} holds the code 300, but Q0.8 has codes from -256 to 255; look at the declared format"
        ):
            cp.check(small()[0], X, claimed, format="q0.8")


@pytest.mark.parametrize("format", ["float16", "bfloat16", "float32", "decimals:3", "int8:0.05:-3"])
@pytest.mark.parametrize("pattern", ["%.2f", "%.3f", "%.6g"])
def test_what_was_brought_into_a_format_and_printed_is_right(tmp_path, format, pattern):
    """The digits of a text count beside the declared format, and not instead of it, nor it instead of them."""
    net, exact = small()
    brought = {name: parse_format(format).render(y) for name, y in exact.items()}
    (tmp_path / "a.log").write_text(log(brought, pattern))
    report = cp.check(net, X, tmp_path / "a.log", format=format)
    assert {row.verdict for row in report.rows} <= {"identical", "rounding"}
    brought["conv"][0, 3, 2, 1] += 0.5
    (tmp_path / "a.log").write_text(log(brought, pattern))
    report = cp.check(net, X, tmp_path / "a.log", format=format)
    assert report["conv"].verdict == "wrong"
    assert report["conv"].worst.cell == (0, 3, 2, 1)


@pytest.mark.parametrize("named", [True, False])
def test_indices_beside_codes_of_a_declared_format(tmp_path, named):
    """Where a maximum stood is in no format, whatever the dtype of its dump, also where it is found by its values."""
    net = cp.Network({"pool": (cp.MaxPool2d(2, return_indices=True), "input")}, outputs=("pool", ("pool", 1))).eval()
    codes = torch.tensor(np.rint(X * 256))
    y, at = torch.nn.functional.max_pool2d(codes, 2, return_indices=True)
    x = (np.rint(X * 256) / 256).astype(np.float32)
    y, at = y.numpy().astype(np.int16), at.numpy().astype(np.int32)
    names = ("pool", "pool.1") if named else ("one", "two")
    arrays = dict(zip(names, (y, at), strict=True))
    np.savez(tmp_path / "a.npz", **arrays)
    for claimed in (arrays, tmp_path / "a.npz"):
        report = cp.check(net, x, claimed, format="int16:1/256")
        assert [(row.name, row.verdict) for row in report.rows] == [("pool", "identical"), ("pool.1", "identical")]


def test_codes_are_decoded_and_real_numbers_are_not() -> None:
    codes = np.array([[256, -128, 1, 0, 3, 7]], np.int16)
    claim = only(match(BLOCKS, {"fc": codes}, Q7_8))
    assert np.array_equal(claim.array, [[1, -0.5, 2**-8, 0, 3 * 2**-8, 7 * 2**-8]])
    assert notes(claim) == ["whole numbers, read as codes of Q7.8"]
    claim = only(match(BLOCKS, {"fc": codes / 256}, Q7_8))
    assert np.array_equal(claim.array, codes / 256)
    assert notes(claim) == ["real numbers, not codes of Q7.8"]
    claim = only(match(BLOCKS, {"fc": codes.astype(np.float32)}, Q7_8))
    assert np.array_equal(claim.array, codes)
    assert notes(claim)[0].endswith("if they are its codes, write them as integers")
    text = Written(codes.astype(np.float64), Decimals(FLOAT32, 1.0, "whole numbers"))
    assert np.array_equal(only(match(BLOCKS, {"fc": Dump("fc", "f", lambda: text)}, Q7_8)).array, codes / 256)
    assert np.array_equal(only(match(BLOCKS, {"fc": codes})).array, codes)


def test_numbers_of_a_grid_that_were_printed_are_put_back_on_it() -> None:
    codes = np.array([[256, -128, 1, 90, 3, 7]])  # 90 / 256 is 0.35 and a little more
    printed = np.round(codes / 256, 4)  # 0.0039 for 0.00390625
    claim = only(match(BLOCKS, {"fc": Dump("fc", "f", lambda: Written(printed, Decimals(FLOAT32, 1e-4, "4 decimals")))}, Q7_8))
    assert np.array_equal(claim.array, codes / 256)
    coarse = np.round(codes / 256, 1)
    claim = only(match(BLOCKS, {"fc": Dump("fc", "f", lambda: Written(coarse, Decimals(FLOAT32, 0.1, "1 decimal")))}, Q7_8))
    low, high = claim.resolution.reach(claim.array)
    assert (low <= codes / 256 - 2**-9).all()
    assert (high >= codes / 256 + 2**-9).all()


def test_what_the_digits_leave_open_moves_with_the_numbers() -> None:
    own = BLOCKS.trace["layer1.0.conv2"].astype(np.float64)
    step = np.abs(own) / 64
    written = Written(own.transpose(0, 3, 2, 1).ravel(), Decimals(FLOAT32, step.transpose(0, 3, 2, 1).ravel(), "digits"))
    resolution = only(match(BLOCKS, {"conv2": Dump("conv2", "f", lambda: written)})).resolution
    assert isinstance(resolution, Decimals)
    assert np.array_equal(resolution.step, step)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((1, 6), np.complex64), r"fc holds complex numbers \(complex64\)"),
        (np.array([["a"] * 6]), "fc holds <U1; expected numbers"),
        ([[None] * 6], "fc holds object"),
        ([[1, 2, 3], [1, 2]], "fc is not a rectangular array of numbers"),
        (np.zeros(6, "datetime64[s]"), "fc holds datetime64"),
    ],
)
def test_what_is_no_number(array: Any, message: str) -> None:
    with pytest.raises(DTypeError, match=message):
        only(match(BLOCKS, {"fc": array}))


def test_kinds_of_numbers() -> None:
    own = BLOCKS.trace["fc"]
    for value in (torch.tensor(own), own.astype(np.longdouble), own.tolist(), own.astype(">f4"), own.astype(np.float64)):
        claim = only(match(BLOCKS, {"fc": value}))
        assert claim.array.dtype == np.float64
        assert np.array_equal(claim.array, own)
        assert claim.resolution.exact
    assert str(only(match(BLOCKS, {"fc": torch.tensor(own).bfloat16()})).resolution.name) == "bfloat16"
    assert str(only(match(BLOCKS, {"fc": own.astype(np.float16)})).resolution.name) == "float16"
    assert np.array_equal(only(match(BLOCKS, {"fc": own > 0})).array, (own > 0).astype(float))


def test_whole_numbers_of_a_layer_that_gives_indices() -> None:
    network = cp.Network({"pool": (cp.MaxPool2d(2, return_indices=True), "input")}, outputs=("pool", ("pool", 1))).eval()
    subject = Subject.of(network, X)
    own = subject.trace["pool.1"]
    for value in (own, own.astype(np.float32), own.astype(np.int32)):
        claim = only(match(subject, {"pool.1": value}, Q7_8))
        assert claim.array.dtype == np.int64
        assert np.array_equal(claim.array, own)


def test_single_numbers_of_a_log_are_passed_over(tmp_path):
    net = cp.Sequential(conv1=cp.Conv2d(1, 2, 2, seed=0), relu=cp.ReLU())
    x = np.random.default_rng(0).normal(size=(1, 1, 3, 4)).astype(np.float32)
    trace = net.trace(x)
    lines = ["iterations: 100", *(f"{name}: {' '.join(f'{v:.5f}' for v in trace[name].ravel())}" for name in net), "took: 3.5"]
    (tmp_path / "run.log").write_text("\n".join(lines))
    report = cp.check(net, x, tmp_path / "run.log")
    assert report.ok
    assert [str(sentence).split(" ")[0] for sentence in report.missing] == ["iterations"]
