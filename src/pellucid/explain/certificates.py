"""Certificates of whole recordings: every number, or a sample of every array, compared with its exact value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.columns import Columns
from pellucid.errors import ArgumentError
from pellucid.explain.accounts.account import Account, Verdict, same
from pellucid.explain.accounts.chain import nearest
from pellucid.explain.accounts.enclosed import WIDE
from pellucid.explain.address import written
from pellucid.explain.ops.explainers import account_of
from pellucid.explain.question import Question
from pellucid.explain.shown import Shown
from pellucid.explain.source import Entry
from pellucid.language import text
from pellucid.philox import Purpose, Stream
from pellucid.seeds import check_seed
from pellucid.sizes import is_integer, size_of

_AT_ONCE = 1 << 20  # terms that are laid out at a time
NAMED = 10  # failures whose addresses are kept

Ask = Callable[[Entry, NDArray[np.int64]], Question]


@dataclass(frozen=True)
class Certificate:
    """What the comparison of one array found.

    Attributes:
        name: the array's name.
        kind: "sum", "select" or "formula".
        elements: how many numbers it has.
        checked: how many of them were compared.
        largest_ulps: the largest |value − exact|, in units of the value's last place.
        largest_share: the largest |value − exact| as a share of its bound.
        replay_mismatches: how many numbers differ from their replay.
        failures: how many are not certified.
        failed: the addresses of the first of those.
        not_finite: how many of the numbers compared are NaN or infinite. They are certified where the formula gives the
            same: what was certified is how they were made, not that they are of use.
    """

    name: str
    kind: str
    elements: int
    checked: int
    largest_ulps: float
    largest_share: float
    replay_mismatches: int
    failures: int
    failed: tuple[str, ...]
    not_finite: int = 0


@dataclass(frozen=True, repr=False)
class Certificates(Shown):
    """The certificates of all arrays that a run computed.

    Attributes:
        arrays: a certificate for each of them.
        lang: the language of `str`; None for the default.
    """

    arrays: tuple[Certificate, ...]
    lang: str | None = None

    @property
    def certified(self) -> bool:
        """Whether no number failed."""
        return not any(array.failures for array in self.arrays)

    @property
    def checked(self) -> int:
        """How many numbers were compared."""
        return sum(array.checked for array in self.arrays)

    def to_dict(self) -> dict[str, Any]:
        """All as values that JSON knows."""
        rows = [{**vars(array), "failed": list(array.failed)} for array in self.arrays]
        return {"certified": self.certified, "checked": self.checked, "arrays": rows}

    def table(self, lang: str | None = None) -> Columns:
        """The certificates as texts."""
        lang = lang or self.lang
        heads = (
            text("certificates.array", lang),
            text("certificates.kind", lang),
            text("certificates.numbers", lang),
            text("certificates.checked", lang),
            text("certificates.ulps", lang),
            text("certificates.share", lang),
            text("certificates.replay", lang),
            text("certificates.failures", lang),
        )
        return Columns(heads, tuple(_row(array) for array in self.arrays), 2)

    def findings(self, lang: str | None = None) -> list[str]:
        """How many numbers were compared, whether all are certified, which are not, and how many are not finite."""
        lang, failures = lang or self.lang, sum(array.failures for array in self.arrays)
        failed = [f"  {address}" for array in self.arrays for address in array.failed]
        odd = next((array.name for array in self.arrays if array.not_finite), None)
        count = sum(array.not_finite for array in self.arrays)
        notes = [text("certificates.not_finite", lang, count=count, name=odd)] if odd else []
        if self.certified:
            return [text("certificates.all_certified", lang, checked=self.checked), *notes]
        head = text("certificates.not_certified", lang, checked=self.checked, failures=failures)
        return [head, *failed, *notes]

    def text(self, lang: str | None = None) -> str:
        """The table and what it comes to.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        return "\n".join([str(self.table(lang)), *self.findings(lang)])

    def summary(self) -> str:
        """What it is of, in a few words."""
        return f"{len(self.arrays)} arrays, {self.checked:,} numbers, {'' if self.certified else 'not '}certified"


def _row(array: Certificate) -> tuple[str, ...]:
    return (
        array.name,
        array.kind,
        f"{array.elements:,}",
        f"{array.checked:,}",
        f"{array.largest_ulps:.3g}",
        f"{array.largest_share:.3f}",
        f"{array.replay_mismatches:,}",
        f"{array.failures:,}",
    )


def certify(
    entries: Iterable[Entry], ask: Ask, sample: int | None, seed: int, lang: str | None
) -> Certificates:
    """Compare the numbers of all arrays that were not given."""
    if sample is not None and (not is_integer(sample) or sample < 1):
        raise ArgumentError(
            "certify", "sample must be a whole number above 0, or None", got=f"sample={sample!r}"
        )
    seed = check_seed("certify", seed)
    found = []
    for number, entry in enumerate(entries):
        if entry.source is not None and size_of(entry.shape):
            chosen = _chosen(size_of(entry.shape), sample, Stream(seed, Purpose.CERTIFICATES, number))
            found.append(_certificate(entry, ask, chosen))
    return Certificates(tuple(found), lang)


def _chosen(size: int, sample: int | None, stream: Stream) -> NDArray[np.int64]:
    """Which elements, as flat indices."""
    if sample is None or sample >= size:
        return np.arange(size)
    return stream.sample(size, sample)


def _certificate(entry: Entry, ask: Ask, chosen: NDArray[np.int64]) -> Certificate:
    """The certificate of some elements of an array."""
    ulps = share = 0.0
    mismatches, failures, not_finite, kind = 0, 0, 0, ""
    failed: list[str] = []
    for question, account in _accounts(entry, ask, chosen):
        verdict, kind = account.judge(question), account.kind
        in_ulps, of_bound = _distances(question, verdict)
        ulps, share = max(ulps, in_ulps), max(share, of_bound)
        if verdict.replay is not None:
            mismatches += int(np.count_nonzero(~same(question.value, verdict.replay)))
        not_finite += int(np.count_nonzero(~np.isfinite(question.value)))
        wrong = question.at[~verdict.certified]
        failures += len(wrong)
        failed += [written(entry.name, row) for row in wrong[: NAMED - len(failed)]]
    return Certificate(
        name=entry.name,
        kind=kind,
        elements=size_of(entry.shape),
        checked=len(chosen),
        largest_ulps=ulps,
        largest_share=share,
        replay_mismatches=mismatches,
        failures=failures,
        failed=tuple(failed),
        not_finite=not_finite,
    )


def _accounts(entry: Entry, ask: Ask, chosen: NDArray[np.int64]) -> Iterator[tuple[Question, Account]]:
    """The accounts of as many elements at a time as have a bearable number of terms."""

    def account(flat: NDArray[np.int64]) -> tuple[Question, Account]:
        at = np.array(np.unravel_index(flat, entry.shape or (1,)), np.int64).T
        question = ask(entry, at[:, : len(entry.shape)])
        return question, account_of(question)

    _, first = account(chosen[:1])
    size = max(1, _AT_ONCE // max(1, sum(group.length for group in first.terms)))
    for start in range(0, len(chosen), size):
        yield account(chosen[start : start + size])


def _distances(question: Question, verdict: Verdict) -> tuple[float, float]:
    """The largest gap in ulps, and as a share of its bound; numbers that are not finite have none.

    Numbers below the least normal one are as far apart as those just above it.
    """
    with np.errstate(all="ignore"):
        exact = np.array([nearest(x) for x in verdict.exact], WIDE)
        gap = abs(question.value.astype(WIDE) - exact)
        finite = np.isfinite(gap)
        ulp: Any = 1  # of whole numbers
        if question.dtype.kind == "f":
            ulp = np.spacing(np.maximum(abs(question.value), np.finfo(question.dtype).tiny))
        ulps = np.where(finite, gap / ulp, 0)
        share = np.where(finite & (gap > 0), gap / verdict.bound, 0)
    return float(ulps.max(initial=0)), float(share.max(initial=0))
