"""What a number is used for: which numbers of a recording read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.address import written
from pellucid.explain.paths.reads import readings
from pellucid.explain.paths.region import Region
from pellucid.explain.shown import Shown
from pellucid.explain.source import Entry, Source
from pellucid.language import text
from pellucid.sizes import Index

_PASSES = {"forward": "uses.forward", "backward": "uses.backward", "update": "uses.update"}
Read = Callable[[str], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Use:
    """The numbers of one array that read a number.

    Attributes:
        direction: "forward" for outputs, statistics and the loss, "backward" for gradients, "update" for what the
            step makes of parameters, states and running statistics.
        arguments: as what the array's op reads it.
        region: which numbers of the array do.
    """

    direction: str
    arguments: tuple[str, ...]
    region: Region

    def to_dict(self) -> dict[str, Any]:
        """The use as values that JSON knows."""
        return {"direction": self.direction, "arguments": list(self.arguments), **self.region.to_dict()}


@dataclass(frozen=True, repr=False)
class Uses(Shown):
    """All numbers that read one number, array by array in the order of computation.

    Attributes:
        address: the number's address.
        groups: the arrays that have such numbers.
    """

    address: str
    groups: tuple[Use, ...]

    @property
    def count(self) -> int:
        """How many numbers read it."""
        return sum(len(group.region) for group in self.groups)

    def __getitem__(self, name: str) -> Region:
        """The region of one array; KeyError where no number of it is among the uses."""
        for group in self.groups:
            if group.region.name == name:
                return group.region
        raise KeyError(name)

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[Use]:
        return iter(self.groups)

    def to_dict(self) -> dict[str, Any]:
        """All as values that JSON knows."""
        return {
            "address": self.address,
            "count": self.count,
            "groups": [group.to_dict() for group in self.groups],
        }

    def text(self, lang: str | None = None) -> str:
        """How many numbers there are, and the arrays that have them, pass by pass.

        Args:
            lang: "en" or "ko"; None for that of `PELLUCID_LANG`.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        lines = [self._counted(lang)]
        for direction, label in _PASSES.items():
            rows = [group for group in self.groups if group.direction == direction]
            lines += [f"  {text(label, lang)}"] if rows else []
            for group in rows:
                arguments = ", ".join(group.arguments)
                region = group.region.text(lang)
                lines.append(f"    {text('uses.as', lang, region=region, arguments=arguments)}")
        return "\n".join(lines)

    def summary(self) -> str:
        """What it is of, in a few words."""
        return f"{self.address}, {self.count:,} numbers in {len(self)} arrays"

    def _counted(self, lang: str | None) -> str:
        if self.count == 0:
            return text("uses.none", lang, address=self.address)
        if self.count == 1:
            return text("uses.one", lang, address=self.address)
        return text("uses.several", lang, address=self.address, count=self.count)


def uses_of(entries: Mapping[str, Entry], name: str, index: Index, read: Read) -> Uses:
    """The numbers that read one element of an array."""
    mask = np.zeros(entries[name].shape, np.bool_)
    mask[index] = True
    groups = []
    for entry, source in readers_of(entries.values(), name):
        found = [
            (argument, relation.readers(mask).reshape(entry.shape))
            for argument, operand, relation in readings(entry, lambda n: entries[n].shape, read)
            if operand == name
        ]
        union = np.zeros(entry.shape, np.bool_)
        for _, part in found:
            union |= part
        if union.any():
            arguments = tuple(argument for argument, part in found if part.any())
            groups.append(Use(source.direction, arguments, Region(entry.name, union)))
    return Uses(written(name, index), tuple(groups))


def readers_of(entries: Iterable[Entry], name: str) -> Iterator[tuple[Entry, Source]]:
    """The arrays whose ops were given this one, and where they come from."""
    for entry in entries:
        source = entry.source
        if source is not None and name in (*source.operands.values(), source.base, *source.parts):
            yield entry, source
