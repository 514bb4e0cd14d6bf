"""What happened in training, as text, as curves on a page, and as a picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from tests.support.drawn import LANGUAGES, texts
from tests.support.pages import Report

import pellucid as pc
from pellucid.train import Epoch, History
from pellucid.train.charts import charts, ticks
from pellucid.train.curves import Curve, Panel, panels

HISTORY = History(
    [
        Epoch(0, 1.5, 1.0, {"loss": 1.25, "accuracy": 0.5}),
        Epoch(1, 0.5, 1.0, {"loss": 0.75, "accuracy": 0.625}),
    ],
    [2.0, 1.0, float("nan"), 0.5],
    [0.1, 0.1, 0.1, 0.05],
)


def drawn(history, lang="en"):
    return [Report(str(c)) for c in charts(panels(history.epochs, history.losses, history.rates, lang))]


def test_curves_by_hand() -> None:
    loss, accuracy, rate = drawn(HISTORY)
    assert [t for t in loss.texts if t != "loss"][:4] == ["training loss ", "0.5", "validation loss ", "0.75"]
    lines = [attributes["d"] for tag, attributes in loss.tags if attributes.get("class") == "curve train"]
    # two steps an epoch, losses 2, 1, none, 0.5; axes from 46 to 390 and, from 0 to 2, from 176 up to 10
    assert lines == ["M132.0 10.0L218.0 93.0L390.0 134.5"]
    dots = [(a["cx"], a["cy"]) for tag, a in loss.tags if tag == "circle"]
    assert dots == [("218.0", "72.2"), ("390.0", "113.8")]
    assert accuracy.texts[:2] == ["accuracy", "validation accuracy "]
    assert rate.texts[:3] == ["learning rate", "learning rate ", "0.05"]
    assert drawn(History()) == []
    (only,) = drawn(History([Epoch(0, 0.5, 1.0), Epoch(1, 0.25, 1.0)]), "ko")
    assert "학습 손실 " in only.texts


def test_many_steps_are_smoothed_over_faint_ones() -> None:
    losses = [1.0, 3.0] * 300
    losses[123] = 50.0
    (panel,) = panels([], losses, [], "en")
    steps, smooth = panel.curves
    assert (steps.kind, smooth.kind) == ("steps", "train")
    assert panel.note == "each point the mean of 10 steps"
    assert smooth.points[0] == (5.5, 2.0)
    assert len(smooth.points) == 60
    assert smooth.points[12] == (125.5, 2 + 47 / 10)
    assert len(steps.points) <= 240
    assert (124.0, 50.0) in steps.points
    assert {y for _, y in steps.points} == {1.0, 3.0, 50.0}
    assert [x for x, _ in steps.points] == sorted(x for x, _ in steps.points)
    (_, rate) = panels([], losses, list(np.linspace(1, 0, 600)), "en")
    assert rate.curves[0].points[-1] == (600.0, 0.0)
    assert len(rate.curves[0].points) <= 240


def test_a_notebook_shows_the_curves() -> None:
    for lang, said in (("en", "training loss "), ("ko", "학습 손실 ")):
        page = Report(HISTORY.html(lang))
        assert said in page.texts
        assert [tag for tag, _ in page.tags].count("svg") == 3
    assert Report(History()._repr_html_()).texts == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_picture_has_all_curves(lang, tmp_path) -> None:
    path = tmp_path / "curves.png"
    film = HISTORY.plot(path, lang=lang)
    assert film.captions == ({"en": "Training: 2 epochs", "ko": "학습 과정: 에포크 2개"}[lang],)
    with Image.open(path) as image:
        assert image.format == "PNG"
    figure = film.figure()
    assert len(figure.axes) == 3
    assert texts(figure)[0] == film.captions[0]
    line, validation = figure.axes[0].lines
    np.testing.assert_array_equal(line.get_xydata(), [[0.5, 2], [1, 1], [2, 0.5]])
    np.testing.assert_array_equal(validation.get_xydata(), [[1, 1.25], [2, 0.75]])
    names = [text.get_text() for axes in figure.axes for text in axes.get_legend().get_texts()]
    expected = [
        "training loss 0.5",
        "validation loss 0.75",
        "validation accuracy 0.625",
        "learning rate 0.05",
    ]
    if lang == "en":
        assert names == expected
    assert figure.axes[-1].get_xlabel() == {"en": "epoch", "ko": "에포크"}[lang]


def test_the_same_curves_are_the_same_file(tmp_path) -> None:
    for name in ("a.svg", "b.svg"):
        HISTORY.plot(tmp_path / name, lang="en")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_what_is_refused(tmp_path) -> None:
    for call, said in (
        (lambda: History().plot(), "plot: there is nothing to draw. Got 0 epochs."),
        (
            lambda: HISTORY.plot("a.jpg"),
            "figures: the file's name must say its format. Expected one of .gif, .png, .svg. Got 'a.jpg'.",
        ),
    ):
        with pytest.raises(pc.PellucidError) as error:
            call()
        assert str(error.value) == said


def test_steps_as_a_table() -> None:
    model = pc.Sequential(pc.Flatten(), pc.Linear(4, 3))
    data = np.ones((9, 1, 2, 2), np.float32), np.arange(9) % 3
    history = pc.fit(model, data, optimizer=pc.SGD(0.1), epochs=2, batch_size=4, schedule="cosine")
    head, *rows = history.steps_csv().splitlines()
    assert head == "step,loss,learning_rate"
    assert [tuple(map(float, row.split(","))) for row in rows] == [
        (i + 1, history.losses[i], history.rates[i]) for i in range(6)
    ]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-3, 5, [-4, -2, 0, 2, 4, 6]),
        (0, 0, [0, 0.2]),
        (0, 23000, None),
        (0, 1e-13, [0, 2e-14, 4e-14, 6e-14, 8e-14, 1e-13]),
        (0, 1e308, None),
        (0, 1.7976931348623157e308, None),
        (0, 5e-324, None),
        (1, 1 + 2**-52, None),
        (-1e308, 1e308, None),
    ],
)
def test_ticks_are_round_and_reach_both_ends(low, high, expected) -> None:
    found = ticks(low, high)
    assert expected is None or found == expected
    assert found[0] <= low <= high <= found[-1]
    assert 2 <= len(found) <= 8
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("size", [1e-13, 1e-300, 5e-324, 1e308, 1.7976931348623157e308])
def test_numbers_of_all_sizes_are_drawn(size) -> None:
    history = History(losses=[size, size / 2] * 100, rates=[size] * 200)
    page = Report(history.html())
    assert [tag for tag, _ in page.tags].count("svg") == 2
    assert not {"nan", "inf"} & {word for _, attributes in page.tags for word in str(attributes).split()}
    assert f"{size:.4g}" in page.texts


def test_the_axis_tells_its_ticks_apart() -> None:
    points = ((0.0, 0.12340), (1.0, 0.12345))
    (figure,) = charts([Panel("w", "step", (Curve("value", "train", points),), from_zero=False)])
    shown = [text for text in Report(str(figure)).texts if text.startswith("0.1")]
    assert shown[1:] == [
        "0.1234",
        "0.12341",
        "0.12342",
        "0.12343",
        "0.12344",
        "0.12345",
    ]  # behind the legend's


def test_steps_stand_in_their_epochs() -> None:
    """A run of 100 steps an epoch that ended in the middle of the second one."""
    losses = [float(i) for i in range(150)]
    (loss, _) = panels([Epoch(0, 50.0, 1.0, {"loss": 50.0}, 100)], losses, losses, "en")
    steps, _, validation = loss.curves
    assert validation.points == ((1.0, 50.0),)
    assert {y: x for x, y in steps.points}[99.0] == 1.0
    assert steps.points[-1] == (1.5, 149.0)
    # epochs of an iterator's batches, which has 2, then 4, and 5 so far
    uneven = panels(
        [Epoch(0, 1.0, 1.0, None, 2), Epoch(1, 1.0, 1.0, None, 4)], losses[:11], losses[:11], "en"
    )
    assert [x for x, _ in uneven[1].curves[0].points] == [0.5, 1, 1.25, 1.5, 1.75, 2, 2.2, 2.4, 2.6, 2.8, 3]
    # nobody knows, as in a checkpoint of old: all epochs are alike
    (old, _) = panels([Epoch(0, 1.0, 1.0), Epoch(1, 1.0, 1.0, None, 2)], losses[:4], losses[:4], "en")
    assert [x for x, _ in old.curves[0].points] == [0.5, 1.0, 1.5, 2.0]


def test_pages_and_pictures_begin_at_0_alike() -> None:
    found = panels(HISTORY.epochs, HISTORY.losses, HISTORY.rates, "en")
    assert [panel.from_zero for panel in found] == [True, False, True]
    for panel, chart, axes in zip(found, charts(found), HISTORY.plot().figure().axes, strict=True):
        texts_ = Report(str(chart)).texts
        assert ("0" in texts_[: texts_.index("epoch")][:-3]) == panel.from_zero
        assert (axes.get_ylim()[0] == 0) == panel.from_zero
