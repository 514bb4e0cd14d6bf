"""Programs by what they are made for, kept as long as there is room for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import count
from typing import Generic, Protocol, TypeVar

from pellucid import memory

_LEAST = 8  # programs are kept whatever they take,
_SHARE = 8  # and more of them within this part of the memory that is to be had


class _Sized(Protocol):
    @property
    def size_bytes(self) -> int:
        """What a program takes while it is kept."""


Kept = TypeVar("Kept", bound=_Sized)


@dataclass
class _Entry(Generic[Kept]):
    program: Kept
    used: int  # the larger, the later


class Programs(Generic[Kept]):
    """Programs by key, made at first sight; those that were used longest ago go first.

    Threads may ask at the same time, and each may be interrupted: every line leaves a store that is fit for use.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry[Kept]] = {}
        self._uses = count()

    def of(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The program of a key."""
        entry = self._entries.get(key)
        if entry is None:
            from pellucid.kernels.flushing import to_nearest  # imports LLVM: only when it is needed

            entry = self._entries.setdefault(key, _Entry(to_nearest(make), next(self._uses)))
            self._make_room()
        entry.used = next(self._uses)
        return entry.program

    def items(self) -> list[tuple[Hashable, Kept]]:
        """Those that are kept, with their keys."""
        return [(key, entry.program) for key, entry in list(self._entries.items())]

    def values(self) -> list[Kept]:
        """Those that are kept."""
        return [program for _, program in self.items()]

    def clear(self) -> None:
        """Keep none."""
        self._entries.clear()

    def _make_room(self) -> None:
        by_use = sorted(list(self._entries.items()), key=lambda item: item[1].used)  # noqa: C414 - others may add
        kept = sum(entry.program.size_bytes for _, entry in by_use)
        most = (memory.available_bytes() + kept) // _SHARE
        for key, entry in by_use[:-_LEAST]:
            if kept <= most:
                break
            kept -= entry.program.size_bytes
            self._entries.pop(key, None)
