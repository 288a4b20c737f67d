"""What changing a tensor in place does to those who read it later.

After ``z = y.relu_()`` a later reader of y reads z's numbers. Where a view is involved (``y[:, 0].relu_()``), more than a name changes.
"""

from typing import Any

from convproof.core.errors import GraphError

VIEWS = {
    *("view", "reshape", "flatten", "unflatten", "permute", "transpose", "t", "squeeze", "unsqueeze", "expand", "expand_as", "narrow"),
    *("getitem", "select", "chunk", "split", "unbind", "diagonal", "contiguous", "detach", "to", "float", "double", "alias", "view_as"),
    *("movedim", "swapaxes", "Identity", "Flatten", "Unflatten"),
    *("dropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"),  # in eval mode they hand on the tensor itself
}
IN_PLACE_OPERATORS = ("iadd", "isub", "imul", "itruediv", "ipow")


class Aliases:
    """Which nodes of a graph are the same tensor, and which are views of each other."""

    def __init__(self) -> None:
        self.same: dict[Any, list[Any]] = {}
        self.family: dict[Any, list[Any]] = {}

    def made(self, node: Any, source: Any | None) -> None:
        """A node made a new tensor, or a view of ``source``."""
        self.same[node] = [node]
        self.family[node] = self.family.get(source, []) if source is not None else []
        self.family[node].append(node)

    def changed(self, node: Any, source: Any) -> list[Any]:
        """``node`` changed ``source`` in place: all nodes that show the new numbers from now on.

        Raises GraphError where a view of it, which changed too, is read afterwards.
        """
        same = self.same.get(source, [source])
        others = [other for other in self.family.get(source, []) if other not in same]
        late = next((other for other in others if _read_after(other, node)), None)
        if late is not None:
            raise GraphError(
                "{node} changes {source} in place, and {other}, which shares its memory, is read afterwards; call from_torch with an "
                "example input, example=x, so that torch.export can sort it out",
                node=node.name,
                source=source.name,
                other=late.name,
            )
        same.append(node)
        self.same[node] = same
        family = self.family.setdefault(source, [source])
        family.append(node)
        self.family[node] = family
        return same


def _read_after(node: Any, change: Any) -> bool:
    """Whether somebody reads ``node`` after ``change`` in the order of the graph."""
    order = {other: k for k, other in enumerate(change.graph.nodes)}
    return any(order[user] > order[change] for user in node.users)


def is_in_place(name: str) -> bool:
    """Whether a function of this name changes its first argument."""
    return name in IN_PLACE_OPERATORS or (name.endswith("_") and not name.endswith("__"))
