"""Writes docs/support.md: which layers there are, and which operators of ONNX and functions of PyTorch are read as them.

``python tools/support.py`` writes the page; a test holds the page against this program.
"""

from pathlib import Path

from onnx import defs
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import RuntimeContextError, RuntimeImplementationError
from onnx.reference.ops import load_op

from convproof.formats.operators import operators
from convproof.layers.catalogue import LAYERS

PAGE = Path(__file__).parents[1] / "docs/support.md"


def page() -> str:
    """The whole page."""
    return "\n".join([*HEAD, *layers(), *OPERATORS, *onnx_operators(), *FUNCTIONS, *torch_functions()]) + "\n"


def layers() -> list[str]:
    """One row a layer: what it is, and the operators it is read from."""
    rows = []
    for name, layer in sorted(LAYERS.items(), key=lambda item: (room(item[1]), item[0].lower())):
        first = (layer.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
        rows.append(f"| {name} | {room(layer)} | {' '.join(first.split()).replace('|', chr(92) + '|')} |")
    return ["| layer | room | what it is |", "|---|---|---|", *rows]


def room(layer: type) -> str:
    """The room in which a layer is at home."""
    return layer.__module__.split(".")[2]


def onnx_operators() -> list[str]:
    """One row an operator of ONNX's own domain."""
    ours = operators("onnx")
    names = sorted({schema.name for schema in defs.get_all_schemas() if schema.domain == ""})
    known = {name: "ours" if name in ours else "delegated" if has_reference(name) else "no" for name in names}
    kinds = {kind: [name for name in names if known[name] == kind] for kind in ("ours", "delegated", "no")}
    titles = {"ours": "Ours", "delegated": "Delegated to ONNX's reference", "no": "Not computed"}
    return [f"**{titles[kind]}** ({len(found)}): {', '.join(found)}.\n" for kind, found in kinds.items() if found]


def has_reference(name: str) -> bool:
    """Whether ONNX's reference can compute an operator."""
    try:
        load_op("", name, VERSION, evaluator_cls=ReferenceEvaluator)
    except (RuntimeContextError, RuntimeImplementationError):
        return False
    return True


def torch_functions() -> list[str]:
    """Functions, methods and ATen operators that rooms read."""
    return [", ".join(sorted(operators("torch"))) + "."]


VERSION = defs.onnx_opset_version()
HEAD = [
    "# What is supported",
    "",
    "This page is written by `tools/support.py`. `convproof summary MODEL --check-support` says the same of one model, node by node.",
    "",
    "## Layers",
    "",
    "Names, arguments and defaults are those of torch.nn where it has the layer, and ONNX's where it has not. Every layer has its formula,",
    "exact derivations, rounding bounds, regions and gradients.",
    "",
]
OPERATORS = [
    "",
    "## Operators of ONNX",
    "",
    "Any version of the operator set from 6 on is read. *Ours* become layers with everything above. *Delegated* operators are computed by",
    "ONNX's own reference, one by one, and are marked as delegated in every listing; those that only move numbers are derived too.",
    "",
    "Of ONNX's backend test cases (onnx 1.23.2) 398 use only the operators of convolutional networks. All of them pass, and none of their",
    "nodes is delegated; the nine famous networks among them were also run with random weights, node by node against ONNX Runtime, every",
    "node within its proof line.",
    "",
]
FUNCTIONS = [
    "## Functions of PyTorch",
    "",
    "Every torch.nn module with the name of a layer is that layer. Functions, methods and ATen operators of these names are read as layers",
    "too; what else a module calls is left to torch and marked as delegated:",
    "",
]

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
