"""Group, instance and layer norm: output, statistics and gradients. Formulas: `ops/group_norm.py`, `ops/layer_norm.py`.

Every explanation starts from recorded numbers, as a batch norm's does; here all arithmetic is in float64, and what goes
to an array of the network's type is rounded once (`kernels/loops/group_norm.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import mul

import numpy as np

from pellucid.explain.accounts.account import Group, Image, Note
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
from pellucid.explain.ops.group_norm_question import Asked, Factors
from pellucid.explain.ops.group_norm_replay import replayed
from pellucid.explain.question import Question
from pellucid.functions.sums import OFF_CENTRE
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm


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
    return Formula(terms, result=_moments(asked)[0], notes=asked.centred_sum(every))


def _var(asked: Asked) -> Formula:
    image, (mean, computed) = asked.image(asked.set), _moments(asked)
    exact = (asked.centred(asked.set).value ** 2).sum(axis=1) / max(1, asked.count)
    exact = np.where(
        np.isfinite(computed.value), exact, computed.value
    )  # of squares beyond all floats there is none
    result = Enclosed(exact, computed.radius + mean.radius**2)  # the recorded mean is rounded, too
    terms = (Group((image, image, constant("1/m", 1 / max(1, asked.count)))),)
    return Formula(terms, result=result, notes=asked.centred_sum(asked.number("input", asked.set)))


def _moments(asked: Asked) -> tuple[Enclosed, Enclosed]:
    """Mean and variance as the engine computes them, of sums around the first number.

    They are around the mean where that number lies far apart. What holds around the first number holds there, too.
    """
    numbers, count = read(asked.number("input", asked.set)), max(1, asked.count)
    first = numbers[:, :1] if asked.count else Enclosed(np.zeros((len(asked.at[0]), 1)))
    mean, var = _around(numbers, first, count)
    if not asked.count:
        return mean, var
    apart = numbers.value - first.value
    share = (
        apart.sum(axis=1) ** 2 / count / np.maximum((apart * apart).sum(axis=1), np.finfo(np.float64).tiny)
    )
    off = share > (1 + OFF_CENTRE) / 2
    centred = _around(numbers, Enclosed(mean.value.astype(np.float64)[:, None]), count)
    radii = (np.where(off, near.radius, far.radius) for near, far in zip(centred, (mean, var), strict=True))
    return Enclosed(mean.value, next(radii)), Enclosed(
        np.where(off, centred[1].value, var.value), next(radii)
    )


def _around(numbers: Enclosed, centre: Enclosed, count: int) -> tuple[Enclosed, Enclosed]:
    """Mean and variance of sums around a number of each set."""
    apart = numbers - centre
    total = apart.sum()
    return centre[:, 0] + total / count, ((apart * apart).sum() - total * (total / count)) / count


def _istd(asked: Asked) -> Formula:
    var = asked.own("var")
    result = 1.0 / (read(var) + asked.op.eps).sqrt()
    terms = (Group((Image(var.operand, var.rows, "istd", result.value.astype(np.float64)),)),)
    return Formula(
        terms, result=result[:, 0], notes=lambda: [("note.eps", {"eps": asked.op.eps, **first_of(var)})]
    )


def _grad_bias(asked: Asked) -> Formula:
    every = asked.number("grad_output", asked.readers)
    result = read(every).sum(additions=asked.tree.additions).rounded(asked.dtype)
    return Formula((Group((every,)),), result=result, notes=asked.summed(every))


def _grad_weight(asked: Asked) -> Formula:
    every, istd = asked.number("grad_output", asked.readers), asked.statistic("istd", asked.readers)
    product = read(every) * (asked.centred(asked.readers) * read(istd))
    result = product.sum(additions=asked.tree.additions).rounded(asked.dtype)
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
