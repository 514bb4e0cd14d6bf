"""Where arrays come from, as plain data: whoever reads it, in any language, can list the terms of a number.

`Recording.provenance` gives it, a recording's file has the core of it (`core`), and docs/internals/provenance.md says
how it is read. It is all from the plan: the step that made an array, its loops' order, and what its op says of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.source import Entry, Source
from pellucid.ops.base import Op, Shape
from pellucid.ops.grad_norm import GradNorm
from pellucid.ops.maker import Maker
from pellucid.ops.relation import Copies, Each, IndexPattern
from pellucid.ops.rule import Rule
from pellucid.sizes import is_integer, size_of

MARKS: Mapping[str, Any] = {"format": "pellucid provenance", "version": 1}
_ELEMENT = ("j",)  # the label of arrays that meet element by element

Data = dict[str, Any]
Read = Callable[[str], NDArray[Any]]


def core(entry: Entry) -> Data:
    """An entry without what follows from it: what a file says."""
    source = entry.source
    if source is None:
        return {"name": entry.name, "given": entry.given, "source": None}
    made = {"op": type(source.op).__name__, "settings": settings(source.op)}
    found = {key: value for key, value in vars(source).items() if key != "op"}
    return {"name": entry.name, "given": None, "source": plain({**made, **found})}


def settings(op: Maker) -> Data:
    """The fields of an op, whose values are numbers, names and sequences of them."""
    made: Any = op  # a dataclass, as all ops and rules are
    return {field.name: plain(getattr(op, field.name)) for field in fields(made)}


def plain(value: Any) -> Any:
    """Without NumPy's types and without tuples."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if is_integer(value):
        return int(value)
    return float(value) if isinstance(value, np.floating) else value


def provenance_of(entry: Entry, shape_of: Callable[[str], Shape], read: Read) -> Data:
    """All that the plan says of an array. `read` gives arrays that say themselves which elements meet."""
    found = core(entry)
    if entry.source is not None:
        found["source"] |= _derived(entry.source, entry.shape, shape_of, read)
    array = {"name": found.pop("name"), "shape": list(entry.shape), "dtype": entry.dtype}
    return {key: _strict(value) for key, value in {**array, **found}.items()}


def _derived(source: Source, shape: Shape, shape_of: Callable[[str], Shape], read: Read) -> Data:
    """What a step's op says of this result."""
    if source.parts:
        labels = {"result": _ELEMENT, "part": _ELEMENT}
        meeting = IndexPattern(labels, {"j": size_of(shape)})
        return {"reads": [], "formula": "", "relation": _pattern(meeting), "reduction": {"kind": "parts"}}
    op = source.op
    said = {"reads": list(source.read), "formula": op.formula(source.of, source.operands)}
    shapes = {argument: shape_of(name) for argument, name in source.operands.items()}
    if isinstance(op, Rule | GradNorm):
        met = op.meeting({argument: shapes[argument] for argument in source.read})
        return {**said, "relation": _pattern(met), "reduction": None}
    assert isinstance(op, Op)
    meets = op.relation(shapes, lambda argument: read(source.operands[argument]))
    found = op.reduced(source.of, *op.ordered(shapes))
    if found is not None and source.by_winograd:
        found = replace(found, kind="winograd")
    reduction = None if found is None else plain(found.plain())
    return {**said, "relation": _relation(source, meets), "reduction": reduction}


def _relation(source: Source, meets: IndexPattern | Copies | Each) -> Data:
    """Which elements of what is read meet one of the result. A gradient has the labels of what it is of."""
    of, own = source.of, source.of.removeprefix("grad_")
    if isinstance(meets, Each):
        if of != "output":
            return _meeting(meets.patterns[own], of, source.read)
        return {"each": {name: _meeting(meets.patterns[name], of, (name,)) for name in source.read}}
    pattern = meets.pattern if isinstance(meets, Copies) else meets
    assert pattern is not None, f"{source.op.name} says not how {source.of} meets what it reads"
    found = _meeting(pattern, of, source.read)
    by = meets.by if isinstance(meets, Copies) else None
    if own != of and own in source.read and pattern.through is not None:
        found["through"] = {own: list(pattern.labels[pattern.through])}
    return found if by is None else {**found, "by": by}


def _meeting(pattern: IndexPattern, of: str, read: Sequence[str]) -> Data:
    """A pattern for one result and what it reads, by their roles."""
    labels = {"result": pattern.labels[of.removeprefix("grad_")]}
    labels |= {argument: pattern.read_by(of, argument) for argument in read}
    return _pattern(IndexPattern(labels, pattern.sizes, pattern.links))


def _pattern(pattern: IndexPattern) -> Data:
    links = [link.plain() for link in pattern.links]
    return {"labels": plain(pattern.labels), "sizes": plain(pattern.sizes), "links": links}


def _strict(value: Any) -> Any:
    """With texts for the floats that JSON has no numbers for."""
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_strict(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
