"""Run the command line in this process."""

from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO

from convproof.cli.main import main


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


def invoke(*arguments: str) -> Result:
    """What ``convproof arguments`` prints, and its exit code."""
    out, err, code = StringIO(), StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(list(arguments))
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Result(code, out.getvalue(), err.getvalue())
