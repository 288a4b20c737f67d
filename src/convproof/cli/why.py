"""``convproof why``: one number by hand."""

from typing import TYPE_CHECKING, Any

import rich_click as click

from convproof.cli.cells import parse_address
from convproof.cli.options import Job, emit, find_job, input_options, model_options, patience
from convproof.core.errors import SettingError

if TYPE_CHECKING:
    from convproof.core.derivation import Derivation
    from convproof.core.shapes import Cell
    from convproof.network.trace import Trace


@click.command()
@model_options
@input_options
@click.option("--layer", metavar="NAME", help="The layer; else the last one.")
@click.option("--at", metavar="N,C,H,W", help="The cell, counted from 0: 0,0,2,1 or bn1:0,0,2,1; N may be left out when it is 1.")
@click.option("--max", "largest", is_flag=True, help="Take the layer's largest number.")
@click.option("--mine", metavar="NUMBER", help="Compare with your own number; exit code 1 if it is wrong.")
@click.option("--back", "to_pixel", is_flag=True, help="Go on through the largest term, layer by layer, back to the pixel.")
@click.option("--full", is_flag=True, help="Show every term of long sums.")
@click.option("--latex", is_flag=True, help="Print LaTeX.")
def why(
    as_json: bool,
    layer: str | None,
    at: str | None,
    largest: bool,
    mine: str | None,
    to_pixel: bool,
    full: bool,
    latex: bool,
    **chosen: Any,
) -> int:
    """Show how one number came to be, by hand and exactly.

    Without MODEL: the walkthrough's convolution on image_a, not scaled. Indices count from 0, negative ones from the end.

    \b
    convproof why
    convproof why --at 0,0,1,2 --mine 81
    convproof why walkthrough --at bn1:0,0,2,1
    convproof why walkthrough photo.png --layer relu --max --back
    """
    from convproof.explaining.compare import as_written

    if mine is not None:
        as_written(mine)
    job = find_job("walkthrough-conv", **chosen)
    with patience("running the network"):
        trace = job.network.trace(*job.inputs)
    name, cell = find_cell(trace, layer, at, largest, default=job.files == ("walkthrough-conv",))
    with patience("deriving the cell"):
        found = trace.why(name, cell)
        print_all(job, found, to_pixel, as_json, latex, full)
    if mine is not None:
        verdict = found.compare(mine)
        click.echo(f"\nyour {verdict}", err=as_json)
        return 0 if found.agrees(mine) else 1
    return 0


def find_cell(trace: "Trace", layer: str | None, at: str | None, largest: bool, default: bool) -> "tuple[str, Cell]":
    """The layer's full name and the cell that the options ask for."""
    import numpy as np

    name, cell = parse_address(at, layer, list(trace))
    full = trace.find(name) if name else list(trace)[-1]
    shape = trace[full].shape
    if largest:
        if cell is not None:
            raise click.UsageError("--at and --max both choose a cell: give one of them.")
        return full, tuple(int(i) for i in np.unravel_index(int(np.nanargmax(trace[full])), shape))
    if cell is None and default:
        return full, (0,) * len(shape)
    if cell is None:
        raise SettingError(
            "which cell of {name}? its shape is {shape}: give --at {example}, or --max",
            name=full,
            shape=shape,
            example=f"{full}:{','.join('0' for _ in shape)}",
        )
    return full, cell


def print_all(job: Job, found: "Derivation", to_pixel: bool, as_json: bool, latex: bool, full: bool) -> None:
    """Print a derivation, and with ``to_pixel`` those it stands on."""
    from convproof.explaining.back import back

    chain = list(back(found)) if to_pixel else [found]
    if as_json:
        first, *rest = (d.to_dict(full) for d in chain)
        emit(job.record() | {"derivation": first} | ({"back": rest} if to_pixel else {}))
    elif latex:
        click.echo("\n\n".join(d.latex(full) for d in chain))
    else:
        click.echo(job.heading() + "\n\n" + "\n\n".join(d.text(full=full) for d in chain))
