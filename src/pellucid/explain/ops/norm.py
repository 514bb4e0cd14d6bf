"""Batch normalisation: output, statistics, running statistics and gradients. Formulas: `ops/batch_norm.py`.

Every explanation starts from recorded numbers: the output from mean and istd, grad_input from grad(mean) and grad(var)
as well, each of which has an explanation of its own. What is summed over a channel is summed in float64, less a number
that is near in training (`kernels/loops/norm.py`); the loops over all numbers take coefficients that are rounded to the
network's type once for each channel (`kernels/simd/norm.py`), of which the last holds what the mean lost by that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from operator import mul

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, where
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
from pellucid.explain.ops.norm_question import Asked, Factors
from pellucid.explain.ops.norm_replay import replayed
from pellucid.explain.question import Question
from pellucid.ops.batch_norm import BatchNorm


@explains(BatchNorm)
def explain_batch_norm(question: Question) -> Formula:
    """Elements of a batch norm's results."""
    asked = Asked(question)
    return replace(_EXPLAINERS[question.source.of](asked), replay=replayed(asked))


def _output(asked: Asked) -> Formula:
    x, mean, dtype = asked.here("input"), asked.each("mean"), asked.dtype
    scale, shift = _product(asked.scale), Enclosed(np.zeros(asked.channel.shape))
    terms = [Group((x, *asked.scale)), Group((constant("−1", -1.0), mean, *asked.scale))]
    if "bias" in asked.question.has:
        shift = read(asked.each("bias"))
        terms.append(Group((asked.each("bias"),)))
    result = _centred(asked) * scale.rounded(dtype) + _less_lost(asked, shift, scale).rounded(dtype)
    notes = asked.notes(*asked.coefficients)
    return Formula(tuple(terms), result=result.rounded(dtype)[:, 0], notes=notes)


def _centred(asked: Asked) -> Enclosed:
    """input − mean as the loops over all numbers compute it: with the mean in the network's type."""
    return (read(asked.here("input")) - _rounded_mean(asked)).rounded(asked.dtype)


def _less_lost(asked: Asked, shift: Enclosed, slope: Enclosed) -> Enclosed:
    """What is added to (input − mean)·slope, less what the mean has lost there. An infinite mean loses nothing."""
    lost = read(asked.each("mean")) - _rounded_mean(asked)
    return where(np.isfinite(lost.value), shift - lost * slope, shift)


def _rounded_mean(asked: Asked) -> Enclosed:
    """A number like any other: its distance from the mean is what `_less_lost` makes good."""
    return Enclosed.of(asked.each("mean").gathered()[1].astype(asked.dtype))


def _mean(asked: Asked) -> Formula:
    if not asked.op.training:
        running = asked.each("running_mean")
        return Formula((Group((running,)),), result=read(running)[:, 0], notes=asked.notes())
    terms = (Group((asked.all("input"), constant("1/m", 1 / max(asked.count, 1)))),)
    return Formula(terms, result=_moments(asked)[0], notes=asked.notes(*asked.summed))


def _var(asked: Asked) -> Formula:
    centred, mean, count = asked.centred(asked.rows), asked.each("mean"), max(asked.count, 1)
    exact = ((read(asked.all("input")).value - read(mean).value) ** 2).sum(axis=1) / count
    batch_mean, computed = _moments(asked)
    result = Enclosed(exact, computed.radius + batch_mean.radius**2)  # the recorded mean is rounded, too
    terms = (Group((centred, centred, constant("1/m", 1 / count))),)
    return Formula(terms, result=result, notes=asked.notes(*asked.summed))


def _moments(asked: Asked) -> tuple[Enclosed, Enclosed]:
    """Mean and variance as the engine computes them, of Σ (input − centre) and Σ (input − centre)².

    A run's centre is one of its numbers, or its part's; then all sums are brought to the first run's centre.
    """
    count, order = asked.count, asked.order
    if not count:
        zero = Enclosed(np.zeros(len(asked.channel)))
        return zero, zero
    values = read(asked.all("input"))
    centres = values[:, order.centres]
    distances = [values[:, run.places] - values[:, run.centre][:, None] for run in order.runs]
    firsts = _beside([x.sum(additions=order.additions) for x in distances])
    seconds = _beside([(x * x).sum(additions=order.additions) for x in distances])
    apart = centres - centres[:, :1]
    by_apart = order.sizes * apart
    seconds = seconds + apart * (2.0 * firsts + by_apart)
    first, second = (x.sum(additions=order.additions) for x in (firsts + by_apart, seconds))
    return centres[:, 0] + first / count, (second - first * (first / count)) / count


def _beside(columns: Sequence[Enclosed]) -> Enclosed:
    """Columns as an array."""
    values, radii = (
        np.stack(parts, axis=1) for parts in zip(*((x.value, x.radius) for x in columns), strict=True)
    )
    return Enclosed(values, radii)


def _istd(asked: Asked) -> Formula:
    var = asked.each("var" if asked.op.training else "running_var")
    result = 1.0 / (read(var) + asked.op.eps).sqrt()
    terms = (Group((Image(var.operand, var.rows, "istd", result.value.astype(np.float64)),)),)
    return Formula(
        terms, result=result[:, 0], notes=asked.notes(("note.eps", {"eps": asked.op.eps, **first_of(var)}))
    )


def _running(asked: Asked) -> Formula:
    old, count, momentum = asked.each(asked.question.source.of), asked.count, asked.op.momentum
    if not count:  # an empty batch leaves them as they are
        return Formula((Group((old,)),), result=read(old)[:, 0])
    kept: Factors = (constant("(1 − momentum)", 1 - momentum), old)
    batch = asked.each("mean" if asked.question.source.of == "running_mean" else "var")
    added: Factors = (constant("momentum", momentum), batch)
    new = read(batch)
    if asked.question.source.of == "running_var":
        added = (*added, constant("m/(m − 1)", count / (count - 1)))
        new = new * count / (count - 1)
    result = (1 - Enclosed(momentum)) * read(old) + momentum * new
    return Formula((Group(kept), Group(added)), result=result.rounded(asked.dtype)[:, 0])


def _grad_bias(asked: Asked) -> Formula:
    return _sum(asked, asked.all("grad_output"))


def _grad_weight(asked: Asked) -> Formula:
    return _sum(asked, asked.all("grad_output"), asked.centred(asked.rows), after=(asked.each("istd"),))


def _grad_istd(asked: Asked) -> Formula:
    weight = (asked.each("weight"),) if "weight" in asked.question.has else ()
    return _sum(asked, asked.all("grad_output"), asked.centred(asked.rows), after=weight)


def _grad_var(asked: Asked) -> Formula:
    istd = asked.each("istd")
    factors: Factors = (constant("−½", -0.5), istd, istd, istd, asked.each("grad_istd"))
    return Formula((Group(factors),), result=_product(factors)[:, 0])


def _grad_mean(asked: Asked) -> Formula:
    return _sum(asked, asked.all("grad_output"), after=(constant("−1", -1.0), *asked.scale))


def _sum(asked: Asked, *summed: Element | Quantity, after: Factors = ()) -> Formula:
    """Σ of the products of what is summed, times what comes after."""
    product = read(summed[0])
    if len(summed) > 1:
        product = product * (read(asked.all("input")) - read(asked.each("mean")))
    result = product.sum(additions=asked.order.additions)[:, None]
    result = reduce(mul, map(read, after), result).rounded(asked.dtype)
    return Formula((Group((*summed, *after)),), result=result[:, 0], notes=asked.notes(*asked.summed))


def _grad_input(asked: Asked) -> Formula:
    """The three parts; in inference mean and variance are constants, and the first is all."""
    g, dtype, count, scale = asked.here("grad_output"), asked.dtype, asked.count, asked.scale
    shift = slope = Enclosed(np.zeros(asked.channel.shape))
    terms = [Group((g, *scale))]
    if asked.op.training:
        by_mean, by_var = asked.each("grad_mean"), asked.each("grad_var")
        shift, slope = read(by_mean) / count, 2.0 * read(by_var) / count
        terms.append(Group((by_mean, constant("1/m", 1 / count))))
        terms.append(Group((by_var, constant("2/m", 2 / count), asked.centred(asked.at))))
    shift = _less_lost(asked, shift, slope).rounded(dtype)
    first = (read(g) * _product(scale).rounded(dtype) + shift).rounded(dtype)
    result = (_centred(asked) * slope.rounded(dtype) + first).rounded(dtype)
    result = grown(asked.question, result[:, 0])
    notes = asked.notes(*asked.coefficients, *grown_notes(asked.question))
    return Formula((*grown_terms(asked.question), *terms), result=result, notes=notes)


def _product(factors: Factors) -> Enclosed:
    return reduce(mul, map(read, factors))


_EXPLAINERS: dict[str, Callable[[Asked], Formula]] = {
    "output": _output,
    "mean": _mean,
    "var": _var,
    "istd": _istd,
    "running_mean": _running,
    "running_var": _running,
    "grad_bias": _grad_bias,
    "grad_weight": _grad_weight,
    "grad_istd": _grad_istd,
    "grad_var": _grad_var,
    "grad_mean": _grad_mean,
    "grad_input": _grad_input,
}
