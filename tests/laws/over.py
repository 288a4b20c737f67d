"""The mark by which a law runs over every sample."""

import pytest

from tests.samples import all_samples

every_sample = pytest.mark.parametrize("sample", all_samples(), ids=lambda sample: sample.name)
