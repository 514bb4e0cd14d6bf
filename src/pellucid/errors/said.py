"""What errors say, in English and Korean. The English sentence stands in the code and is the key of its translation.

A sentence without values is a plain string. One with values is a template, `say("C={channels} expected", channels=3)`,
since a string with its values put in could not be looked up any more. Which language is spoken is decided when an error
is read, not when it is made.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cache, reduce
from string import Formatter

ENVIRONMENT = "PELLUCID_LANG"
_FORMATTER = Formatter()


def language() -> str:
    """The language to speak: the environment's `PELLUCID_LANG`, else English; unchecked, so that this cannot fail."""
    return os.environ.get(ENVIRONMENT) or "en"


@cache
def _fields(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    """A template's texts, each with the field behind it: name, format and conversion."""
    return list(_FORMATTER.parse(template))


class Said(str):
    """A sentence with values: as a string it is English, and it knows what to say in another language.

    Example:
        >>> said = say("{name} must be given", name="weight")
        >>> said, translated(said, "ko")
        ('weight must be given', '다음이 있어야 합니다: weight')
    """

    template: str
    values: Mapping[str, str]

    def __new__(cls, template: str, values: Mapping[str, str]) -> Said:
        """A template, and the text that stands for each of its fields."""
        if values:
            pieces = [literal + (values[name] if name else "") for literal, name, *_ in _fields(template)]
            said = super().__new__(cls, "".join(pieces))
        else:  # perhaps data, so nothing to keep
            said = super().__new__(cls, template.replace("{{", "{").replace("}}", "}"))
        said.template, said.values = template, values
        return said

    def __getnewargs__(self) -> tuple[str, Mapping[str, str]]:  # type: ignore[override]
        return self.template, self.values


def say(template: str, /, **values: object) -> str:
    """A template with its values, each written as its field says. A value may be such a sentence itself.

    A sentence without values needs this only to be a part of another one.

    Example:
        >>> say("at most {room:,} bytes", room=4096)
        'at most 4,096 bytes'
    """
    written = {}
    for _, name, spec, conversion in _fields(template):
        if name:
            value = _FORMATTER.convert_field(values[name], conversion)
            written[name] = value if isinstance(value, Said) else format(value, spec or "")
    return Said(template, written)


def sentence(text: str) -> str:
    """A string that may be a sentence without values, to be a part of another one."""
    return text if isinstance(text, Said) else Said(text.replace("{", "{{").replace("}", "}}"), {})


def joined(separator: str, sentences: Iterable[str]) -> str:
    """Sentences, names or numbers with something between them that is the same in every language."""
    return reduce(
        lambda one, other: Said(f"{{one}}{separator}{{other}}", {"one": one, "other": other}), sentences
    )


def either(choices: Iterable[object]) -> str:
    """Choices with an "or" between them.

    Example:
        >>> either(["'max'", "'mean'"])
        "'max' or 'mean'"
    """
    return reduce(lambda one, other: say("{one} or {other}", one=one, other=other), map(str, choices))


def translated(sentence: str, lang: str | None = None) -> str:
    """A sentence in a language, by default the one that is spoken; as it stands where there is no other.

    A plain string is a sentence without values, or one without translation: a name, a number, somebody else's text.
    What is put into a template is data, unless it is a sentence made by `say` itself.
    """
    lang = lang or language()
    if lang != "ko":
        return str(sentence)
    from pellucid.errors.korean import SENTENCES

    if not isinstance(sentence, Said):
        return SENTENCES.get(sentence, sentence)
    values = {
        name: translated(value, lang) if isinstance(value, Said) else value
        for name, value in sentence.values.items()
    }
    return str(Said(SENTENCES.get(sentence.template, sentence.template), values))
