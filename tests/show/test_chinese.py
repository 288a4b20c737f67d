"""Derivations, traces, summaries and errors in Chinese: translated when they are shown, aligned by the width of the characters."""

import re

import numpy as np
import pytest
from rich.cells import cell_len

import convproof as cp
from convproof.core.languages import speaking
from convproof.show.width import fits, ljust, rjust, width


@pytest.fixture
def trace():
    return cp.load("walkthrough").trace(np.random.default_rng(0).standard_normal((2, 3, 20, 21)).astype(np.float32))


def test_a_derivation_in_the_language_asked_for(trace):
    derivation = trace.why("conv1", (1, 0, 2, 3))
    english, chinese = derivation.text(), derivation.text(lang="zh")
    assert "channel 0" in english
    assert "通道 0" in chinese
    assert "精确值：" in chinese
    assert "channel 0" not in chinese
    assert str(derivation) == english
    with speaking("zh"):
        assert str(derivation) == chinese
        assert derivation.to_dict()["tree"]["parts"][0]["name"] == "channel 0"
    assert r"\text{通道 0}" in derivation.latex(lang="zh")


def test_wide_names_line_up(trace):
    rows = trace.why("conv1", (1, 0, 2, 3)).text(lang="zh").split("\n\n")[1].split("\n")
    assert len({cell_len(re.split(r" [=+] ", row)[0]) for row in rows}) == 1


def test_no_row_is_wider_in_chinese_than_the_page(trace):
    rows = trace.why("bn1", (1, 0, 2, 3)).text(lang="zh").split("\n")
    assert max(map(cell_len, rows[3:-2])) <= 132, "120 columns, and the note behind the last value"


def test_folded_terms_and_notes(trace):
    d = trace.why("bn1", (1, 0, 2, 3))
    assert "more terms, together" in d.text()
    assert re.search(r"另有 \d+ 项，合计", d.text(lang="zh"))
    assert r"\text{另有 " in d.latex(lang="zh")
    assert "除以 n = 684，而不是 n - 1 = 683" in d.text(lang="zh")


def test_a_trace_and_a_summary(trace):
    assert "最小 " in trace.text(lang="zh")
    assert "  输出\n" in trace.text(lang="zh")
    assert "min " in trace.text()
    summary = cp.load("walkthrough").summary((2, 3, 20, 21))
    assert "感受野" in summary.text(lang="zh")
    assert "receptive field" in str(summary)
    with speaking("zh"):
        assert "感受野" in summary._repr_html_()
        assert "除以" in trace._repr_html_() or "最小" in trace._repr_html_()


def test_an_image_and_its_pixel():
    x = cp.to_batch([np.full((4, 5, 3), 7, np.uint8)])
    d = cp.load("walkthrough").trace(x).why("input", (0, 1, 2, 3))
    assert "除以 255，以 float32 计算" in d.text(lang="zh")
    assert d.to_dict()["described"] == "divided by 255, in float32"
    assert d.text(lang="zh").count("从 0 数起") == 1


def test_an_error_keeps_its_fields_and_is_told_in_either_language():
    with pytest.raises(cp.ShapeError) as caught:
        cp.Conv2d(3, 1, 3)(np.zeros((1, 5, 5, 3), np.float32))
    assert "It looks like channels last" in str(caught.value)
    assert caught.value.text("zh").endswith("看起来通道在最后：试试 x.transpose(0, 3, 1, 2)")
    with speaking("zh"):
        assert str(caught.value) == caught.value.text("zh")
    assert caught.value.sentence.fields["shape"] == (1, 5, 5, 3)


def test_counts_in_errors():
    with pytest.raises(cp.ShapeError, match=r"takes 1 input \(x\), got 2"):
        cp.ReLU()(1.0, 2.0)
    with pytest.raises(cp.CellError, match=r"a cell has 1 index, counted from 0"):
        cp.ReLU().why([1.0, 2.0], at=(0, 0))


def test_compare_in_chinese(trace):
    d = cp.Conv2d(1, 1, 1).initialise("constant", weight=2, bias=3).why(np.float32([[[[5]]]]), at=(0, 0, 0, 0))
    assert str(d.compare(13)) == "13 is right"
    assert d.compare(13).text("zh") == "13 是对的"
    assert d.compare(10).text("zh") == "10 不等于 13：漏掉了 bias[0] = 3"


def test_widths():
    assert [width(t) for t in ("", "abc", "≈ 2²", "通道 0")] == [0, 3, 4, 6]
    assert ljust("通道", 6) == "通道  "
    assert rjust("通道", 6) == "  通道"
    assert [fits(t, 3) for t in ("abcd", "ab", "通道", "a通")] == [3, 2, 1, 2]
