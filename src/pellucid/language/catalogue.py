"""Texts by key: every area's catalogue in one, and the choice of the language.

An area of the program has a file of its own here (`doctor.py`), which is listed in `_AREAS`. Code names texts by
literal keys, `text("doctor.right")`, so that a test can find every use of every key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pellucid.errors import ENVIRONMENT as ENVIRONMENT
from pellucid.errors import ArgumentError, language, say
from pellucid.language import (
    advice,
    arithmetic,
    certificates,
    data_sets,
    doctor,
    figures,
    filters,
    notes,
    overview,
    paths,
    plans,
    rendering,
    review,
    runs,
    signal,
    trace,
    training,
)
from pellucid.language.command_line import bench, commands, examples, options, pictures, results, usage
from pellucid.language.entry import Area, Entry

LANGUAGES = Entry._fields
_AREAS: tuple[Area, ...] = (
    doctor.TEXTS,
    data_sets.TEXTS,
    trace.TEXTS,
    notes.NOTES,
    notes.ORDERS,
    overview.TEXTS,
    certificates.TEXTS,
    rendering.TEXTS,
    paths.PATHS,
    paths.USES,
    paths.REGIONS,
    paths.FIELDS,
    arithmetic.TEXTS,
    figures.TEXTS,
    filters.TEXTS,
    signal.TEXTS,
    training.TEXTS,
    runs.TEXTS,
    review.TEXTS,
    advice.TEXTS,
    plans.TEXTS,
    commands.TEXTS,
    examples.TEXTS,
    options.OPTIONS,
    options.VALUES,
    options.DEFAULTS,
    pictures.PICTURES,
    usage.TEXTS,
    results.EVALUATION,
    results.PREDICTION,
    results.EXPORT,
    results.WARMUP,
    results.COMPLETION,
    results.COMPILING,
    results.KEEPING,
    bench.TEXTS,
    bench.REPORT,
)
TEXTS: Area = {key: entry for area in _AREAS for key, entry in area.items()}


def chosen(lang: str | None = None) -> str:
    """The language to speak: the argument, else the environment's `PELLUCID_LANG`, else English.

    Raises: ArgumentError for a language that the catalogue does not have.

    Example:
        >>> chosen("ko")
        'ko'
        >>> chosen("kr")
        Traceback (most recent call last):
        pellucid.errors.ArgumentError: language: there are no texts in this language. Expected one of 'en', 'ko'.
            Got lang='kr'.
    """
    source, named = ("lang", lang) if lang is not None else (ENVIRONMENT, language())
    if named not in LANGUAGES:
        known = ", ".join(map(repr, LANGUAGES))
        raise ArgumentError(
            "language",
            "there are no texts in this language",
            expected=say("one of {names}", names=known),
            got=f"{source}={named!r}",
        )
    return named


def told() -> str:
    """The language of what is told unasked, which must not fail: English where `chosen` raises an error.

    Example:
        >>> told() in LANGUAGES
        True
    """
    try:
        return chosen()
    except ArgumentError:
        return "en"


def text(key: str, lang: str | None = None, **values: object) -> str:
    """The catalogue's text of this key, with the values in the places of its `{placeholders}`.

    Raises: ArgumentError for a language that the catalogue does not have. A key that it does not have, or a missing
    value, is a mistake in Pellucid and a KeyError.

    Example:
        >>> text("doctor.element", "en", got=3, expected=4)
        'got 3, expected 4'
        >>> text("doctor.element", "ko", got=3, expected=4)
        '역전파의 값 3, 옳은 값 4'
    """
    sentence: str = getattr(TEXTS[key], chosen(lang))
    return sentence.format(**values)


@dataclass(frozen=True, init=False)
class Message:
    """A text before its language is chosen.

    Example:
        >>> Message("doctor.element", got=3, expected=4).said("en")
        'got 3, expected 4'
    """

    key: str
    values: dict[str, object]

    def __init__(self, key: str, **values: object) -> None:
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "values", values)

    def said(self, lang: str | None = None) -> str:
        """The text in a language; a value that is a message itself is said in the same one."""
        spoken = {
            name: value.said(lang) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return text(self.key, lang, **spoken)


def sentence(note: tuple[str, dict[str, Any]], lang: str | None = None) -> str:
    """The text of a note, which is a key with its values; a value that is a note itself becomes its text.

    Example:
        >>> sentence(("note.group", {"number": 1, "count": 4}), "en")
        'group 1 of 4'
    """
    key, values = note
    spoken = {name: sentence(v, lang) if isinstance(v, tuple) else v for name, v in values.items()}
    return text(key, lang, **spoken)
