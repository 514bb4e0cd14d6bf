"""What an explanation says: one number, the terms that made it, and the certificate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import zip_longest
from typing import Any

import numpy as np

from pellucid.columns import cells, wrapped
from pellucid.explain.accounts.account import Account, Exact, Group, Kind, Verdict
from pellucid.explain.accounts.chain import Chain, nearest
from pellucid.explain.accounts.formula import Formula, shortest
from pellucid.explain.question import Question
from pellucid.explain.terms import Joined, Products, Term, as_json, exact_json, largest
from pellucid.language import sentence, text, worded

_SHOWN = 8  # terms in the table of the largest ones
_FIRST = 3  # terms written out in the substituted formula, and a fourth where there is no fifth
_PART = 2**50  # of the sizes of its terms lies a formula at most beside their sum, if it is their sum
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
        terms: the products in the order in which they are summed, the zeros by padding with a name like
            "input[0,0,-1,2] (padding)" among them; the candidates of a selection; of a formula what it adds up, as far
            as it is a sum.
        start: what the sum begins with as a term of one factor (a bias); None for zero.
        exact: the sum of start and terms, rounded once to float64; of a "sum" of float64 data that sum itself, a
            fraction. A formula that is not the sum of its terms is evaluated in the widest float.
        error_bound: how far `value` can lie from `exact`, by the order of summation or the algorithm alone.
        replay: the sum computed once more, number by number in the documented order; None for other kinds and where
            Winograd's algorithm computed it in another way.
        certified: whether |value − exact| ≤ error_bound, and replay, if there is one, has the very bits of value.
        question: what was asked, with access to the recording's arrays.
        account: what the answer is drawn from.
        lang: the language of `str`, `substituted` and `note`; None for the default.
        root: which root of the sum of the terms the number is, as the p of a p-norm; 1 for the sum itself.
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
    question: Question = field(repr=False)
    account: Account = field(repr=False)
    lang: str | None = None
    root: float = 1.0

    @property
    def error(self) -> float:
        """|value − exact|, rounded once."""
        if math.isfinite(self.value) and math.isfinite(nearest(self.exact)):
            return nearest(abs(Fraction(self.value) - Fraction(self.exact)))
        return 0.0 if str(self.value) == str(self.exact) else math.inf

    @property
    def substituted(self) -> str:
        """The formula with the first few numbers put in."""
        return self.numbers()

    def numbers(self, lang: str | None = None) -> str:
        """`substituted` in a language."""
        lang = lang or self.lang
        written = _FIRST if len(self.terms) > _FIRST + 1 else len(self.terms)
        first = [*([self.start] if self.start else []), *self.terms[:written]]
        shown = ["·".join(f"({d})" if d.startswith("-") else d for d in term.digits) for term in first]
        if rest := len(self.terms) - written:
            shown.append(text("trace.more_terms", lang, count=rest))
        if self.kind == "select":
            return f"{self.address} = " + (shown[0] if len(shown) == 1 else f"max({', '.join(shown)})")
        return f"{self.address} = {rooted(' + '.join(shown) or '0', self.root)}"

    @property
    def note(self) -> str:
        """What there is to say about how the number was computed."""
        return noted(self.account, self.lang)

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

    def verdict(self, lang: str | None = None) -> str:
        """The certificate as a sentence."""
        lang = lang or self.lang
        if math.isfinite(self.value) and math.isfinite(nearest(self.exact)):
            key = "trace.certified" if self.certified else "trace.not_certified"
            found = text(key, lang, error=self.error, bound=self.error_bound)
        else:
            key = "trace.certified_not_finite" if self.certified else "trace.not_certified_not_finite"
            exact = f"{nearest(self.exact):.6g}"
            found = text(key, lang, value=self.digits(self.value), exact=exact)
        if self.replay is None:
            return found
        replay = self.digits(self.replay)
        if str(self.replay) == str(self.value):
            return found + text("trace.replay_agrees", lang, replay=replay)
        return found + text("trace.replay_differs", lang, replay=replay)

    def __str__(self) -> str:
        return self.text()

    def html(self, lang: str | None = None) -> str:
        """A piece of HTML that needs nothing from elsewhere: numbers, terms, and the window that they were read from.

        Args:
            lang: "en" or "ko"; None for the trace's own.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        from pellucid.explain.rendering.webpage import trace_html

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

    def digits(self, value: float) -> str:
        """The shortest text that is this number and no other of its type."""
        return str(np.dtype(self.dtype).type(value))


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


def rooted(sum: str, root: float) -> str:
    """What a sum is under its root.

    Example:
        >>> rooted("9 + 16", 2), rooted("9 + 16", 1), rooted("9", -1.5)
        ('(9 + 16)^(1/2)', '9 + 16', '(9)^(1/(-1.5))')
    """
    if root == 1:
        return sum
    return f"({sum})^(1/{shortest(root)})" if root > 0 else f"({sum})^(1/({shortest(root)}))"


def _row(term: Term) -> list[str]:
    factors = [f"{address} {d}" for (address, _), d in zip(term.factors, term.digits, strict=True)]
    return [f"{nearest(term.product):z.6g}", *factors]


def noted(account: Account, lang: str | None = None) -> str:
    """The notes of an account as one line."""
    return "; ".join(sentence(note, lang) for note in account.notes())
