"""The description of a recording that a file holds, checked: it is not trusted.

Names are such as addresses can hold, a setting is of its field's type, and all else is what the plan of the described
network says (`planned.py`). Whatever is wrong is an ArgumentError with the entry's name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from numpy.typing import NDArray

from pellucid.errors import joined, say
from pellucid.explain.address import nameable
from pellucid.explain.files.checks import check, whole
from pellucid.explain.files.planned import check_planned
from pellucid.explain.source import Entry, Given, Source
from pellucid.formats.container import DTYPES
from pellucid.ops.base import Op, Shape
from pellucid.ops.maker import Maker, kinds
from pellucid.sizes import size_of

_EMPTY = 2**24  # numbers beside an axis of none


class Description:
    """Entries and aliases of a description, and the algorithm that convolutions were planned with.

    Args:
        data: what the JSON says.
        shapes: of the file's arrays by their names.
        kinds: their types, "F32", "F64" or "I64".

    Raises: ArgumentError for anything that a recording does not have.
    """

    def __init__(self, data: Any, shapes: Mapping[str, Shape], kinds: Mapping[str, str]) -> None:
        self.shapes, self._kinds = shapes, kinds
        _keys("description", data, ("algorithm", "aliases", "entries"))
        self.algorithm = data["algorithm"]
        entries = [self._entry(item) for item in _list("entries", data["entries"])]
        names = [entry.name for entry in entries]
        twice = [name for name, count in Counter(names).items() if count > 1]
        check(not twice, "entries", "names are given once", twice and twice[0])
        odd = sorted({*names} ^ {*shapes})
        check(not odd, "entries", "entries and arrays have the same names", odd and odd[0])
        self.aliases = self._aliases(data["aliases"])
        self.entries = check_planned(entries, self.aliases, self.algorithm)

    def _entry(self, item: Any) -> Entry:
        _keys("entry", item, ("name", "given", "source"))
        name = item["name"]
        check(nameable(name), "entry", "a name is text without brackets", name)
        check(name in self.shapes, "entries", "entries and arrays have the same names", name)
        source = None if item["source"] is None else _source(name, item["source"])
        shape, dtype = self.shapes[name], DTYPES[self._kinds[name]].name
        given = item["given"]
        who = given in get_args(Given) if source is None else given is None
        check(who, say("entry '{name}'", name=name), "an array was given or made", given)
        few = size_of(shape) > 0 or size_of([size for size in shape if size]) <= _EMPTY
        check(few, say("entry '{name}'", name=name), "an empty array has no large axes", shape)
        return Entry(name, shape, source, given, dtype)

    def check_numbers(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Targets are classes and indices positions: they say where something is read."""
        for entry in self.entries:
            source = entry.source
            if source is not None and isinstance(source.op, Op):
                shapes = {argument: self.shapes[name] for argument, name in source.operands.items()}
                for argument in source.op.counted(source.op.integers, source.operands):
                    integers = arrays[source.operands[argument]]
                    wrong, rule = source.op.out_of_range(integers, *source.op.ordered(shapes))
                    check(
                        not wrong.any(),
                        say("entry '{name}'", name=entry.name),
                        rule,
                        wrong.any() and int(integers[wrong][0]),
                    )

            if source is not None and source.of == "count":
                number = arrays[entry.name].reshape(-1)
                weighs = "weight" in source.operands
                odd = [
                    x
                    for x in number.tolist()
                    if not (weighs or (x >= 0 and math.isfinite(x) and x == int(x)))
                ]
                check(
                    not odd,
                    say("entry '{name}'", name=entry.name),
                    "a count is a whole number",
                    odd and str(odd[0]),
                )

    def _aliases(self, data: Any) -> dict[str, str]:
        check(isinstance(data, dict), "aliases", "aliases map names to names", data)
        for short, name in data.items():
            check(short in self.shapes, "aliases", "an alias is the name of an array", short)
            free = nameable(name) and name not in self.shapes
            check(free, "aliases", "an alias stands for another name", name)
        return dict(data)


def _source(name: str, data: Any) -> Source:
    """Where an array comes from; its op passes its own checks."""
    where = say("entry '{name}'", name=name)
    _keys(where, data, ("settings", *(field.name for field in fields(Source))))
    operands, facts, parts = data["operands"], data["facts"], _list(where, data["parts"])
    order = data["order"]
    for what, mapping in (("operands", operands), ("orders", order), ("facts", facts)):
        check(isinstance(mapping, dict), where, say("{what} are named", what=what), mapping)
    check(all(isinstance(name, str) for name in operands.values()), where, "operands are names", operands)
    op = _op(where, data["op"], data["settings"])
    made = op, data["of"], operands, data["base"], tuple(parts), order, facts, data["way"], data["path"]
    return Source(*made)


def _op(where: str, name: Any, settings: Any) -> Maker:
    """The op of a name with these settings."""
    known = kinds()
    check(isinstance(name, str) and name in known, where, "there is no such op", name)
    kind: Any = known[name]
    where = joined(", ", (where, name))
    _keys(where, settings, tuple(field.name for field in fields(kind)))
    types = get_type_hints(kind)
    for key, value in settings.items():
        rule = say("{key} is not of the type of this setting", key=key)
        check(_fits(value, types[key]), where, rule, value, key)
    op: Maker = kind(**{key: _tuples(value) for key, value in settings.items()})
    return op


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value from JSON is of a setting's type."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is tuple and Ellipsis not in parts:
        return isinstance(value, list) and len(value) == len(parts) and all(map(_fits, value, parts))
    if origin in (tuple, Sequence):
        return isinstance(value, list) and len(value) <= 16 and all(_fits(item, parts[0]) for item in value)
    if hint is int:
        return whole(value)
    if hint is float:
        return (whole(value) or isinstance(value, float)) and math.isfinite(value)
    return isinstance(value, hint) and (not isinstance(value, str) or len(value) <= 32)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _keys(where: str, data: Any, keys: Sequence[str]) -> None:
    """A mapping with these keys and no others."""
    check(isinstance(data, dict), where, say("expected {keys}", keys=", ".join(keys) or say("no keys")), data)
    odd = [key for key in data if key not in keys] or [key for key in keys if key not in data]
    check(not odd, where, say("the keys are {keys}", keys=", ".join(keys) or say("none")), odd and odd[0])


def _list(where: str, data: Any) -> list[Any]:
    check(isinstance(data, list), where, "expected a list", data)
    return list(data)
