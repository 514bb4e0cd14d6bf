"""Which sentences errors are made of: every string in the source that reaches an argument of an error."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.support.source_values import Place, Source, name_of

from pellucid import errors

CARRIERS = {"_BrokenError", "TypeError", "ValueError"}  # whose text becomes a part of an error
CLASSES = {name for name in errors.__all__ if name.endswith("Error")} | CARRIERS
TEXTS = {"rule", "expected", "got", "hint"}  # what is called with one of these makes an error
CATALOGUE = {"text", "Message"}  # but for texts by key, which have a test of their own
ARGUMENTS = {"input", "weight", "target", "output", "dtype", "momentum", "seed", "padding", "conv"}  # names


class Sentence(NamedTuple):
    """A string and its use: "text" of an error, "template" of a `say`, or "f-string" with `…` for its values."""

    use: str
    text: str
    place: str
    fields: frozenset[str] = frozenset()


def sentences() -> set[Sentence]:
    """All of them."""
    source = Source()
    found = {sentence for place, call in source.calls() for sentence in _templates(source, place, call)}
    seen: set[Place] = set()
    reached = [argument for place, call in source.calls() for argument in _texts(place, call)]
    while reached:
        place = reached.pop()
        if place in seen:
            continue
        seen.add(place)
        if isinstance(place.node, ast.Constant) and isinstance(place.node.value, str):
            found.add(Sentence("text", place.node.value, str(place)))
        elif isinstance(place.node, ast.JoinedStr):
            pieces = [p.value if isinstance(p, ast.Constant) else "…" for p in place.node.values]
            found.add(Sentence("f-string", "".join(map(str, pieces)), str(place)))
        elif isinstance(place.node, ast.Call) and name_of(place.node.func) == "say":
            continue
        reached.extend(source.parts(place))
    return found


def _texts(place: Place, call: ast.Call) -> Iterator[Place]:
    """The texts that a call gives to an error: all but where it happened."""
    named = {word.arg: word.value for word in call.keywords if word.arg}
    name = name_of(call.func)
    if name in CLASSES or (name not in CATALOGUE and TEXTS & named.keys()):
        first = 0 if name in CARRIERS else 1
        texts = [*call.args[first : first + 1], *(named[text] for text in TEXTS & named.keys())]
        yield from (Place(place.module, text) for text in texts)


def _templates(source: Source, place: Place, call: ast.Call) -> Iterator[Sentence]:
    """The templates that a call of `say` may be given."""
    if name_of(call.func) == "say" and source.imported_from(place.module, call, "say") == "pellucid.errors":
        fields = frozenset(word.arg for word in call.keywords if word.arg)
        open_, seen = [Place(place.module, call.args[0])], set()
        while open_:
            part = open_.pop()
            if isinstance(part.node, ast.Constant) and isinstance(part.node.value, str):
                yield Sentence("template", part.node.value, str(part), fields)
            elif part not in seen:
                seen.add(part)
                open_.extend(source.parts(part))


def english(text: str, *, alone: bool = True) -> bool:
    """Whether there are two English words in a row, or one `alone` that is no name.

    What stands in quotes or brackets, code (`a_b`, `a=1`, `a.b`, `a(…)`) and options (`--a`) are no words.
    """
    text = re.sub(r"[\w.]*(?:\([^()]*\)|\[[^\[\]]*\])|'[^']*'|\"[^\"]*\"|`[^`]*`|<[^<>]*>", " · ", text)
    if re.search(r"(?<!\S)[a-z]{2,} [a-z]{2,}(?!\S)", re.sub(r"[,.:;](?=\s|$)", " ,", text)):
        return True
    words = re.findall(r"(?<!\S)[a-z]{2,}(?=[,.:;]?(?:\s|$))", text)
    return alone and " " in text.strip() and not ARGUMENTS.issuperset(words)
