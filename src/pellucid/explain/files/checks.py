"""What every check of a description says when something does not hold."""

from __future__ import annotations

from typing import Any

from pellucid.errors import ArgumentError

_LARGEST = 2**31  # whole numbers among settings


def check(holds: bool, where: str, rule: str, got: object, of: str = "") -> None:
    """Raise unless it holds; `got` is the value `of` a key."""
    if not holds:
        text = f"{of}={got!r}" if of else repr(got)
        raise ArgumentError(where, rule, got=text if len(text) <= 80 else f"{text[:79]}…")


def whole(value: Any, below: int = _LARGEST) -> bool:
    """Whether a value from JSON is a whole number of a size that is used."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < below
