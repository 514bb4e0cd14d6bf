"""What an explanation says, in every form that it is asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from typing import Any

import numpy as np

from pellucid.columns import cells, wrapped
from pellucid.explain.accounts.account import Account, Group, Verdict
from pellucid.explain.accounts.chain import Chain, nearest
from pellucid.explain.accounts.formula import Formula
from pellucid.explain.answer import Answer, noted
from pellucid.explain.question import Question
from pellucid.explain.rendering.webpage import trace_html
from pellucid.explain.terms import Joined, Products, Term, as_json, exact_json, largest
from pellucid.language import text, worded

_SHOWN = 8  # terms in the table of the largest ones
_PART = 2**50  # of the sizes of its terms lies a formula at most beside their sum, if it is their sum
_WIDTH = 100  # columns of a trace as text


@dataclass(frozen=True, eq=False)
class Trace(Answer):
    """How one number came about; printed, a text, and in a notebook a page. `Answer` has its attributes."""

    def to_dict(self, limit: int | None = None, lang: str | None = None) -> dict[str, Any]:
        """Everything as values that JSON knows; at most the first `limit` terms.

        Fractions appear as the nearest float and, under a key of their own, as text ("1/3"); numbers that are not
        finite as text ("nan", "inf").
        """
        lang = lang or self.lang
        return {
            "kind": self.kind,
            "address": self.address,
            "dtype": self.dtype,
            "value": as_json(self.value),
            "formula": self.formula,
            "substituted": self.numbers(lang),
            "start": self.start.to_dict() if self.start else None,
            "terms": [term.to_dict() for term in self.terms[:limit]],
            "term_count": len(self.terms),
            "root": self.root,
            **exact_json("exact", self.exact),
            "error_bound": as_json(self.error_bound),
            "replay": None if self.replay is None else as_json(self.replay),
            "certified": self.certified,
            "note": noted(self.account, lang),
        }

    def text(self, lang: str | None = None) -> str:
        """Formula, numbers, note, the largest terms and the certificate.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        lang = lang or self.lang
        labelled = {
            text("trace.formula", lang): worded(self.formula, lang),
            text("trace.numbers", lang): self.numbers(lang),
            text("trace.note", lang): noted(self.account, lang),
        }
        lines = [f"{self.address} = {self.digits(self.value)}  ({self.dtype})"]
        for label, paragraph in labelled.items():
            if not paragraph:
                continue
            first = f"  {label}" + " " * (11 - cells(label))
            lines.append(wrapped(paragraph, _WIDTH, first, " " * 13))
        shown = largest(self.terms, _SHOWN)
        if len(self.terms) > 1:
            lines.append("  " + text("trace.largest", lang, shown=len(shown), count=len(self.terms)))
        elif shown:
            lines.append("  " + text("trace.term", lang))
        lines += self._table([self.terms[i] for i in shown], lang)
        return "\n".join([*lines, f"  {self.verdict(lang)}"])

    def __str__(self) -> str:
        return self.text()

    def html(self, lang: str | None = None) -> str:
        """A piece of HTML that needs nothing from elsewhere: numbers, terms, and the window that they were read from.

        Args:
            lang: "en" or "ko"; None for the trace's own.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        return trace_html(self, lang or self.lang)

    def _repr_html_(self) -> str:
        return self.html()

    def _table(self, terms: Sequence[Term], lang: str | None) -> list[str]:
        """What the sum starts with, and the terms."""
        rows = [_row(term) for term in terms]
        if self.start is not None:
            product, factor = _row(self.start)
            rows.insert(0, [product, text("path.start", lang, term=factor)])
        widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
        table = []
        for first, *factors in rows:
            cells = [f.ljust(width) for f, width in zip(factors, widths[1:], strict=False)]
            table.append(f"    {first.rjust(widths[0])} = {' · '.join(cells)}".rstrip())
        return table


def trace_of(question: Question, account: Account, verdict: Verdict, lang: str | None = None) -> Trace:
    """The trace of a question's only element."""
    start = None
    if isinstance(account, Chain) and account.start is not None:
        start = Products.of(Group((account.start,)), 0, 1)[0]
    groups = [Products.of(group, 0, 1) for group in account.terms]
    terms = groups[0] if len(groups) == 1 else Joined(groups)
    value, exact, bound = question.value[0], verdict.exact[0], float(verdict.bound[0])
    if isinstance(account, Formula) and account.root == 1:
        exact, bound = _added_up(terms, nearest(exact), bound)
    return Trace(
        kind=account.kind,
        address=question.addresses[0],
        dtype=str(question.dtype),
        value=float(value),
        formula=account.formula or question.formula,
        terms=terms,
        start=start,
        exact=exact,
        error_bound=bound,
        replay=None if verdict.replay is None else float(verdict.replay[0]),
        certified=bool(verdict.certified[0]),
        question=question,
        account=account,
        lang=lang,
        root=account.root if isinstance(account, Formula) else 1.0,
    )


def _added_up(terms: Products | Joined, exact: float, bound: float) -> tuple[float, float]:
    """A formula's exact number as the sum of its terms, rounded once, where it is that sum.

    The terms' factors are float64 numbers, so their sum can lie a unit of the last place beside the formula in a wider
    type. The bound grows by what the number moves, and by the rounding of what the bound was made for.
    """
    total, size = terms.total, float(np.sum(terms.magnitudes))
    if total is None or not math.isfinite(exact) or not math.isfinite(size):
        return exact, bound
    number = nearest(total)
    if number == exact or abs(total - Fraction(exact)) > Fraction(size) / _PART:
        return exact, bound
    moved = abs(number - exact) + float(np.spacing(abs(exact)))
    return number, float(np.nextafter((bound + moved) * (1 + 2.0**-50), np.inf))


def _row(term: Term) -> list[str]:
    factors = [f"{address} {d}" for (address, _), d in zip(term.factors, term.digits, strict=True)]
    return [f"{nearest(term.product):z.6g}", *factors]
