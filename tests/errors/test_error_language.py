"""Errors speak English and Korean: every sentence in the source has its Korean, and no error keeps English."""

from __future__ import annotations

import copy
import errno
import os
import pickle
import re
from collections import defaultdict
from string import Formatter

import pytest
from tests.support.error_sentences import english, sentences

from pellucid.errors import ArgumentError, ShapeError, joined, say, translated
from pellucid.errors.korean import _ROOMS, SENTENCES, system

FORMS = {  # what the error classes themselves say
    "{where} '{path}'", "{where}: {rule}", "{message}. Expected {expected}", "{message}. Got {got}",
    "{message}. Hint: {hint}", "{one} or {other}",
}  # fmt: skip


@pytest.fixture(scope="module")
def source():
    return sentences()


def fields(template):
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_every_sentence_has_its_korean(source) -> None:
    lacking = {
        f"{found.place}: {found.text!r}"
        for found in source
        if found.text not in SENTENCES
        and (english(found.text) if found.use == "text" else found.use == "template" and words(found.text))
    }
    assert not lacking, "\n".join(sorted(lacking))


def test_no_sentence_has_its_values_put_in_before_it_can_be_looked_up(source) -> None:
    lost = {
        f"{found.place}: {found.text!r}"
        for found in source
        if found.use == "f-string" and english(found.text)
    }
    assert not lost, "\n".join(sorted(lost))


def test_every_korean_sentence_has_a_use_and_the_same_values(source) -> None:
    used = defaultdict(set)
    for found in source:
        used[found.text].add(found.use)
    assert sorted(set(SENTENCES) - set(used) - FORMS - set(system.SENTENCES)) == []
    for template, korean in SENTENCES.items():
        if "template" in used[template] or template in FORMS:
            assert fields(korean) == fields(template), template
        assert all(spec == "" and not way for _, name, spec, way in Formatter().parse(korean) if name), korean


def test_the_system_says_these() -> None:
    assert set(system.SENTENCES) <= {os.strerror(number) for number in errno.errorcode}


def test_no_sentence_stands_in_two_rooms() -> None:
    assert sum(len(room.SENTENCES) for room in _ROOMS) == len(SENTENCES)


@pytest.mark.parametrize("template", SENTENCES)
def test_korean_is_polite_and_fits_any_value(template: str) -> None:
    korean = SENTENCES[template]
    assert korean == " ".join(korean.split())
    assert not re.search("요[.?!]|한다[.]|이다[.]|하세요|십시오", korean)
    # the form of these particles depends on how a value sounds
    assert not re.search(
        r"\}'?((은|는|이|가|을|를|과|와|으로|로)(?![가-힣])|이어야|여야|이라|라는|이고)", korean
    )
    assert not korean.endswith(".")


def words(template: str) -> bool:
    """Whether there is anything to translate but the values."""
    literal = "".join(text for text, *_ in Formatter().parse(template))
    return re.search(r"\b[a-z]{2,}\b", re.sub(r"\b\w+=|'[^']*'", "", literal)) is not None


def test_an_error_is_read_in_the_language_of_the_moment(monkeypatch) -> None:
    error = ShapeError("conv2d", say("input must have {rank} axes", rank=4), got="input (3,)").at(
        "features.3"
    )
    english = "conv2d 'features.3': input must have 4 axes. Got input (3,)."
    korean = "conv2d 'features.3': 입력의 축은 4개여야 합니다. 실제: input (3,)."
    monkeypatch.delenv("PELLUCID_LANG", raising=False)
    assert str(error) == english
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    for same in (error, copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert str(same) == korean
    monkeypatch.setenv("PELLUCID_LANG", "xx")
    assert str(error) == english


def test_values_are_data_and_never_translated(monkeypatch) -> None:
    assert "file" in SENTENCES
    assert translated(say("picture '{path}'", path="file"), "ko") == "그림 'file'"
    assert translated(
        say("the {what} is too large for a {kind}", what=say("file"), kind="{x}"), "ko"
    ).endswith("파일")
    braces = ArgumentError("settings", "there is no such setting", got="{'a': {}}")
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    assert str(braces) == "settings: 그런 설정은 없습니다. 실제: {'a': {}}."


def test_sentences_can_be_parts_of_others() -> None:
    one = ShapeError("weight", "the shape must stay", expected="(2,)", got="(3,)")
    faults = joined(", ", (one.message, "bias"))
    assert faults == "weight: the shape must stay. Expected (2,). Got (3,), bias"
    assert translated(faults, "ko") == "weight: 모양은 그대로여야 합니다. 필요: (2,). 실제: (3,), bias"
