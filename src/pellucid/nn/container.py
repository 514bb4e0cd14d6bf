"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pellucid.errors import ArgumentError, say
from pellucid.nn.module import Module
from pellucid.signatures import CheckedSettings


class Sequential(Module, CheckedSettings):
    """Modules that run one after the other, named "0", "1", ….

    Example:
        >>> Sequential(Sequential(), Module())
        Sequential(
          (0): Sequential()
          (1): Module()
        )
    """

    def __init__(self, *layers: Module) -> None:
        for position, layer in enumerate(layers):
            if not isinstance(layer, Module):
                raise ArgumentError(
                    "Sequential",
                    "every layer must be a module",
                    got=say("{kind} at position {position}", kind=type(layer).__name__, position=position),
                    hint="write Sequential(layer, layer, …); Sequential(*layers) for a list",
                )
            setattr(self, str(position), layer)

    def forward(self, input: Any) -> Any:
        """Each layer takes what the one before it gave."""
        for _, layer in self._children():
            input = layer(input)
        return input

    def __iter__(self) -> Iterator[Module]:
        return (layer for _, layer in self._children())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, position: int) -> Module:
        return list(self)[position]
