"""Settings, errors and sentences of the room, and that looking at one cell takes the memory of one cell."""

import tracemalloc

import numpy as np
import pytest

import convproof as cp
from convproof.core.lines import Lines
from tests.layers.moving import labelled

X = labelled((2, 12, 3, 4))

TOLD = [
    (cp.Unflatten(1, (3, 4)), (1, 2, 3, 0, 1), "[2, 3] is place 11 = 2*4 + 3 of axis 1"),
    (cp.Reshape((-1, 9)), (3, 5), "[3, 5] is place 3*9 + 5, counted row by row; so is [0, 2, 2, 0] of x: ((0*12 + 2)*3 + 2)*4 + 0"),
    (cp.Permute((0, 2, 3, 1)), (1, 2, 3, 5), "the indices of x in another order"),
    (cp.Transpose(1, -1), (1, 2, 0, 5), "indices 1 and 3 exchanged"),
    (cp.PixelShuffle(2), (1, 2, 3, 5), "row 3 = 1*2 + 1, column 5 = 2*2 + 1 of channel 2 is row 1, column 2 of channel 11"),
    (cp.DepthToSpace(2), (1, 2, 3, 5), "row 3 = 1*2 + 1, column 5 = 2*2 + 1 of channel 2 is row 1, column 2 of channel 11"),
    (cp.DepthToSpace(2), (1, 1, 3, 4), "row 3 = 1*2 + 1, column 4 = 2*2 + 0 of channel 1 is row 1, column 2 of channel 7"),
    (cp.ChannelShuffle(3), (0, 7, 1, 2), "channel 7 = 2*3 + 1 is channel 2 of group 1, which is 1*4 + 2 = 6"),
    (cp.Slice((1, -1), (9, 0), (1, 3), (3, -2)), (1, 2, 0, 1), "axis 1: 1 + 2*3 = 7, axis 3: 3 + 1*-2 = 1"),
    (cp.Index((1, slice(2, None, 3), None)), (2, 0, 1, 0), "axis 1: 2 + 2*3 = 8"),
    (cp.Gather([[4, 0], [1, -1]], 1), (1, 1, 1, 2, 3), "index [1, 1] names place 11 of axis 1"),
    (cp.Split((5, 7), 1), (1, 2, 0, 3), "output 0 begins at 0 of axis 1: 0 + 2 = 2"),
    (cp.Expand((3, -1, -1, -1, -1)), (2, 1, 2, 0, 3), "an axis of length 1 serves every index"),
    (cp.Tile((1, 2, 1, 1)), (1, 14, 2, 3), "the indices of y modulo the sizes of x, [2, 12, 3, 4]"),
    (cp.Flip(-1), (1, 2, 0, 3), "indices of axes [3] count from the end"),
    (cp.Roll(1, 1), (1, 0, 2, 3), "moved on, and round from the end to the beginning"),
]


@pytest.mark.parametrize(("layer", "at", "sentence"), TOLD, ids=[repr(layer) for layer, *_ in TOLD])
def test_a_cell_says_where_it_stood(layer, at, sentence):
    d = layer.why(X, at=at)
    assert f"({sentence})" in " ".join(d.text().split())
    assert X[d.tree.parts[0].source.cell] == d.value


def test_a_cell_of_a_later_output_says_where_its_output_begins():
    for layer, at, sentence in [
        (cp.Split((5, 7), 1), (1, 2, 0, 3), "output 1 begins at 5 of axis 1: 5 + 2 = 7"),
        (cp.Unbind(3), (1, 2, 0), "output 1 begins at 1 of axis 3: 1 + 0 = 1"),
        (cp.Chunk(5, 1), (1, 2, 0, 3), "output 1 begins at 3 of axis 1: 3 + 2 = 5"),
    ]:
        assert f"({sentence})" in " ".join(layer.why(X, at=at, output=1).text().split())


EQUATIONS = [
    (cp.Unflatten(1, (3, 4)), "y = x with axis 1 made axes of sizes (3, 4), the last of them running fastest"),
    (cp.Reshape((0, -1)), "y = x, counted row by row, in the shape (0, -1)"),
    (cp.Permute(), "y = x with its axes in reverse order"),
    (cp.Permute((0, 2, -1, 1)), "y[n, h, w, c] = x[n, c, h, w]"),
    (cp.Permute((5, 4, 3, 2, 1, 0)), "y[f, e, d, c, b, a] = x[a, b, c, d, e, f]"),
    (cp.Transpose(0, -1), "y = x with axes 0 and -1 exchanged"),
    (cp.Squeeze(), "y = x without its axes of length 1"),
    (cp.Squeeze(1), "y = x without axis 1, of length 1"),
    (cp.Unsqueeze(1), "y = x with an axis of length 1 put in at 1"),
    (cp.Identity(7, size=8), "y = x"),
    (cp.PixelShuffle(3), "y[n, c, h*3 + i, w*3 + j] = x[n, (c*3 + i)*3 + j, h, w]"),
    (cp.PixelUnshuffle(3), "y[n, (c*3 + i)*3 + j, h, w] = x[n, c, h*3 + i, w*3 + j]"),
    (cp.DepthToSpace(2), "y[n, c, h*2 + i, w*2 + j] = x[n, (i*2 + j)*C + c, h, w]"),
    (cp.SpaceToDepth(2), "y[n, (i*2 + j)*C + c, h, w] = x[n, c, h*2 + i, w*2 + j]"),
    (cp.ChannelShuffle(3), "y[n, i*3 + k] = x[n, k*(C/3) + i]"),
    (cp.Slice((1, 0, -3), (5, -1, 2**63 - 1), steps=(1, 2, 1)), "y = x with axis 0 cut to 1:5, axis 1 cut to :-1:2, axis 2 cut to -3:"),
    (cp.Index((..., 1, None, slice(None, 3), [0, 2])), "y = x[..., 1, None, :3, [0, 2]]"),
    (cp.Gather([1], 2), "y = the cells of x that the indices name along axis 2"),
    (cp.Split(3, 1), "y0, y1, .. = x in parts of 3 along axis 1"),
    (cp.Chunk(3, 1), "y0, y1, .. = x in 3 parts along axis 1"),
    (cp.Unbind(1), "y0, y1, .. = the cells of axis 1 of x, one by one"),
    (cp.Expand((2, -1)), "y = x broadcast to the shape (2, -1)"),
    (cp.Tile((2, 1)), "y = x repeated (2, 1) times along its axes"),
    (cp.Flip((0, 1)), "y = x with axes (0, 1) backwards"),
    (cp.Roll(2), "y = x with its cells, counted row by row, moved on by 2"),
    (cp.Roll((2, 1), (0, 1)), "y = x with its cells moved on by (2, 1) along axes (0, 1)"),
]


@pytest.mark.parametrize(("layer", "sentence"), EQUATIONS, ids=[repr(layer) for layer, _ in EQUATIONS])
def test_the_equation_is_that_of_the_settings(layer, sentence):
    assert str(layer.equation()) == sentence


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: cp.Unflatten(1.5, (2, 3)), "dim=1.5: expected a whole number"),
        (lambda: cp.Unflatten(1, (-1, -1)), r"unflattened_size=\(-1, -1\): expected one size or more, at most one of them -1"),
        (lambda: cp.Unflatten(1, ()), "expected one size or more"),
        (lambda: cp.Unflatten(1, (2, -2)), r"unflattened_size=\(2, -2\): expected whole numbers, none below -1"),
        (lambda: cp.Reshape((-1, 2, -1)), "at most one size can be -1"),
        (lambda: cp.Reshape((2, 1.5)), r"shape=\(2, 1.5\): expected whole numbers"),
        (lambda: cp.Permute((0, 1, -2)), r"dims=\(0, 1, -2\): expected every axis once"),
        (lambda: cp.Transpose(0, "1"), "dim1='1': expected a whole number"),
        (lambda: cp.Squeeze((0, True)), "dim=True: expected a whole number"),
        (lambda: cp.PixelShuffle(0), "upscale_factor=0: expected whole numbers, none below 1"),
        (lambda: cp.PixelUnshuffle((1, 2)), r"downscale_factor=\(1, 2\): expected one whole number"),
        (lambda: cp.DepthToSpace(2, "RDC"), "mode='RDC': expected 'DCR' or 'CRD'"),
        (lambda: cp.ChannelShuffle(1.5), "groups=1.5: expected whole numbers"),
        (lambda: cp.Slice((1, 2), 3), r"starts=\(1, 2\), ends=\(3,\), dims=\(0, 1\), steps=\(1, 1\): expected one of each"),
        (lambda: cp.Slice(1, 2, 0, 0), "no step 0"),
        (lambda: cp.Index((..., 0, ...)), "expected at most one Ellipsis and one list"),
        (lambda: cp.Index(([0], [1])), "expected at most one Ellipsis and one list"),
        (lambda: cp.Index(0.5), "index with 0.5: expected whole numbers, slices, None, Ellipsis or one list"),
        (lambda: cp.Index(slice(0, 4, 0)), "index with a step of 0"),
        (lambda: cp.Gather([0.5]), "indices of dtype float64: expected whole numbers"),
        (lambda: cp.Split(-1), "split_size=-1: expected whole numbers, none below 0"),
        (lambda: cp.Split(()), "expected one size or more"),
        (lambda: cp.Chunk(0), "chunks=0: expected whole numbers, none below 1"),
        (lambda: cp.Expand((2, -2)), "expected whole numbers, none below -1"),
        (lambda: cp.Tile((2, -1)), "expected whole numbers, none below 0"),
        (lambda: cp.Flip("0"), "dims='0': expected whole numbers"),
        (lambda: cp.Roll((1, 2), 0), r"shifts=\(1, 2\), dims=\(0,\): expected one shift for every axis"),
        (lambda: cp.Roll((1, 2)), "expected one shift for every axis"),
    ],
)
def test_settings_that_cannot_be(make, sentence):
    with pytest.raises(cp.SettingError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (cp.Unflatten(1, (5, -1)), "needs an axis 1 that is the product of the sizes; got x of shape"),
        (cp.Unflatten(4, (5, -1)), "names axes, each once, of an array that has 4; got x of shape"),
        (cp.Reshape((7, -1)), "needs an input of as many cells; got x of shape .*, which has 288"),
        (cp.Reshape((-1, 1, 1, 1, 0)), "copies the size of an axis that x lacks"),
        (cp.Permute((0, 1)), "needs an input of 2 axes; got x of shape"),
        (cp.Transpose(0, 4), "names axes, each once, of an array that has 4"),
        (cp.Squeeze(0, strict=True), "leaves out axes of length 1; got x of shape"),
        (cp.Unsqueeze((0, -6)), "names axes, each once, of an array that has 6"),
        (cp.PixelShuffle(5), "needs .* with channels that 25 divides; got x of shape"),
        (cp.PixelUnshuffle(2), "needs .* with H and W that 2 divides; got x of shape"),
        (cp.ChannelShuffle(5), "with at least one axis more and channels that 5 divides; got x of shape"),
        (cp.Index((0,) * 5), "names more axes than x of shape .* has"),
        (cp.Index((0, 12)), "asks for a place that an axis of 12 cells does not have; got x of shape"),
        (cp.Gather([0, -13], 1), "asks for a place that an axis of 12 cells does not have"),
        (cp.Split((5, 6), 1), "needs an axis of 11 cells, which its parts have together; got x of shape"),
        (cp.Split(0, 1), "makes parts without cells; got x of shape"),
        (cp.Expand((2**40, 0, -1, -1, -1, -1)), "would make an axis of .* cells, longer than that of any array"),
        (cp.Tile(2**40), "would make an axis of .* cells, longer than that of any array"),
        (cp.Pad((0, 2**40)), "would make an axis of .* cells, longer than that of any array"),
        (cp.Expand((5, -1, -1, -1)), "needs an input whose axes, from the last one, are of length 1 or fit; got x of shape"),
    ],
    ids=repr,
)
def test_inputs_that_do_not_fit(layer, sentence):
    with pytest.raises(cp.ShapeError, match=sentence):
        layer(X)


def test_depth_and_space_by_hand():
    """ONNX's own example of the two orders, in one column of channels."""
    x = np.arange(8).reshape(1, 8, 1, 1)
    assert cp.DepthToSpace(2)(x)[0].tolist() == [[[0, 2], [4, 6]], [[1, 3], [5, 7]]]
    assert cp.DepthToSpace(2, "CRD")(x)[0].tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
    assert cp.PixelShuffle(2)(x).tolist() == cp.DepthToSpace(2, "CRD")(x).tolist()
    assert cp.ChannelShuffle(2)(x).ravel().tolist() == [0, 4, 1, 5, 2, 6, 3, 7]
    for layer, back in ((cp.PixelShuffle(2), cp.PixelUnshuffle(2)), (cp.DepthToSpace(2), cp.SpaceToDepth(2))):
        assert back(layer(X)).tolist() == X.tolist()


def test_one_cell_takes_the_memory_of_one_cell():
    x = np.ones((1, 16, 300, 300), np.float32)
    wide = x.astype(np.float64)
    for layer, cell in [
        (cp.Permute((0, 2, 3, 1)), (0, 1, 2, 3)),
        (cp.Reshape((300, -1)), (1, 5)),
        (cp.PixelShuffle(2), (0, 1, 2, 3)),
        (cp.Slice(1, 200, 2, 3), (0, 1, 2, 3)),
        (cp.Split(4, 1), (0, 1, 2, 3)),
        (cp.ZeroPad2d(1), (0, 1, 0, 3)),
        (cp.ConstantPad2d(1, 0.1), (0, 1, 0, 3)),
        (cp.ReflectionPad2d(1), (0, 1, 0, 3)),
    ]:

        def look(layer=layer, cell=cell):
            layer.derive(cell, (x,)).text()
            layer.lines(np.array([cell]), (x,), (Lines(wide, wide, wide),))

        look()  # imports and caches
        tracemalloc.start()
        look()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < x.nbytes / 50, (layer, peak)
