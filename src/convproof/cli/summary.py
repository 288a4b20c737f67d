"""``convproof summary``: the layers of a network in a table."""

from typing import Any

import rich_click as click

from convproof.cli.options import emit, find_job, input_options, model_options


@click.command()
@model_options
@input_options
@click.option("--check-support", is_flag=True, help="Show which nodes are ours, delegated or unknown; exit code 1 for an unknown one.")
def summary(as_json: bool, check_support: bool, **chosen: Any) -> int:
    """Show shapes, parameters, multiply-adds, receptive fields and memory, layer by layer.

    Multiply-adds are the products that the outputs of convolution and linear layers are summed from, those with padding counted. Without
    an input the table holds what does not depend on the input's size.

    \b
    convproof summary
    convproof summary walkthrough --shape 8,3,224,224
    convproof summary net.py:make --json
    convproof summary model.onnx --check-support
    """
    from convproof.show.summary import support

    job = find_job("walkthrough", **chosen, optional=True)
    found = job.network.summary(*(x.shape for x in job.inputs))
    if as_json:
        emit(job.record() | found.to_dict())
    else:
        click.echo(job.heading() + "\n\n" + (support(found) if check_support else found.text()))
    return int(check_support and any(row.support == "unknown" for row in found.rows))
