"""Group, instance and layer norm: output, statistics and gradients. Formulas: `ops/group_norm.py`, `ops/layer_norm.py`.

Every explanation starts from recorded numbers, as a batch norm's does; here all arithmetic is in float64, and what goes
to an array of the network's type is rounded once (`kernels/loops/group_norm.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.formula import (
    Formula,
    constant,
    first_of,
    grown,
    grown_notes,
    grown_terms,
    read,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.group_norm_replay import replayed
from pellucid.explain.question import Question
from pellucid.ops.base import Rows, choices, columns
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.sizes import size_of

Factors = tuple[Element | Quantity, ...]


class Asked:
    """A question about a norm of sets. Arrays are (elements, 1), or (elements, numbers of a sum)."""

    def __init__(self, question: Question) -> None:
        op = question.source.op
        assert isinstance(op, GroupNorm | LayerNorm)
        self.question, self.op, self.at, self.dtype = question, op, columns(question.at), question.dtype
        self.input = question.operand("input")
        self.shape = self.input.array.shape
        if isinstance(op, GroupNorm):
            self.size = self.shape[1] // max(1, op.groups(self.shape[1]))  # channels of a group
            self.count = size_of((self.size, *self.shape[2:]))
        else:
            self.before = len(self.shape) - len(op.normalized_shape)
            self.count = size_of(op.normalized_shape)

    def number(self, argument: str, rows: Rows) -> Element:
        """The numbers at these places."""
        return Element(self.question.operand(argument), rows)

    def statistic(self, name: str, rows: Rows) -> Element:
        """That of the sets which the numbers at these places belong to."""
        return Element(self.question.operand(name), self.sets(rows))

    def sets(self, rows: Sequence[Any]) -> tuple[Any, ...]:
        """The sets themselves."""
        return (
            (rows[0], rows[1] // self.size) if isinstance(self.op, GroupNorm) else tuple(rows[: self.before])
        )

    def parameter(self, name: str, rows: Rows) -> tuple[Element, ...]:
        """What goes with the numbers at these places, where it is there."""
        if name not in self.question.has:
            return ()
        at = rows[1:2] if isinstance(self.op, GroupNorm) else rows[self.before :]
        return (Element(self.question.operand(name), at),)

    @property
    def set(self) -> Rows:
        """All numbers of each element's set, where elements are statistics."""
        if isinstance(self.op, LayerNorm):
            return (*self.at, *choices(*self.op.normalized_shape))
        (n, group), (channel, *y) = self.at, choices(self.size, *self.shape[2:])
        return (n, group * self.size + channel, *y)

    @property
    def readers(self) -> Rows:
        """All numbers that go with each element, where elements are weights."""
        if isinstance(self.op, LayerNorm):
            return (*choices(*self.shape[: self.before]), *self.at)
        n, *y = choices(self.shape[0], *self.shape[2:])
        return (n, *self.at, *y)

    def own(self, name: str) -> Element:
        """Another statistic of the same set."""
        return Element(self.question.operand(name), self.at)

    def centred(self, rows: Rows) -> Enclosed:
        """input − mean."""
        return read(self.number("input", rows)) - read(self.statistic("mean", rows))

    def image(self, rows: Rows) -> Image:
        """The same as factors."""
        numbers = self.centred(rows).value.astype(np.float64)
        return Image(self.input, rows, "centred", numbers, self._mean_address)

    def _mean_address(self, index: Sequence[int]) -> str:
        """The mean that goes with an element of the input."""
        return self.question.operand("mean").address(self.sets(index))

    def summed(self, array: Element) -> Callable[[], list[Note]]:
        """Over what a sum goes."""
        values = {"count": np.broadcast(*array.rows).shape[-1], "array": array.operand.name}
        return lambda: [("note.set", values)]


@explains(GroupNorm, LayerNorm)
def explain_sets(question: Question) -> Formula:
    """Elements of a group, instance or layer norm's results."""
    asked = Asked(question)
    return replace(_EXPLAINERS[question.source.of](asked), replay=replayed(asked))


def _output(asked: Asked) -> Formula:
    x, mean = asked.number("input", asked.at), asked.statistic("mean", asked.at)
    scale: Factors = (asked.statistic("istd", asked.at), *asked.parameter("weight", asked.at))
    result = _product(asked.centred(asked.at), scale)
    terms = [Group((x, *scale)), Group((constant("−1", -1.0), mean, *scale))]
    for bias in asked.parameter("bias", asked.at):
        result = result + read(bias)
        terms.append(Group((bias,)))
    return Formula(tuple(terms), result=result.rounded(asked.dtype)[:, 0], notes=lambda: _rounding(asked))


def _mean(asked: Asked) -> Formula:
    every = asked.number("input", asked.set)
    terms = (Group((every, constant("1/m", 1 / max(1, asked.count)))),)
    numbers = read(every)
    first = numbers[:, :1] if asked.count else Enclosed(np.zeros((len(asked.at[0]), 1)))
    result = first[:, 0] + (numbers - first).sum() / max(1, asked.count)
    return Formula(terms, result=result, notes=asked.summed(every))


def _var(asked: Asked) -> Formula:
    centred, image = asked.centred(asked.set), asked.image(asked.set)
    result = (centred * centred).sum() / max(1, asked.count)
    terms = (Group((image, image, constant("1/m", 1 / max(1, asked.count)))),)
    return Formula(terms, result=result, notes=asked.summed(image))


def _istd(asked: Asked) -> Formula:
    var = asked.own("var")
    result = 1.0 / (read(var) + asked.op.eps).sqrt()
    terms = (Group((Image(var.operand, var.rows, "istd", result.value.astype(np.float64)),)),)
    return Formula(
        terms, result=result[:, 0], notes=lambda: [("note.eps", {"eps": asked.op.eps, **first_of(var)})]
    )


def _grad_bias(asked: Asked) -> Formula:
    every = asked.number("grad_output", asked.readers)
    result = read(every).sum().rounded(asked.dtype)
    return Formula((Group((every,)),), result=result, notes=asked.summed(every))


def _grad_weight(asked: Asked) -> Formula:
    every, istd = asked.number("grad_output", asked.readers), asked.statistic("istd", asked.readers)
    result = (read(every) * (asked.centred(asked.readers) * read(istd))).sum().rounded(asked.dtype)
    terms = (Group((every, asked.image(asked.readers), istd)),)
    return Formula(terms, result=result, notes=asked.summed(every))


def _grad_istd(asked: Asked) -> Formula:
    every = asked.number("grad_output", asked.set)
    weights = asked.parameter("weight", asked.set)
    result = (_product(read(every), weights) * asked.centred(asked.set)).sum()
    return Formula(
        (Group((every, asked.image(asked.set), *weights)),), result=result, notes=asked.summed(every)
    )


def _grad_var(asked: Asked) -> Formula:
    istd = asked.own("istd")
    factors: Factors = (constant("−½", -0.5), istd, istd, istd, asked.own("grad_istd"))
    return Formula((Group(factors),), result=_product(Enclosed(1.0), factors)[:, 0])


def _grad_mean(asked: Asked) -> Formula:
    every, istd = asked.number("grad_output", asked.set), asked.own("istd")
    weights = asked.parameter("weight", asked.set)
    result = -(_product(read(every), weights).sum() * read(istd)[:, 0])
    terms = (Group((constant("−1", -1.0), every, istd, *weights)),)
    return Formula(terms, result=result, notes=asked.summed(every))


def _grad_input(asked: Asked) -> Formula:
    at, count = asked.at, max(1, asked.count)
    g, weights, istd = (
        asked.number("grad_output", at),
        asked.parameter("weight", at),
        asked.statistic("istd", at),
    )
    by_mean, by_var = asked.statistic("grad_mean", at), asked.statistic("grad_var", at)
    through = read(by_mean) / count + 2.0 * read(by_var) / count * asked.centred(at)
    result = (_product(read(g), weights) * read(istd) + through).rounded(asked.dtype)
    terms = (
        Group((g, istd, *weights)),
        Group((by_mean, constant("1/m", 1 / count))),
        Group((by_var, constant("2/m", 2 / count), asked.image(at))),
    )
    return Formula(
        (*grown_terms(asked.question), *terms),
        result=grown(asked.question, result[:, 0]),
        notes=lambda: [*_rounding(asked), *grown_notes(asked.question)],
    )


def _product(first: Enclosed, factors: Factors) -> Enclosed:
    return reduce(mul, map(read, factors), first)


def _rounding(asked: Asked) -> list[Note]:
    return [("note.rounded_once" if asked.dtype == np.float32 else "note.float64", {})]


_EXPLAINERS: dict[str, Callable[[Asked], Formula]] = {
    "output": _output,
    "mean": _mean,
    "var": _var,
    "istd": _istd,
    "grad_bias": _grad_bias,
    "grad_weight": _grad_weight,
    "grad_istd": _grad_istd,
    "grad_var": _grad_var,
    "grad_mean": _grad_mean,
    "grad_input": _grad_input,
}
