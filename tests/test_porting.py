"""docs/porting.md, word by word: its commands run in an empty folder with its files and a C compiler, and print what stands there."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.stories.transcripts import commands, matches, run

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PROGRAM = DOCS / "porting.md", DOCS / "porting" / "net.c"
BLOCK = re.compile(r"^```(shell|python|c)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="2026-11: there is no C compiler")


def blocks(kind):
    return [block for found, block in BLOCK.findall(PAGE.read_text("utf-8")) if found == kind]


def execute(command, folder):
    """What a command of the page prints: one of convproof in this process, any other in a process of its own."""
    if command.startswith("convproof "):
        return run(command)
    found = subprocess.run(shlex.split(command), cwd=folder, capture_output=True, text=True, check=False)
    assert found.returncode == 0, f"{command}\n{found.stdout}{found.stderr}"
    return found.stdout + found.stderr


@needs_compiler
def test_the_page_word_by_word(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROGRAM, tmp_path)
    for code in blocks("python"):
        Path(code.partition("\n")[0].removeprefix("# ")).write_text(code, "utf-8")
    fresh, differences = "", []
    for part in re.split(r"^(```shell\n.*?^```$)", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL):
        if part.startswith("```shell"):
            lines = [(line, execute(line.command, tmp_path)) for line in commands(part.removesuffix("```"))]
            differences += [f"$ {line.command}\n{found}" for line, found in lines if not matches(line.expected or "\n", found or "\n")]
            part = "```shell\n" + "".join(f"$ {line.command}\n{found}" for line, found in lines) + "```"
        fresh += part
    if os.environ.get("CONVPROOF_STORIES") == "write":
        PAGE.write_text(fresh, "utf-8")
    assert not differences, "\n".join(differences)


def test_the_function_on_the_page_is_the_one_in_the_program():
    function, *_ = (block for block in blocks("c") if block.startswith("static int dump"))
    assert function in PROGRAM.read_text("utf-8")
    assert function.count("\n") == 11


@pytest.fixture
def port(tmp_path, monkeypatch):
    """A folder with the page's network, golden vectors and program; compiles, runs and checks it with given options."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROGRAM, tmp_path)
    (tmp_path / "net.py").write_text(blocks("python")[0], "utf-8")

    def built(golden, *defines, optimise="-O2"):
        shutil.rmtree(tmp_path / "golden", ignore_errors=True)
        shutil.rmtree(tmp_path / "dumps", ignore_errors=True)
        run(f"convproof golden net.py:make --shape 1,3,10,6 -o golden --as c {golden}")
        shutil.copytree(tmp_path / "golden", tmp_path / "dumps")
        flags = ["-std=c99", optimise, "-Wall", "-Wextra", "-Werror", "-pedantic", *defines, "-Igolden"]
        subprocess.run(["cc", *flags, "-o", "net", "net.c", "golden/golden.c", "-lm"], check=True, cwd=tmp_path)
        subprocess.run(["./net"], check=True, cwd=tmp_path)
        import convproof as cp

        return cp.check(cp.load("net.py:make"), claimed="dumps")

    return built


@needs_compiler
@pytest.mark.parametrize("optimise", ["-O0", "-O3"])
def test_a_right_port_is_right(optimise, port):
    report = port("", optimise=optimise)
    assert {report[name].verdict for name in ("conv1", "bn1", "relu", "pool")} <= {"identical", "rounding"}
    assert report.ok


@needs_compiler
def test_a_right_port_with_batchnorm_folded_is_right(port):
    report = port("--fold", "-DFOLDED")
    assert report.ok
    assert report.covered == ("conv1", "bn1", "relu", "pool")


@needs_compiler
@pytest.mark.parametrize(("mistake", "layer", "right", "inherited"), [(1, "conv1", (), 3), (2, "bn1", ("conv1",), 2)])
def test_one_wrong_line_is_found_where_it_is(mistake, layer, right, inherited, port):
    report = port("", f"-DMISTAKE={mistake}")
    assert not report.ok
    assert report.first_wrong == layer
    assert report[layer].born
    assert all(report[name].verdict in ("identical", "rounding") for name in right)
    assert sum(row.inherited is True for row in report.rows) == inherited


@needs_compiler
def test_a_wrong_padding_is_wrong_at_the_border_alone(port):
    shares = port("", "-DMISTAKE=1")["conv1"].shares
    assert (shares[:, :, 1:-1, 1:-1] <= 1).all()
    assert (shares[:, :, 0] > 1).any()
