"""What somebody else's number says."""

import pytest

import convproof as cp
from tests.walkthrough import X, conv


@pytest.mark.parametrize(
    ("claimed", "verdict"),
    [
        (109, "109 is right"),
        ("109.0", "109.0 is right"),
        (108, "108 is not 109: bias[0] = 1 is missing"),
        (37, "37 is not 109: channel 0 = 72 is missing"),
        (110, "110 is not 109: bias[0] = 1 was added twice"),
        (79, "79 is not 109: x[0, 0, 2, 1] = 30 * weight[0, 0, 2, 1] = 1 is missing"),
        (5000, "5000 is not 109, and no known slip gives it: the difference is 4891"),
    ],
)
def test_sums(claimed, verdict):
    assert str(conv().why(X, at=(0, 0, 0, 0)).compare(claimed)) == verdict


def test_the_half_hour_mistake_is_named():
    d = cp.BatchNorm2d(3).why(X, at=(0, 0, 4, 1))
    assert "bn-bessel-forward" in str(d.compare(3.2402))
    assert not d.agrees(3.2402)
    assert d.agrees("3.3070")
    assert d.agrees(3.3070075)


def test_what_is_no_number_is_told():
    with pytest.raises(cp.SettingError, match="'many' is not a number"):
        conv().why(X, at=(0, 0, 0, 0)).compare("many")
