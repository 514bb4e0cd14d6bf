"""Traces, recordings and models as pictures, as HTML and in the terminal."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console
from tests.support.pages import Page
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid.errors import ArgumentError
from pellucid.explain import Trace
from pellucid.explain.accounts.account import Account, Element, Group, Quantity
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.formula import Formula
from pellucid.explain.question import Operand, Question
from pellucid.explain.rendering import figures
from pellucid.explain.rendering.listing import recording_html
from pellucid.explain.rendering.picture import Plane, result_plane, scenes
from pellucid.explain.rendering.terminal import rich_trace
from pellucid.explain.source import Entry, Source
from pellucid.explain.trace import trace_of
from pellucid.language import worded
from pellucid.markup import Markup, page, tag
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.relu import ReLU

WIDE = (14, 14)


def planes(trace: Trace, limit: tuple[int, int] = WIDE, top: int = 12) -> list[Plane]:
    """Of the first scene."""
    return list(scenes(trace, figures.leading(trace, top), limit)[0].planes)


def drawn(plane: Plane) -> list[str]:
    """A plane as text: # read, o the one that matters, x padding, . around, blank for nothing."""
    rows = []
    for r in range(plane.numbers.shape[0]):
        row = ""
        for c in range(plane.numbers.shape[1]):
            inside, read = plane.inside[r, c], plane.read[r, c]
            mark = ("#" if inside else "x") if read else ("." if inside else " ")
            row += "o" if plane.key == (r, c) else mark
        rows.append(row)
    return rows


def conv_trace(address: str, input: tuple[int, ...], weight: tuple[int, ...], **settings: Any) -> Trace:
    conv = getattr(F, f"conv{len(input) - 2}d")
    program = run(
        lambda s, **p: conv(s, p["w"], p["b"], **settings),
        normal(*input),
        {"w": normal(*weight, seed=2), "b": normal(weight[0], seed=3)},
    )
    return recording(program).explain(address)


def made(account: Account, op: Any, value: float, at: tuple[int, ...] = (0, 0, 0, 0), **arrays: Any) -> Trace:
    """A trace of an account that is written by hand."""
    result = np.full(tuple(i + 1 for i in at), value, np.float32)
    source = Source(op, "output", {"input": "x"})
    question = Question(
        "y",
        source,
        np.array([at], np.int64).reshape(1, len(at)),
        np.array([value], np.float32),
        {"y": result, **arrays}.__getitem__,
    )
    return trace_of(question, account, account.judge(question))


def pooled(x: Any, winner: int) -> Trace:
    """Max pooling, window 2×3, at the upper left corner with one row and one column of padding."""
    rows = (np.array([[0]]), np.array([[1]]), np.repeat([-1, 0], 3)[None], np.tile([-1, 0, 1], 2)[None])
    present = (rows[2] >= 0) & (rows[3] >= 0)
    group = Group((Element(Operand("x", x), rows),), present)
    op = MaxPool(2, (2, 3), padding=1)
    return made(Choice((group,), winner=np.array([winner])), op, float(x[0, 1].max()), x=x)


def test_a_convolutions_window_with_its_padding():
    trace = conv_trace(
        "conv2d.output[1,2,0,3]", (2, 1, 4, 5), (3, 1, 2, 3), padding=((1, 0), (0, 1)), dilation=(1, 1)
    )
    input, weight = planes(trace)
    assert (input.label, weight.label) == ("input[1,0,:,:]", "w[2,0,:,:]")
    assert drawn(input) == [" xxx", ".##x", "... "]
    assert input.origin == (-1, 2)
    assert drawn(weight) == ["###", "###"]
    assert input.numbers.tolist()[1][:3] == normal(2, 1, 4, 5)[1, 0, 0, 2:5].tolist()
    result = result_plane(trace, (5, 5))
    assert result is not None
    assert (result.label, result.origin, drawn(result)) == (
        "conv2d.output[1,2,:,:]",
        (0, 1),
        ["..o", "...", "..."],
    )


def test_gaps_of_a_dilated_window_are_around_it():
    trace = conv_trace("conv2d.output[0,0,1,1]", (1, 1, 7, 8), (1, 1, 2, 2), dilation=(2, 3))
    assert drawn(planes(trace)[0]) == ["......", ".#..#.", "......", ".#..#.", "......"]


def test_the_outputs_that_an_input_reached_with_a_stride():
    """A transposed window: input 2 of stride 2 and 3 taps was read by outputs 0 and 1 only."""
    trace = conv_trace("grad(input)[0,0,2,2]", (1, 1, 7, 7), (1, 1, 3, 3), stride=2)
    gradient, weight = planes(trace)
    assert gradient.label == "grad(conv2d.output)[0,0,:,:]"
    assert drawn(gradient) == ["##.", "##.", "..."]
    assert drawn(weight) == ["#.#", "...", "#.#"]


def test_candidates_and_winner_of_a_pooling_window():
    x = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    x[0, 1, 0, 1] = 99
    trace = pooled(x, winner=5)
    assert trace.certified
    assert figures.leading(trace, 12) == [1, 0]
    (plane,) = planes(trace)
    assert plane.label == "x[0,1,:,:]"
    assert drawn(plane) == ["#o.", "..."]
    assert plane.numbers.tolist() == [[12, 99, 14], [16, 17, 18]]
    assert plane.marks == {(0, 1): [0], (0, 0): [1]}


def test_a_signal_is_a_row_and_a_volume_a_slice():
    (input, weight) = planes(conv_trace("conv1d.output[0,1,0]", (1, 2, 9), (2, 2, 3), padding=1))
    assert drawn(input) == ["x##."]
    assert input.is_row
    assert input.label in ("input[0,0,:]", "input[0,1,:]")
    assert drawn(weight) == ["###"]
    trace = conv_trace("conv3d.output[0,0,0,1,1]", (1, 1, 3, 4, 5), (1, 1, 2, 2, 3), padding=(1, 0, 0))
    (input, weight) = planes(trace)
    assert (input.label, weight.label) == ("input[0,0,0,:,:]", "w[0,0,1,:,:]")
    assert drawn(input) == [".....", ".###.", ".###.", "....."]


def test_terms_of_one_channel_share_a_scene_and_have_their_cells_marked():
    trace = conv_trace("conv2d.output[0,0,1,1]", (1, 3, 4, 4), (2, 3, 2, 2))
    chosen = list(range(12))  # at each tap the channels in turn
    found = scenes(trace, chosen, WIDE)
    assert [scene.ranks for scene in found] == [(0, 3, 6, 9), (1, 4, 7, 10), (2, 5, 8, 11)]
    input, weight = found[1].planes
    assert input.label == "input[0,1,:,:]"
    assert input.marks == {(1, 1): [1], (1, 2): [4], (2, 1): [7], (2, 2): [10]}
    assert weight.marks == {(0, 0): [1], (0, 1): [4], (1, 0): [7], (1, 1): [10]}


def test_few_terms_share_a_scene_whatever_they_read():
    w, v = normal(1, 1, 3, 3), normal(1, 1, 3, 3, seed=4)
    at = tuple(np.array([[i]]) for i in (0, 0, 1, 2))
    step = Quantity("−lr", np.array([[-0.5]], np.float32))
    groups = (Group((Element(Operand("w", w), at),)), Group((step, Element(Operand("v", v), at))))
    exact = np.longdouble(w[0, 0, 1, 2]) - np.longdouble(v[0, 0, 1, 2]) / 2
    account = Formula(groups, result=Enclosed(np.array([exact]), np.full(1, 1e-6)))
    trace = made(account, ReLU(), float(exact), at=(0, 0, 1, 2), w=w, v=v)
    (scene,) = scenes(trace, [1, 0], WIDE)
    assert [plane.label for plane in scene.planes] == ["v[0,0,:,:]", "w[0,0,:,:]"]
    assert [plane.marks for plane in scene.planes] == [{(1, 2): [0]}, {(1, 2): [1]}]
    assert "v[0,0,:,:]" in printed(trace, 80)
    assert "2 terms" in printed(trace, 80)


def test_contributions_of_several_uses_have_their_own_names():
    arrays = {"w": normal(2, 2, 1, 1), "b": normal(2)}
    program = run(lambda s, w, b: F.conv2d(F.conv2d(s, w, b), w, b), normal(1, 2, 3, 3), arrays)
    trace = recording(program).explain("grad(w)[1,0,0,0]")
    (plane,) = planes(trace)
    assert plane.label == "grad(w) by conv2d[1,0,:,:]"
    assert drawn(plane) == ["#"]


def test_a_large_plane_has_the_largest_number_of_several_in_a_cell():
    x = np.zeros((1, 1, 20, 30), np.float32)
    x[0, 0, 4, 7], x[0, 0, 19, 29] = -3, np.nan
    x[0, 0, 5, 6] = 2
    rows = tuple(r.reshape(1, -1) for r in np.indices(x.shape).reshape(4, -1))
    trace = made(Choice((Group((Element(Operand("x", x), rows),)),), winner=np.array([0])), ReLU(), 0.0, x=x)
    (plane,) = planes(trace, limit=(10, 10))
    assert plane.step == (3, 3)
    assert plane.numbers.shape == (7, 10)
    assert plane.numbers[1, 2] == -3
    assert np.isnan(plane.numbers[6, 9])
    assert plane.cell(19, 29) == (6, 9)
    assert plane.inside.all()
    assert plane.read.all()
    assert figures.shades(plane)[1, 2] == -1
    assert figures.shades(plane)[6, 9] == 1


def test_a_long_row_too():
    trace = made_row(100)
    (plane,) = planes(trace, limit=(1, 24))
    assert (plane.step, plane.numbers.shape, plane.is_row) == ((1, 5), (1, 20), True)


def made_row(size: int) -> Trace:
    x = np.arange(size, dtype=np.float32)
    group = Group((Element(Operand("x", x), (np.arange(size)[None],)),))
    return made(Choice((group,), winner=np.array([0])), ReLU(), 0.0, at=(0,), x=x)


@pytest.mark.parametrize(
    ("numbers", "texts", "unit"),
    [
        ([0.5, -0.25], ["0.500", "-0.250"], ""),
        ([1.0, -2.5], ["1.00", "-2.50"], ""),
        ([123.4, 0.0], ["123", "0"], ""),
        ([1.5e-5, -2e-7], ["1.50", "-0.02"], "1e-5"),
        ([31400.0, 1.0], ["3.14", "0.00"], "1e4"),
        ([np.nan, -np.inf], ["nan", "-inf"], ""),
        ([-0.0, 0.0], ["0", "0"], ""),
        ([5e-324, 0.0], ["0.00", "0"], "1e-300"),
    ],
)
def test_numbers_in_cells_have_few_digits_and_a_unit_in_common(numbers, texts, unit):
    plane = Plane(
        "x[:]", (0, 0), (1, 1), np.array([numbers]), np.ones((1, 2), bool), np.ones((1, 2), bool), is_row=True
    )
    assert figures.cell_texts(plane) == ([texts], unit)
    whole = Plane("t[:]", (0, 0), (1, 1), np.array([[7, 0]]), plane.inside, plane.read, is_row=True)
    assert figures.cell_texts(whole) == ([["7", "0"]], "")


# HTML


@pytest.fixture(scope="module")
def step() -> pc.Recording:
    pc.seed(1)
    random = np.random.default_rng(5)
    model = Named()
    return pc.record(
        model,
        random.random((3, 1, 9, 8), np.float32),
        np.array([1, 0, 2]),
        optimizer=pc.SGD(lr=0.1, momentum=0.9),
    )


class Named(pc.Module):
    """A network whose layer has a name that HTML would take for an element."""

    def __init__(self) -> None:
        setattr(self, "<b>", pc.Conv2d(1, 4, 3, padding=1))
        self.second = pc.Conv2d(4, 2, (3, 2))
        self.fc = pc.Linear(2 * 7 * 7, 3)

    def forward(self, x: Any) -> Any:
        return self.fc(F.flatten(F.relu(self.second(F.relu(getattr(self, "<b>")(x)))), 1))


ADDRESSES = [
    "<b>.output[2,1,0,0]",
    "second.output[0,1,3,2]",
    "grad(<b>.weight)[3,0,1,2]",
    "grad(second.output)[0,0,1,1]",
    "grad(second.weight)[1,2,0,1]",
    "fc.output[1,2]",
    "grad(fc.bias)[1]",
]


def explained(step: pc.Recording) -> list[Trace]:
    traces = []
    for address in ADDRESSES:
        try:
            traces.append(step.explain(address))
        except ArgumentError:  # ops whose numbers cannot be explained
            continue
    assert len(traces) >= 6
    return traces


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_trace_as_html_is_whole_and_by_itself(step, lang):
    for trace in explained(step):
        read = Page(trace.html(lang))
        for said in (
            trace.address,
            worded(trace.formula, lang),
            trace.numbers(lang),
            trace.digits(trace.value),
        ):
            assert said in read.text
        assert ("certified: |value" if lang == "en" else "인증됨: |값") in read.text
        shown = min(12, len(trace.terms))
        assert [c for c in read.classes("tr") if c] == [[f"t{rank}"] for rank in range(shown)]
        cells = {kind for kinds in read.classes("td") for kind in kinds}
        assert {f"t{rank}" for rank in range(shown)} <= cells
        assert read.style.count("td.t") == shown
        assert read.tags[0][1]["lang"] == lang


def test_pointing_at_a_term_shows_its_planes_and_marks_its_cells(step):
    trace = step.explain("second.output[0,1,3,2]")
    seen = scenes(trace, figures.leading(trace, 12), WIDE)
    assert len(seen) > 1
    read = Page(trace.html())
    assert [kinds[1] for kinds in read.classes("div") if "pc-scene" in kinds] == [
        f"s{number}" for number in range(len(seen))
    ]
    for number, scene in enumerate(seen[1:], 1):
        rows = ", ".join(f"tr.t{rank}" for rank in scene.ranks)
        at = f".pellucid:has(:is({rows}):is(:hover, :focus)) .pc-scenes >"
        assert f"{at} * {{ visibility: hidden }}\n{at} .s{number} {{ visibility: visible }}" in read.style
    terms = [attributes for name, attributes in read.tags if name == "tr" and attributes.get("class")]
    assert all(attributes["tabindex"] == "0" for attributes in terms)  # the tab key reaches them


def test_names_and_numbers_are_escaped(step):
    html = step.explain("<b>.output[2,1,0,0]").html()
    assert "<b>.output" not in html
    assert "&lt;b&gt;.output[2,1,0,0]" in html
    for html in (step.html(), Named()._repr_html_()):
        assert "<b>.weight" not in html
        assert "&lt;b&gt;" in html


def test_padding_is_striped_and_the_winner_framed():
    x = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    read = Page(pooled(x, winner=5).html())
    assert sum("pc-key" in kinds for kinds in read.classes("td")) == 2  # the winner and the result
    assert "winner" in read.text
    assert "2 candidates" in read.text
    trace = conv_trace("conv2d.output[0,0,0,0]", (1, 1, 3, 3), (1, 1, 3, 3), padding=1)
    read = Page(trace.html("ko"))
    assert sum("pc-pad" in kinds for kinds in read.classes("td")) == 5
    assert "빗금: 패딩 (0)" in read.text
    assert "곱 9개 중 5개는 패딩과 만나" in read.text


def test_a_number_by_itself_has_no_picture():
    half = Quantity("1/2", np.array([[0.5]]))
    account = Formula((Group((half,)),), result=Enclosed(np.array([0.5], np.longdouble), np.zeros(1)))
    trace = made(account, ReLU(), 0.5, at=())
    assert result_plane(trace, WIDE) is None
    read = Page(trace.html())
    assert not read.classes("figure")
    assert "1/2 0.5" in read.text
    assert "1/2 0.5" in printed(trace, 80)
    assert "1 term\n" in read.text + "\n"


def test_an_unreached_element_has_no_terms():
    trace = conv_trace("grad(input)[0,0,3,3]", (1, 1, 4, 4), (1, 1, 1, 1), stride=2)
    assert len(trace.terms) == 0
    assert Page(trace.html()).classes("figure") == [[]]
    assert "이 원소에 닿는 창이 없습니다" in printed(trace, 80, "ko")


def test_the_environment_chooses_the_language(step, monkeypatch):
    trace = step.explain("fc.output[1,2]")
    assert "formula" in trace._repr_html_()
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    for html in (trace._repr_html_(), step._repr_html_(), Named()._repr_html_()):
        assert 'lang="ko"' in html
    assert "매개변수" in Named()._repr_html_()
    with pytest.raises(ArgumentError, match="이 언어로 된 글은 없습니다"):
        trace.html("xx")


def test_a_page_is_a_file_by_itself(step):
    html = page("a < b", step.explain("fc.output[1,2]").html(), "en")
    assert html.startswith('<!doctype html>\n<html lang="en"><head><title>a &lt; b</title>')
    assert "color-scheme: light dark" in html
    assert tag("p", Markup("<i>x</i>"), "<", title='"') == '<p title="&quot;"><i>x</i>&lt;</p>'


def test_a_recording_as_html_lists_every_array_by_layer(step):
    read = Page(step.html())
    summaries = len(read.classes("summary"))
    layers = {"", "<b>", "second", "fc", "relu", "relu#2", "flatten", "cross_entropy"}
    assert summaries == len(layers)
    assert all(name in read.texts for name in step.names())
    assert f"Recording: {len(step)} arrays; loss {step.loss:.6g}; not committed" in read.text
    weight = step["second.weight"]
    assert f"{weight.mean(dtype=np.float64):.4g}" in read.texts
    assert f"{weight.max():.4g}" in read.texts
    assert "2×4×3×2" in read.texts


def test_a_recording_of_inference_with_what_is_not_finite_and_with_nothing():
    model = pc.Sequential(pc.Conv2d(1, 2, 1))
    model[0].bias = np.array([np.inf, 0], np.float32)
    rec = pc.record(model, np.ones((1, 1, 2, 3), np.float32))
    held = len(rec._arrays)
    read = Page(rec.html("ko"))
    assert "기록: 배열 4개; 추론" in read.text
    assert "유한하지 않은 수 6개" in read.text
    assert len(rec._arrays) == held  # to list the arrays does not keep them all
    empty = recording_html(
        [Entry("conv.output", (0, 2, 3), given="input")], lambda _: np.zeros((0, 2, 3)), None
    )
    assert "0×2×3" in Page(empty).text


def test_a_model_as_html():
    class Net(pc.Module):
        def __init__(self) -> None:
            self.scale = pc.Parameter([1.0, 2.0])
            self.conv = pc.Conv2d(1, 2, 3)
            self.again = self.conv
            self.blocks = [pc.ReLU(), pc.Dropout(0.25)]

    read = Page(Net()._repr_html_())
    rows = len(read.classes("tr"))
    assert rows == 1 + 4 + 1  # the net's own parameter, conv, the blocks; a shared layer once
    assert [text for text in read.texts if text.isdigit()] == ["2", "20", "22"]
    assert "p=0.25" in read.texts
    assert "conv" in read.texts
    assert "again" not in read.texts
    assert "float32" in read.texts
    assert len(Page(pc.ReLU()._repr_html_()).classes("tr")) == 3


# Terminal


def printed(trace: Trace, width: int, lang: str | None = None, **settings: Any) -> str:
    console = Console(file=io.StringIO(), width=width, **settings)
    console.print(rich_trace(trace, lang=lang))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_nothing_sticks_out_of_the_terminal(step, width, lang):
    for trace in explained(step):
        lines = printed(trace, width, lang).splitlines()
        assert {cell_len(line) for line in lines} == {min(width, 120)}
        assert all(line[-1] in "╮│╯" for line in lines)


def test_a_window_in_the_terminal_can_be_read_without_colour():
    trace = conv_trace(
        "conv2d.output[0,0,0,1]", (1, 1, 3, 4), (1, 1, 2, 2), padding=((1, 0), (0, 0)), stride=1
    )
    texts, _ = figures.cell_texts(planes(trace)[0])
    text = printed(trace, 80)
    wide = max(len(number) for row in texts for number in row)
    first, second = texts[1][1].rjust(wide), texts[1][2].rjust(wide)
    assert f"[{first}] [{second}]" in text
    assert f"({'0'.rjust(wide)}) ({'0'.rjust(wide)})" in text
    result = result_plane(trace, (5, 5))
    assert result is not None
    assert result.key == (0, 1)
    numbers, _ = figures.cell_texts(result)
    widest = max(len(number) for row in numbers for number in row)
    assert (
        f" {numbers[0][0].rjust(widest)}  <{numbers[0][1].rjust(widest)}>  {numbers[0][2].rjust(widest)}"
        in text
    )
    assert "[ ] read, ( ) padding, < > result or winner" in text
    assert "\x1b" not in text
    assert "\x1b[" in printed(trace, 80, force_terminal=True, color_system="truecolor")


def test_a_large_window_in_the_terminal_is_shaded():
    x = -np.ones((1, 1, 30, 30), np.float32)
    x[0, 0, :, 15:] = 0.1
    rows = tuple(r.reshape(1, -1) for r in np.indices((1, 1, 28, 28)).reshape(4, -1))
    trace = made(Choice((Group((Element(Operand("x", x), rows),)),), winner=np.array([0])), ReLU(), -1.0, x=x)
    text = printed(trace, 80)
    assert "(each cell the " in text
    assert "largest of 2×2 numbers)" in text
    assert "█-█-█-█-█-█-█-█-░░░░░░░░░░░░" in text
    assert "<>█-" in text
    assert "░▒▓█ magnitude" in text


def test_a_failed_certificate_says_so():
    x = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    trace = pooled(x, winner=4)
    assert not trace.certified
    for text in (Page(trace.html()).text, printed(trace, 80)):
        assert "✗ NOT certified" in text
