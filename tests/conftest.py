"""Every test runs with shapes checked, warnings as errors, English texts of one width without colours, and repeatable examples."""

import os

os.environ["CONVPROOF_SHAPES"] = "1"
os.environ["CONVPROOF_LANG"] = "en"
os.environ["COLUMNS"] = "120"
for name in ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)

from jaxtyping import install_import_hook  # noqa: E402  (after the environment)

install_import_hook("convproof", "beartype.beartype")

from hypothesis import settings  # noqa: E402  (after the hook, as everything else)

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")
