"""Softmax and its logarithm.

Formulas: `ops/softmax.py`, `ops/log_softmax.py`; arithmetic: `kernels/simd/softmax.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    constant,
    grown,
    grown_notes,
    grown_replay,
    grown_terms,
    read,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Operand, Question
from pellucid.ops.base import Rows, columns
from pellucid.ops.log_softmax import LogSoftmax
from pellucid.ops.softmax import Softmax
from pellucid.sizes import Index

IN_SIXTEEN: Note = ("note.in_sixteen", {})  # the order of sums over channels


class Positions:
    """The channels at the positions of some elements, several of which may be at one; numbers (positions, channels).

    Args:
        at: n,c,y of the elements.
        channels: how many there are.
        dim: another axis in the place of that of the channels.
    """

    def __init__(self, at: NDArray[np.int64], channels: int, dim: int = 1) -> None:
        first = at.copy()
        first[:, dim] = 0
        places, of = np.unique(first, axis=0, return_inverse=True)
        rows = columns(places)
        self.rows: Rows = (*rows[:dim], np.arange(channels)[None, :], *rows[dim + 1 :])
        self._of, self._channel = of.reshape(-1), at[:, dim]

    def of(self, operand: Operand) -> NDArray[Any]:
        """All of an array's numbers there."""
        return Element(operand, self.rows).gathered()[1]

    def all(self, numbers: Any) -> Any:
        """Those of each element's position: (elements, channels), or (elements, 1) of one for each position."""
        return numbers[self._of]

    def own(self, numbers: Any) -> Any:
        """Each element's own, (elements, 1)."""
        return numbers[self._of, self._channel][:, None]


class Logits(Positions):
    """What softmax makes of logits (N,C,…) at the positions of some elements."""

    def __init__(self, input: Operand, at: NDArray[np.int64], dim: int = 1) -> None:
        super().__init__(at, input.array.shape[dim], dim)
        self._dim = dim
        self.input, self.numbers = input, self.of(input)
        logits = Enclosed.of(self.numbers)
        self.largest = Enclosed(logits.value.max(axis=1, keepdims=True))
        self.shifted = logits - self.largest
        self.powers = self.shifted.exp()
        self.total = self.powers.sum()[:, None]
        self.log_sum = self.total.log()
        self.log_probability = self.shifted - self.log_sum
        self.probability = self.powers * (1.0 / self.total)

    def address(self, index: Index) -> str:
        """All logits of a position."""
        every = (":" if axis == self._dim else str(i) for axis, i in enumerate(index))
        return f"{self.input.name}[{','.join(every)}]"


@explains(LogSoftmax, Softmax)
def explain_softmax(question: Question) -> Formula:
    """Elements of softmax, of its logarithm, or of their gradients."""
    if question.source.of == "grad_input":
        return _gradient(question)
    logits = Logits(question.operand("input"), question.at, _dim(question))
    explain = _logarithm if isinstance(question.source.op, LogSoftmax) else _output
    return explain(question, logits)


def _output(question: Question, logits: Logits) -> Formula:
    above, below = logits.own(logits.powers), logits.all(1.0 / logits.total)
    name, largest = logits.address(question.index), f"max {logits.address(question.index)}"
    own = logits.input.address(question.index)
    factors = quantity(f"exp({own} − {largest})", above), quantity(f"1/Σ exp({name} − {largest})", below)
    return _made(question, logits, logits.probability, (Group(factors),))


def _logarithm(question: Question, logits: Logits) -> Formula:
    own = Element(logits.input, columns(question.at))
    rest = quantity(
        f"−log Σ exp({logits.address(question.index)})", -logits.all(logits.log_sum + logits.largest)
    )
    return _made(question, logits, logits.log_probability, (Group((own,)), Group((rest,))))


def _made(question: Question, logits: Logits, result: Enclosed, terms: tuple[Group, ...]) -> Formula:
    """Outputs, with the definition's once more."""
    replay = again(lambda: logits.own(_definition(question).forward(logits.numbers))[:, 0])
    rounded = logits.own(result).rounded(question.dtype)[:, 0]
    return Formula(terms, rounded, replay, notes=lambda: [IN_SIXTEEN])


def _dim(question: Question) -> int:
    """The axis, counted from the front."""
    op = question.source.op
    assert isinstance(op, Softmax | LogSoftmax)
    return op.dim % len(question.index)


def _definition(question: Question) -> Softmax | LogSoftmax:
    """The op, for (positions, channels)."""
    op = question.source.op
    assert isinstance(op, Softmax | LogSoftmax)
    return replace(op, dim=1)


def _gradient(question: Question) -> Formula:
    grad, output, at = question.operand("grad_output"), question.operand("output"), columns(question.at)
    dim = _dim(question)
    channels = output.array.shape[dim]
    places = Positions(question.at, channels, dim)
    rows = (*at[:dim], np.arange(channels)[None, :], *at[dim + 1 :])
    own, every, minus = Element(grad, at), Element(grad, rows), constant("−1", -1.0)
    y = Element(output, at)
    if isinstance(question.source.op, LogSoftmax):
        share = read(y).exp()
        result = read(own) - share * read(every).sum()[:, None]
        terms = Group((own,)), Group((minus, image("exp", output, at, share), every))
    else:
        others = Element(output, rows)
        result = read(y) * (read(own) - (read(every) * read(others)).sum()[:, None])
        terms = Group((y, own)), Group((minus, y, every, others))

    def replay() -> NDArray[Any]:
        gradient = _definition(question).gradient(places.of(grad), places.of(output))
        return grown_replay(question, places.own(gradient)[:, 0])

    return Formula(
        (*grown_terms(question), *terms),
        grown(question, result.rounded(question.dtype)[:, 0]),
        again(replay),
        notes=lambda: [*grown_notes(question), IN_SIXTEEN],
    )


def quantity(name: str, numbers: Enclosed) -> Quantity:
    """Numbers computed on the way, as factors."""
    return Quantity(name, numbers.value.astype(np.float64))


def image(function: str, operand: Operand, rows: Rows, numbers: Enclosed) -> Image:
    """The same as a function of an array's numbers."""
    return Image(operand, rows, function, numbers.value.astype(np.float64))
