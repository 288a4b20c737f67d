"""CONTRIBUTING can be followed word by word: its layer is added to a copy of the project, and the laws and commands take it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def blocks():
    """The Python blocks of CONTRIBUTING: the layer, its line in the catalogue, its samples."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def followed(folder):
    """A copy of the project in which somebody has done what CONTRIBUTING says."""
    shutil.copytree(ROOT / "src" / "convproof", folder / "src" / "convproof", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("laws", "layers", "cli"):
        shutil.copytree(ROOT / "tests" / name, folder / "tests" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "conftest.py", "operators.py", "samples.py", "walkthrough.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests" / name)
    layer, entry, samples = blocks()
    room = folder / "src" / "convproof" / "layers" / "scale"
    room.mkdir()
    (room / "__init__.py").write_text('"""Scaling: every cell times a constant."""\n', encoding="utf-8")
    (room / "layer.py").write_text(layer, encoding="utf-8")
    catalogue = room.parent / "catalogue.pyi"
    lines, last, rest = catalogue.read_text(encoding="utf-8").partition("\n\nLAYERS")
    catalogue.write_text(lines + "\n" + entry.rstrip() + last + rest, encoding="utf-8")
    (folder / "tests" / "layers" / "test_scale.py").write_text(samples, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(folder)])}


def test_the_layer_of_contributing_obeys_every_law_and_every_verb_takes_it(tmp_path):
    environment = followed(tmp_path)
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    command = [sys.executable, "-m", "pytest", *options, "tests/laws", "-k", "Scale and not signature and not known_there"]
    laws = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert laws.returncode == 0, laws.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", laws.stdout)[1]) >= 15, laws.stdout
    (tmp_path / "net.py").write_text("import convproof as cp\ndef make():\n    return cp.Sequential(scale=cp.Scale(3.0), relu=cp.ReLU())\n")
    for arguments, shown in (
        (["run"], "Scale(factor=3.0)"),
        (["summary"], "Scale(factor=3.0)"),
        (["why", "--at", "scale:0,1"], "factor*x[0, 1]"),
    ):
        verb, *options = arguments
        command = [sys.executable, "-m", "convproof", verb, "net.py:make", "--shape", "1,2", *options]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        assert shown in done.stdout
