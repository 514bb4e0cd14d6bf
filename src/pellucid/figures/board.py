"""How a sliding kernel is drawn: input, kernel and output side by side, below them the sum. The unit is a cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.columns import cells
from pellucid.figures.numerals import lines, numeral
from pellucid.figures.style import FAINT, KERNEL, LINE, PRODUCT, READ, RESULT, SIGNAL, matplotlib
from pellucid.language import text
from pellucid.ops.base import Array
from pellucid.sizes import Index

_CELL_INCH = 0.62
_CELL_POINTS, _EM = 39, 0.64  # what a cell has for a number; a digit's width as a part of its font's size
_GAP, _MARGIN = 0.8, 0.4
_NARROWEST = 3.0  # of a column, so that its heading has room
_TITLE, _HEADING, _LINE = 0.8, 1.0, 0.5
_CHARACTER = 0.21  # the width of one in the sum
_LETTER = 0.15  # the width of one in the title; a Korean letter has two


@dataclass(frozen=True)
class Step:
    """One number of the output: where it stands, and what is multiplied for it.

    Attributes:
        output: row and column.
        read: the positions in the input, those in the padding outside of it.
        weights: for each of them the position in the kernel.
    """

    output: Index
    read: tuple[Index, ...]
    weights: tuple[Index, ...]


@dataclass(frozen=True)
class Board:
    """All that the frames of a sliding kernel show.

    Attributes:
        title: what slides how.
        input: the matrix without its padding.
        around: zeros before and after it, axis by axis.
        kernel: the kernel.
        output: all output numbers.
        steps: one for each of them.
        sums: for each step its sum, in pieces between which a line may end.
        lang: the labels' language.
    """

    title: str
    input: Array
    around: tuple[tuple[int, int], ...]
    kernel: Array
    output: Array
    steps: tuple[Step, ...]
    sums: tuple[tuple[str, ...], ...]
    lang: str

    @property
    def padded(self) -> Index:
        """The input's sizes with its padding."""
        return tuple(sum(pair) + size for pair, size in zip(self.around, self.input.shape, strict=True))


@dataclass(frozen=True)
class _Grid:
    """A matrix's place: where its first cell's corner is, on an axis that points downwards."""

    left: float
    top: float
    shape: Index

    def corner(self, place: Index) -> tuple[float, float]:
        return self.left + place[1], self.top + place[0]

    def middle(self, place: Index) -> tuple[float, float]:
        return self.left + place[1] + 0.5, self.top + place[0] + 0.5


def draw(board: Board, number: int) -> Any:
    """One frame as a Figure."""
    shapes = (board.padded, board.kernel.shape, board.output.shape)
    columns = [max(_NARROWEST, shape[1]) for shape in shapes]
    natural = sum(columns) + 2 * _GAP
    width = max(natural, _LETTER * cells(board.title))
    tallest = max(shape[0] for shape in shapes)
    broken = [lines(pieces, int(width / _CHARACTER)) for pieces in board.sums]
    sum_top = _TITLE + _HEADING + tallest + _LINE
    height = sum_top + _LINE * (max(map(len, broken)) + 0.9)
    axes = _paper(width + 2 * _MARGIN, height + _MARGIN)
    axes.text(width / 2, _TITLE / 2, board.title, ha="center", va="center", size=13)
    grids, left = [], (width - natural) / 2
    for shape, column in zip(shapes, columns, strict=True):
        top = _TITLE + _HEADING + (tallest - shape[0]) / 2
        grids.append(_Grid(left + (column - shape[1]) / 2, top, shape))
        left += column + _GAP
    _input(axes, grids[0], board, number)
    _kernel(axes, grids[1], board, number)
    _output(axes, grids[2], board, number)
    for row, line in enumerate(broken[number]):
        axes.text(width / 2, sum_top + row * _LINE, line, ha="center", va="center", size=13, color=RESULT)
    axes.text(width / 2, height - 0.2, _legend(board), ha="center", va="center", size=9.5, color=FAINT)
    return axes.figure


def _paper(width: float, height: float) -> Any:
    """Axes of so many cells, whose y points downwards, on a figure of just this size."""
    figure = matplotlib("figure").Figure(figsize=(width * _CELL_INCH, height * _CELL_INCH))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-_MARGIN, width - _MARGIN)
    axes.set_ylim(height, 0)
    return axes


def _input(axes: Any, grid: _Grid, board: Board, number: int) -> None:
    """The input in its padding; numbers that are read now have their weights written below them."""
    _heading(axes, grid, text("figures.input", board.lang), board.input.shape, SIGNAL)
    (top, _), (left, _) = board.around
    step = board.steps[number]
    weights = {
        (y + top, x + left): numeral(board.kernel[k])
        for (y, x), k in zip(step.read, step.weights, strict=True)
    }
    padded = np.pad(board.input, board.around)
    size, small = _fitting(padded, 12), _fitting(board.kernel, 10, more=1)
    inner = np.pad(np.ones(board.input.shape, np.bool_), board.around)
    for place in np.ndindex(*grid.shape):
        inside, weight = bool(inner[place]), weights.get(place)
        _cell(axes, grid, place, "white" if weight is None else READ, hatched=not inside)
        x, y = grid.middle(place)
        color = SIGNAL if inside else FAINT
        raised = 0 if weight is None else 0.17
        _number(axes, (x, y - raised), numeral(padded.item(place)), color, size, plate=not inside)
        if weight is not None:
            _number(axes, (x, y + 0.24), f"×{weight}", KERNEL, small, plate=not inside)
    for place in weights:
        _frame(axes, grid, place, KERNEL)


def _kernel(axes: Any, grid: _Grid, board: Board, number: int) -> None:
    """The kernel; weights that are used now are framed."""
    _heading(axes, grid, text("figures.kernel", board.lang), board.kernel.shape, KERNEL)
    size = _fitting(board.kernel, 12)
    for place in np.ndindex(*grid.shape):
        _cell(axes, grid, place, "white")
        _number(axes, grid.middle(place), numeral(board.kernel.item(place)), KERNEL, size)
    for place in board.steps[number].weights:
        _frame(axes, grid, place, KERNEL)


def _output(axes: Any, grid: _Grid, board: Board, number: int) -> None:
    """The output as far as it has been computed."""
    _heading(axes, grid, text("figures.output", board.lang), board.output.shape, RESULT)
    size = _fitting(board.output, 12)
    for i, step in enumerate(board.steps):
        _cell(axes, grid, step.output, PRODUCT if i == number else "white")
        if i <= number:
            _number(axes, grid.middle(step.output), numeral(board.output[step.output]), RESULT, size)
    _frame(axes, grid, board.steps[number].output, RESULT)


def _heading(axes: Any, grid: _Grid, name: str, shape: Index, color: str) -> None:
    middle = grid.left + grid.shape[1] / 2
    axes.text(middle, grid.top - 0.68, name, ha="center", va="center", size=12, color=color, weight="bold")
    sizes = "×".join(map(str, shape))
    axes.text(middle, grid.top - 0.27, sizes, ha="center", va="center", size=10, color=FAINT)


def _cell(axes: Any, grid: _Grid, place: Index, paper: str, hatched: bool = False) -> None:
    look = {"facecolor": paper, "edgecolor": LINE, "linewidth": 0.8, "hatch": "////" if hatched else None}
    axes.add_artist(matplotlib("patches").Rectangle(grid.corner(place), 1, 1, zorder=1, **look))


def _frame(axes: Any, grid: _Grid, place: Index, color: str) -> None:
    look = {"facecolor": "none", "edgecolor": color, "linewidth": 2.2}
    axes.add_artist(matplotlib("patches").Rectangle(grid.corner(place), 1, 1, zorder=2, **look))


def _fitting(numbers: Array, largest: int, more: int = 0) -> int:
    """The size at which the longest of these numbers, and so many characters more, fits into a cell."""
    longest = more + max(len(numeral(value)) for value in numbers.ravel())
    return min(largest, int(_CELL_POINTS / (_EM * longest)))


def _number(
    axes: Any, place: tuple[float, float], number: str, color: str, size: int, plate: bool = False
) -> None:
    """A number; on hatched paper it lies on a plate of its own."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8} if plate else None
    axes.text(*place, number, ha="center", va="center", size=size, color=color, bbox=box, zorder=3)


def _legend(board: Board) -> str:
    read = text("figures.read", board.lang)
    return f"{read} · {text('rendering.padding', board.lang)}" if board.padded != board.input.shape else read
