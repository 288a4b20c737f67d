"""Transcripts in Markdown: ```console blocks in which ``$ command`` is followed by what it prints.

A line ``...`` stands for any lines. ``$ python`` runs in a process of its own. Commands of one file run one after another in one empty
folder, so a later one sees what an earlier one wrote; ```python and ```text blocks with a first line ``# name.py`` or ``# name.txt`` are
files in it. With CONVPROOF_STORIES=write the outputs are written anew.
"""

import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from convproof.cli.main import main

NOT_AT_A_DESK = ("CONVPROOF_SHAPES", "CI", "BUILD_NUMBER")
"""Variables that change what a program prints: pytest writes its summary uncut where CI or BUILD_NUMBER is set."""

BLOCK = re.compile(r"^```(console|python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Line:
    """One command of a transcript and the lines it is said to print."""

    command: str
    expected: str


def commands(block: str) -> list[Line]:
    """The commands of a console block, each with what follows it."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return [Line(command, output) for command, output in zip(parts[::2], parts[1::2], strict=True)]


def run(command: str) -> str:
    """What a convproof command prints on both streams, and its exit code where it is not 0."""
    program, *arguments = shlex.split(command)
    out = StringIO()
    if program == "python":
        code = in_python(arguments, out)
    else:
        assert program == "convproof", command
        code = in_this_process(arguments, out)
    text = "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))
    return text + "\n" + (f"(exit code {code})\n" if code else "")


def in_this_process(arguments: list[str], out: StringIO) -> int:
    """Run a convproof command; its exit code."""
    with redirect_stdout(out), redirect_stderr(out):
        try:
            main(arguments)
        except SystemExit as stop:
            return int(stop.code or 0)
    return 0


def in_python(arguments: list[str], out: StringIO) -> int:
    """Run ``python`` as a user does at a desk, without what these tests or a CI set; its exit code."""
    environment = {key: value for key, value in os.environ.items() if key not in NOT_AT_A_DESK and not key.startswith("PYTEST")}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8", env=environment | {"COLUMNS": "100"})
    out.write(done.stdout + done.stderr)
    return done.returncode


def matches(expected: str, found: str) -> bool:
    """Whether an output is the expected one; ``...`` on a line of its own stands for any lines."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in expected.rstrip("\n").split("\n"))
    return re.fullmatch(pattern, found) is not None


def tell(path: Path, folder: Path) -> list[str]:
    """Run a file's transcripts in ``folder``; the differences found, as texts."""
    os.chdir(folder)
    text, differences = path.read_text(encoding="utf-8"), []
    for kind, block in BLOCK.findall(text):
        if kind != "console":
            first, _, content = block.partition("\n")
            if re.fullmatch(r"# [\w.-]+\.\w+", first):
                Path(first[2:]).write_text(content, encoding="utf-8")
            continue
        fresh = block
        for line in commands(block):
            found = run(line.command)
            if not matches(line.expected, found):
                differences.append(f"$ {line.command}\n--- expected\n{line.expected}--- found\n{found}")
                fresh = fresh.replace(f"$ {line.command}\n{line.expected}", f"$ {line.command}\n{found}")
        if fresh != block and os.environ.get("CONVPROOF_STORIES") == "write":
            path.write_text(path.read_text(encoding="utf-8").replace(block, fresh), encoding="utf-8")
    return differences
