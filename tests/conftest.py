"""Every test runs with shapes checked, warnings as errors, English texts and repeatable examples."""

import os

os.environ["CONVPROOF_SHAPES"] = "1"
os.environ["CONVPROOF_LANG"] = "en"
os.environ.setdefault("COLUMNS", "120")

from jaxtyping import install_import_hook

install_import_hook("convproof", "beartype.beartype")

from hypothesis import settings  # noqa: E402  (after the hook, as everything else)

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")
