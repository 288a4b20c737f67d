"""A check as HTML: escaped and balanced, legible on any ground, and a heat-map on which one wrong cell is seen."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import convproof as cp
from convproof.core.languages import speaking
from convproof.core.sentence import say
from convproof.show.check_html import COLOURS, page
from convproof.show.heatmap import BLOCKS, THIN, TILES, coloured, heat_map, leading, legend, pooled
from tests.show.test_check import RIGHT, report, row, worst, wrong

VOID = ("br", "img", "meta", "wbr")


class Page(HTMLParser):
    """Every tag that is opened is closed, in order; what is shown, and the pictures."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.shown, self.pictures = [], set(), [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "img":
            self.pictures.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.shown.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.shown).split())


def pixels(picture):
    data = base64.b64decode(picture["src"].removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")).astype(int)


def reddish(image):
    return (image[..., 0] > image[..., 2] + 60) & (image[..., 3] == 255)


def test_a_page_needs_nothing_else():
    html = page(report(RIGHT, wrong("bn1"), unclaimed=("fc",)), ["model: net.onnx", "input: x.npy"])
    seen = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    assert not {"script", "link", "iframe"} & seen.tags
    assert not re.search(r"https?:|@import|url\(|\bon\w+=", html)
    assert "prefers-color-scheme: dark" in html
    for text in ("model: net.onnx", "input: x.npy", "wrong, born here", "bn1 is wrong by itself.", "0.07431", "2 of 3 layers were judged"):
        assert text in seen.text


def test_every_word_is_escaped():
    name = "<script>alert('&')</script>"
    found = report(wrong(name, whose=name, described=name, notes=(say("read from {name}", name=name),)), row("b"), judged=name)
    for html in (page(found, [name]), found._repr_html_()):
        seen = Page(html)
        assert "script" not in seen.tags
        assert seen.text.count(name) >= 4


def test_a_notebook_shows_the_same():
    found = cp.check(cp.load("walkthrough"), np.ones((1, 3, 5, 5)), claimed={"conv1": np.full((1, 1, 3, 3), 28)})
    seen = Page(found._repr_html_())
    assert "identical" in seen.text
    assert "All is right" in seen.text
    assert Page(report()._repr_html_()).text.startswith("nothing judged")


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("verdict", COLOURS)
def test_a_verdict_is_legible(verdict):
    """The contrast of WCAG 2: 4.5 for text; the badge brings its own ground, so that the page's does not matter."""
    light, dark = sorted(map(luminance, COLOURS[verdict]), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_labels_of_the_legend_are_legible():
    """The contrast that is there to be had between black or white and any colour is at least 4.5."""
    swatches = re.findall(r"background:rgb\((\d+),(\d+),(\d+)\);color:(#\w+)", legend())
    assert len(swatches) == 9
    for r, g, b, ink in swatches:
        light, dark = sorted((luminance(f"#{int(r):02x}{int(g):02x}{int(b):02x}"), luminance(f"#{ink[1:] * 2}")), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (r, g, b)


def test_a_thin_tile_is_higher_than_its_ring_and_every_tile_has_an_outline():
    shares = np.zeros((5, 85), np.float32)
    shares[2, 40] = 9
    style = Page(heat_map(shares, (2, 40))).pictures[0]["style"]
    width, height = (float(number) for number in re.findall(r"(\d+)px", style)[:2])
    assert (width, height) == (288, THIN)
    assert THIN > 2 * 22, "the ring with its borders"
    assert "outline:1px solid" in style


def test_a_reader_who_does_not_see_it():
    shares = np.zeros((1, 2, 4, 5), np.float32)
    shares[0, 0, 0, 0] = 9
    html = page(report(RIGHT, wrong("bn1", worst=worst(cell=(0, 0, 0, 0)), shares=shares)), ["model: net.onnx"])
    assert [picture["alt"] for picture in Page(html).pictures] == [
        "bn1, image 0, channel 0: largest distance 9 times what rounding can do",
        "bn1, image 0, channel 1: largest distance 0 times what rounding can do",
    ]
    assert html.count('<th scope="col"') == 8
    assert html.count('<th scope="row"') == 2
    assert "<caption>" in html
    assert "<title>check: wrong; model: net.onnx</title>" in html


def test_long_names_break_and_wide_tables_scroll():
    html = page(report(row("model.backbone/conv_1")))
    assert "<code>model.<wbr>backbone/<wbr>conv_<wbr>1</code>" in html
    assert '<div class="wide" tabindex="0"><table>' in html
    assert ".convproof-check .wide { overflow-x: auto" in html


def test_chinese_sentences_have_no_space_between_them():
    with speaking("zh"):
        told = Page(page(report(wrong("bn1")))).text
    assert "bn1 本身有错。bn1[0, 2, 3, 4] 处是" in told


@pytest.mark.parametrize("size", [(56, 41), (224, 300)])
def test_three_wrong_cells_in_a_corner_are_seen(size):
    shares = np.full((2, 3, *size), 0.3, np.float32)
    shares[1, 2, -1, -3:] = 1.5, 40, 1e9
    seen = Page(heat_map(shares, (1, 2, size[0] - 1, size[1] - 1)))
    first, *others = map(pixels, seen.pictures)
    assert max(first.shape[:2]) <= BLOCKS
    assert reddish(first)[-1, -1]
    assert 1 <= np.count_nonzero(reddish(first)) <= 3
    assert not any(reddish(other).any() for other in others)
    assert len(others) == 5
    width, height = (float(number) for number in re.findall(r"(\d+)px", seen.pictures[0]["style"])[:2])
    assert min(width / first.shape[1], height / first.shape[0]) >= 2, "a block has at least two pixels on the screen"
    assert "[1, 2]: up to >1e6" in seen.text


def test_the_ring_stands_at_the_worst_cell():
    shares = np.zeros((1, 2, 4, 5), np.float32)
    shares[0, 1, 3, 1] = 7
    assert "top:calc(87.50% - 11px);left:calc(30.00% - 11px)" in heat_map(shares, (0, 1, 3, 1))
    row = np.zeros((2, 10), np.float32)
    row[1, 6] = 7  # folded into 4 columns: row 1, column 2
    assert "top:calc(50.00% - 11px);left:calc(62.50% - 11px)" in heat_map(row, (1, 6))


def test_colours_follow_the_logarithm_and_break_at_the_line():
    shares = np.array([[0, 1e-3, 0.01, 0.1, 1, 1.0001, 10, 100, 1e4, np.inf, np.nan]], np.float32)
    image = coloured(shares).astype(int)[0]
    assert (image[0] == image[1]).all()
    assert (np.diff(image[1:5, 0]) < 0).all(), "paler to blue"
    assert list(reddish(image)) == [False] * 5 + [True] * 5 + [False]
    brightness = image[5:10, :3].sum(1)
    assert (np.diff(brightness) < 0).all(), "darker with the distance"
    assert list(image[:, 3]) == [255] * 10 + [0]


def test_a_block_shows_its_largest_share():
    shares = np.random.default_rng(0).random((200, 97)).astype(np.float32)
    found = pooled(shares)
    assert found.shape == (67, 49)
    for i, j in np.ndindex(found.shape):
        assert found[i, j] == shares[3 * i : 3 * i + 3, 2 * j : 2 * j + 2].max()


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((7,), 0), ((2, 1000), 1), ((30, 40), 0), ((2, 3, 5, 7), 2), ((2, 30, 1, 1), 1), ((2, 5, 7), 1), ((2, 3, 4, 5, 6), 3)],
)
def test_every_shape_has_tiles(shape, axes):
    assert leading(shape) == axes
    shares = np.zeros(shape, np.float32)
    cell = tuple(size - 1 for size in shape)
    shares[cell] = 3
    pictures = Page(heat_map(shares, cell)).pictures
    assert len(pictures) == min(TILES, max(1, int(np.prod(shape[:axes]))))
    assert [reddish(pixels(p)).sum() for p in pictures] == [1] + [0] * (len(pictures) - 1)


def test_of_many_channels_the_worst_are_shown():
    shares = np.zeros((1, 40, 3, 4), np.float32)
    shares[0, 39] = 9
    shares[0, ::3, 1, 1] = 0.5
    seen = Page(heat_map(shares, (0, 39, 0, 0), "conv1"))
    titles = [picture["title"] for picture in seen.pictures]
    assert titles[0] == "conv1, image 0, channel 39: largest distance 9 times what rounding can do"
    assert [title for title in titles if " 0.5 " in title] == [
        f"conv1, image 0, channel {c}: largest distance 0.5 times what rounding can do" for c in range(0, 39, 3)
    ]
    assert "[0, 39]: up to 9 [0, 0]: up to 0.5 [0, 1]: up to 0" in seen.text
    assert "24 more, none of them worse" in seen.text


def test_the_heat_map_is_that_of_the_worst_row():
    shares = np.zeros((1, 2, 4, 5), np.float32)
    shares[0, 0, 0, 0] = 9
    found = report(RIGHT, wrong("bn1", worst=worst(cell=(0, 0, 0, 0)), shares=shares))
    assert "bn1 (1, 2, 4, 5), every cell's distance" in Page(page(found)).text
    assert "every cell's distance" not in Page(page(report(RIGHT))).text
    assert heat_map(np.zeros((0, 3), np.float32), (0, 0)) == heat_map(np.array(1, np.float32), ()) == ""
