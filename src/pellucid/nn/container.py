"""Modules made of modules, named by their places: "0", "1", …"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, overload

from pellucid.errors import ArgumentError, say
from pellucid.nn.module import Module
from pellucid.signatures import CheckedSettings
from pellucid.sizes import is_integer


class _Row(Module, CheckedSettings):
    """Modules in a row, which can be taken, replaced, put in and left out as in a list."""

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self._children())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @overload
    def __getitem__(self, position: int) -> Module: ...
    @overload
    def __getitem__(self, position: slice) -> Self: ...
    def __getitem__(self, position: Any) -> Any:
        """One module, or a row of those in a slice: the same modules, which share their parameters."""
        if isinstance(position, slice):
            return self._of(list(self._children())[position])
        return list(self)[position]

    def __setitem__(self, position: int, module: Module) -> None:
        setattr(self, list(self._children())[position][0], _checked(type(self).__name__, module, position))

    def __delitem__(self, position: int | slice) -> None:
        names = [name for name, _ in self._children()]
        left = list(self)
        del left[position]
        numbered = names == [str(place) for place in range(len(names))]
        gone = names[position] if isinstance(position, slice) else [names[position]]
        kept = [name for name in names if name not in gone]
        self._become(zip(map(str, range(len(left))) if numbered else kept, left, strict=True))

    def append(self, module: Module) -> Self:
        """Put a module at the end; returns the row."""
        place = len(self)
        setattr(self, str(place), _checked(type(self).__name__, module, place))
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Put modules at the end; returns the row."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before that of a place; those behind it move on. Returns the row."""
        modules = list(self)
        modules.insert(index, _checked(type(self).__name__, module, index))
        self._become((str(place), module) for place, module in enumerate(modules))
        return self

    def _of(self, named: Iterable[tuple[str, Module]]) -> Self:
        """A row of its kind with these modules."""
        raise NotImplementedError

    def _become(self, named: Iterable[tuple[str, Module]]) -> None:
        """Have these modules and no others, in this order."""
        named = list(named)
        for name in [name for name, _ in self._children()]:
            delattr(self, name)
        for name, module in named:
            setattr(self, name, module)


class Sequential(_Row):
    """Modules that run one after the other, named "0", "1", …, or as a dict says; slices are rows of the same modules.

    Example:
        >>> from pellucid.nn import Flatten, Linear, ReLU
        >>> Sequential(Flatten(), Linear(4, 2), ReLU())[:2]
        Sequential(
          (0): Flatten()
          (1): Linear(in_features=4, out_features=2, bias=True)
        )
        >>> Sequential({"fc": Linear(4, 2), "act": ReLU()}).append(Flatten()).state_dict().keys()
        dict_keys(['fc.weight', 'fc.bias'])
    """

    def __init__(self, *layers: Module | Mapping[str, Module]) -> None:
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            for name, module in layers[0].items():
                setattr(self, _name(type(self), name), _checked("Sequential", module, name))
            return
        for position, layer in enumerate(layers):
            setattr(self, str(position), _checked("Sequential", layer, position))

    def forward(self, input: Any) -> Any:
        """Each layer takes what the one before it gave."""
        for _, layer in self._children():
            input = layer(input)
        return input

    def _of(self, named: Iterable[tuple[str, Module]]) -> Self:
        return type(self)(dict(named))


class ModuleList(_Row):
    """Modules in a list that a module's forward goes through; PyTorch's names and state dicts.

    Example:
        >>> from pellucid.nn import Linear
        >>> layers = ModuleList([Linear(2, 2), Linear(2, 2)])
        >>> len(layers), layers[-1] is layers[1], len(layers[1:])
        (2, True, 1)
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.extend(modules)

    def _of(self, named: Iterable[tuple[str, Module]]) -> Self:
        return type(self)(module for _, module in named)

    def __add__(self, modules: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *modules])

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)


class ModuleDict(Module, CheckedSettings):
    """Modules by names that a module's forward looks up; PyTorch's names and state dicts.

    Example:
        >>> from pellucid.nn import Linear, ReLU
        >>> heads = ModuleDict({"classes": Linear(4, 3), "act": ReLU()})
        >>> list(heads), "act" in heads, list(heads.state_dict())
        (['classes', 'act'], True, ['classes.weight', 'classes.bias'])
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()) -> None:
        self.update(modules)

    def __getitem__(self, name: str) -> Module:
        return dict(self._children())[name]

    def __setitem__(self, name: str, module: Module) -> None:
        setattr(self, _name(type(self), name), _checked("ModuleDict", module, name))

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._children())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in dict(self._children())

    def keys(self) -> Iterable[str]:
        """The names."""
        return dict(self._children()).keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return dict(self._children()).values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Both."""
        return dict(self._children()).items()

    def pop(self, name: str) -> Module:
        """Leave a module out; returns it."""
        module = self[name]
        delattr(self, name)
        return module

    def clear(self) -> None:
        """Leave all out."""
        for name in list(self):
            self.pop(name)

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Put modules in, or in the place of those that have their names."""
        for name, module in dict(modules).items():
            self[name] = module


def _checked(where: str, module: object, place: object) -> Module:
    if isinstance(module, Module):
        return module
    raise ArgumentError(
        where,
        "every layer must be a module",
        got=say("{kind} at position {position}", kind=type(module).__name__, position=place),
        hint="write Sequential(layer, layer, …); Sequential(*layers) for a list"
        if where == "Sequential" and is_integer(place)
        else None,
    )


def _name(kind: type[Module], name: object) -> str:
    """A name that an attribute can have, and a path."""
    taken = isinstance(name, str) and hasattr(kind, name)
    if not isinstance(name, str) or not name or "." in name or name.startswith("_") or taken:
        rule = "a module's name is text without dots, and no method's"
        raise ArgumentError(kind.__name__, rule, got=repr(name)[:80])
    return name
