"""Softmax and its logarithm. Formulas: `ops/softmax.py`, `ops/log_softmax.py`; arithmetic: `kernels/loops/loss.py`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Image, Quantity
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.formula import Formula, constant, grown, grown_notes, grown_terms, read
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Operand, Question
from pellucid.ops.base import Rows, columns
from pellucid.ops.log_softmax import LogSoftmax
from pellucid.ops.softmax import Softmax
from pellucid.sizes import Index


class Logits:
    """What softmax makes of all channels at the positions of some elements. Enclosures are (positions, channels).

    Args:
        input: the logits, (N,C,…).
        at: n,c,y of the elements; several may lie at one position.
    """

    def __init__(self, input: Operand, at: NDArray[np.int64]) -> None:
        places, of = np.unique(np.delete(at, 1, axis=1), axis=0, return_inverse=True)
        self.input, self._of, self._channel = input, of.reshape(-1), at[:, 1]
        n, *y = columns(places)
        logits = read(Element(input, (n, np.arange(input.array.shape[1]), *y)))
        self.largest = Enclosed(logits.value.max(axis=1, keepdims=True))
        self.shifted = logits - self.largest
        self.log_sum = self.shifted.exp().sum().log()[:, None]
        self.log_probability = self.shifted - self.log_sum
        self.probability = self.log_probability.exp()

    def all(self, numbers: Enclosed) -> Enclosed:
        """Those of each element's position: (elements, channels), or (elements, 1) of one for each position."""
        return numbers[self._of]

    def own(self, numbers: Enclosed) -> Enclosed:
        """Each element's own, (elements, 1)."""
        return numbers[self._of, self._channel][:, None]

    def address(self, index: Index) -> str:
        """All logits of a position."""
        n, _, *y = index
        return f"{self.input.name}[{','.join(map(str, (n, ':', *y)))}]"


@explains(LogSoftmax, Softmax)
def explain_softmax(question: Question) -> Formula:
    """Elements of softmax, of its logarithm, or of their gradients."""
    logits = Logits(question.operand("input"), question.at)
    if question.source.of == "grad_input":
        return _gradient(question, logits)
    return (
        _logarithm(question, logits)
        if isinstance(question.source.op, LogSoftmax)
        else _output(question, logits)
    )


def _output(question: Question, logits: Logits) -> Formula:
    above = logits.own(logits.shifted).exp()
    below = logits.all(1.0 / logits.log_sum.exp())
    name, largest = logits.address(question.index), f"max {logits.address(question.index)}"
    own = logits.input.address(question.index)
    factors = quantity(f"exp({own} − {largest})", above), quantity(f"1/Σ exp({name} − {largest})", below)
    result = logits.own(logits.probability).rounded(question.dtype)
    return Formula((Group(factors),), result=result[:, 0])


def _logarithm(question: Question, logits: Logits) -> Formula:
    own = Element(logits.input, columns(question.at))
    rest = quantity(
        f"−log Σ exp({logits.address(question.index)})", -logits.all(logits.log_sum + logits.largest)
    )
    result = logits.own(logits.log_probability).rounded(question.dtype)
    return Formula((Group((own,)), Group((rest,))), result=result[:, 0])


def _gradient(question: Question, logits: Logits) -> Formula:
    grad, at = question.operand("grad_output"), columns(question.at)
    rows = (at[0], np.arange(logits.input.array.shape[1]), *at[2:])
    own, every = Element(grad, at), Element(grad, rows)
    share, shares = logits.own(logits.probability), logits.all(logits.probability)
    minus, factor = constant("−1", -1.0), image("softmax", logits.input, at, share)
    if isinstance(question.source.op, LogSoftmax):
        result = read(own) - share * read(every).sum()[:, None]
        terms = Group((own,)), Group((minus, factor, every))
    else:
        result = share * (read(own) - (read(every) * shares).sum()[:, None])
        others = image("softmax", logits.input, rows, shares)
        terms = Group((factor, own)), Group((minus, factor, every, others))
    return Formula(
        (*grown_terms(question), *terms),
        result=grown(question, result.rounded(question.dtype)[:, 0]),
        notes=lambda: grown_notes(question),
    )


def quantity(name: str, numbers: Enclosed) -> Quantity:
    """Numbers computed on the way, as factors."""
    return Quantity(name, numbers.value.astype(np.float64))


def image(function: str, operand: Operand, rows: Rows, numbers: Enclosed) -> Image:
    """The same as a function of an array's numbers."""
    return Image(operand, rows, function, numbers.value.astype(np.float64))
