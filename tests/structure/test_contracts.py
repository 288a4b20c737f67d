"""The import contracts of pyproject.toml hold, and each of them notices what it is there to notice."""

import os
import re
import subprocess
import sys
import tomllib

import pytest

from tests.structure.house import ROOT, Planted

STOREYS = "Each storey of the house stands on the ones below it"
ROOMS = "Rooms import no other room"
FACE = "Nobody inside imports the public face"
NUMBA = "numba only in kernels and in the engine"
TORCH = "torch, onnx and onnxruntime only in formats and witness"
FORMULA = "A formula never imports a kernel"
KERNEL = "A kernel never imports a formula"

FORBIDDEN = [
    ("core/window.py", "from convproof.network.graph import Graph", STOREYS),
    ("core/upward.py", "def later():\n    from convproof.explaining import why", STOREYS),
    ("network/run.py", "from convproof.formats.arrays import read_array", STOREYS),
    ("layers/conv/layer.py", "from convproof.network.network import Network", STOREYS),
    ("explaining/why.py", "from convproof.show import numbers", STOREYS),
    ("show/numbers.py", "import convproof.cli.main", STOREYS),
    ("stranger/rules.py", "NOTHING = None", STOREYS),
    ("layers/conv/layer.py", "from convproof.layers.pool.formula import max_pool", ROOMS),
    ("layers/batchnorm/mistakes.py", "import convproof.layers.linear.layer", ROOMS),
    ("layers/conv/bound.py", "from convproof.layers.catalogue import LAYERS", ROOMS),
    ("cli/run.py", "def later():\n    import convproof\n    return convproof.load", FACE),
    ("show/trace.py", "from convproof import Network", FACE),
    ("explaining/why.py", "import numba", NUMBA),
    ("layers/conv/formula.py", "import numba", NUMBA),
    ("network/network.py", "import torch", TORCH),
    ("layers/linear/layer.py", "from torch import nn", TORCH),
    ("show/numbers.py", "import onnx", TORCH),
    ("formats/load.py", "import onnxruntime", TORCH),
    ("layers/conv/formula.py", "from convproof.layers.conv.kernel import fast", FORMULA),
    ("layers/conv/kernel.py", "from convproof.layers.conv.formula import convolve", KERNEL),
]

ALLOWED = [
    ("layers/conv/kernel.py", "import numba\nfrom convproof.core.window import Window\nfast = None"),
    ("layers/conv/layer.py", "from convproof.layers.conv import kernel"),
    ("engine/threads.py", "import numba"),
    ("formats/modules.py", "def later():\n    import torch"),
    ("formats/graphs.py", "import onnx"),
    ("witness/runtime.py", "import onnxruntime\nimport torch"),
    ("checking/verdicts.py", "from convproof.explaining import why\nfrom convproof.witness import runtime"),
]


def lint(planted: Planted) -> tuple[int, set[str]]:
    """The exit code of import-linter on a copy, and the contracts that it says are broken."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    environment = os.environ | {"PYTHONPATH": str(planted.root / "src"), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=planted.root, env=environment, encoding="utf-8"
    )
    assert "Contracts: " in done.stdout, done.stdout + done.stderr
    return done.returncode, set(re.findall(r"^(.+?) BROKEN", done.stdout, re.MULTILINE))


def test_every_contract_is_tried_here():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    assert {contract["name"] for contract in contracts} == {contract for _, _, contract in FORBIDDEN}


def test_the_house_as_it_stands(tmp_path):
    assert lint(Planted.below(tmp_path)) == (0, set())


@pytest.mark.parametrize(("module", "code", "contract"), FORBIDDEN, ids=lambda value: str(value).replace("\n", " ")[:50])
def test_what_is_forbidden_is_noticed(tmp_path, module, code, contract):
    planted = Planted.below(tmp_path)
    planted.plant("layers/conv/kernel.py", '"""A kernel, so that its contracts have something to look at."""\n\nfast = None')
    planted.plant(module, code)
    returned, broken = lint(planted)
    assert returned == 1
    assert broken == {contract}


def test_what_is_allowed_is_let_through(tmp_path):
    planted = Planted.below(tmp_path)
    for module, code in ALLOWED:
        planted.plant(module, code)
    assert lint(planted) == (0, set())
