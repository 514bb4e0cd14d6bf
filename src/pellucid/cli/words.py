"""The words of Typer in the language that is spoken: it has them in English alone."""

from __future__ import annotations

import re
from string import Formatter

from pellucid.language import chosen
from pellucid.language.command_line.usage import TYPER


def translated(english: str) -> str:
    """What Typer says, in the language that is spoken; as it stands where the catalogue does not know it."""
    lang = chosen()
    for entry in TYPER:
        if entry.en == english:
            return str(getattr(entry, lang))
        if found := re.fullmatch(_pattern(entry.en), english, re.DOTALL):
            parts = {name: translated(part) for name, part in found.groupdict().items()}
            return str(getattr(entry, lang)).format(**parts)
    return english


def _pattern(sentence: str) -> str:
    """Any text may stand where the sentence has a placeholder."""
    parts = Formatter().parse(sentence)
    return "".join(re.escape(words) + (f"(?P<{name}>.+)" if name else "") for words, name, *_ in parts)
