"""Some of a tensor's elements by Python's index: x[:, 1:-1, ::2], x[0], x[..., None]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.ops.base import Shape
from pellucid.ops.rearranging import Rearranging
from pellucid.ops.relation import IndexPattern, Run
from pellucid.ops.slices import Part, sliced
from pellucid.sizes import is_integer

Item: TypeAlias = int | str | tuple[int | None, int | None, int | None] | None


@dataclass(frozen=True)
class Getitem(Rearranging):
    """For each axis an integer, which leaves it out, or (start, stop, step); None for a new axis, "…" for others."""

    index: tuple[Item, ...]

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[…,y,…] = input[…,i,…], i = start + y·step",
        "grad_input": "grad_input[…,i,…] = grad_output[…,y,…], i = start + y·step, 0 where no y reads i",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "getitem"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,H,W) → (N,C,H−2,W/2) with [:, :, 1:-1, ::2]."""
        (input,) = shapes
        assert input is not None
        parts = iter(self._parts(input))
        kept: list[int] = []
        for item in self._written_out(input):
            if item is None:
                kept.append(1)
            else:
                part = next(parts)
                kept += [] if is_integer(item) else [part.run.length]
        return tuple(kept)

    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """Every axis by its start and step."""
        (input,) = shapes
        assert input is not None
        return sliced(self._parts(input))

    def _written_out(self, input: Shape) -> list[Item]:
        """The index with an item for every axis of the input, and None for each new one."""
        items = list(self.index)
        named = sum(item is not None and item != "…" for item in items)
        if items.count("…") > 1:
            raise ArgumentError(self.name, "an index has one … at most", got=f"{self.index}")
        if named > len(input):
            raise ShapeError(
                self.name,
                "an index must not name more axes than there are",
                got=say("{count} for input {input}", count=named, input=input),
            )
        place = items.index("…") if "…" in items else len(items)
        rest: list[Item] = [(None, None, None)] * (len(input) - named)
        return [*items[:place], *rest, *items[place + 1 :]]

    def _parts(self, input: Shape) -> list[Part]:
        items = [item for item in self._written_out(input) if item is not None]
        return [self._part(item, d, input) for d, item in enumerate(items)]

    def _part(self, item: Any, dim: int, input: Shape) -> Part:
        """What of an axis an item names."""
        size = input[dim]
        if is_integer(item):
            if not -size <= item < size:
                raise ArgumentError(
                    self.name,
                    "an index must lie within its axis",
                    expected=say("from {first} to {last}", first=-size, last=size - 1),
                    got=say("{index} along axis {dim} of input {input}", index=item, dim=dim, input=input),
                )
            return Part(size, Run(0, int(item) % size, 1))
        if item[2] is not None and item[2] < 1:
            raise ArgumentError(
                self.name,
                "a slice's step must be positive",
                got=say("step {step}", step=item[2]),
                hint="use flip",
            )
        start, stop, step = slice(*item).indices(size)
        return Part(size, Run(0, start, len(range(start, stop, step)), step))


def items(index: Any) -> tuple[Item, ...]:
    """Python's index as plain data.

    Raises: ArgumentError for what is no integer, slice, None or … .

    Example:
        >>> items((slice(1, None), ..., -1))
        ((1, None, None), '…', -1)
    """
    return tuple(map(_item, index if isinstance(index, tuple) else (index,)))


def _item(item: Any) -> Item:
    if item is None or item is Ellipsis:
        return None if item is None else "…"
    if is_integer(item):
        return int(item)
    bounds = (item.start, item.stop, item.step) if isinstance(item, slice) else ("",)
    if not all(bound is None or is_integer(bound) for bound in bounds):
        raise ArgumentError(
            "getitem",
            "an index holds integers, slices, None and …",
            got=f"{item!r}"[:80],
            hint="choose by numbers with a product with a mask",
        )
    start, stop, step = (None if bound is None else int(bound) for bound in bounds)
    return start, stop, step
