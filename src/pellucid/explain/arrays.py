"""The arrays of a run by their names, and single numbers by their addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from pellucid.errors import ArgumentError
from pellucid.explain import address as addresses
from pellucid.explain.source import Entry, frozen
from pellucid.sizes import Index

Array = NDArray[Any]


class Arrays:
    """All arrays that one run computed. Whoever reads them owns them: later steps and other runs do not change them.

    Args:
        entries: what arrays there are and where each comes from, in the order of computation.
        load: gives an array by its name, with public axes; asked once for each.
        aliases: short names, as "loss" for "cross_entropy.output".
    """

    def __init__(
        self, entries: Iterable[Entry], load: Callable[[str], Array], aliases: Mapping[str, str]
    ) -> None:
        self.entries = {entry.name: entry for entry in entries}
        self.aliases = dict(aliases)
        self._load = load
        self._arrays: dict[str, Array] = {}

    def keep(self, owner: object, names: Iterable[str]) -> None:
        """Hold on to what owns the memory, and copy at once the arrays that others go on changing."""
        self._owner = owner
        for name in names:
            self._array(name)

    def names(self) -> list[str]:
        """The names of all arrays: forward, gradients, updates, each in the order of computation."""
        return list(self.entries)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A copy of one array, indexed with public axes (N,C,… or O,C/groups,…).

        Raises: AddressError when there is no array of that name.
        """
        return self._array(self._entry("recording", name).name).copy()

    def __contains__(self, name: object) -> bool:
        return name in self.entries or name in self.aliases.values()

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def loss(self) -> float:
        """The mean loss of the batch.

        Raises: ArgumentError for a recording of inference.
        """
        if "loss" not in self.entries:
            raise ArgumentError("recording", "inference has no loss", hint="record a training step")
        return float(self._array("loss").item())

    def _entry(self, where: str, name: object) -> Entry:
        """An array by its name or by the name that an alias stands for."""
        short = {real: alias for alias, real in self.aliases.items()}
        found = self.entries.get(short.get(name, name)) if isinstance(name, str) else None
        if found is None:
            shapes = {name: entry.shape for name, entry in self.entries.items()}
            raise addresses.unknown(where, name, shapes, frozen(self.entries))
        return found

    def _located(self, where: str, address: str) -> tuple[Entry, Index]:
        """An element by its address."""
        name, index = addresses.parse(address, where)
        entry = self._entry(where, name)
        return entry, addresses.located(entry.name, entry.shape, index, where)

    def _glimpse(self, name: str) -> Array:
        """An array to read once: what has not been needed before is not kept."""
        return self._arrays[name] if name in self._arrays else self._load(name)

    def _array(self, name: str) -> Array:
        """The recording's own copy, made when first needed."""
        if name not in self._arrays:
            self._arrays[name] = self._load(name)
        return self._arrays[name]
