"""The layers by name, each loaded when it is first asked for. ``catalogue.pyi`` beside this file is the list of them."""

from collections.abc import Iterator, Mapping

import lazy_loader

from convproof.core.layer import Layer

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__package__, __file__)


class _Layers(Mapping[str, type[Layer]]):
    """Every layer of the list by its name."""

    def __getitem__(self, name: str) -> type[Layer]:
        if name not in __all__:
            raise KeyError(name)
        layer: type[Layer] = __getattr__(name)
        return layer

    def __iter__(self) -> Iterator[str]:
        return iter(__all__)

    def __len__(self) -> int:
        return len(__all__)


LAYERS = _Layers()
