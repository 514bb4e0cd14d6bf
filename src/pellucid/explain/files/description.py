"""The description of a recording that a file holds, checked: it is not trusted.

Names, roles and settings are compared with what the ops themselves say; a setting is of its field's type, and all
shapes are those that the op's own shape rule gives. Whatever is wrong is an ArgumentError with the entry's name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from numpy.typing import NDArray

from pellucid.errors import ArgumentError
from pellucid.explain import roles
from pellucid.explain.address import nameable
from pellucid.explain.files.checks import check, whole
from pellucid.explain.files.facts import check_facts, check_fitting
from pellucid.explain.source import Entry, Maker, Source
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Op, Shape
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.max_unpool import MaxUnpool
from pellucid.sizes import size_of

_WINDOW = 2**24  # positions


class Description:
    """Entries and aliases of a description.

    Args:
        data: what the JSON says.
        shapes: of the file's arrays by their names.
        kinds: their types, "F32", "F64" or "I64".

    Raises: ArgumentError for anything that a recording does not have.
    """

    def __init__(self, data: Any, shapes: Mapping[str, Shape], kinds: Mapping[str, str]) -> None:
        self.shapes, self.kinds = shapes, kinds
        _keys("description", data, ("aliases", "entries"))
        self.entries = [self._entry(item) for item in _list("entries", data["entries"])]
        names = [entry.name for entry in self.entries]
        twice = [name for name, count in Counter(names).items() if count > 1]
        check(not twice, "entries", "names are given once", twice and twice[0])
        odd = sorted({*names} ^ {*shapes})
        check(not odd, "entries", "entries and arrays have the same names", odd and odd[0])
        for entry in self.entries:
            if entry.source is not None:
                self._check_source(entry, entry.source)
        self._check_types()
        self.aliases = self._aliases(data["aliases"])

    def _entry(self, item: Any) -> Entry:
        _keys("entry", item, ("name", "source"))
        name = item["name"]
        check(nameable(name), "entry", "a name is text without brackets", name)
        check(name in self.shapes, "entries", "entries and arrays have the same names", name)
        source = None if item["source"] is None else _source(name, item["source"])
        shape = self.shapes[name]
        rule = "an empty array has no large axes"
        check(
            size_of(shape) > 0 or size_of([size for size in shape if size]) <= _WINDOW,
            f"entry '{name}'",
            rule,
            shape,
        )
        return Entry(name, shape, source)

    def _check_source(self, entry: Entry, source: Source) -> None:
        """Every array that is named is there, and of the shape that the op gives it."""
        where = f"entry '{entry.name}'"
        for name in (*source.operands.values(), *source.parts, *((source.base,) if source.base else ())):
            check(name in self.shapes, where, "operands are arrays of the recording", name)
        for name in (*source.parts, *((source.base,) if source.base else ())):
            check(self.shapes[name] == entry.shape, where, "contributions have the gradient's shape", name)
        operands = {argument: self.shapes[name] for argument, name in source.operands.items()}
        for role, shape in _expected(where, source, entry.shape, operands).items():
            found = entry.shape if role == "" else operands.get(role, shape)
            label = f"{source.of} of {source.op.name}" if role == "" else role
            check(found == shape, where, f"{label} must have the shape {shape}", found)

    def _check_types(self) -> None:
        """Statistics are float64, targets and indices whole numbers, all else is of one float type."""
        integers: set[str] = set()
        wide: set[str] = set()
        for entry in self.entries:
            source = entry.source
            if source is not None and isinstance(source.op, Op):
                integers.update(source.operands[argument] for argument in source.op.integers)
                if source.op.dtype == "int64":
                    integers.add(entry.name)
            if source is not None and source.of in roles.statistics(source.op, {}):
                wide.add(entry.name)
        floats = {self.kinds[entry.name] for entry in self.entries if entry.name not in integers | wide}
        check(floats in ({"F32"}, {"F64"}), "arrays", "all are of one float type", ", ".join(sorted(floats)))
        for names, kind in ((integers, "I64"), (wide, "F64")):
            odd = sorted(name for name in names if self.kinds[name] != kind)
            check(not odd, "arrays", f"{odd and odd[0]!r} must be {kind}", odd and self.kinds[odd[0]])

    def check_numbers(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Targets are classes and indices positions: they say where something is read."""
        for entry in self.entries:
            source = entry.source
            if source is not None and isinstance(source.op, CrossEntropy):
                target, ignored = arrays[source.operands["target"]], source.op.ignore_index
                shape = self.shapes[source.operands["input"]]
                wrong = target[
                    (target != ignored) & ((target < 0) | (target >= shape[min(len(shape) - 1, 1)]))
                ]
                rule = f"targets are class numbers, or {ignored}"
                check(not wrong.size, f"entry '{entry.name}'", rule, wrong.size and int(wrong[0]))

            if source is not None and isinstance(source.op, MaxUnpool):
                indices = arrays[source.operands["indices"]]
                shape = self.shapes[source.operands.get("grad_output", entry.name)]
                wrong = indices[(indices < 0) | (indices >= size_of(shape[2:]))]
                rule = f"indices are positions, 0 to {size_of(shape[2:]) - 1}"
                check(not wrong.size, f"entry '{entry.name}'", rule, wrong.size and int(wrong[0]))

    def _aliases(self, data: Any) -> dict[str, str]:
        check(isinstance(data, dict), "aliases", "aliases map names to names", data)
        for short, name in data.items():
            check(short in self.shapes, "aliases", "an alias is the name of an array", short)
            free = nameable(name) and name not in self.shapes
            check(free, "aliases", "an alias stands for another name", name)
        return dict(data)


def _source(name: str, data: Any) -> Source:
    """Where an array comes from; its op passes its own checks."""
    where = f"entry '{name}'"
    _keys(where, data, ("op", "settings", "of", "operands", "base", "parts", "facts"))
    op = _op(where, data["op"], data["settings"])
    of, operands, base, facts = data["of"], data["operands"], data["base"], data["facts"]
    check(of in roles.results(op), where, f"{op.name} has no such result", of)
    check(isinstance(operands, dict), where, "operands map arguments to names", operands)
    for argument, operand in operands.items():
        check(argument in roles.arguments(op), where, f"{op.name} has no such operand", argument)
        check(isinstance(operand, str), where, "operands are names", operand)
    missing = [argument for argument in roles.required(op, of) if argument not in operands]
    check(not missing, where, f"{of} of {op.name} needs all its operands", missing, "missing")
    check(base is None or isinstance(base, str), where, "base is a name", base)
    parts = _list(where, data["parts"])
    check(all(isinstance(part, str) for part in parts), where, "parts are names", parts)
    check(len(parts) != 1, where, "a sum has several parts", parts)
    check_facts(where, op, of, facts)
    return Source(op, of, operands, base, tuple(parts), facts)


def _op(where: str, name: Any, settings: Any) -> Maker:
    """The op of a name with these settings."""
    check(isinstance(name, str) and name in roles.OPS, where, "there is no such op", name)
    kind: Any = roles.OPS[name]
    _keys(f"{where}, {name}", settings, tuple(field.name for field in fields(kind)))
    types = get_type_hints(kind)
    for key, value in settings.items():
        rule = f"{key} is not of the type of this setting"
        check(_fits(value, types[key]), f"{where}, {name}", rule, value, key)
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


def _expected(where: str, source: Source, shape: Shape, operands: Mapping[str, Shape]) -> dict[str, Shape]:
    """The shapes of a source's operands and, as "", of its result, by the op's own rule."""
    op, of = source.op, source.of
    if not isinstance(op, Op):
        return {"": shape, **dict.fromkeys(operands, shape)}
    shapes = [operands.get(argument) for argument in op.arguments]
    try:
        output = op.infer(*shapes)
        if isinstance(op, MaxPool | AvgPool | LpPool):
            windowed = op.mean if isinstance(op, LpPool) else op
            window = size_of(windowed.geometry(operands["input"]).kernel)
            check(window <= _WINDOW, where, f"a window has at most {_WINDOW} positions", window)
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise ArgumentError(where, f"{op.name} does not take these settings", got=str(error)) from None
    check_fitting(where, source, operands)
    known = roles.statistics(op, operands)
    known |= {"output": output, "grad_output": output}
    known |= {role: found for role, found in operands.items() if role in op.arguments}
    result = known[of.removeprefix("grad_")]
    return {"": result, **{role: known[role] for role in operands}}


def _keys(where: str, data: Any, keys: Sequence[str]) -> None:
    """A mapping with these keys and no others."""
    check(isinstance(data, dict), where, f"expected {', '.join(keys) or 'no keys'}", data)
    odd = [key for key in data if key not in keys] or [key for key in keys if key not in data]
    check(not odd, where, f"the keys are {', '.join(keys) or 'none'}", odd and odd[0])


def _list(where: str, data: Any) -> list[Any]:
    check(isinstance(data, list), where, "expected a list", data)
    return list(data)
