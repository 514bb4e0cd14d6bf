"""Paths: a number, the largest of what it is made of, what those are made of, and so on, back to what was given.

Every number on the way is a level: start + shown terms + rest = exact, as fractions, whatever `top` is. The path is a
graph: a number that is met on several ways is explained once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from pellucid.explain.accounts.account import Exact, Kind
from pellucid.explain.accounts.chain import nearest
from pellucid.explain.answer import Answer, rooted
from pellucid.explain.shown import Shown
from pellucid.explain.terms import Term, as_json, exact_json, largest
from pellucid.language import text, worded

_DIGITS = 8  # of a level's largest number


@dataclass(frozen=True)
class Level:
    """One number and the largest of its terms.

    Attributes:
        address: the number's address.
        value: what the engine computed.
        dtype: its type.
        kind: as of a trace.
        formula: the op's formula.
        certified: whether the engine's number is near enough to the exact one.
        start: what the sum begins with; None for zero.
        terms: the largest terms, none that is 0 beside others; of a selection the winner alone.
        rest_count: how many others there are; of a selection those that lost.
        rest: the sum of the others, exactly; of a selection 0.
        exact: start + terms + rest, exactly: a fraction, or a float that is not finite.
        root: which root of `exact` the number is, as the p of a p-norm; 1 for the sum itself.
    """

    address: str
    value: float
    dtype: str
    kind: Kind
    formula: str
    certified: bool
    start: Term | None
    terms: tuple[Term, ...]
    rest_count: int
    rest: Exact
    exact: Exact
    root: float = 1.0

    @property
    def shown(self) -> tuple[Term, ...]:
        """The start, if there is one, and the terms."""
        return (self.start, *self.terms) if self.start else self.terms

    @property
    def factors(self) -> Iterator[str]:
        """The addresses and names of all shown factors."""
        return (a for term in self.shown for factor, _ in term.factors for a in addresses_in(factor))

    def to_dict(self) -> dict[str, Any]:
        """The level as values that JSON knows."""
        return {
            "value": as_json(self.value),
            "dtype": self.dtype,
            "kind": self.kind,
            "formula": self.formula,
            "certified": self.certified,
            "start": self.start.to_dict() if self.start else None,
            "terms": [term.to_dict() for term in self.terms],
            "rest_count": self.rest_count,
            **exact_json("rest", self.rest),
            **exact_json("exact", self.exact),
            "root": self.root,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Path(Shown):
    """A number's way back through the network.

    Attributes:
        address: the number's address.
        levels: every explained number of the path by its address, in order of its distance from the first one.
    """

    address: str
    levels: Mapping[str, Level]

    @property
    def level(self) -> Level:
        """The number itself with its largest terms."""
        return self.levels[self.address]

    @property
    def children(self) -> tuple[Path, ...]:
        """The paths of those factors that are explained, too, each once, in the order of the terms."""
        return tuple(Path(address, self.levels) for address in self._followed(self.address))

    def to_dict(self) -> dict[str, Any]:
        """The path as values that JSON knows: numbers by their address, which terms refer to."""
        return {"address": self.address, "levels": {a: level.to_dict() for a, level in self.levels.items()}}

    def text(self, lang: str | None = None) -> str:
        """The path as a tree. On each level the numbers add up as they are written; the last takes up the rounding.

        Args:
            lang: "en" or "ko"; None for that of `PELLUCID_LANG`.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        return "\n".join(self._drawn(self.address, set(), lang))

    def summary(self) -> str:
        """What it is of, in a few words."""
        return f"{self.address}, {len(self.levels)} numbers explained"

    def _followed(self, address: str) -> list[str]:
        factors = dict.fromkeys(self.levels[address].factors)
        return [factor for factor in factors if factor in self.levels and factor != address]

    def _drawn(self, address: str, drawn: set[str], lang: str | None) -> Iterator[str]:
        level = self.levels[address]
        value = str(np.dtype(level.dtype).type(level.value))
        if address in drawn:
            yield text("path.again", lang, address=address, value=value)
            return
        drawn.add(address)
        exact, products, rest = written_level(level)
        exact = rooted(exact, level.root)
        number = text("path.number", lang, address=address, value=value, exact=exact)
        yield number if level.certified else text("path.not_certified", lang, number=number)
        branches: list[tuple[str, list[str]]] = []
        met: set[str] = set()
        for term, product in zip(level.shown, products, strict=True):
            factors = dict.fromkeys(a for factor, _ in term.factors for a in addresses_in(factor))
            followed = [a for a in factors if a in self.levels and a != address and a not in met]
            met.update(followed)
            branches.append((_written_term(term, product, level, lang), followed))
        if level.rest_count or level.rest:
            branches.append((_written_rest(level, rest, lang), []))
        yield f"{'│' if branches else ' '}  {worded(level.formula, lang)}"
        for branch, (line, followed) in enumerate(branches):
            last = branch == len(branches) - 1
            yield f"{'└' if last else '├'}─ {line}"
            margin = "   " if last else "│  "
            for place, factor in enumerate(followed):
                end = place == len(followed) - 1
                first, *others = self._drawn(factor, drawn, lang)
                yield f"{margin}{'└' if end else '├'}─ {first}"
                yield from (f"{margin}{'   ' if end else '│  '}{other}" for other in others)


def addresses_in(factor: str) -> list[str]:
    """The number that a factor is, or those of which it is a function.

    Example:
        >>> addresses_in("grad(conv1.output)[0,1]"), addresses_in("centred(conv1.output[0,1], bn1.mean[1])")
        (['grad(conv1.output)[0,1]'], ['conv1.output[0,1]', 'bn1.mean[1]'])
    """
    return factor[factor.index("(") + 1 : -1].split(", ") if factor.endswith("])") else [factor]


def written_level(level: Level) -> tuple[str, list[str], str]:
    """The exact number, the products and the rest as decimals that add up as they stand."""
    products = [term.product for term in level.shown]
    if not all(math.isfinite(nearest(number)) for number in (level.exact, level.rest, *products)):
        return str(nearest(level.exact)), [str(nearest(p)) for p in products], str(nearest(level.rest))
    largest = max(abs(Fraction(number)) for number in (level.exact, level.rest, *products))
    places = _DIGITS - 1 - math.floor(math.log10(largest)) if largest else 0
    rounded = [_rounded(number, places) for number in products]
    exact = (
        _rounded(level.exact, places) if level.rest_count or level.rest else sum(rounded, start=Decimal(0))
    )
    rest = exact - sum(rounded, start=Decimal(0))
    return _plain(exact), [_plain(number) for number in rounded], _plain(rest)


def _rounded(number: Exact, places: int) -> Decimal:
    """The nearest multiple of 10^−places."""
    return Decimal(round(Fraction(number) * Fraction(10) ** places)).scaleb(-places)


def _plain(number: Decimal) -> str:
    """Without zeros at the end, and without an exponent where that is short."""
    text = format(number.normalize(), "f") if number else "0"
    return text if len(text) <= _DIGITS + 12 else f"{number.normalize():e}"


def _written_factor(name: str, number: str) -> str:
    """The name and the number; a constant is its own name."""
    return name if f"{name.replace('−', '-')}.0" == number else f"{name} {number}"


def _written_term(term: Term, product: str, level: Level, lang: str | None) -> str:
    factors = " · ".join(
        _written_factor(name, number) for (name, _), number in zip(term.factors, term.digits, strict=True)
    )
    written = f"{product} = {factors}"
    return text("path.start", lang, term=written) if term is level.start else written


def _written_rest(level: Level, rest: str, lang: str | None) -> str:
    """The line of what is not shown."""
    count = level.rest_count
    if level.kind == "select":
        return text("path.not_chosen", lang, count=count)
    if count == 0:
        return text("path.beyond", lang, sum=rest)
    if count == 1:
        return text("path.rest_of_one", lang, sum=rest)
    return text("path.rest", lang, count=count, sum=rest)


def path_of(address: str, depth: int, top: int, trace: Callable[[str], Answer | None]) -> Path:
    """The path of a number.

    Args:
        address: the number.
        depth: how many numbers lie on a way at most, from this one back.
        top: how many terms of each are shown.
        trace: explains a number by its address; None for what was given, and for what is no address.
    """
    levels: dict[str, Level] = {}
    addresses = [address]
    for _ in range(depth):
        found = [(a, trace(a)) for a in addresses if a not in levels]
        new = [level_of(t, top) for _, t in found if t is not None]
        levels |= {level.address: level for level in new}
        addresses = list(dict.fromkeys(factor for level in new for factor in level.factors))
        if not addresses:
            break
    return Path(address, levels)


def level_of(trace: Answer, top: int) -> Level:
    """A trace's largest terms, and what is left."""
    if trace.kind == "select":
        exact: Exact
        rest: Exact
        shown, rest = _winner(trace), Fraction(0)
        exact = Fraction(trace.exact) if math.isfinite(nearest(trace.exact)) else trace.exact
    else:
        found = [trace.terms[i] for i in largest(trace.terms, top)]
        shown = [term for term in found if term.product != 0] or found[:1]  # zeros lead nowhere
        exact, rest = _added_up(trace, shown)
    return Level(
        address=trace.address,
        value=trace.value,
        dtype=trace.dtype,
        kind=trace.kind,
        formula=trace.formula,
        certified=trace.certified,
        start=trace.start,
        terms=tuple(shown),
        rest_count=len(trace.terms) - len(shown),
        rest=rest,
        exact=exact,
        root=trace.root if isinstance(exact, Fraction) else 1.0,
    )


def _winner(trace: Answer) -> list[Term]:
    """The candidate that was chosen: the first of equal ones, and of NaNs the last."""
    values = [nearest(term.product) for term in trace.terms]
    chosen = nearest(trace.exact)
    if math.isnan(chosen):
        return [trace.terms[i] for i, value in enumerate(values) if math.isnan(value)][-1:]
    return [trace.terms[i] for i, value in enumerate(values) if value == chosen][:1]


def _added_up(trace: Answer, shown: list[Term]) -> tuple[Exact, Exact]:
    """The exact sum, and what the shown terms leave of it. What is not finite stays a float."""
    total, part = trace.terms.total, [term.product for term in shown]
    start = trace.start.product if trace.start else 0
    if trace.root != 1 and total is not None:
        return total, total - sum((Fraction(product) for product in part), Fraction(0))
    if total is None or not math.isfinite(nearest(trace.exact)) or not math.isfinite(start):
        return trace.exact, math.nan if len(part) < len(trace.terms) else Fraction(0)
    if abs(total + Fraction(start) - Fraction(trace.exact)) > _room(trace):
        total = Fraction(trace.exact) - Fraction(start)  # the formula is more than a sum of its terms
    return total + Fraction(start), total - sum((Fraction(product) for product in part), Fraction(0))


def _room(trace: Answer) -> Fraction | float:
    """How far a sum of terms may lie from the number that the trace gives as exact, by the rounding of both."""
    bound = trace.error_bound if math.isfinite(trace.error_bound) else 0.0
    return Fraction(bound) + Fraction(abs(nearest(trace.exact))) / 2**50
