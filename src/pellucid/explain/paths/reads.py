"""What each op reads: for a result and one of its operands, the relation between their elements.

A number reads another when its arithmetic takes it up, as a factor, a summand, a candidate or a mask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from numpy.typing import NDArray

from pellucid.explain.paths.reading import Reading
from pellucid.explain.paths.relation import AnyRelation, Relation
from pellucid.explain.source import Entry
from pellucid.ops.base import Shape
from pellucid.sizes import size_of


def readings(
    entry: Entry, shape_of: Callable[[str], Shape], read: Callable[[str], NDArray[Any]]
) -> Iterator[tuple[str, str, AnyRelation]]:
    """All that an array reads: the operand's argument and name, and the relation to it.

    A gradient so far is the argument "base", the contribution of one use "part".
    """
    source = entry.source
    if source is None:
        return
    alike = Relation(("j",), ("j",), {"j": size_of(entry.shape)})
    if source.parts:
        for part in source.parts:
            yield "part", part, alike
        return
    if source.base is not None:
        yield "base", source.base, alike
    shapes = {argument: shape_of(name) for argument, name in source.operands.items()}
    for argument in source.read:
        yield argument, source.operands[argument], Reading(source, argument, shapes, read).relation
