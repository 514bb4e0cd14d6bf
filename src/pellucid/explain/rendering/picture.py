"""The window of an explanation: which cells of which planes its terms read, with the numbers around them.

A plane is an array's last two axes at one index of the others (an image's channel, the taps between two channels, a
slice of a volume), or one row where the array has fewer than four axes (a signal, features, a bias).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.answer import Answer
from pellucid.explain.question import Operand
from pellucid.explain.terms import Joined, Products

Array = NDArray[Any]
Cell: TypeAlias = tuple[int, int]
Lead: TypeAlias = tuple[int, ...]

_AROUND = 1  # cells that are shown around a window
_AROUND_ONE = 2  # and around a single cell
_FEW = 3  # terms whose planes make one scene, as those of w − lr·v


@dataclass(frozen=True, eq=False)
class Plane:
    """A piece of a plane, (rows, columns).

    Attributes:
        label: the plane's address, as "input[0,2,:,:]".
        origin: the row and the column of the first cell; negative in padding. A row has row 0.
        step: how many rows and columns of the array a cell stands for; it shows the largest of their numbers.
        numbers: the cells' numbers, 0 outside of the array.
        inside: which cells lie in the array.
        read: which cells the explanation's terms read; where they are not inside, they are padding.
        key: the cell that matters most: the result's, the winner of a selection; None where all count alike.
        marks: the cells of single terms, by the terms' rank in the list that was asked for.
        is_row: whether the array has no second axis to show.
    """

    label: str
    origin: Cell
    step: Cell
    numbers: Array
    inside: NDArray[np.bool_]
    read: NDArray[np.bool_]
    key: Cell | None = None
    marks: dict[Cell, list[int]] = field(default_factory=dict)
    is_row: bool = False

    def cell(self, row: int, column: int) -> Cell:
        """Where a position of the plane is shown."""
        return (row - self.origin[0]) // self.step[0], (column - self.origin[1]) // self.step[1]


@dataclass(frozen=True, eq=False)
class Scene:
    """The planes that some terms read: one for each of their factors that is a number of an array.

    Attributes:
        planes: in the order of the factors.
        ranks: which of the chosen terms these are.
    """

    planes: tuple[Plane, ...]
    ranks: tuple[int, ...]


def scenes(trace: Answer, chosen: Sequence[int], limit: Cell) -> list[Scene]:
    """What the chosen terms read, the first one's planes first.

    Args:
        trace: the explanation.
        chosen: which of its terms.
        limit: the most rows and columns of a plane.
    """
    views: dict[tuple[str, Lead], Plane] = {}
    found: dict[tuple[tuple[str, Lead], ...], list[int]] = {}
    for rank, term in enumerate(chosen):
        products, row, group = _located(trace, term)
        keys = []
        for factor, indices in zip(group.factors, products.indices, strict=True):
            if indices is None or not indices.shape[1] or not isinstance(factor, Element):
                continue
            lead, (y, x) = _split(indices[row])
            if not all(0 <= i < size for i, size in zip(lead, factor.operand.array.shape, strict=False)):
                continue  # a plane that is all padding
            key = (factor.operand.name, lead)
            if key not in views:
                views[key] = _view(trace, factor.operand, lead, limit)
            ranks = views[key].marks.setdefault(views[key].cell(y, x), [])
            if rank not in ranks:
                ranks.append(rank)
            if key not in keys:
                keys.append(key)
        found.setdefault(tuple(keys), []).append(rank)
    if len(trace.terms) <= _FEW:
        found = {tuple(views): list(range(len(chosen)))}
    return [Scene(tuple(views[key] for key in keys), tuple(ranks)) for keys, ranks in found.items() if keys]


def result_plane(trace: Answer, limit: Cell) -> Plane | None:
    """The explained number among its neighbours; None for a number by itself."""
    question = trace.question
    if not question.index:
        return None
    lead, (y, x) = _split(np.array(question.index))
    operand = Operand(question.name, question.read(question.name))
    return _piece(operand, lead, np.array([[y, x]]), (y, x), limit)


def winner_of(trace: Answer) -> int | None:
    """The place of a selection's winner among the terms."""
    if not isinstance(trace.account, Choice):
        return None
    (group,) = trace.account.terms
    present = np.ones((1, group.length), np.bool_) if group.present is None else group.present
    return int(np.count_nonzero(present[0, : trace.account.winner[0]]))


def _located(trace: Answer, term: int) -> tuple[Products, int, Group]:
    """The products that a term belongs to, its row in them, and their group."""
    parts = trace.terms.groups if isinstance(trace.terms, Joined) else (trace.terms,)
    for products, group in zip(parts, trace.account.terms, strict=True):
        if term < len(products):
            return products, term, group
        term -= len(products)
    raise IndexError(term)


def _view(trace: Answer, operand: Operand, lead: Lead, limit: Cell) -> Plane:
    """All that the explanation reads of one plane."""
    read = []
    for group in trace.account.terms:
        for factor in group.factors:
            if isinstance(factor, Element) and factor.operand.name == operand.name:
                read.append(_read(factor, group, lead))
    winner, key = winner_of(trace), None
    if winner is not None and isinstance(trace.terms, Products) and trace.terms.indices[0] is not None:
        won, position = _split(trace.terms.indices[0][winner])
        key = position if won == lead else None
    return _piece(operand, lead, np.concatenate(read), key, limit)


def _read(factor: Element, group: Group, lead: Lead) -> NDArray[np.int64]:
    """The positions (row, column) in a plane at which a group's terms read, those in padding too."""
    shape = (1, group.length)
    rows = [np.broadcast_to(row, shape)[0] for row in factor.rows]
    taken = np.ones(shape[1], np.bool_)
    if group.present is not None:
        taken &= np.broadcast_to(group.present, shape)[0]
    for row, index in zip(rows, lead, strict=False):
        taken &= row == index
    shown = rows[len(lead) :]
    columns = shown[-1][taken]
    lines = shown[0][taken] if len(shown) == 2 else np.zeros_like(columns)
    return np.stack([lines, columns], axis=1)


def _split(index: Array) -> tuple[Lead, Cell]:
    """An index as that of the plane and the position in it."""
    *lead, column = map(int, index)
    line = lead.pop() if len(index) >= 4 else 0
    return tuple(lead), (line, column)


def _piece(operand: Operand, lead: Lead, read: Array, key: Cell | None, limit: Cell) -> Plane:
    """The piece of a plane around what was read, with a few cells more, or with a few positions to each cell."""
    array = operand.array[lead]
    axes = array.ndim
    array = array.reshape(1, -1) if axes == 1 else array
    around = _AROUND_ONE if (read == read[0]).all() else _AROUND
    spans = [
        _span(read[:, axis], size, around, most)
        for axis, (size, most) in enumerate(zip(array.shape, limit, strict=True))
    ]
    coarse = max(ceil((last - first) / most) for (first, last), most in zip(spans, limit, strict=True))
    step = (1 if axes == 1 else coarse, coarse)
    positions = [
        np.arange(first, first + ceil((last - first) / by) * by)
        for (first, last), by in zip(spans, step, strict=True)
    ]
    within = [(p >= 0) & (p < size) for p, size in zip(positions, array.shape, strict=True)]
    inside = within[0][:, None] & within[1]
    numbers = np.zeros(inside.shape, array.dtype)
    numbers[inside] = array[np.ix_(*(p[w] for p, w in zip(positions, within, strict=True)))].ravel()
    origin = (spans[0][0], spans[1][0])
    marked = np.zeros(inside.shape, np.bool_)
    marked[tuple((read - origin).T)] = True
    plane = Plane(
        _label(operand, lead, axes),
        origin,
        step,
        _largest(numbers, step),
        np.any(_blocks(inside, step), axis=2),
        np.any(_blocks(marked, step), axis=2),
        is_row=axes == 1,
    )
    return plane if key is None else replace(plane, key=plane.cell(*key))


def _span(read: Array, size: int, around: int, most: int) -> tuple[int, int]:
    """The first position of an axis that is shown, and the end."""
    low, high = int(read.min()), int(read.max()) + 1
    around = min(around, max(0, (most - (high - low)) // 2))
    return min(low, max(low - around, 0)), max(high, min(high + around, size))


def _blocks(cells: Array, step: Sequence[int]) -> Array:
    """The positions of each cell side by side: (rows, columns, positions)."""
    rows, columns = (size // s for size, s in zip(cells.shape, step, strict=True))
    blocks = cells.reshape(rows, step[0], columns, step[1]).swapaxes(1, 2)
    return blocks.reshape(rows, columns, step[0] * step[1])


def _largest(numbers: Array, step: Sequence[int]) -> Array:
    """The number of largest magnitude at each cell; one that is not finite counts as larger than all others."""
    blocks = _blocks(numbers, step)
    size = np.where(np.isfinite(blocks), np.abs(blocks), np.inf)
    found: Array = np.take_along_axis(blocks, size.argmax(axis=2)[..., None], axis=2)[..., 0]
    return found


def _label(operand: Operand, lead: Lead, axes: int) -> str:
    """The plane's address: that of its first number, with colons for the last axes."""
    first = operand.address((*lead, *[0] * axes))
    return f"{first.removesuffix(','.join('0' * axes) + ']')}{','.join(':' * axes)}]"
