"""Tables: the named arguments of a kernel.

A kernel declares its table as a `NamedTuple`, and nobody else says what stands where. A field is

    int, float                       a number
    Reads[Numbers], Writes[Doubles]  where numbers begin: of the network's float type, float64, int64, int32 or bytes;
                                     `Updates[…]` is read and written, an `Address` of any type, known to who reads it
    another NamedTuple               its fields, in this place
    Many[Record]                     an array of such tables, of which a loop reads one after the other

In compiled code a field is a constant place of the table, which is read before the loop begins. Who calls the kernel
fills the table by keyword; memory stands there as an object that has an address once the arena is laid out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
# Cells, a place in them, and that whose address stands there.
Pointer: TypeAlias = tuple[NDArray[np.int64], int, Any]


@dataclass(frozen=True)
class Element:
    """What a pointer points to; "numbers" are of the network's float type."""

    name: str


@dataclass(frozen=True)
class Access:
    """What a kernel does with what a pointer points to."""

    reads: bool
    writes: bool


class _Many:
    """The mark of arrays of records."""


Numbers: TypeAlias = Annotated[Any, Element("numbers")]
Doubles: TypeAlias = Annotated[Any, Element("float64")]
Integers: TypeAlias = Annotated[Any, Element("int64")]
Shorts: TypeAlias = Annotated[Any, Element("int32")]
Bytes: TypeAlias = Annotated[Any, Element("uint8")]
Address: TypeAlias = Annotated[Any, Element("address")]
Reads = Annotated[T, Access(reads=True, writes=False)]
Writes = Annotated[T, Access(reads=False, writes=True)]
Updates = Annotated[T, Access(reads=True, writes=True)]
Many = Annotated[tuple[T, ...], _Many()]


class Records(NamedTuple):
    """An array of records as compiled code sees it (see `intrinsics.record`)."""

    address: Any
    length: int


@dataclass(frozen=True)
class Field:
    """One field of a table.

    Attributes:
        name: its name.
        kind: "int", "float", an element's name for a pointer, "table" or "records".
        access: of a pointer.
        table: of a nested table or of records, what they are.
    """

    name: str
    kind: str
    access: Access | None = None
    table: Any = None


@cache
def fields(table: Any) -> tuple[Field, ...]:
    """The fields of a table, as they are declared."""
    hints = get_type_hints(table, include_extras=True)
    return tuple(_field(name, hints[name]) for name in table._fields)


@cache
def cell_count(table: Any) -> int:
    """How many cells a table has."""
    inside = sum(cell_count(field.table) for field in fields(table) if field.kind == "table")
    return inside + sum({"table": 0, "records": 2}.get(field.kind, 1) for field in fields(table))


def _field(name: str, hint: Any) -> Field:
    if hint in (int, float):
        return Field(name, hint.__name__)
    if hasattr(hint, "_fields"):
        return Field(name, "table", table=hint)
    first, *marks = get_args(hint)
    if any(isinstance(mark, _Many) for mark in marks):
        return Field(name, "records", table=get_args(first)[0])
    (element,) = (mark for mark in marks if isinstance(mark, Element))
    (access,) = (mark for mark in marks if isinstance(mark, Access))
    return Field(name, element.name, access)


def _named(table: Any) -> Iterator[tuple[Field, Any]]:
    kind: Any = type(table)
    return zip(fields(kind), table, strict=True)


def values(table: Any) -> Iterator[tuple[Field, Any]]:
    """Each number and pointer of a filled table with its field, nested tables and records included."""
    for field, value in _named(table):
        if field.kind == "table":
            yield from values(value)
        elif field.kind == "records":
            for record in value:
                yield from values(record)
        else:
            yield field, value


@dataclass(frozen=True)
class Filled:
    """A table as compiled code reads it.

    Attributes:
        cells: 64 bits for each number and pointer.
        pointers: which cells hold the addresses of what: in these cells or those of its records, at which place.
    """

    cells: NDArray[np.int64]
    pointers: tuple[Pointer, ...]

    @property
    def address(self) -> int:
        """Where it begins."""
        return int(self.cells.ctypes.data)


def fill(table: Any) -> Filled:
    """Write a table down, addresses in the place of blocks and arrays, 0 in that of None."""
    kind: Any = type(table)
    cells = np.zeros(cell_count(kind), np.int64)
    return Filled(cells, tuple(_fill(table, cells, count())))


def _fill(table: Any, cells: NDArray[np.int64], places: Iterator[int]) -> Iterator[Pointer]:
    for field, value in _named(table):
        if field.kind == "table":
            yield from _fill(value, cells, places)
        elif field.kind == "records":
            rows = np.zeros(max(1, len(value) * cell_count(field.table)), np.int64)
            inside = count()
            for record in value:
                yield from _fill(record, rows, inside)
            place = next(places)
            cells[place], cells[next(places)] = rows.ctypes.data, len(value)
            yield cells, place, rows
        elif field.kind == "int":
            cells[next(places)] = value
        elif field.kind == "float":
            cells[next(places)] = np.float64(value).view(np.int64)
        elif value is None:
            next(places)
        else:
            place = next(places)
            cells[place] = value.ctypes.data if isinstance(value, np.ndarray) else value.address
            yield cells, place, value
