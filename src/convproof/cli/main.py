"""``convproof`` from the outside: arguments in, an exit code out.

Exit codes: 0 fine, 1 something is wrong with the numbers, 2 the command or its input is at fault, 3 an error of convproof itself, 130
interrupted. All else is imported within, so that it may be interrupted too.
"""

import io
import sys


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit with its code."""
    try:
        from convproof.cli.commands import carry_out

        _speak_utf8()
        code = carry_out(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _speak_utf8() -> None:
    """Consoles with a narrow encoding get question marks, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
