"""What the answer about one number is, as plain data: the number, the terms that made it, and the certificate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from pellucid.explain.accounts.account import Account, Exact, Kind
from pellucid.explain.accounts.chain import nearest
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.accounts.formula import shortest
from pellucid.explain.question import Question
from pellucid.explain.terms import Joined, Products, Term
from pellucid.language import sentence, text

_FIRST = 3  # terms written out in the substituted formula, and a fourth where there is no fifth


@dataclass(frozen=True, eq=False)
class Answer:
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
        if isinstance(self.account, Choice):
            chosen = shown[0] if len(shown) == 1 else f"{self.account.by}({', '.join(shown)})"
            return f"{self.address} = {chosen}"
        return f"{self.address} = {rooted(' + '.join(shown) or '0', self.root)}"

    @property
    def note(self) -> str:
        """What there is to say about how the number was computed."""
        return noted(self.account, self.lang)

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

    def digits(self, value: float) -> str:
        """The shortest text that is this number and no other of its type."""
        return str(np.dtype(self.dtype).type(value))


def rooted(sum: str, root: float) -> str:
    """What a sum is under its root.

    Example:
        >>> rooted("9 + 16", 2), rooted("9 + 16", 1), rooted("9", -1.5)
        ('(9 + 16)^(1/2)', '9 + 16', '(9)^(1/(-1.5))')
    """
    if root == 1:
        return sum
    return f"({sum})^(1/{shortest(root)})" if root > 0 else f"({sum})^(1/({shortest(root)}))"


def noted(account: Account, lang: str | None = None) -> str:
    """The notes of an account as one line."""
    return "; ".join(sentence(note, lang) for note in account.notes())
