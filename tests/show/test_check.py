"""A check as text: numbers told apart, names cut, what is wrong on top, and a sentence for each thing that may be found."""

import numpy as np
import pytest
from rich.cells import cell_len

from convproof.checking.report import Report, Row, Worst
from convproof.core.sentence import plural, say
from convproof.show.check import ordered, sequence
from convproof.show.check_meaning import complaint, meaning
from convproof.show.check_table import broken, middle, shortened
from convproof.show.check_words import explaining, numbers, pair, share

JUDGED = say("your numbers, judged by the exact values of {network}", network="net.onnx")


def worst(claimed=1.5, exact=1.25, proof=0.125, usual=0.0625, cell=(0, 2, 3, 4), gap=None, ulps=7.0):
    return Worst(cell, claimed, exact, abs(claimed - exact) if gap is None else gap, proof, usual, ulps)


def row(name, verdict="rounding", **more):
    settings = {"described": "ReLU()", "segment": (name,), "worst": worst(), "cells": 60, "resolution": "float32", "whose": "yours"}
    return Row(name, **({"kind": "output"} | settings | {"verdict": verdict} | more))


def wrong(name, **more):
    return row(name, "wrong", **({"born": True, "usual": False, "beyond": 3} | more))


def report(*rows, **more):
    return Report(rows, **({"judged": JUDGED} | more))


def said(*rows, **more):
    return [sentence.text("en") for sentence in meaning(report(*rows, **more))]


RIGHT = row("conv1", worst=worst(0.07431, 0.0743, 4e-4, 2e-4, (0, 0), ulps=1342.2))


@pytest.mark.parametrize(
    ("claimed", "exact", "texts"),
    [
        (3.240192, 3.307007, ("3.2402", "3.3070")),
        (0.07431, 0.07430, ("0.07431", "0.07430")),
        (1.0, 1.0, ("1.0000", "1.0000")),
        (float("nan"), 0.15841, ("nan", "0.1584")),
        (float("-inf"), 2.0, ("-inf", "2.0000")),
        (-2.8e-6, 1e-8, ("-2.80e-06", "1.00e-08")),
        (-0.0, 1e-9, ("0.00e+00", "1.00e-09")),
        (-1e-5, 0.5, ("0.0000", "0.5000")),
        (1e7, 1e7 + 1, ("1.0000000e+07", "1.0000001e+07")),
    ],
)
def test_two_numbers_have_as_many_digits_as_tell_them_apart(claimed, exact, texts):
    assert pair(claimed, exact) == texts


def test_neighbours_in_float32_and_in_float64_are_told_apart():
    rng = np.random.default_rng(0)
    values = (rng.standard_normal(200) * 10.0 ** rng.integers(-30, 30, 200)).astype(np.float32)
    for value in values:
        for one, other in ((value, np.nextafter(value, np.float32(0))), (np.float64(value), np.nextafter(np.float64(value), 0.0))):
            a, b = pair(float(one), float(other))
            assert a != b
            assert float(a) == pytest.approx(float(one), rel=1e-3)


def test_what_is_identical_is_shown_so():
    assert numbers(row("a", "identical", worst=worst(0.131764710, 0.131764709))) == ("0.1318", "0.1318")
    assert numbers(row("a", worst=None)) == ("-", "-")


def test_a_share_is_short():
    shown = {
        0.0: "0",
        1e-9: "<0.001",
        0.0123: "0.012",
        1.0: "1",
        6020.3: "6020",
        21623.2: "21600",
        1.26: "1.3",
        2e6: ">1e6",
        float("inf"): ">1e6",
        float("nan"): "-",
    }
    assert {value: share(value) for value in shown} == shown


def test_the_whole_text_of_what_is_wrong():
    rows = [
        RIGHT,
        wrong("bn1", worst=worst(3.2402, 3.307, 1.1e-5, 3.1e-6, (0, 0, 4, 1), ulps=280243.0), beyond=45),
        row("relu1", "wrong", inherited=True, worst=worst(3.2402, 3.307, 1.5e-5, 4e-6, (0, 0, 4, 1), ulps=280243.0)),
        wrong("fc", segment=("pool", "flatten", "fc"), worst=worst(float("nan"), 0.5, gap=float("inf"), cell=(0, 7), ulps=float("nan"))),
    ]
    assert (
        report(*rows, unclaimed=("pool", "flatten", "softmax"), command="convproof why net.onnx x.npy").text("en")
        == """\
your numbers, judged by the exact values of net.onnx

layer  verdict           worst cell  claimed    exact  of proof  of usual     ULP
─────────────────────────────────────────────────────────────────────────────────
bn1    wrong, born here  0,0,4,1      3.2402   3.3070      6070     21500  280000
conv1  rounding          0,0         0.07431  0.07430     0.025      0.05    1340
relu1  wrong, inherited  0,0,4,1      3.2402   3.3070      4450     16700  280000
fc     wrong, born here  0,7             nan   0.5000      >1e6      >1e6       -

of proof: distance from the exact value / the most that rounding can do; of usual: / what it rarely
exceeds; ULP: in steps of the number format, such as float32
fc: judged as one: pool..fc, 3 layers

bn1 is the first that is wrong by itself.
At bn1[0, 0, 4, 1] stands 3.2402, where 3.3070 is right: rounding, in whatever order sums are taken,
can do at most 1.1e-05, and this is 6070 times as far off.
45 of its 60 numbers are farther off than rounding can do.
It makes wrong, though they compute right from what they get: relu1.
Wrong by themselves too: fc.
How the right number comes about:
  convproof why net.onnx x.npy --at bn1:0,0,4,1 --mine 3.2402
6 of 7 layers were judged; not: softmax."""
    )


def test_what_was_found_chooses_the_sentence():
    assert said()[0] == "nothing was judged: no array of the network was claimed"
    assert said(row("a", "identical"))[0] == "All is right: every number is the exact one, rounded as it was written down."
    assert said(row("a"))[0].startswith("All is right to within rounding: no number is farther off")
    assert "Constant data" in said(row("a"), row("b", usual=False))[1]
    typical = said(row("a"), row("b", proved=False))
    assert typical[1] == "For b that is no proof, since several layers lie before it."
    half = (say("rounded to {format}", format="float16"),)
    shorter = said(row("a"), *(row(name, "precision", precision="half", notes=half) for name in "bc"))
    assert shorter[0].startswith("Nothing is proved wrong. What is more than rounding")
    assert shorter[1] == "b, c: rounded to float16."
    open_one = row("b", "undecided", notes=(say("{n} layers lie between claimed arrays", n=9),))
    undecided = said(row("a"), open_one, settles=("relu4", "relu8", "relu2"))
    assert undecided[0].endswith("not proved right either: b (9 layers lie between claimed arrays).")
    assert undecided[1] == "Dump relu4, relu8 and relu2 to settle it, and check again."
    assert said(wrong("a"), row("b", "undecided"))[0] == "a is wrong by itself."


def test_what_is_said_of_the_worst_cell():
    assert "no rounding happens there" in said(wrong("relu", worst=worst(proof=0.0, usual=0.0)))[1]
    assert said(wrong("a", worst=worst(float("nan"))))[1] == "At a[0, 2, 3, 4] stands nan, where 1.2500 is right."
    assert "2 times as far off" in said(wrong("a"))[1]
    weight = said(wrong("w", kind="weight", worst=worst(proof=0.0, usual=0.0)))
    assert weight == [
        "w is not the model's: whatever is computed with it follows from that.",
        "At w[0, 2, 3, 4] stands 1.5000, where 1.2500 is right.",
        "3 of its numbers differ.",
    ]
    assert said(wrong("x", kind="input", worst=worst(proof=0.0)))[0].startswith("x is another input than the one that was given")
    assert said(wrong("bn1.running_var", kind="statistic"))[0] == "bn1.running_var is wrong by itself."
    late = said(row("z", "wrong", born=None, inherited=None))
    assert late[0] == "z is wrong."
    assert said(row("z", "wrong", inherited=True))[0] == "z is wrong, but right for what it reads: the mistake came in with it."
    assert said(wrong("c", segment=("a", "b", "c")))[0].endswith("the mistake is made in one of 3 layers, a to c.")


def test_several_were_asked():
    mine, torch = wrong("bn1"), row("bn1", whose="torch")
    outlier = say("{whose} is the outlier at {name}", whose="yours", name="bn1")
    assert "yours is the outlier at bn1" in said(mine, torch, outliers=(outlier,))
    assert any("whether they had this model and this input" in line for line in said(mine, wrong("bn1", whose="torch")))
    gave_none = say("{whose} gave no {name}: {reason}", whose="torch", name="fc", reason=say("no operator"))
    assert said(mine, torch, missing=(gave_none,))[-1] == "torch gave no fc: no operator"
    text = report(RIGHT, mine, row("conv1", whose="torch"), torch, row("fc", whose="torch", notes=(say("read as N, C"),))).text("en")
    assert text.split("\n")[1] == "whose: a yours, b torch"
    body = [line.split()[:3] for line in text.split("\n")[3:10]]
    assert body[0] == ["layer", "whose", "verdict"]
    assert [(name, whose) for name, whose, _ in body[2:]] == [("bn1", "a"), ("conv1", "a"), ("conv1", "b"), ("bn1", "b"), ("fc", "b")]
    assert "fc (torch): read as N, C" in text


def test_the_first_wrong_row_stands_on_top_and_the_rest_in_the_networks_order():
    rows = [row("a"), row("b", "wrong", inherited=True), wrong("c"), row("d", "undecided")]
    assert [one.name for one in ordered(report(*rows))] == ["c", "a", "b", "d"]
    assert [one.name for one in ordered(report(*rows[::3]))] == ["a", "d"]


def test_of_several_rows_of_a_name_the_worst_is_looked_up():
    for rows in (row("bn1"), wrong("bn1", whose="torch")), (wrong("bn1", whose="torch"), row("bn1")):
        assert report(*rows)["bn1"].whose == "torch"


def test_lists_in_one_order_become_one():
    assert sequence([["a", "c", "e"], ["a", "b", "c", "d"], ["e", "f"]]) == ["a", "b", "c", "d", "e", "f"]
    assert sequence([["relu"], ["conv", "relu", "fc"]]) == ["conv", "relu", "fc"]
    assert sequence([]) == []


def test_a_long_name_is_cut_in_the_middle():
    assert middle("layer1.0.conv1", 14) == "layer1.0.conv1"
    cut = middle("/backbone/layer1/layer1.0/conv1/Conv", 20)
    assert len(cut) == 20
    assert cut.startswith("/backbone")
    assert cut.endswith("nv1/Conv")
    assert cell_len(middle("一" * 30, 21)) <= 21


@pytest.mark.parametrize("several", [False, True])
def test_a_table_is_at_most_100_columns_wide(several):
    long = "model.backbone.layer4.1.downsample.conv_with_a_long_name_indeed"
    rows = [row(f"{long}{k}", worst=worst(1.234567, 1.234568, cell=(0, 511, 223, 223))) for k in range(3)]
    rows += [wrong("short", whose="onnxruntime, its optimised graph, float32" if several else "yours")]
    lines = report(*rows).text("en").split("\n")
    table = lines[3 : lines.index("", 3)]
    assert max(map(len, lines)) <= 100
    assert all(any(line.startswith("model.") and f"{k} " in line for line in table) for k in range(3))


STAGES = [f"model.backbone.stage{k}.block.conv.activation_output" for k in range(6)]


def test_names_that_would_be_cut_to_the_same_are_folded():
    assert shortened(["conv1", STAGES[0]], 23) == ["conv1", "model.backb..ion_output"]
    lines = shortened([*STAGES, "conv1", "conv1"], 23)
    assert lines[:2] == [f"model.backbone.stage{k}.\nblock.conv.activation_\noutput" for k in range(2)]
    assert lines[6:] == ["conv1", "conv1"], "one name may have several rows"
    assert broken("a" * 50, 20).split("\n") == ["a" * 20, "a" * 20, "a" * 10]
    table = report(*map(row, STAGES)).text("en").split("\n")
    assert all(any(f"stage{k}" in line for line in table) for k in range(6))


@pytest.mark.parametrize("columns", [40, 55, 60, 72, 80, 100])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_text_is_no_wider_than_the_terminal_or_55_columns(columns, lang, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    rows = [wrong("bn1", worst=worst(3.2402, 3.307, 1.1e-5, 3.1e-6, (0, 0, 4, 1), ulps=280243.0)), row(STAGES[0]), RIGHT]
    lines = report(*rows, command="convproof why net.onnx x.npy").text(lang).split("\n")
    told = [line for line in lines if not line.startswith("  convproof why")]
    assert max(map(cell_len, told)) <= max(columns, 55)
    head = next(lines[k - 1] for k, line in enumerate(lines) if line.startswith("──"))
    assert ("ULP" in head) == (columns >= 72), "the last columns make way first"
    assert any("bn1" in line and "3.2402" in line and "3.3070" in line for line in lines)


def test_what_the_columns_mean_stands_under_the_table():
    lines = report(RIGHT).text("en")
    assert "of usual: / what it rarely\nexceeds; ULP: in steps of the number format" in lines
    assert "more digits" not in lines
    same = row("a", "identical", worst=worst(1.1059, 1.1059, gap=1e-8, ulps=0.4))
    assert "Identical numbers may be a fraction of an ULP off" in report(same).text("en")
    assert "of usual: /" not in report(row("a", "identical", worst=worst(1.0, 1.0, gap=0.0, ulps=0.0))).text("en")


def test_a_note_is_said_once():
    reason = say("{n} layers lie between claimed arrays", n=4)
    text = complaint(report(row("c4", "undecided", notes=(reason, say("read as N, C"))), settles=("c1", "c2")))
    assert text.count("layers lie between") == 1
    assert "\nread as N, C.\n" in text


def test_remarks_of_many_rows_share_a_line():
    rows = [row(f"conv{k}", resolution=say("4 decimals")) for k in range(5)] + [row("fc", resolution="float16")]
    text = report(*rows).text("en")
    assert "conv0, conv1, conv2 and 2 more: resolution: 4 decimals" in text
    assert "fc: resolution: float16" in text
    assert "resolution" not in report(RIGHT).text("en")
    one, two = row("b", segment=("a", "b")), plural("{n} layer", "{n} layers", n=2).text("en")
    assert f"b: judged as one: a..b, {two}" in report(one).text("en")


def test_the_command_that_explains_a_cell():
    asked = report(command="convproof why net.onnx x.npy")
    assert explaining(asked, wrong("a b")) == "convproof why net.onnx x.npy --at 'a b:0,2,3,4' --mine 1.5000"
    assert explaining(asked, wrong("a", worst=worst(float("nan")))) == "convproof why net.onnx x.npy --at a:0,2,3,4"
    assert explaining(asked, wrong("bn1.weight", kind="weight")) == ""
    assert explaining(report(), wrong("bn1")) == "print(net.trace(x).why('bn1', (0, 2, 3, 4)))"
    assert explaining(report(), wrong("ReLU")) == "print(layer.why(x, at=(0, 2, 3, 4)))"


def test_a_name_from_a_file_steers_no_terminal_and_is_no_markup():
    name = "a\x1b[31m\nb[bold]c"
    text = report(wrong(name, notes=(say("read from {name}", name=name),))).text("en")
    assert "a?[31m?b[bold]c" in text
    assert "\x1b" not in text + complaint(report(wrong(name)))


def test_a_failure_that_is_not_wrong_says_why_it_counts():
    found = report(row("b", "precision", notes=(say("products are computed in TF32, of 11 bits"),)))
    with pytest.raises(AssertionError, match="b is precision, which counts as a failure here") as caught:
        found.require("precision")
    assert "TF32" in str(caught.value)
    found.require()
    with pytest.raises(AssertionError, match="nothing was judged"):
        report().require("wrong")
    with pytest.raises(AssertionError, match=r"settle it"):
        report(row("b", "undecided"), settles=("a",)).require()
