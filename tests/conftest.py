"""Every test runs with shapes checked, warnings as errors, English texts of one width without colours, and repeatable examples."""

import os
import zlib

os.environ["CONVPROOF_SHAPES"] = "1"
os.environ["CONVPROOF_LANG"] = "en"
os.environ["COLUMNS"] = "120"
for name in ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)

from jaxtyping import install_import_hook  # noqa: E402  (after the environment)

install_import_hook("convproof", "beartype.beartype")

import numpy as np  # noqa: E402  (after the hook, as everything else)
import pytest  # noqa: E402
import torch  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def dice_of_the_test(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody gave a seed draws by the test's name: a test that fails once fails again."""
    seeds, new_rng = np.random.SeedSequence(zlib.crc32(request.node.nodeid.encode())), np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed=None: new_rng(seeds.spawn(1)[0] if seed is None else seed))
    torch.default_generator.manual_seed(int(seeds.generate_state(1)[0]))
