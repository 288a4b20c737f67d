"""Exercise sheets: what is given stays, what is to be worked out is left out, and the solution is the real one."""

import re

import convproof as cp
from tests.cli.invoke import invoke
from tests.walkthrough import IMAGE_A, IMAGE_B, network


def test_a_convolution_leaves_out_the_four_sums():
    sheet = invoke("why", "--blank", "--seed", "7").out.partition("SOLUTION")[0]
    assert sheet.count("= ____") == 6  # the cell, three channels, and y in names and numbers
    assert sheet.rstrip().endswith("= ____ + ____ + ____ + (-1) = ____")


def test_the_solution_is_the_derivation():
    out = invoke("why", "--blank", "--seed", "7").out
    sheet, _, solution = out.partition("SOLUTION")
    channels = re.findall(r"= (-?\d+)$", solution, re.M)
    assert [int(n) for n in channels] == [68, 3, -7, 63]
    given = re.findall(r"\d+\*\(?-?\d+\)?", sheet)
    assert len(given) == 27
    products = [int(a) * int(b.strip("()")) for a, b in (term.split("*") for term in given)]
    assert [sum(products[k : k + 9]) for k in (0, 9, 18)] == [68, 3, -7]


def test_every_seed_makes_another_sheet_and_the_same_seed_the_same():
    first, again, other = (invoke("why", "--blank", "--seed", seed).out for seed in ("1", "1", "2"))
    assert first == again != other


def test_a_batchnorm_cell_leaves_out_mean_and_variance():
    derived = network().trace(cp.to_batch([IMAGE_A, IMAGE_B])).why("bn1", (0, 0, 2, 1))
    sheet = derived.exercise()
    assert "0.0672664" not in sheet  # the variance; one of the numbers happens to be the mean itself
    assert "0.259377" not in sheet
    assert "x_hat = (x[0, 0, 2, 1] - mean) / root" in sheet
    assert "= (1.84706 - ____) / ____ = ____" in sheet
    assert "2.04109" not in sheet


def test_a_models_own_cell():
    out = invoke("why", "walkthrough", "--at", "relu:0,0,2,1", "--blank").out
    assert "relu[0, 0, 2, 1] = ____" in out
    assert "2.04109" in out.partition("SOLUTION")[2]
