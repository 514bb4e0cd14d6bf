"""The optimisers' updates: parameters and the state they carry on. Formulas and orders: `ops/sgd.py`, `ops/adam.py`.

Factors of terms are recorded numbers and settings alone: where weight decay joins the gradient, g = gradient +
weight_decay·parameter appears as its two parts. What the engine computes from the new state (the velocity, the moments)
is explained from the new state as it was recorded.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Note, Quantity
from pellucid.explain.accounts.formula import Formula, first_of
from pellucid.explain.accounts.replayed import Replayed
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.adam import Adam
from pellucid.ops.sgd import SGD

Factor: TypeAlias = Element | Quantity
Term: TypeAlias = tuple[Factor, ...]


class _Update:
    """What an update reads: numbers of the asked elements and, rounded to their type, settings."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.lr, self.step = float(question.source.facts["lr"]), int(question.source.facts["step"])

    def number(self, argument: str) -> Replayed:
        """The asked elements of an operand."""
        return Replayed.of(self.question.operand(argument).array[tuple(self.question.at.T)])

    def setting(self, value: float) -> Replayed:
        """A number that all elements share."""
        with np.errstate(over="ignore"):  # as in the engine
            return Replayed.of(np.array([value]).astype(self.question.dtype))

    def element(self, argument: str) -> Element:
        """A factor of each element: its number in an operand."""
        rows = tuple(column[:, None] for column in self.question.at.T)
        return Element(self.question.operand(argument), rows)

    def made(self, result: Replayed, terms: list[Term], *notes: Note) -> Formula:
        """The account."""
        update: Note = ("note.update", {"step": self.step, "lr": self.lr, "dtype": str(self.question.dtype)})
        return Formula(
            tuple(map(Group, terms)),
            result.enclosed,
            replay=result.value,
            notes=lambda: [update, *notes],
        )

    def gradient(self, rule: SGD | Adam) -> tuple[Replayed, list[Term]]:
        """The gradient that the rule follows, and its terms."""
        g, factors = self.number("gradient"), _term(self.element("gradient"))
        if "clip_factor" in self.question.has:
            clip = self.setting(float(self.question.operand("clip_factor").array))
            g, factors = g * clip, (*factors, _quantity("clip_factor", clip))
        terms = [factors]
        if not rule.decays:
            return g, terms
        rate = self.setting(rule.weight_decay)
        decayed = _term(_quantity("weight_decay", rate), self.element("parameter"))
        return g + rate * self.number("parameter"), [*terms, decayed]


def _term(*factors: Factor) -> Term:
    """A product."""
    return factors


def _quantity(name: str, value: Replayed | Any) -> Quantity:
    """A factor that is no array's number."""
    return Quantity(name, np.reshape(value.value if isinstance(value, Replayed) else value, (-1, 1)))


@explains(SGD)
def explain_sgd(question: Question) -> Formula:
    """Elements of an updated parameter, or of its velocity."""
    x, rule = _Update(question), question.source.op
    assert isinstance(rule, SGD)
    lr, momentum = x.setting(x.lr), x.setting(rule.momentum)
    step, terms = x.gradient(rule)
    if question.source.of == "velocity":
        before = x.number("velocity before")
        carried = (_quantity("momentum", momentum), x.element("velocity before"))
        return x.made(momentum * before + step, [carried, *terms])
    if rule.nesterov:
        step = step + momentum * x.number("velocity")
        terms.append((_quantity("momentum", momentum), x.element("velocity")))
    elif rule.momentum:
        step, terms = x.number("velocity"), [_term(x.element("velocity"))]
    back = _quantity("−lr", -lr.value)
    parts = [(x.element("parameter"),), *((back, *term) for term in terms)]
    return x.made(x.number("parameter") - lr * step, parts)


@explains(Adam)
def explain_adam(question: Question) -> Formula:
    """Elements of an updated parameter, or of its mean and variance."""
    x, rule = _Update(question), question.source.op
    assert isinstance(rule, Adam)
    if question.source.of == "parameter":
        return _adam_step(x, rule)
    gradient, terms = x.gradient(rule)
    if question.source.of == "mean":
        before, share = x.number("mean before"), x.setting(1 - rule.betas[0])
        old, name = x.element("mean before"), "1 − β₁"
        parts = [(old,), (_quantity(f"−({name})", -share.value), old)]
        parts += [(_quantity(name, share), *term) for term in terms]
        return x.made(before + (gradient - before) * share, parts)
    keep, share = x.setting(rule.betas[1]), x.setting(1 - rule.betas[1])
    parts = [(_quantity("β₂", keep), x.element("variance before"))]
    parts += [(_quantity("1 − β₂", share), *left, *right) for left in terms for right in terms]
    return x.made(x.number("variance before") * keep + share * gradient * gradient, parts)


def _adam_step(x: _Update, rule: Adam) -> Formula:
    """Elements of a parameter that Adam has updated."""
    parameter, kept = x.number("parameter"), _term(x.element("parameter"))
    if rule.shrinks:
        keep = x.setting(1 - x.lr * rule.weight_decay)
        parameter = parameter * keep
        kept = _term(_quantity("1 − lr·weight_decay", keep), *kept)
    size, root = map(x.setting, rule.corrections(x.lr, x.step))
    eps = x.setting(rule.eps)
    denominator = x.number("variance").sqrt() / root + eps
    with np.errstate(all="ignore"):
        inverse = (1 / denominator.enclosed.value).astype(np.float64)
    moved = (_quantity("−lr/(1 − β₁ᵗ)", -size.value), x.element("mean"), _quantity("1/denominator", inverse))
    numbers = {"root": root, "eps": eps, "denominator": denominator}
    said = {name: str(number.value[0]) for name, number in numbers.items()}
    note: Note = ("note.denominator", {**said, **first_of(x.element("variance"))})
    return x.made(parameter - size * x.number("mean") / denominator, [kept, moved], note)
