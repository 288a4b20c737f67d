"""``convproof weights``: see and set the weights of a model."""

from typing import TYPE_CHECKING, Any

import rich_click as click

from convproof.cli.options import Job, emit, find_network, model_options, new_file
from convproof.core.errors import SettingError
from convproof.core.sentence import listed, say

if TYPE_CHECKING:
    from convproof.core.layer import Layer
    from convproof.core.shapes import Array
    from convproof.network.network import Network


@click.command()
@model_options
@click.option("--layer", metavar="NAME", multiple=True, help="Show only this layer's (may be given several times).")
@click.option("--set", "changes", metavar="NAME=VALUE", multiple=True, help="A number, or an .npy or .safetensors file; see the examples.")
@click.option("--full", is_flag=True, help="Print large arrays in full too.")
@click.option("-o", "--output", metavar="NEW", help="Write all weights to a new .safetensors or .npz file, or the whole model to .onnx.")
def weights(
    as_json: bool,
    layer: tuple[str, ...],
    changes: tuple[str, ...],
    full: bool,
    output: str | None,
    **chosen: Any,
) -> None:
    """Show the weights of a model, set them, and write them to a new file.

    Small arrays are shown in full, large ones as shape and range. --set takes a number for a whole array, a number for one cell, or a
    file that holds an array of the right shape. Nothing is ever changed in place: -o NEW writes, and --weights NEW reads it again.

    \b
    convproof weights
    convproof weights walkthrough --set conv1.bias=2 -o new.safetensors
    convproof weights walkthrough --set conv1.weight:0,0,1,1=5 --set bn1.weight=gamma.npy -o new.safetensors
    convproof run walkthrough --weights new.safetensors
    """
    job = find_network("walkthrough", **chosen)
    network = job.network
    files = [change.partition("=")[2] for change in changes]
    for change in changes:
        apply(network, change)
    if output:
        network.save(new_file(output, job, *files))
    names = [network.find(name) for name in layer] or list(network.graph.layers())
    arrays = {name: array for name, array in network.state_dict().items() if name.rpartition(".")[0] in names}
    show(job, arrays, as_json, full)
    if output and not as_json:
        click.echo("\n" + say("wrote {file}", file=output).text())


def show(job: Job, arrays: "dict[str, Array]", as_json: bool, full: bool) -> None:
    """Print all arrays."""
    from convproof.show import records
    from convproof.show.trace import block

    if as_json:
        emit(job.record() | {"weights": {name: records.array(array, full) for name, array in arrays.items()}})
        return
    click.echo(job.heading())
    for name, array in arrays.items():
        click.echo(f"\n{name}  {array.shape} {array.dtype}")
        for line in block(array, full):
            click.echo("  " + line)


def apply(network: "Network", change: str) -> None:
    """Carry out one NAME=VALUE on a network. Raises SettingError and what the layer raises."""
    target, equals, value = change.partition("=")
    if not equals or not target or not value:
        raise SettingError("--set {change!r}: expected NAME=VALUE, such as conv1.bias=2", change=change)
    address, _, cell = target.partition(":")
    layer_name, _, key = address.rpartition(".")
    layer = network[layer_name]
    if key not in layer.declared() or layer.arrays[key] is None:
        own = [f"{layer_name}.{name}" for name in layer.state_dict()]
        raise SettingError(
            "--set {change!r}: {name} has no {key!r}; it has {own}", change=change, name=layer_name, key=key, own=listed(own)
        )
    if cell:
        _set_cell(layer, key, cell, value, change)
    else:
        layer.initialise("constant", **{key: _value(value, address)})


def _set_cell(layer: "Layer", key: str, cell: str, value: str, change: str) -> None:
    from convproof.cli.cells import parse_cell
    from convproof.core.axes import cell_in

    try:
        number = float(value)
    except ValueError:
        raise SettingError("--set {change!r}: one cell takes a number, got {value!r}", change=change, value=value) from None
    array = layer.arrays[key].copy()
    array[cell_in(parse_cell(cell), array.shape, key)] = number
    setattr(layer, key, array)


def _value(text: str, address: str = "") -> Any:
    """A number, or an array from a file; from one of several arrays, that of the address."""
    from convproof.formats.arrays import read_array, read_arrays

    try:
        return float(text)
    except ValueError:
        if not text.endswith((".npz", ".safetensors")):
            return read_array(text)
        arrays = read_arrays(text)
        return arrays[address] if address in arrays else read_array(text)
