"""``convproof``: the group of commands, and what becomes of errors."""

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
from convproof.core.sentence import Sentence, say

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


def carry_out(arguments: list[str]) -> int:
    """Run a command line; its exit code."""
    debug = "--debug" in arguments
    with speaking(asked_for(arguments)), click_speaking(), warnings.catch_warnings():
        warnings.simplefilter("error", NotFiniteWarning)
        return _run([word for word in arguments if word != "--debug"], debug)


def _run(arguments: list[str], debug: bool) -> int:
    try:
        code: Any = dressed(cli).main(arguments, prog_name="convproof", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk shows here, where there is still somebody to tell
    except Exit as stop:
        return int(stop.exit_code)
    except click.Abort:
        return 130
    except click.ClickException as error:
        return _misused(error)
    except BrokenPipeError:
        sys.stdout = None
        return 0
    except Exception as error:
        if debug:
            raise
        return _failed(error)
    return code if isinstance(code, int) else 0


def _misused(error: click.ClickException) -> int:
    """Say what is wrong with a command line, and where help is."""
    click.echo(f"convproof: {error.format_message()}", err=True)
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(say("Try '{command} {option}' for help.", command=context.command_path, option="--help").text(), err=True)
    return 2


def _failed(error: Exception) -> int:
    """Say what went wrong. What the system refuses is no fault of convproof."""
    if isinstance(error, ConvproofError | NotFiniteWarning):
        click.echo(f"convproof: {error}", err=True)
        return 2
    if isinstance(error, OSError) and error.strerror:
        if error.filename is None:
            sys.stdout = None  # what is left in it cannot be written either
        click.echo(f"convproof: {_refused(error)}", err=True)
        return 2
    failed = say("convproof itself failed: {kind}: {text}", kind=type(error).__name__, text=str(error))
    report = say("Please report it at {address}, with the command and what it prints with --debug.", address=REPORT)
    click.echo(f"{failed}\n{report}", err=True)
    return 3


def _refused(error: OSError) -> Sentence:
    """What the system did not do."""
    if error.filename is None:
        return say("the output cannot be written: {reason}", reason=error.strerror)
    return say("{path} cannot be read or written: {reason}; look at its permissions", path=error.filename, reason=error.strerror)
