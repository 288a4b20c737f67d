"""All static checks in one command: ``python checks.py``; the tests are ``python -m pytest``."""

import os
import subprocess
import sys
from pathlib import Path

CHECKS = (
    ["ruff", "format", "--check", "--quiet", "."],
    ["ruff", "check", "--quiet", "."],
    ["mypy"],
    ["lint-imports", "--no-cache"],
)


def main() -> int:
    """Run every check, also after one has failed; the exit code counts the failures."""
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    failed = 0
    for command in CHECKS:
        print("$", " ".join(command), flush=True)  # noqa: T201
        failed += subprocess.run(command, check=False, env=os.environ | {"PATH": tools}).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
