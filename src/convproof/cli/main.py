"""``convproof``: the group of commands, and what becomes of errors.

Exit codes: 0 fine, 1 something is wrong with the numbers, 2 the command or its input is at fault, 3 an error of convproof itself.
"""

import io
import sys
import warnings
from typing import Any

import rich_click as click
from click.exceptions import Exit

from convproof.cli.check import check
from convproof.cli.golden import golden
from convproof.cli.languages import asked_for, click_speaking, dressed
from convproof.cli.run import run
from convproof.cli.summary import summary
from convproof.cli.tour import tour
from convproof.cli.weights import weights
from convproof.cli.why import why
from convproof.core.errors import ConvproofError, NotFiniteWarning
from convproof.core.languages import speaking
from convproof.core.sentence import say

click.rich_click.TEXT_PARAGRAPH_LINEBREAKS = "\n\n"
REPORT = "https://github.com/convproof/convproof/issues"


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="convproof", message="%(prog)s %(version)s")
@click.option("--lang", metavar="LANGUAGE", expose_value=False, help="The language of all texts: en or zh.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context) -> None:
    """See, set and prove every number in a convolutional network.

    Without a command: a tour of one screen.

    \b
    convproof                       the tour
    convproof why                   one number by hand: 72 + 18 + 18 + 1 = 109
    convproof run                   every stage of the walkthrough's network
    convproof check                 one number proved wrong: 3.2402 where 3.3070 is right
    convproof run walkthrough photo.png
    """
    if context.invoked_subcommand is None:
        click.echo(tour())


for command in (run, why, check, golden, weights, summary):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit with its code."""
    _speak_utf8()
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    with speaking(asked_for(given)), click_speaking(), warnings.catch_warnings():
        warnings.simplefilter("error", NotFiniteWarning)
        sys.exit(_run([word for word in given if word != "--debug"], debug))


def _run(arguments: list[str], debug: bool) -> int:
    try:
        code: Any = dressed(cli).main(arguments, prog_name="convproof", standalone_mode=False)
    except Exit as stop:
        return int(stop.exit_code)
    except click.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except (ConvproofError, NotFiniteWarning) as error:
        if debug:
            raise
        click.echo(f"convproof: {error}", err=True)
        return 2
    except BrokenPipeError:
        sys.stdout = None
        return 0
    except Exception as error:
        if debug:
            raise
        failed = say("convproof itself failed: {kind}: {text}", kind=type(error).__name__, text=str(error))
        report = say("Please report it at {address}, with the command and what it prints with --debug.", address=REPORT)
        click.echo(f"{failed}\n{report}", err=True)
        return 3
    return code if isinstance(code, int) else 0


def _speak_utf8() -> None:
    """Consoles with a narrow encoding get question marks, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
