"""``convproof why``: one number by hand."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import rich_click as click

from convproof.cli.cells import parse_address
from convproof.cli.languages import Misuse
from convproof.cli.options import Job, emit, find_job, input_options, model_options, patience
from convproof.core.errors import SettingError
from convproof.core.sentence import say

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
@click.option("--blank", is_flag=True, help="Print an exercise sheet and its solution; --seed makes another one.")
def why(
    as_json: bool,
    layer: str | None,
    at: str | None,
    largest: bool,
    mine: str | None,
    to_pixel: bool,
    full: bool,
    latex: bool,
    blank: bool,
    **chosen: Any,
) -> int:
    """Show how one number came to be, by hand and exactly.

    Without MODEL: the walkthrough's convolution on image_a, not scaled. Indices count from 0, negative ones from the end. --blank leaves
    out what is to be worked out, of the chosen cell or, without MODEL and INPUT, of an exercise with small whole numbers.

    \b
    convproof why
    convproof why --at 0,0,1,2 --mine 81
    convproof why walkthrough --at bn1:0,0,2,1
    convproof why walkthrough photo.png --layer relu --max --back
    convproof why --blank --seed 7
    """
    from convproof.explaining.compare import as_written

    if mine is not None:
        as_written(mine)
    job = find_job("walkthrough-conv", **chosen)
    own = job.files == ("walkthrough-conv",)
    if blank and own:
        job = exercise_job(job, chosen["seed"])
    with patience(say("running the network")):
        trace = job.network.trace(*job.inputs)
    name, cell = find_cell(trace, layer, at, largest, default=own)
    with patience(say("deriving the cell")):
        found = trace.why(name, cell)
        if blank and not (as_json or latex):
            click.echo("\n\n".join([job.heading(), found.exercise(), say("solution").text().upper(), found.text(full=True)]))
        else:
            print_all(job, found, to_pixel, as_json, latex, full)
    if mine is not None:
        verdict = found.compare(mine)
        click.echo("\n" + say("your {verdict}", verdict=verdict).text(), err=as_json)
        return 0 if found.agrees(mine) else 1
    return 0


def exercise_job(job: Job, seed: int) -> Job:
    """The default's job with the numbers of an exercise instead of the walkthrough's."""
    from convproof.formats.embedded import exercise

    network, image = exercise(seed)
    model, given = say("an exercise, seed {seed}", seed=seed), say("small whole numbers")
    return replace(job, network=network, model=model, inputs=(image,), given=given)


def find_cell(trace: "Trace", layer: str | None, at: str | None, largest: bool, default: bool) -> "tuple[str, Cell]":
    """The layer's full name and the cell that the options ask for."""
    import numpy as np

    name, cell = parse_address(at, layer, list(trace))
    full = trace.find(name) if name else list(trace)[-1]
    shape = trace[full].shape
    if largest:
        if cell is not None:
            raise Misuse("--at and --max both choose a cell: give one of them.")
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
