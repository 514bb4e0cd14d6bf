"""Mistakes in their order, and the sheet that shows them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PIL import Image
from tests.support.drawn import LANGUAGES, texts

import pellucid as pc
from pellucid.figures import fonts
from pellucid.review.pictures import pixels, plane

PROBABILITIES = np.array(
    [[0.1, 0.9, 0], [0.7, 0.3, 0], [0, 0.1, 0.9], [0.4, 0.6, 0], [0.1, 0.9, 0]], np.float32
)
DATA = pc.Dataset(
    np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 1, 2, 3),
    np.array([0, 0, 1, 0, 2]),
    classes=("cat", "$dog$"),
    names=tuple("abcde"),
)


def test_the_most_confident_come_first_and_equals_in_their_order() -> None:
    found = pc.mistakes(DATA, PROBABILITIES)
    assert [(m.index, m.name, m.label_name, m.named_name) for m in found] == [
        (0, "a", "cat", "$dog$"),
        (2, "c", "$dog$", "2"),
        (4, "e", "2", "$dog$"),
        (3, "d", "cat", "$dog$"),
    ]
    assert [m.probability for m in found] == [float(np.float32(p)) for p in (0.9, 0.9, 0.9, 0.6)]
    assert pc.mistakes(DATA, PROBABILITIES, 2) == found[:2]
    assert pc.mistakes(DATA, PROBABILITIES, 0) == ()
    assert pc.mistakes((DATA.images, DATA.labels), PROBABILITIES)[1].name == "2"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sheet_says_what_each_is(lang, tmp_path) -> None:
    film = pc.contact_sheet(DATA, pc.mistakes(DATA, PROBABILITIES), lang=lang)
    said = texts(film.figure())
    if lang == "en":
        assert said[:5] == [
            "4 mistakes, the most confident ones first",
            "a",
            "true: cat",
            "says: $dog$",
            "with 90.0 %",
        ]
    else:
        assert said[:5] == ["가장 확신한 것부터 본 오답 4개", "a", "정답: cat", "답: $dog$", "확률: 90.0 %"]
    written = film.save(tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("L"))
    assert sheet.shape == (written.height_px, written.width_px)
    shown = np.repeat(np.repeat(DATA.images[0, 0], 50, 0), 50, 1)  # each pixel a square
    assert (sheet[46:146, 20:170] == shown).all()


def test_names_in_any_letters_are_drawn_or_numbered(tmp_path) -> None:
    if LANGUAGES == ["en"]:
        pytest.skip("no font here has Hangul")
    data = pc.Dataset(DATA.images, DATA.labels, classes=("고양이", "\U0010fffd"), names=("a\x1b[2J",) * 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        film = pc.contact_sheet(data, pc.mistakes(data, PROBABILITIES), lang="en")
        film.save(tmp_path / "sheet.png")
    said = texts(film.figure())
    assert said[1:4] == ["aU+1B[2J", "true: 고양이", "says: U+10FFFD"]


def test_without_a_font_letters_are_numbers(monkeypatch) -> None:
    monkeypatch.setattr(fonts, "_has_hangul", lambda *_: False)
    fonts.families.cache_clear()
    data = pc.Dataset(DATA.images, DATA.labels, classes=("가", "b"))
    said = texts(pc.contact_sheet(data, pc.mistakes(data, PROBABILITIES, 1), lang="en").figure())
    assert said[1:4] == ["0", "true: U+AC00", "says: b"]
    with pytest.raises(pc.PellucidError, match="no font on this machine can show Hangul"):
        pc.contact_sheet(data, pc.mistakes(data, PROBABILITIES, 1), lang="ko").figure()
    fonts.families.cache_clear()


def test_what_a_sheet_cannot_show() -> None:
    found = pc.mistakes(DATA, PROBABILITIES)
    for some, data, said in (
        ((), DATA, "contact_sheet: a sheet shows some mistakes. Expected 1 to 240. Got 0."),
        (found * 61, DATA, "contact_sheet: a sheet shows some mistakes. Expected 1 to 240. Got 244."),
        (found, DATA[:3], "contact_sheet: mistakes are of this data. Expected 0 to 2. Got 4."),
    ):
        with pytest.raises(pc.ArgumentError) as error:
            pc.contact_sheet(data, some)
        assert str(error.value) == said


def test_images_as_pixels() -> None:
    assert pixels(np.array([[[0, 128]], [[255, 0]], [[7, 9]]], np.uint8)).tolist() == [
        [[0, 255, 7], [128, 0, 9]]
    ]
    assert pixels(np.array([[[0.0, 0.5, 1.0]]])).tolist() == [[[0] * 3, [128] * 3, [255] * 3]]
    assert pixels(np.array([[[-3.0, 1.0]]])).tolist() == [[[0] * 3, [255] * 3]]  # stretched
    assert pixels(np.array([[0.0, 1.0], [1.0, 1.0]])).tolist() == [
        [[128] * 3, [255] * 3]
    ]  # two channels of a line
    assert pixels(np.zeros((1, 5, 2, 3))).shape == (2, 3, 3)
    assert plane(np.arange(24).reshape(4, 2, 3)).tolist() == [[12, 13, 14], [15, 16, 17]]
