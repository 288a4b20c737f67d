"""Networks whose shapes, receptive fields, products and memory are worked out by hand."""

import gc
import weakref

import numpy as np
import pytest

import convproof as cp
from convproof.core.layer import Layer, Step
from convproof.network.run import execute


def test_a_summary():
    net = cp.Sequential(
        conv1=cp.Conv2d(3, 8, 7, stride=2, padding=3),
        pool=cp.MaxPool2d(3, stride=2, padding=1),
        conv2=cp.Conv2d(8, 16, 3, padding=1, dilation=2, groups=4, bias=False),
        flat=cp.Flatten(),
        fc=cp.Linear(16 * 6 * 5, 10),
    )
    summary = net.summary((2, 3, 32, 28))
    assert [row.output_shapes[0] for row in summary.rows] == [(2, 8, 16, 14), (2, 8, 8, 7), (2, 16, 6, 5), (2, 480), (2, 10)]
    assert [row.parameters for row in summary.rows] == [3 * 8 * 49 + 8, 0, 16 * 2 * 9, 0, 4810]
    assert [row.products for row in summary.rows] == [2 * 8 * 16 * 14 * 147, 0, 2 * 16 * 30 * 18, 0, 2 * 4800]
    # 7; 7 + (3 - 1)*2; 11 + (5 - 1)*4
    assert [row.receptive_field for row in summary.rows][:3] == [(7, 7), (11, 11), (27, 27)]
    assert summary.rows[0].bytes == 2 * 8 * 16 * 14 * 4
    assert summary.parameters == sum(array.size for array in net.parameters().values())


def test_a_skip_widens_the_receptive_field_to_the_longer_way():
    net = cp.Network(
        {
            "a": (cp.Conv2d(1, 1, (3, 1), padding=(1, 0)), "input"),
            "b": (cp.Conv2d(1, 1, (1, 5), padding=(0, 2)), "a"),
            "sum": (cp.Add(), "b", "input"),
        }
    )
    assert net.summary((1, 1, 8, 9)).rows[-1].receptive_field == (3, 5)


def test_a_second_output_can_be_a_source():
    pool = cp.MaxPool2d(2, return_indices=True)
    net = cp.Network({"pool": (pool, "input"), "places": (cp.Flatten(), ("pool", 1))}, outputs=["places", "pool"])
    x = np.array([[[[1.0, 9.0], [3.0, 4.0]]]])
    assert [y.tolist() for y in net(x)] == [[[1]], [[[[9.0]]]]]
    trace = net.trace(x)
    assert trace["pool.1"].tolist() == [[[[1]]]]
    assert trace.why("pool", (0, 0, 0, 0), output=1).value == 1


def test_a_shape_error_names_the_layer():
    net = cp.Sequential(first=cp.Conv2d(3, 4, 1), second=cp.Conv2d(5, 4, 1))
    with pytest.raises(cp.ShapeError, match=r"^second: Conv2d\(.*\) expects x of shape \(N, 5, H, W\)"):
        net(np.zeros((1, 3, 2, 2)))
    with pytest.raises(cp.ShapeError, match=r"^second: "):
        net.summary((1, 3, 2, 2))


class Watched(np.ndarray):
    """An array that can be referred to weakly."""


class Watch(Layer):
    """Passes a copy on and remembers it weakly; ``alive`` counts the copies that still exist when a watch runs."""

    seen: list = []  # noqa: RUF012
    alive: list = []  # noqa: RUF012

    def shapes(self, *shapes):
        return shapes

    def step(self, *inputs, training, draw=None, state=None):
        gc.collect()
        self.alive.append(sum(ref() is not None for ref in self.seen))
        y = inputs[0].copy().view(Watched)
        self.seen.append(weakref.ref(y))
        return Step((y,), inputs, training)


def test_a_run_forgets_an_array_after_its_last_reader_unless_it_is_to_keep_it():
    for keep, most in (("outputs", 1), ("arrays", 5)):
        Watch.seen.clear()
        Watch.alive.clear()
        run = execute(cp.Sequential(*[Watch() for _ in range(6)]).graph, [np.zeros(3)], keep=keep)
        assert max(Watch.alive) == most
        assert len(run.outputs) == 1
