"""Feature maps as pictures: what a tile shows is decoded from the page again."""

import base64
import io
import re

import numpy as np
from PIL import Image

import convproof as cp
from convproof.show.pictures import feature_maps, grey


def tiles(html):
    found = re.findall(r'title="([^"]*)"[^>]*base64,([^"]*)"', html)
    return [(title, np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))) for title, data in found]


def test_grey_levels_by_hand():
    assert grey(np.array([[-1.0, 0.0], [1.0, 3.0]])).tolist() == [[0, 64], [128, 255]]
    assert grey(np.full((2, 3), 7.5)).tolist() == [[128] * 3] * 2
    assert grey(np.array([[np.nan, 1.0], [3.0, np.inf]])).tolist() == [[0, 0], [255, 0]]
    assert grey(np.full((2, 2), np.nan)).tolist() == [[0, 0], [0, 0]]


def test_every_channel_is_a_tile_with_its_range():
    maps = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    found = tiles(feature_maps(maps))
    assert [title for title, _ in found] == [
        "channel 0: 0.0000 to 19.0000",
        "channel 1: 20.0000 to 39.0000",
        "channel 2: 40.0000 to 59.0000",
    ]
    assert all(np.array_equal(pixels, grey(maps[0, 0])) for _, pixels in found)


def test_many_channels_are_counted_and_large_ones_made_smaller():
    html = feature_maps(np.random.default_rng(0).normal(size=(1, 20, 300, 200)))
    assert len(tiles(html)) == 16
    assert "and 4 more" in html
    assert tiles(html)[0][1].shape == (192, 128)
    assert len(tiles(feature_maps(np.zeros((1, 20, 9, 9)), stages=100))) == 8


def test_what_has_no_rows_and_columns_has_no_pictures():
    assert feature_maps(np.zeros((2, 10))) == feature_maps(np.zeros((2, 0, 3, 3))) == feature_maps(np.zeros((2, 3, 1, 9))) == ""


def test_a_trace_shows_the_image_in_colour_and_the_maps_in_grey():
    image = np.random.default_rng(1).integers(0, 256, (6, 7, 3), np.uint8)
    net = cp.Sequential(conv=cp.Conv2d(3, 2, 3, seed=0), flat=cp.Flatten())
    trace = net.trace(cp.to_batch(image))
    shown = tiles(trace._repr_html_())
    assert np.array_equal(shown[0][1], image)
    assert np.array_equal(shown[-1][1], grey(trace["conv"][0, 1]))
    assert len(shown) == 1 + 3 + 3 + 2
