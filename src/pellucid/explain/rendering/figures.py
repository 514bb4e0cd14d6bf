"""How numbers, shades and a trace's rows are written, for terminal and HTML alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.chain import nearest
from pellucid.explain.answer import Answer
from pellucid.explain.rendering.picture import Plane, winner_of
from pellucid.explain.terms import Term, largest
from pellucid.language import text

_PLAIN = range(-1, 3)  # powers of ten that are written without a common unit


@dataclass(frozen=True)
class Row:
    """A term as it is listed: its place in the sum or the word for one that has none, product, and factors."""

    place: str
    product: str
    factors: tuple[tuple[str, str], ...]


def leading(trace: Answer, top: int) -> list[int]:
    """The terms that are shown: the largest, of a selection the winner and the first of the others."""
    winner = winner_of(trace)
    if winner is not None:
        others = (i for i in range(len(trace.terms)) if i != winner)
        return [winner, *(i for i, _ in zip(others, range(top - 1), strict=False))]
    return largest(trace.terms, top)


def term_rows(trace: Answer, chosen: Sequence[int], lang: str | None) -> list[Row]:
    """The chosen terms; places count from 1."""
    winner = winner_of(trace)
    return [
        _row(trace.terms[i], text("rendering.winner", lang) if i == winner else f"{i + 1:,}") for i in chosen
    ]


def start_row(trace: Answer, lang: str | None) -> Row | None:
    """What the sum starts from."""
    return None if trace.start is None else _row(trace.start, text("rendering.start", lang))


def heading(trace: Answer, shown: int, lang: str | None) -> str:
    """What the table of terms holds."""
    count = len(trace.terms)
    if count == 1:
        return text("rendering.one_candidate" if trace.kind == "select" else "rendering.one_term", lang)
    if trace.kind == "select":
        key = "rendering.first" if shown < count else "rendering.candidates"
    else:
        key = "trace.largest" if shown < count else "rendering.terms"
    return text(key, lang, shown=shown, count=count)


def certificate(trace: Answer, lang: str | None) -> str:
    """Whether the number is proven to be right, and by what."""
    return f"{'✓' if trace.certified else '✗'} {trace.verdict(lang)}"


def cell_texts(plane: Plane) -> tuple[list[list[str]], str]:
    """A plane's numbers in few digits, and the unit that they are written in ("" for 1)."""
    numbers = plane.numbers
    if numbers.dtype.kind != "f":
        return [[str(x) for x in row] for row in numbers.tolist()], ""
    size = _largest_finite(numbers)
    power = max(floor(log10(size)), -300) if size else 0
    shown = 0 if power in _PLAIN else power
    digits = max(0, 2 - (power - shown))
    wide = numbers.astype(np.float64)
    return (
        [[_digits(x, shown, digits) for x in row] for row in wide.tolist()],
        f"1e{shown}" if shown else "",
    )


def shades(plane: Plane) -> NDArray[np.float64]:
    """Each number as a part of the largest one, −1 to 1; what is not finite counts as the largest."""
    numbers = plane.numbers.astype(np.float64)
    size = _largest_finite(numbers)
    parts = numbers / size if size else np.zeros_like(numbers)
    return np.clip(np.nan_to_num(parts, nan=1.0), -1, 1)


def _row(term: Term, place: str) -> Row:
    factors = tuple((address, digits) for (address, _), digits in zip(term.factors, term.digits, strict=True))
    return Row(place, f"{nearest(term.product):z.6g}", factors)


def _largest_finite(numbers: NDArray[Any]) -> float:
    finite = np.abs(numbers[np.isfinite(numbers)], dtype=np.float64)
    return float(finite.max(initial=0))


def _digits(value: float, power: int, digits: int) -> str:
    if not isfinite(value) or value == 0:
        return f"{value:g}".removeprefix("-") if value == 0 else f"{value:g}"
    return f"{value / 10.0**power:.{digits}f}"
