"""What is peculiar to resizing."""

import pytest
import torch

import convproof as cp
from tests.operators import assert_case, node_cases
from tests.samples import Sample


def _twins(name, shape, **keywords):
    return Sample(f"Upsample {name}", lambda: cp.Upsample(**keywords), (shape,), lambda: torch.nn.Upsample(**keywords))


def _function(name, make, shape, **keywords):
    return Sample(name, make, (shape,), lambda: lambda x: torch.nn.functional.interpolate(x, **keywords))


SAMPLES = [
    _twins("nearest", (2, 3, 4, 5), scale_factor=2),
    _twins("nearest to a size", (2, 3, 8, 10), size=(4, 5)),
    _twins("nearest of three axes", (1, 2, 2, 3, 4), scale_factor=(1.0, 0.5, 2.0)),
    _twins("nearest-exact", (2, 3, 5), scale_factor=(2.0,), mode="nearest-exact"),
    _twins("area", (2, 2, 6, 8), size=(3, 4), mode="area"),
    _twins("linear", (2, 3, 5), scale_factor=1.75, mode="linear"),
    _twins("bilinear", (2, 1, 4, 3), scale_factor=2, mode="bilinear"),
    _twins("bilinear, smaller", (1, 2, 9, 8), size=(4, 5), mode="bilinear"),
    _twins("bilinear with corners", (2, 1, 5, 4), size=(8, 7), mode="bilinear", align_corners=True),
    _twins("bilinear, scale anew", (1, 2, 3, 4), scale_factor=(2.0, 3.0), mode="bilinear", recompute_scale_factor=True),
    _twins("trilinear", (1, 2, 3, 4, 2), size=(4, 3, 5), mode="trilinear", align_corners=False),
    _twins("bicubic", (1, 2, 5, 4), scale_factor=(2, 1.5), mode="bicubic"),
    _twins("bicubic with corners", (1, 2, 4, 5), size=(7, 3), mode="bicubic", align_corners=True),
    _function(
        "Upsample bilinear antialiased",
        lambda: cp.Upsample((3, 6), mode="bilinear", antialias=True),
        (1, 2, 8, 5),
        size=(3, 6),
        mode="bilinear",
        antialias=True,
    ),
    _function(
        "Upsample bicubic antialiased",
        lambda: cp.Upsample((4, 3), mode="bicubic", antialias=True),
        (1, 2, 9, 7),
        size=(4, 3),
        mode="bicubic",
        antialias=True,
    ),
    Sample("UpsamplingNearest2d", lambda: cp.UpsamplingNearest2d((6, 8)), ((2, 3, 3, 4),), lambda: torch.nn.UpsamplingNearest2d((6, 8))),
    Sample(
        "UpsamplingBilinear2d",
        lambda: cp.UpsamplingBilinear2d(scale_factor=2),
        ((1, 2, 3, 4),),
        lambda: torch.nn.UpsamplingBilinear2d(scale_factor=2),
    ),
    _function("Resize", lambda: cp.Resize((1, 1, 2, 0.5), mode="linear"), (2, 3, 4, 6), scale_factor=(2, 0.5), mode="bilinear"),
    _function(
        "Resize of two axes",
        lambda: cp.Resize(sizes=(7, 3), mode="cubic", axes=(-2, -1), coordinate_transformation_mode="align_corners", cubic_coeff_a=-0.75),
        (1, 2, 4, 5),
        size=(7, 3),
        mode="bicubic",
        align_corners=True,
    ),
    _function(
        "Resize nearest",
        lambda: cp.Resize(sizes=(8, 2), axes=(2, 3), coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
        (2, 3, 4, 4),
        size=(8, 2),
    ),
]


@pytest.mark.parametrize("case", node_cases("Resize", "Upsample"), ids=lambda case: case.name)
def test_onnx_cases(case):
    assert_case(case)
