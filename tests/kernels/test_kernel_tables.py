"""Kernels' tables: filled by name and read by name, with values of the declared kinds, in cells that agree."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from pellucid.kernels import loops, tape
from pellucid.kernels.intrinsics import record
from pellucid.kernels.jit import Kernel, kernel
from pellucid.kernels.loops.rows import Sizes
from pellucid.kernels.machine_code import table_of
from pellucid.kernels.table import Doubles, Integers, Many, Numbers, Reads, Writes, fields, fill, values

MODULES = [
    importlib.import_module(f"{loops.__name__}.{module.name}")
    for module in pkgutil.iter_modules(loops.__path__)
]


def kernels(module: ModuleType) -> list[Kernel]:
    """The kernels that a module declares."""
    found = [value for value in vars(module).values() if isinstance(value, Kernel)]
    return [kernel for kernel in found if kernel.function.__module__ == module.__name__]


def tables(module: ModuleType) -> list[Any]:
    """The tables that a module declares."""
    found = [value for value in vars(module).values() if inspect.isclass(value) and hasattr(value, "_fields")]
    return [table for table in found if table.__module__ == module.__name__]


class Reader(ast.NodeVisitor):
    """Follows tables through a function, and notes down where one is read by place instead of by name.

    A helper's parameters may be tables as well, so a number in brackets behind one counts, too.
    """

    def __init__(self, function: ast.FunctionDef, module: ModuleType) -> None:
        self.module, self.faults = module, []
        self.tables: dict[str, Any] = {}
        names = [argument.arg for argument in function.args.args]
        self.unknown = {name for name in names if name not in ("chunk", "scratch")}
        for argument in function.args.args:
            declared = argument.annotation.id if isinstance(argument.annotation, ast.Name) else ""
            if hasattr(vars(module).get(declared), "_fields"):
                self.tables[argument.arg] = vars(module)[declared]
        self.visit(function)

    def table(self, node: ast.expr) -> Any:
        """The table that an expression is, if it is one."""
        if isinstance(node, ast.Name):
            return self.tables.get(node.id)
        if isinstance(node, ast.Attribute) and (outer := self.table(node.value)):
            (field,) = [field for field in fields(outer) if field.name == node.attr]
            return field.table if field.kind == "table" else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record":
            return vars(self.module)[node.args[0].id]
        return None

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            if not isinstance(target, ast.Tuple):
                pairs = [(target, node.value)]
            elif isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            else:
                pairs = []
                if self.table(node.value):
                    self.faults.append(node)
            for name, value in pairs:
                if isinstance(name, ast.Name):
                    self.tables[name.id] = self.table(value)
                    self.unknown.discard(name.id)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.generic_visit(node)
        number = isinstance(node.slice, ast.Constant) or (
            isinstance(node.slice, ast.UnaryOp) and isinstance(node.slice.operand, ast.Constant)
        )
        helper = isinstance(node.value, ast.Name) and node.value.id in self.unknown
        if self.table(node.value) or (number and helper):
            self.faults.append(node)


def faults(source: str, module: ModuleType) -> Iterator[str]:
    """Expressions in a source's functions that read a table by place."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            yield from (f"{node.name}: {ast.unparse(fault)}" for fault in Reader(node, module).faults)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_tables_are_read_by_name(module):
    assert list(faults(inspect.getsource(module), module)) == []
    for each in kernels(module):
        taken = list(inspect.signature(each.function).parameters)
        if (
            "chunk" in taken
        ):  # the others are called with whole numbers alone, and by nobody but their own module
            assert table_of(each.function), each.name
            assert taken[1:] in (["chunk"], ["chunk", "scratch"])


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_tables_say_what_they_are_and_hide_no_method_of_tuples(module):
    for table in tables(module):
        assert inspect.getdoc(table), table.__name__
        assert not {field.name for field in fields(table)} & set(dir(tuple)), table.__name__


@pytest.mark.parametrize(
    "line",
    [
        "t[2]",
        "t[i]",
        "t.sizes[0]",
        "sizes = t.sizes; sizes[-1]",
        "images, depth, height, width, channels = t.sizes",
        "record(Sizes, t.many, 0)[1]",
        "other[3]",
    ],
)
def test_reading_by_place_is_found(line):
    module = ModuleType("planted")
    module.Table, module.Sizes = _Table, Sizes
    assert len(list(faults(f"def planted(t: Table, other, chunk): {line}", module))) == 1
    assert not list(faults("def planted(t: Table, other, chunk): other.images, t.numbers[0]", module))


class _Record(NamedTuple):
    """A number of each kind."""

    whole: int
    real: float


class _Table(NamedTuple):
    """Every kind of field."""

    numbers: Reads[Numbers]
    sizes: Sizes
    absent: Reads[Integers]
    factor: float
    many: Many[_Record]
    out: Writes[Doubles]


@kernel
def _read(t: _Table, chunk):
    t.out[0] = t.numbers[chunk]
    t.out[1] = t.sizes.images + 10 * t.sizes.channels
    t.out[2] = t.factor
    t.out[3] = t.many.length
    for i in range(t.many.length):
        each = record(_Record, t.many, i)
        t.out[4 + 2 * i] = each.whole
        t.out[5 + 2 * i] = each.real


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compiled_code_reads_what_was_filled_in(dtype):
    numbers, out = np.array([1.5, 2.5], dtype), np.zeros(8)
    many = (_Record(-7, 0.25), _Record(1 << 40, -1e300))
    table = _Table(numbers, Sizes(np.int32(1), 2, 3, 4, np.int64(5)), None, 0.1, many, out)
    filled = fill(table)
    _read.callable(numbers.itemsize * 8)(filled.address, 1, 0)
    assert out.tolist() == [2.5, 51, 0.1, 2, -7, 0.25, 1 << 40, -1e300]
    assert [field.name for field, _ in values(table)].count("whole") == 2
    assert {id(value) for _, _, value in filled.pointers} >= {id(numbers), id(out)}


def test_a_launch_is_a_cache_line():
    assert tape.launches([(1, 2, 3)]).itemsize == 64
