"""A torch.nn.Module as a layer or a network of ours, for ``from_torch``. The module itself is left as it was."""

import copy
import operator
import warnings
from inspect import signature
from pathlib import Path
from typing import Any

from convproof.core.errors import GraphError
from convproof.core.layer import Layer
from convproof.core.sentence import Text, listed, say
from convproof.formats.torch.delegated import FromModule
from convproof.formats.torch.graph import Conversion, Value, outputs_of
from convproof.formats.torch.modules import is_known, layer_of
from convproof.network.graph import Declared
from convproof.network.network import Network


def read_module(module: Any, example: Any) -> Layer | Network:
    """See ``from_torch``."""
    import torch

    if not isinstance(module, torch.nn.Module):
        raise GraphError("from_torch takes a torch.nn.Module; got {found}", found=type(module).__name__)
    own = without_parametrizations(copy.deepcopy(module))
    if is_known(own) and not isinstance(own, torch.nn.Sequential):
        return layer_of(own)
    modes = {path: bool(part.training) for path, part in module.named_modules(remove_duplicate=False)}
    try:
        network = by_fx(own)
    except Exception as error:
        if example is None:
            raise _failed(error) from error
        network = by_export(own, example if isinstance(example, tuple) else (example,))
    network.training = bool(module.training)
    for name, layer in network.layers.items():
        layer.train(_mode(name, modes))
    return network


def without_parametrizations(module: Any) -> Any:
    """The module with weights that are computed from others (weight norm, spectral norm) replaced by what they are now."""
    from torch.nn.utils import parametrize

    for part in [part for part in module.modules() if parametrize.is_parametrized(part)]:
        kind = type(part)  # made for this module, and shared by its copies: what is removed here must stay there
        part.__class__ = type(kind.__name__, kind.__bases__, dict(vars(kind)))
        for name in list(part.parametrizations):
            parametrize.remove_parametrizations(part, name, leave_parametrized=True)
    return module


def by_fx(module: Any) -> Network:
    """What torch.fx finds when it runs the module's forward on stand-ins, in eval mode, with our layers as leaves."""
    import torch.fx

    class Tensor(torch.fx.Proxy):
        """A stand-in that keeps ``y += x`` apart from ``y = y + x``: the first changes what y's other names show."""

        def __iadd__(self, other: Any) -> Any:
            return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})

        def __isub__(self, other: Any) -> Any:
            return self.tracer.create_proxy("call_function", operator.isub, (self, other), {})

        def __imul__(self, other: Any) -> Any:
            return self.tracer.create_proxy("call_function", operator.imul, (self, other), {})

        def __itruediv__(self, other: Any) -> Any:
            return self.tracer.create_proxy("call_function", operator.itruediv, (self, other), {})

    class Tracer(torch.fx.Tracer):
        def proxy(self, node: Any) -> Any:
            return Tensor(node, self)

        def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
            return is_known(m) or super().is_leaf_module(m, module_qualified_name)

    for part in module.modules():
        part.__dict__["training"] = FromModule(0)
    tracer = Tracer()
    tracer.record_stack_traces = True
    defaults = {name: parameter.default for name, parameter in signature(module.forward).parameters.items()}
    plain = {name: value for name, value in defaults.items() if value is None or isinstance(value, bool | int | float | str)}
    graph = tracer.trace(module, concrete_args=plain or None)
    erase_assertions(graph)
    for part in module.modules():
        part.__dict__["training"] = False
    tensors = {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers(remove_duplicate=False))}
    tensors |= {name: value for name, value in vars(tracer.root).items() if isinstance(value, torch.Tensor)}
    return network_of(graph, Conversion(dict(module.named_modules(remove_duplicate=False)), tensors))


def erase_assertions(graph: Any) -> None:
    """Take out what a graph asserts, and the arguments with defaults, which were followed as if they had been left out."""
    for node in reversed(list(graph.nodes)):
        name = getattr(node.target, "__name__", "")
        asserts = node.op == "call_function" and name in ("_assert", "_assert_is_none")
        unused = not node.users and ((node.op == "placeholder" and node.args) or (node.op == "call_function" and name == "eq"))
        if asserts or unused:
            graph.erase_node(node)


def by_export(module: Any, example: tuple[Any, ...]) -> Network:
    """What torch.export finds when it runs the module on an example; in-place changes are sorted out, shapes are those of the example."""
    import torch

    tensors = tuple(torch.as_tensor(x) for x in example)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.export(module.eval(), tensors).run_decompositions({})
    except Exception as error:
        raise _failed(error) from error
    state = {**program.state_dict, **program.constants}
    stored = {spec.arg.name: state[spec.target] for spec in program.graph_signature.input_specs if getattr(spec, "target", None)}
    constants = {}
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in stored:
            constants[node.target] = stored[node.name]
            node.op = "get_attr"
    sizes = {n.name: Declared(_dtype(n.meta["val"]), tuple(n.meta["val"].shape)) for n in program.graph.nodes if n.op == "placeholder"}
    return network_of(program.graph, Conversion({}, constants), sizes)


def network_of(graph: Any, conversion: Conversion, declared: Any = None) -> Network:
    """The network of a traced graph. Raises GraphError."""
    for node in graph.nodes:
        if node.op != "get_attr" or node.users:
            conversion.take(node)
    outputs = [conversion.values[node] for node in outputs_of(graph)]
    if not outputs or not all(isinstance(value, Value) and not value.number for value in outputs):
        raise GraphError(
            "the module's forward gives back {found}, expected tensors alone; return nothing but tensors",
            found=listed(_kind(value) for value in outputs) if outputs else say("no tensor"),
        )
    return Network(conversion.layers, inputs=tuple(conversion.inputs), outputs=[value.source for value in outputs], declared=declared)


def _kind(value: Any) -> Text:
    if not isinstance(value, Value):
        return say("a constant")
    return say("a number") if value.number else say("a tensor")


def _mode(name: str, modes: dict[str, bool]) -> bool:
    """The mode of the module that a layer stands for, or of the nearest module around it."""
    path = name.partition("@")[0]
    while path and path not in modes:
        path = path.rpartition(".")[0]
    return modes[path]


def _dtype(tensor: Any) -> Any:
    import numpy as np

    return np.dtype(str(tensor.dtype).removeprefix("torch."))


def _failed(error: Exception) -> GraphError:
    """The sentence about a module that could not be followed."""
    if isinstance(error, GraphError):
        return error
    line, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "site-packages" not in file and "convproof" not in Path(file).parts:
            line = f" at line {trace.tb_lineno} of {Path(file).name}"
        trace = trace.tb_next
    text = " ".join(str(error).split())[:200]
    return GraphError(
        "the module's forward cannot be followed{line}: {kind}: {text}. It decides by the numbers or the shape of a tensor, perhaps; pass "
        "example=x, an input, so that torch.export can follow it for that shape, or load an ONNX export of the model",
        line=line,
        kind=type(error).__name__,
        text=text,
    )
