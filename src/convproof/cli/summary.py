"""``convproof summary``: the layers of a network in a table."""

from typing import Any

import rich_click as click

from convproof.cli.options import emit, find_job, input_options, model_options


@click.command()
@model_options
@input_options
def summary(as_json: bool, **chosen: Any) -> None:
    """Show shapes, parameters, multiply-adds, receptive fields and memory, layer by layer.

    Multiply-adds are the products that the outputs of convolution and linear layers are summed from, those with padding counted. Without
    an input the table holds what does not depend on the input's size.

    \b
    convproof summary
    convproof summary walkthrough --shape 8,3,224,224
    convproof summary net.py:make --json
    """
    job = find_job("walkthrough", **chosen, optional=True)
    found = job.network.summary(*(x.shape for x in job.inputs))
    if as_json:
        emit(job.record() | found.to_dict())
    else:
        click.echo(job.heading() + "\n\n" + found.text())
