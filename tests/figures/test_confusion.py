"""The confusion matrix as a picture."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.drawn import LANGUAGES, texts

import pellucid as pc
from pellucid.figures.confusion import colours
from pellucid.figures.fonts import families
from pellucid.figures.style import matplotlib

MATRIX = [[5, 0, 1], [2, 3, 0], [0, 0, 0]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_numbers_names_and_caption(lang, tmp_path) -> None:
    film = pc.figures.confusion_matrix(MATRIX, ("cat", "$a$", "a long name of a class"), lang=lang)
    assert film.captions == ({"en": "8 of 11 right", "ko": "11개 가운데 8개가 맞음"}[lang],)
    figure = film.figure()
    (axes,) = figure.axes
    assert texts(figure)[1:] == [str(n) for n in np.ravel(MATRIX)]
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [tick.get_text() for tick in ticks] == ["cat", "$a$", "a long name of a…"]
    assert axes.get_ylabel() == {"en": "true class", "ko": "정답"}[lang]
    written = film.save(tmp_path / "matrix.png")
    assert (written.format, written.frames) == ("png", 1)


def test_scores_draw_their_matrix(tmp_path) -> None:
    scores = pc.Scores(MATRIX, ("cat", "dog", "owl"))
    film = scores.plot(tmp_path / "matrix.png", lang="en")
    assert (tmp_path / "matrix.png").read_bytes()[1:4] == b"PNG"
    assert [tick.get_text() for tick in film.figure().axes[0].get_xticklabels()] == ["cat", "dog", "owl"]
    assert scores.plot().captions


def test_colours_by_hand() -> None:
    found = colours(np.array(MATRIX))
    assert found.shape == (3, 3, 3)
    assert (found[2] == 1).all()  # nothing: paper
    assert (found[0, 1] == 1).all()
    blue, red = np.array([0, 0x72, 0xB2]) / 255, np.array([0xC0, 0x4A, 0]) / 255
    np.testing.assert_allclose(found[0, 0], 1 - np.sqrt(5 / 6) * (1 - blue))
    np.testing.assert_allclose(found[1, 0], 1 - np.sqrt(2 / 5) * (1 - red))


def test_many_classes_have_no_numbers() -> None:
    figure = pc.figures.confusion_matrix(np.eye(31, dtype=int), lang="en").figure()
    assert texts(figure) == ["31 of 31 right"]
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()][:3] == ["0", "1", "2"]


def test_what_is_refused() -> None:
    for matrix, names, said in (
        ([[1, 2]], None, "confusion_matrix: a confusion matrix is (K,K). Got (1, 2)."),
        (
            [[0.5]],
            None,
            "confusion_matrix: a confusion matrix holds counts. Expected whole numbers ≥ 0. Got float64.",
        ),
        (np.eye(2, dtype=int), ["a"], "confusion_matrix: each class has a name. Expected 2 names. Got 1."),
        (
            np.eye(201, dtype=int),
            None,
            "confusion_matrix: so many classes cannot be read in a picture. Expected at most 200. Got 201.",
        ),
    ):
        with pytest.raises(pc.PellucidError) as error:
            pc.figures.confusion_matrix(matrix, names)
        assert str(error.value) == said


def test_a_font_whose_letters_are_boxes_counts_as_none() -> None:
    if LANGUAGES == ["en"]:
        with pytest.raises(pc.PellucidError, match="no font on this machine can show Hangul"):
            families(matplotlib("font_manager"), "ko")
    else:
        assert not families(matplotlib("font_manager"), "ko")[1].startswith("Last Resort")
