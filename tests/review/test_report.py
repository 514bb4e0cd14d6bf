"""The report: one page by itself, everything in it escaped, the same numbers as everywhere."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.support.pages import Report

import pellucid as pc
from pellucid.review.cards import covered, signed
from pellucid.train import Epoch, History

EVIL = '<script>alert("1")</script>'


@pytest.fixture(scope="module")
def network():
    pc.seed(2)
    return pc.Sequential(
        pc.Conv2d(3, 4, 3), pc.ReLU(), pc.AdaptiveAvgPool2d(1), pc.Flatten(), pc.Linear(4, 3)
    )


def dataset(count=50, classes=("cat", EVIL, "올빼미")):
    rng = np.random.default_rng(8)
    images = rng.integers(0, 256, (count, 3, 9, 7)).astype(np.uint8)
    labels = rng.integers(0, 3, count)
    return pc.Dataset(images, labels, classes=classes, names=tuple(f"<b>{i}.png" for i in range(count)))


HISTORY = History(
    [
        Epoch(0, 1.5, 1.0, {"loss": 1.25, "accuracy": 0.5}),
        Epoch(1, 0.5, 1.0, {"loss": 0.75, "accuracy": 0.625}),
    ],
    [2.0, 1.0, float("nan"), 0.5],
    [0.1] * 4,
)


def read(path, *arguments, **settings):
    scores = pc.report(path, *arguments, **settings)
    return scores, Report(path.read_text("utf-8"))


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_page_by_itself_in_which_all_is_text(tmp_path, network, lang) -> None:
    data = dataset()
    settings = {
        "recipe": {EVIL: EVIL},
        "doubts": [EVIL],
        "title": EVIL,
        "train": data[:20],
        "history": HISTORY,
    }
    scores, page = read(tmp_path / "a.html", network, data, lang=lang, **settings)
    assert page.tags[0] == ("html", {"lang": lang})
    assert page.texts.count(EVIL) >= 6  # title, heading, doubt, name and setting of the recipe, class
    assert f"{pc.evaluate(network, data)['loss']:.4f}" in page.texts
    wrong = pc.mistakes(data, pc.predict(network, data), 24)
    assert [t for t in page.texts if t.startswith("<b>")] == [m.name for m in wrong]
    assert len(page.pictures) == 3 * len(wrong)
    assert {picture.size for picture in page.pictures} == {(7, 9)}
    assert (np.asarray(page.pictures[0]) == data.images[wrong[0].index].transpose(1, 2, 0)).all()
    cells = [
        (a["class"], a["title"]) for tag, a in page.tags if tag == "td" and "title" in a and "class" in a
    ]
    assert len(cells) == np.count_nonzero(scores.matrix)
    assert sum(kind.startswith("right") for kind, _ in cells) == np.count_nonzero(scores.matrix.diagonal())
    heads = {"en": ("Doubts", "Recipe", "Training", "Classes", "Confusions", "The most confident mistakes")}
    heads["ko"] = ("의심스러운 점", "학습 방법", "학습 과정", "클래스별 점수", "혼동", "가장 확신한 오답")
    assert [t for t in page.texts if t in heads[lang]] == list(heads[lang])
    if lang == "en":
        assert not re.search("[가-힣]", page.text.replace("올빼미", ""))
    assert len([tag for tag, _ in page.tags if tag == "svg"]) == 3


def test_maps_are_those_of_the_named_class(tmp_path, network) -> None:
    data = dataset()
    _, page = read(tmp_path / "a.html", network, data)
    first, *_ = pc.mistakes(data, pc.predict(network, data), 1)
    x = data.scaled(data.images[first.index : first.index + 1])
    shown = data.images[first.index].transpose(1, 2, 0)
    assert (np.asarray(page.pictures[1]) == covered(shown, pc.grad_cam(network, x, first.named)[0])).all()
    slopes = pc.saliency(network, x, first.named)[0]
    strongest = np.array([[max(slopes[:, i, j], key=abs) for j in range(7)] for i in range(9)])
    assert (np.asarray(page.pictures[2]) == signed(strongest)).all()
    assert "where layer 1 sees" in page.text


def test_deep_images_with_preprocessing_and_volumes(tmp_path, network) -> None:
    rng, labels = np.random.default_rng(3), np.arange(12) % 3
    preprocessing = pc.Preprocessing(3, 9, 7, mean=(0.5, 0.25, 0.125), std=(0.2, 0.3, 0.4))
    deep = rng.integers(0, 65536, (12, 3, 9, 7)).astype(np.uint16)
    data = pc.Dataset(deep, labels, preprocessing=preprocessing)
    _, page = read(tmp_path / "a.html", network, data)
    assert f"{pc.evaluate(network, data)['loss']:.4f}" in page.texts
    first, *_ = pc.mistakes(data, pc.predict(network, data), 1)
    expected = np.rint(deep[first.index] / 257).transpose(1, 2, 0)
    assert (np.asarray(page.pictures[0]) == expected).all()
    volumes = rng.normal(size=(12, 1, 5, 6, 4))
    model = pc.Sequential(pc.Conv3d(1, 2, 3), pc.Flatten(), pc.Linear(2 * 3 * 4 * 2, 3)).astype(np.float64)
    _, page = read(tmp_path / "b.html", model, (volumes, labels))
    assert {picture.size for picture in page.pictures} == {(4, 6)}


def test_no_picture_of_more_classes_than_dots(tmp_path) -> None:
    model = pc.Sequential(pc.Flatten(), pc.Linear(2, 1501, bias=False))
    model[1].weight = np.zeros((1501, 2))
    _, page = read(tmp_path / "a.html", model, (np.ones((3, 2), np.float32), [0, 1500, 1500]), lang="en")
    assert "Rows are true classes" not in page.text
    assert page.text.split("most frequent\n")[1].startswith("1500\n → \n0\n \n2 of 2\n")


def test_the_same_report_is_the_same_file(tmp_path, network) -> None:
    for name in ("a", "b"):
        pc.report(tmp_path / name, network, dataset(), history=HISTORY)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_networks_without_pixels_and_many_classes(tmp_path) -> None:
    pc.seed(0)
    model = pc.Sequential(pc.Flatten(), pc.Linear(2 * 5, 70))
    data = np.random.default_rng(1).normal(size=(90, 2, 5)), np.arange(90) % 70
    _, page = read(tmp_path / "a.html", model, data, lang="en")
    assert "No layer has more than one pixel" in page.text
    assert "The 60 classes with the lowest F1, of 70." in page.text
    assert [picture.size for picture in page.pictures] == [(70, 70), *[(5, 1)] * 48]
    assert [attributes.get("class") for tag, attributes in page.tags if tag == "table"] == ["classes"]


def test_a_network_that_is_always_right(tmp_path) -> None:
    model = pc.Sequential(pc.Flatten(), pc.Linear(2, 2, bias=False))
    model[1].weight = np.eye(2)
    data = np.eye(2, dtype=np.float32).reshape(2, 2, 1, 1), [0, 1]
    scores, page = read(tmp_path / "a.html", model, data, lang="en")
    assert scores.accuracy == 1
    assert "There are none: every image is right." in page.text
    assert "most frequent" not in page.text
    assert page.texts.count("100.0 %") == 7


def test_what_is_refused_before_the_work(tmp_path, network, monkeypatch) -> None:
    monkeypatch.setattr(pc.Module, "__call__", lambda *_: pytest.fail("it ran"))
    data, gone = dataset(), tmp_path / "gone" / "a.html"
    pixels = pc.Dataset(np.zeros((1, 3, 9, 7), np.uint8), np.zeros((1, 9, 7), int))
    calls = [
        ((tmp_path / "a", 3, data), {}, "report: model must be a pellucid Module. Got int."),
        (
            (tmp_path / "a", network, 3),
            {},
            "report: data must be a Dataset or a pair (images, labels). Got int.",
        ),
        (
            (tmp_path / "a", network, pixels),
            {},
            "report: there must be one label for each image. Got labels (1, 9, 7).",
        ),
        ((tmp_path / "a", network, data[:0]), {}, "report: there is nothing to evaluate on. Got 0 images."),
        (
            (tmp_path / "a", network, data),
            {"history": []},
            "report: history must be what fit returns. Expected a History. Got list.",
        ),
        (
            (tmp_path / "a", network, data),
            {"recipe": "SGD"},
            "report: recipe must map names to settings. Got str.",
        ),
        (
            (tmp_path / "a", network, data),
            {"doubts": "one"},
            "report: doubts must be a list of sentences. Got str.",
        ),
        (
            (tmp_path / "a", network, data),
            {"lang": "fr"},
            "language: there are no texts in this language. Expected one of 'en', 'ko'. Got lang='fr'.",
        ),
        (
            (gone, network, data),
            {},
            f"report '{gone}': the file cannot be written. Got No such file or directory.",
        ),
    ]
    for arguments, settings, said in calls:
        with pytest.raises(pc.PellucidError) as error:
            pc.report(*arguments, **settings)
        assert str(error.value) == said
    assert not list(tmp_path.iterdir())


def test_labels_that_are_no_classes(tmp_path, network) -> None:
    data = dataset()
    more = pc.Dataset(data.images, data.labels + 1)
    rule = "report: a label must be a class of the network. Expected 0 to 2. Got {}."
    first = int((more.labels > 2).argmax())
    for given, settings, name in ((more, {}, "labels"), (data, {"train": more}, "train.labels")):
        with pytest.raises(pc.DataError) as error:
            pc.report(tmp_path / "a", network, given, **settings)
        assert str(error.value) == rule.format(f"{name}[{first}] = 3")
    assert not list(tmp_path.iterdir())
