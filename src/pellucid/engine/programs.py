"""Programs by what they are made for, kept while they are used."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import TypeVar

Kept = TypeVar("Kept")
_MOST = 8  # the one used longest ago goes first


class Programs(OrderedDict[Hashable, Kept]):
    """Programs by key, made at first sight. Threads may ask at the same time, and each may be interrupted."""

    def of(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The program of a key."""
        found = self.get(key)
        if found is None:
            from pellucid.kernels.flushing import to_nearest  # imports LLVM: only when it is needed

            found = self.setdefault(key, to_nearest(make))
            while len(self) > _MOST:
                self.popitem(last=False)
        with suppress(KeyError):  # another thread has put others in its place
            self.move_to_end(key)
        return found
