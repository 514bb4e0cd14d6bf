"""What an explanation says: one number, the terms that made it, and the certificate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import zip_longest
from textwrap import fill
from typing import Any

import numpy as np

from pellucid.explain.account import Account, Exact, Group, Kind, Verdict
from pellucid.explain.chain import Chain, nearest
from pellucid.explain.question import Question
from pellucid.explain.terms import Joined, Products, Term, as_json, exact_json
from pellucid.explain.words import text

_SHOWN = 8  # terms in the table of the largest ones
_FIRST = 3  # terms written out in the substituted formula
_WIDTH = 100  # columns of a trace as text


@dataclass(frozen=True, eq=False)
class Trace:
    """How one number came about.

    Attributes:
        kind: "sum" for a sum of products, "select" for one number among several, "formula" for all else.
        address: the number's address.
        dtype: its type, which is also that of the arithmetic.
        value: the number that the engine computed.
        formula: the op's formula.
        substituted: the formula with the first numbers put in.
        terms: the products in the order in which they are summed; the candidates of a selection; of a formula what it
            adds up, as far as it is a sum.
        start: what the sum begins with as a term of one factor (a bias); None for zero.
        exact: the sum of start and terms, rounded once to float64; for float64 data the sum itself, a fraction.
        error_bound: how far `value` can lie from `exact`, by the order of summation or the algorithm alone.
        replay: the sum computed once more, number by number in the documented order; None for other kinds and where
            Winograd's algorithm computed it in another way.
        certified: whether |value − exact| ≤ error_bound, and replay, if there is one, has the very bits of value.
        note: which positions are read, how many products meet padding, and the order of summation.
        question: what was asked, with access to the recording's arrays.
        account: what the answer is drawn from.
    """

    kind: Kind
    address: str
    dtype: str
    value: float
    formula: str
    terms: Products | Joined
    start: Term | None
    exact: Exact
    error_bound: float
    replay: float | None
    certified: bool
    note: str
    question: Question = field(repr=False)
    account: Account = field(repr=False)

    @property
    def error(self) -> float:
        """|value − exact|, rounded once."""
        if math.isfinite(self.value) and math.isfinite(nearest(self.exact)):
            return nearest(abs(Fraction(self.value) - Fraction(self.exact)))
        return 0.0 if str(self.value) == str(self.exact) else math.inf

    @property
    def substituted(self) -> str:
        """The formula with the first few numbers put in."""
        shown = [self._short(self.start.factors[0][1])] if self.start else []
        shown += ["·".join(self._short(value) for _, value in term.factors) for term in self.terms[:_FIRST]]
        rest = len(self.terms) - _FIRST
        if rest > 0:
            shown.append(f"… ({rest:,} more {'term' if rest == 1 else 'terms'})")
        if self.kind == "select":
            return f"{self.address} = " + (shown[0] if len(shown) == 1 else f"max({', '.join(shown)})")
        return f"{self.address} = {' + '.join(shown) or '0'}"

    def to_dict(self, limit: int | None = None) -> dict[str, Any]:
        """Everything as values that JSON knows; at most the first `limit` terms.

        Fractions appear as the nearest float and, under a key of their own, as text ("1/3"); numbers that are not
        finite as text ("nan", "inf").
        """
        return {
            "kind": self.kind,
            "address": self.address,
            "dtype": self.dtype,
            "value": as_json(self.value),
            "formula": self.formula,
            "substituted": self.substituted,
            "start": self.start.to_dict() if self.start else None,
            "terms": [term.to_dict() for term in self.terms[:limit]],
            "term_count": len(self.terms),
            **exact_json("exact", self.exact),
            "error_bound": as_json(self.error_bound),
            "replay": None if self.replay is None else as_json(self.replay),
            "certified": self.certified,
            "note": self.note,
        }

    def __str__(self) -> str:
        lines = [
            f"{self.address} = {self.digits(self.value)}  ({self.dtype})",
            _wrapped("formula", self.formula),
            _wrapped("numbers", self.substituted),
            _wrapped("note", self.note),
        ]
        largest = np.argsort(-self.terms.magnitudes, kind="stable")[:_SHOWN]
        if len(largest):
            lines.append(
                f"  largest {len(largest)} of {len(self.terms):,} terms" if len(largest) > 1 else "  term"
            )
            lines += self._table([self.terms[int(i)] for i in largest])
        verdict = "certified" if self.certified else "NOT certified"
        lines.append(f"  {verdict}: |value − exact| = {self.error:.3g}, bound {self.error_bound:.3g}")
        if self.replay is not None:
            same = "=" if str(self.replay) == str(self.value) else "≠"
            lines[-1] += f"; replay {self.digits(self.replay)} {same} value"
        return "\n".join(lines)

    def html(self, lang: str | None = None) -> str:
        """A piece of HTML that needs nothing from elsewhere: numbers, terms, and the window that they were read from.

        Args:
            lang: "en" or "ko"; None for the environment's `PELLUCID_LANG`, else English.

        Raises: ArgumentError for a language that there are no texts in.
        """
        from pellucid.explain.rendering.webpage import trace_html

        return trace_html(self, lang)

    def _repr_html_(self) -> str:
        return self.html()

    def _table(self, terms: Sequence[Term]) -> list[str]:
        rows = [
            [f"{nearest(term.product):.6g}", *(f"{a} {self.digits(v)}" for a, v in term.factors)]
            for term in terms
        ]
        widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
        table = []
        for first, *factors in rows:
            cells = [f.ljust(width) for f, width in zip(factors, widths[1:], strict=False)]
            table.append(f"    {first.rjust(widths[0])} = {' · '.join(cells)}".rstrip())
        return table

    def digits(self, value: float) -> str:
        """The shortest text that is this number and no other of its type."""
        return str(np.dtype(self.dtype).type(value))

    def _short(self, value: float) -> str:
        text = self.digits(value)
        return f"({text})" if text.startswith("-") else text


def _wrapped(label: str, text: str) -> str:
    """A labelled paragraph of a trace as text."""
    return fill(
        text, _WIDTH, initial_indent=f"  {label:11}", subsequent_indent=" " * 13, break_long_words=False
    )


def trace_of(question: Question, account: Account, verdict: Verdict) -> Trace:
    """The trace of a question's only element."""
    start = None
    if isinstance(account, Chain) and account.start is not None:
        start = Products.of(Group((account.start,)), 0, 1)[0]
    groups = [Products.of(group, 0, 1) for group in account.terms]
    value = question.value[0]
    return Trace(
        kind=account.kind,
        address=question.addresses[0],
        dtype=str(question.dtype),
        value=float(value),
        formula=account.formula or question.formula,
        terms=groups[0] if len(groups) == 1 else Joined(groups),
        start=start,
        exact=verdict.exact[0],
        error_bound=float(verdict.bound[0]),
        replay=None if verdict.replay is None else float(verdict.replay[0]),
        certified=bool(verdict.certified[0]),
        note=noted(account),
        question=question,
        account=account,
    )


def noted(account: Account, lang: str | None = None) -> str:
    """The notes of an account as one line."""
    return "; ".join(text(key, lang, **values) for key, values in account.notes())
