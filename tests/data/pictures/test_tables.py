"""docs/pictures.md and .ko.md say of every kind of picture what becomes of it."""

from __future__ import annotations

import pytest
from tests.data.pictures.tables import FILES, KOREAN, parts_of, table
from tests.data.pictures.variants import variants
from tests.support.markdown import DOCS


@pytest.mark.parametrize("lang", FILES)
def test_the_table_is_what_the_reader_does(lang: str) -> None:
    _, shown, _ = parts_of(lang)
    assert shown == table(lang), "write it anew: python -m tests.data.pictures.tables"


def test_every_word_has_its_korean_one() -> None:
    words = {word for variant in variants() for part in variant.parts for word in (part, *part.split(", "))}
    assert KOREAN.keys() <= words
    assert [lang for lang in FILES if parts_of(lang)[1].count("\n") != parts_of("en")[1].count("\n")] == []


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("../README.md", "docs/pictures.md"),
        ("../README.ko.md", "docs/pictures.ko.md"),
        ("pictures.md", "pictures.ko.md"),
        ("pictures.ko.md", "pictures.md"),
    ],
)
def test_the_pages_are_found(name: str, link: str) -> None:
    assert f"]({link})" in (DOCS / name).read_text(encoding="utf-8")
