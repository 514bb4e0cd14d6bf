"""Confusion matrices and what they say of each class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pellucid as pc

# rows: cat, dog, fox, owl; nobody says owl, and there is no fox
MATRIX = np.array([[5, 1, 2, 0], [0, 3, 1, 0], [0, 0, 0, 0], [1, 1, 0, 0]])
NAMES = ("고양이", "dog", "fox", "owl")


def images(labels):
    return np.zeros((len(labels), 1, 2, 3), np.uint8), np.array(labels)


def test_a_matrix_by_hand() -> None:
    found = pc.confusion([[0, 1], [1, 2]], np.array([[0, 1], [2, 2]], np.uint8), 4)
    assert found.dtype == np.int64
    assert found.tolist() == [[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_every_pair_is_counted_once(pairs) -> None:
    labels, predicted = np.array(pairs).T
    expected = np.zeros((5, 5), int)
    for label, named in pairs:
        expected[label, named] += 1
    assert (pc.confusion(labels, predicted, 5) == expected).all()


def test_scores_by_hand() -> None:
    scores = pc.Scores(MATRIX, NAMES)
    assert scores.accuracy == 8 / 14
    assert scores.support.tolist() == [8, 4, 0, 2]
    np.testing.assert_array_equal(scores.precision, [5 / 6, 3 / 5, 0, np.nan])
    np.testing.assert_array_equal(scores.recall, [5 / 8, 3 / 4, np.nan, 0])
    np.testing.assert_array_equal(scores.f1, [10 / 14, 6 / 9, 0, 0])
    assert repr(scores) == "Scores(accuracy=0.5714, 4 classes)"


def test_the_table_in_both_languages() -> None:
    scores = pc.Scores(MATRIX, (*NAMES[:3], "owl\x1b[2J"))
    assert str(scores.table("en")).splitlines() == [
        "class       precision  recall      F1  images",
        "고양이         83.3 %  62.5 %  71.4 %       8",
        "dog            60.0 %  75.0 %  66.7 %       4",
        "fox             0.0 %       —   0.0 %       0",
        "owl\\x1b[2J          —   0.0 %   0.0 %       2",
    ]
    assert str(scores.table("ko")).splitlines()[:2] == [
        "클래스      정밀도  재현율  F1 점수  이미지",
        "고양이      83.3 %  62.5 %   71.4 %       8",
    ]


def test_scores_of_probabilities() -> None:
    data = pc.Dataset(*images([0, 1, 1]), classes=("cat", "dog"))
    scores = pc.Scores.of(data, [[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.0, 1.0, 0.0]])
    assert scores.matrix.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert scores.classes == ("cat", "dog", "2")


def test_scores_of_pixels() -> None:
    labels = np.array([[[0, 1, 1], [1, 0, 0]]])
    probabilities = np.stack([labels == 0, labels == 1], axis=1).astype(float)
    scores = pc.Scores.of((np.zeros((1, 3, 2, 3), np.uint8), labels), probabilities)
    assert scores.matrix.tolist() == [[3, 0], [0, 3]]


def test_accuracy_is_that_of_evaluate() -> None:
    pc.seed(1)
    model = pc.Sequential(pc.Flatten(), pc.Linear(6, 3))
    data = (np.random.default_rng(2).normal(size=(40, 1, 2, 3)), np.arange(40) % 3)
    scores = pc.Scores.of(data, pc.predict(model, data[0]))
    assert scores.accuracy == pc.evaluate(model, data)["accuracy"]


WRONG = {
    "pc.confusion([0], [0], 0)": "confusion: classes must be a whole number. Expected ≥ 1. Got classes=0.",
    "pc.confusion([0, 1], [0], 2)": (
        "confusion: there must be a predicted class for each label. Got labels (2,) and predicted (1,)."
    ),
    "pc.confusion([0.5], [0], 2)": "confusion: labels must be whole numbers. Got float64 (1,).",
    "pc.confusion([0, 1], [0, 2], 2)": (
        "confusion: a label must be a class of the network. Expected 0 to 1. Got predicted[1] = 2."
    ),
    "pc.confusion([0, -1], [0, 1], 2)": (
        "confusion: a label must be a class of the network. Expected 0 to 1. Got labels[1] = -1."
    ),
    "pc.Scores([[1, 2]])": "Scores: a confusion matrix is (K,K). Got (1, 2).",
    "pc.Scores([[1.0]])": "Scores: a confusion matrix holds counts. Expected whole numbers ≥ 0. Got float64.",
    "pc.Scores([[-1]])": "Scores: a confusion matrix holds counts. Expected whole numbers ≥ 0. Got int64.",
    "pc.Scores.of(images([0, 1]), [[1, 0]])": (
        "Scores: there must be probabilities (N, classes) for each label. Got (1, 2) for labels (2,)."
    ),
    "pc.Scores.of(images([0, 2]), [[1, 0], [1, 0]])": (
        "Scores: a label must be a class of the network. Expected 0 to 1. Got labels[1] = 2."
    ),
    "pc.Scores.of(images([0]), [[np.nan, 0]])": "Scores: probabilities must be finite.",
    "pc.Scores.of(pc.Dataset(images([0])[0], targets=[0.5]), [[1, 0]])": (
        "Scores: there must be labels to judge by. Got targets."
    ),
    "pc.mistakes(images([0]), [[1, 0]], -1)": "mistakes: most must be a whole number. Expected ≥ 0. Got most=-1.",
    "pc.mistakes((np.zeros((1, 1, 2, 2)), np.zeros((1, 2, 2), int)), np.zeros((1, 3, 2, 2)))": (
        "mistakes: mistakes are images with one label each. Got labels (1, 2, 2)."
    ),
}


@pytest.mark.parametrize(("call", "said"), WRONG.items())
def test_what_is_refused(call, said) -> None:
    with pytest.raises(pc.PellucidError) as error:
        eval(call)
    assert str(error.value) == said
