"""The catalogue is complete: every key in both languages, every use of a key, the same placeholders everywhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

import pellucid as pc
from pellucid.engine import fusion_rules
from pellucid.engine.printed import rule_key
from pellucid.engine.steps import Way
from pellucid.language import LANGUAGES, chosen, text
from pellucid.language.catalogue import _AREAS, TEXTS
from pellucid.language.command_line import bench, commands, examples, options, pictures, results, usage

SOURCE = Path(pc.__file__).parent
CODE = {  # what Korean texts may say in Latin letters: names in code, and names that have no other
    "asarray", "f", "float", "g", "grad_", "grad_output", "np", "padding", "size", "softmax", "stride", "T", "W", "w",
    "x", "y", "z", "eps", "F", "FMA", "NaN", "Pellucid", "ReLU", "ulp",
    "m", "correction", "mask", "ties", "input", "output", "length", "least",
}  # fmt: skip

# The command line names options, values and files in both languages as they are typed.
TYPED = {
    key
    for module in (bench, commands, examples, options, pictures, results, usage)
    for area in vars(module).values()
    if isinstance(area, dict)
    for key in area
} & set(TEXTS)

# Keys that follow from names in the engine.
RULES = {rule_key(rule.name): rule.name for rule in fusion_rules.RULES}
FOLLOWING = {*RULES, *(f"plan.{way}" for way in get_args(Way))}

PREFIXES = sorted({key.split(".")[0] for key in TEXTS})


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def plain(sentence: str) -> str:
    """A text without its placeholders."""
    return "".join(literal for literal, *_ in Formatter().parse(sentence))


def latin_words(sentence: str) -> set[str]:
    return set(re.findall("[A-Za-z_]+", plain(sentence)))


def uses() -> list[tuple[str, str | None, set[str]]]:
    """Every call of the catalogue's text(…) and Message(…) in the source: where, its key, the names of its values."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        imports = [
            node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "pellucid.language"
        ]
        names = {alias.name for node in imports for alias in node.names} & {"text", "Message"}
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                first = node.args[0] if node.args else None
                key = first.value if isinstance(first, ast.Constant) else None
                values = {word.arg for word in node.keywords if word.arg} - {"lang"}
                found.append((f"{path.name}:{node.lineno}", key, values))
    return found


def mentions() -> set[str]:
    """Every string in the source that begins like a key."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        if path.parent.name != "language":
            nodes = ast.walk(ast.parse(path.read_text("utf-8")))
            strings = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
            found |= {text for text in strings if re.fullmatch(rf"({'|'.join(PREFIXES)})\.\w+", text)}
    return found


def test_every_use_has_its_text_and_every_text_its_use() -> None:
    for where, key, values in uses():
        if key is not None:  # else one of the keys that are chosen from nearby
            assert key in TEXTS, f"{where}: the catalogue does not have {key}"
            assert values == placeholders(TEXTS[key].en), f"{where}: the values of {key}"
    assert mentions() | FOLLOWING == set(TEXTS)


def test_rules_of_fusion_keep_their_names_in_english() -> None:
    assert {key: TEXTS[key].en for key in RULES} == RULES


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_say_it(key: str) -> None:
    entry = TEXTS[key]
    assert placeholders(entry.en) == placeholders(entry.ko)
    assert not re.search("[ㄱ-ㆎ가-힣]", entry.en)
    latin = latin_words(entry.ko) - (latin_words(entry.en) if key in TYPED else set())
    assert latin <= CODE, latin - CODE
    letters = re.sub(r"[^A-Za-z가-힣]", "", plain(entry.ko))
    assert not letters or re.search("[가-힣]", letters)
    for sentence in (entry.en, entry.ko):
        assert sentence == " ".join(sentence.split())


@pytest.mark.parametrize("key", TEXTS)
def test_korean_sentences_are_polite_and_fit_any_value(key: str) -> None:
    korean = TEXTS[key].ko
    sentences = [part for part in re.split(r"(?<=[가-힣])\.(?:\s|$)", korean) if part]
    if korean.endswith("."):
        ends = [s for s in sentences if re.search("[가-힣]$", s)]
        assert all(s.endswith(("니다", "합니다")) for s in ends), ends
    assert not re.search("요[.?!]|한다[.]|이다[.]", korean)
    # the form of these particles depends on how a value sounds
    assert not re.search(r"\}(은|는|이|가|을|를|과|와|으로|로)(?![가-힣])", korean)


def test_keys_begin_with_their_area_and_are_unique() -> None:
    assert sum(len(area) for area in _AREAS) == len(TEXTS)
    for area in _AREAS:
        assert len({key.split(".")[0] for key in area}) == 1


def test_language_by_argument_environment_and_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PELLUCID_LANG", raising=False)
    assert chosen() == "en"
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    assert chosen() == "ko"
    assert chosen("en") == "en"
    assert text("doctor.sign") == "기울기의 부호가 반대입니다."
    monkeypatch.setenv("PELLUCID_LANG", "")
    assert chosen() == "en"


def test_unknown_languages_are_named_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pc.ArgumentError, match=r"Expected one of 'en', 'ko'. Got lang='fr'"):
        text("doctor.sign", "fr")
    monkeypatch.setenv("PELLUCID_LANG", "de")
    with pytest.raises(pc.ArgumentError, match="Got PELLUCID_LANG='de'"):
        text("doctor.sign")
    assert LANGUAGES == ("en", "ko")
