"""∫ f(z)·g(x−z) dz in pieces between the places where either factor begins, ends, jumps or has its mass."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from pellucid.signal.profile import Function, Profile, Support

_UNSETTLED = (
    0.01  # a part of its value that an integral to infinity is not known to, when QUADPACK has given up
)


@dataclass(frozen=True)
class Rule:
    """SciPy's `quad`, the absolute error that it shall aim at, and into how many parts it may cut a piece."""

    quad: Callable[..., Any]
    tolerance: float
    subdivisions: int = 200


@dataclass(frozen=True)
class Integral:
    """A value, an estimate of its error, and whether QUADPACK thinks that there is none."""

    value: float
    error: float
    diverges: bool


def integrate(function: Function, cuts: list[float], rule: Rule) -> Integral:
    """The integral from the first cut to the last, in pieces."""
    values, errors, diverges = [0.0], [0.0], False
    for low, high in pairwise(cuts):
        with np.errstate(all="ignore"):  # what is not finite shows in the value
            value, error, _, *message = rule.quad(
                function,
                low,
                high,
                epsabs=rule.tolerance / len(cuts),
                epsrel=2e-14,
                limit=rule.subdivisions,
                full_output=1,
            )
        values.append(value)
        errors.append(error)
        unsettled = math.isinf(high - low) and error > max(rule.tolerance, _UNSETTLED * abs(value))
        diverges = diverges or bool(message and ("divergent" in message[0] or unsettled))
    return Integral(sum(values), sum(errors), diverges)


def meeting(x: float, f: Profile, g: Profile) -> list[float]:
    """The cuts of z ↦ f(z)·g(x−z): ends of the common support, and what lies between. Empty where nothing meets."""
    low, high = max(f.low, x - g.high), min(f.high, x - g.low)
    if not low < high:
        return []
    inner = {cut for cut in (*f.cuts, *(x - cut for cut in g.cuts)) if low < cut < high}
    return [low, *sorted(inner), high]


def integrate_line(
    f: Function, g: Function, rule: Rule, first: Profile, second: Profile
) -> tuple[Callable[..., Integral], tuple[Support, Support]]:
    """The function x ↦ integral, and where f and g live. Where no sample has shown one, any error is possible."""

    def at(x: float) -> Integral:
        found = integrate_product(f, g, x, first, second, rule)
        return found if first.seen and second.seen else replace(found, error=math.inf)

    return at, ((first.low, first.high), (second.low, second.high))


def integrate_product(
    f: Function, g: Function, x: float, first: Profile, second: Profile, rule: Rule
) -> Integral:
    """∫ f(z)·g(x−z) dz over the common support."""

    def integrand(z: float) -> float:
        return f(z) * g(x - z)

    return integrate(integrand, meeting(x, first, second), rule)
