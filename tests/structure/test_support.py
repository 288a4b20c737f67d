"""The page about what is supported says what is."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tool():
    spec = importlib.util.spec_from_file_location("support", ROOT / "tools/support.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date():
    assert (ROOT / "docs/support.md").read_text(encoding="utf-8") == tool().page(), "run python tools/support.py"
