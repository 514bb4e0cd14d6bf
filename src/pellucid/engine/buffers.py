"""Where a plan's numbers live: tensors and blocks, all inside one arena.

A tensor is channels-last (N, D, H, W, C) with room for a *halo* of zeros around D, H and W, as wide as the windows that
will slide over it need: producers write the inside, padding is never copied. A part of a concatenation may lie in the
whole, whose strides and halo it has then. A block is plain memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Shape
from pellucid.sizes import size_of

Array = NDArray[Any]


class Block:
    """Plain memory of the arena: `size` numbers."""

    def __init__(self, name: str, size: int, dtype: Any) -> None:
        self.name, self.size, self.dtype = name, size, np.dtype(dtype)
        self._memory: Array | None = None

    @property
    def memory(self) -> Array:
        """Its numbers, once it has its place; a block that no launch names never has one."""
        assert self._memory is not None, f"'{self.name}' has no place"
        return self._memory

    @property
    def address(self) -> int:
        """Where its first number lies."""
        return int(self.memory.ctypes.data)

    @property
    def root(self) -> Block:
        """The block that owns the memory."""
        return self

    @property
    def size_bytes(self) -> int:
        """How much room it takes."""
        return self.size * int(self.dtype.itemsize)

    def place(self, memory: NDArray[np.uint8]) -> None:
        """Settle in this part of the arena."""
        self._memory = memory[: self.size_bytes].view(self.dtype)

    def array(self) -> Array:
        """A copy of its numbers."""
        return self.memory.copy()


class Tensor(Block):
    """A channels-last tensor with a halo. Strides count elements; `address` is that of the first inner element."""

    def __init__(self, name: str, shape: Shape, dtype: Any) -> None:
        self.shape = shape  # public: N, C, … (or N, features; a loss has no axes)
        (images, channels), spatial = (*shape[:2], 1, 1)[:2], (1, 1, 1, *shape[2:])
        depth = size_of(
            spatial[-(len(shape) - 2) if len(shape) > 5 else -3 : -2]
        )  # the first ones of many are one
        self.inner: Shape = (images, depth, *spatial[-2:], channels)
        self.halo = [[0, 0], [0, 0], [0, 0]]
        super().__init__(name, 0, dtype)

    def widen(self, halo: Sequence[tuple[int, int]]) -> None:
        """Make the halo at least this wide, axis by axis (before, after)."""
        for mine, (before, after) in zip(self.halo, halo, strict=True):
            mine[0], mine[1] = max(mine[0], before), max(mine[1], after)

    @property
    def outer(self) -> Shape:
        """The sizes with the halo."""
        n, *spatial, c = self.inner
        return (n, *(s + lo + hi for s, (lo, hi) in zip(spatial, self.halo, strict=True)), c)

    @property
    def size_bytes(self) -> int:
        """How much room it takes, halo included."""
        return size_of(self.outer) * int(self.dtype.itemsize)

    @property
    def halo_bytes(self) -> int:
        """How much of that is halo."""
        return self.size_bytes - size_of(self.inner) * int(self.dtype.itemsize)

    @property
    def strides(self) -> tuple[int, int, int, int]:
        """Elements from image to image, slice to slice, row to row, pixel to pixel."""
        _, d, h, w, c = self.outer
        return d * h * w * c, h * w * c, w * c, c

    def place(self, memory: NDArray[np.uint8]) -> None:
        """Settle in this part of the arena; nobody writes the halo."""
        whole = memory[: self.size_bytes].view(self.dtype).reshape(self.outer)
        inside = tuple(slice(lo, lo + s) for (lo, _), s in zip(self.halo, self.inner[1:4], strict=True))
        self._memory = whole[(slice(None), *inside)]

    def array(self) -> Array:
        """A copy with public axes."""
        public = self.memory.transpose(0, 4, 1, 2, 3).reshape(self.shape)
        return np.array(public, order="C")


class Compact(Tensor):
    """A tensor that is written and read number after number, and so never has a halo."""

    def widen(self, halo: Sequence[tuple[int, int]]) -> None:
        """Nothing: no windows slide over it."""


class Window(Tensor):
    """A stretch of another tensor along one of its public axes: other numbers may lie between its pixels."""

    def __init__(self, name: str, shape: Shape, whole: Tensor, axis: int, start: int) -> None:
        super().__init__(name, shape, whole.dtype)
        self.halo = whole.halo  # the whole's: what one asks for, the other has
        self._whole, self._start = whole, start
        self._axis = (0, 4)[axis] if axis < 2 else axis + 4 - len(shape)  # of N, D, H, W, C

    @property
    def root(self) -> Block:
        """The block that owns the memory."""
        return self._whole.root

    @property
    def memory(self) -> Array:
        """The stretch's numbers."""
        along = slice(self._start, self._start + self.inner[self._axis])
        return self._whole.memory[(slice(None),) * self._axis + (along,)]

    @property
    def address(self) -> int:
        """Where its first inner element lies."""
        step = (*self.strides, 1)[self._axis]
        return self._whole.address + self._start * step * int(self.dtype.itemsize)

    @property
    def outer(self) -> Shape:
        """The sizes of the whole with its halo."""
        return self._whole.outer

    @property
    def size_bytes(self) -> int:
        """How much of the whole's room its own numbers take."""
        return size_of(self.inner) * int(self.dtype.itemsize)


class External(Block):
    """Memory that belongs to somebody else: a parameter."""

    def __init__(self, name: str, memory: Array) -> None:
        super().__init__(name, memory.size, memory.dtype)
        self._memory = memory


class Port(Block):
    """Memory of the caller's, another one in each run: where it begins is written to the tables that name it."""

    def __init__(self, name: str, size: int, dtype: Any) -> None:
        super().__init__(name, size, dtype)
        self.cells: list[tuple[NDArray[np.int64], int]] = []

    @property
    def address(self) -> int:
        """Nowhere, before the first run."""
        return 0

    def open(self, array: Array) -> None:
        """Let the next run read or write this array, contiguous and of the port's type."""
        for cells, place in self.cells:
            cells[place] = array.ctypes.data


class Part(Block):
    """A stretch of another block."""

    def __init__(self, name: str, whole: Block, start: int, size: int) -> None:
        self._whole, self._start = whole, start
        super().__init__(name, size, whole.dtype)

    @property
    def root(self) -> Block:
        """The block that it is part of."""
        return self._whole.root

    @property
    def memory(self) -> Array:
        """The stretch's numbers."""
        return self._whole.memory[self._start : self._start + self.size]

    @property
    def address(self) -> int:
        """Where the stretch begins."""
        return self._whole.address + self._start * int(self.dtype.itemsize)
