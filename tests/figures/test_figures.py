"""Pictures: the numbers and texts in them, room for all of them, and colours for every eye."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from scipy import signal
from tests.support.drawn import LANGUAGES, labels, line, rectangles, texts

import pellucid as pc
from pellucid.figures import fonts, style
from pellucid.figures.functions import SHAPES
from pellucid.figures.numerals import equation, lines, numeral

INPUT, KERNEL = np.arange(9).reshape(3, 3), [[0, 1], [2, 3]]


@pytest.fixture
def any_font(monkeypatch):
    """Texts can be looked at where they cannot be drawn."""
    fonts.families.cache_clear()
    monkeypatch.setattr(fonts, "_has_hangul", lambda manager, path: True)
    yield
    fonts.families.cache_clear()


def test_the_kernel_slides_and_every_product_is_written_in() -> None:
    film = pc.figures.slide(INPUT, KERNEL)
    sums = [
        "0×0 + 1×1 + 2×3 + 3×4 = 19",
        "0×1 + 1×2 + 2×4 + 3×5 = 25",
        "0×3 + 1×4 + 2×6 + 3×7 = 37",
        "0×4 + 1×5 + 2×7 + 3×8 = 43",
    ]
    assert len(film) == 4
    assert film.captions == tuple(f"output[{y},{x}] = {sums[2 * y + x]}" for y in (0, 1) for x in (0, 1))
    for number, total in enumerate(sums):
        said = texts(film.figure(number))
        assert total in said
        outputs = [t for t in said if t in ("19", "25", "37", "43")]
        assert outputs == ["19", "25", "37", "43"][: number + 1]  # later ones are not there yet
        assert [t for t in said if t.startswith("×")] == ["×0", "×1", "×2", "×3"]
    said = texts(film.figure())
    assert said[0] == "Convolution layer (cross-correlation): stride 1, padding 0, dilation 1"
    assert {"Input", "3×3", "Kernel", "Output", "framed: multiplied now"} <= set(said)
    assert [t for t in said if t in map(str, range(9))][:9] == [str(i) for i in range(9)]


def test_a_strided_padded_window_by_hand() -> None:
    film = pc.figures.slide([[1, 2, 3], [4, 5, 6]], [[1, -1], [2, 3]], stride=(2, 3), padding=(1, 2))
    #  0 0 0 0 0 0 0      windows begin in rows 0 and 2, columns 0 and 3
    #  0 0 1 2 3 0 0
    #  0 0 4 5 6 0 0
    #  0 0 0 0 0 0 0
    assert film.captions == (
        "output[0,0] = 1×0 + (−1)×0 + 2×0 + 3×0 = 0",
        "output[0,1] = 1×0 + (−1)×0 + 2×2 + 3×3 = 13",
        "output[1,0] = 1×0 + (−1)×0 + 2×0 + 3×0 = 0",
        "output[1,1] = 1×5 + (−1)×6 + 2×0 + 3×0 = −1",
    )
    figure = film.figure(3)
    said = texts(figure)
    assert said[0].endswith("stride (2, 3), padding (1, 2), dilation 1")
    assert "framed: multiplied now · striped: padding, zero" in said
    patches = [p for p in figure.axes[0].get_children() if getattr(p, "get_hatch", lambda: None)()]
    assert len(patches) == 4 * 7 - 2 * 3
    assert rectangles(figure, style.READ) == 4
    assert rectangles(figure, style.KERNEL, framed=True) == 8  # in the input, and in the kernel
    assert rectangles(figure, style.PRODUCT) == 1


def test_a_transposed_convolution_by_hand() -> None:
    film = pc.figures.slide([[1, 2, 3]], [[10, 1, 4]], stride=2, transposed=True)
    # 10·1, 1·1, 4·1 + 10·2, 1·2, 4·2 + 10·3, 1·3, 4·3
    assert film.captions == (
        "output[0,0] = 10×1 = 10",
        "output[0,1] = 1×1 = 1",
        "output[0,2] = 10×2 + 4×1 = 24",
        "output[0,3] = 1×2 = 2",
        "output[0,4] = 10×3 + 4×2 = 38",
        "output[0,5] = 1×3 = 3",
        "output[0,6] = 4×3 = 12",
    )
    figure = film.figure(2)
    assert texts(figure)[0] == "Transposed convolution: stride 2, padding 0, dilation 1"
    assert rectangles(figure, style.READ) == 2
    assert [t for t in texts(figure) if t.startswith("×")] == ["×4", "×10"]
    assert (
        pc.figures.slide([[5]], [[1, 2]], stride=3, dilation=2, transposed=True).captions[1]
        == "output[0,1] = 0"
    )


@pytest.mark.parametrize("transposed", [False, True])
def test_slides_equal_the_layers(transposed) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.integers(-9, 10, (5, 6)), rng.integers(-3, 4, (3, 2))
    settings = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}
    function = pc.functional.conv_transpose2d if transposed else pc.functional.conv2d
    output = function(x[None].astype(float), w[None, None].astype(float), **settings)[0]
    film = pc.figures.slide(x, w, **settings, transposed=transposed)
    found = [caption.split(" = ") for caption in film.captions]
    assert len(found) == output.size
    for (name, *middle, value), (index, expected) in zip(found, np.ndenumerate(output), strict=True):
        assert name == f"output[{index[0]},{index[1]}]"
        assert value == numeral(expected)
        python = middle[0].replace("×", "*").replace("−", "-") if middle else value.replace("−", "-")
        assert eval(python) == expected


def test_two_sequences() -> None:
    f, g = [1, -2, 3, 1], [4, 5, 0.5]
    film = pc.figures.convolution(f, g)
    full = signal.convolve(f, g)
    assert len(film) == len(full) == 6
    assert film.captions[2] == "[f*g][2] = 1×0.5 + (−2)×5 + 3×4 = 2.5"
    for x in (0, 3, 5):
        figure = film.figure(x)
        above, below = figure.axes
        assert film.captions[x] in texts(figure)
        np.testing.assert_array_equal(line(above, "f[z]").get_ydata(), f)
        kernel = line(above, "g[")
        assert np.round(kernel.get_xdata() - 0.09, 9).tolist() == [x - 2, x - 1, x]
        assert kernel.get_ydata().tolist() == [0.5, 5, 4]  # flipped
        bars = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in above.patches}
        products = {z: f[z] * g[x - z] for z in range(4) if 0 <= x - z < 3}
        assert bars == products
        assert math.isclose(sum(bars.values()), full[x])
        np.testing.assert_allclose(line(below, "[f*g]").get_ydata(), full[: x + 1])
        assert line(above, "f[z]").get_color() == style.SIGNAL
        assert kernel.get_color() == style.KERNEL
        assert line(below, "[f*g]").get_color() == style.RESULT
        assert kernel.get_marker() != line(above, "f[z]").get_marker()
    assert labels(film.figure(1)) == [
        "f[z]: signal",
        "g[1−z]: kernel, flipped, moved by 1",
        "products f[z]·g[1−z]",
        "[f*g][x] so far",
    ]


def test_limits_are_the_same_on_every_frame() -> None:
    for film in (pc.figures.convolution([1, -2, 3], [4, 5]), pc.figures.convolution(*[SHAPES["box"]] * 2)):
        seen = {
            tuple((axes.get_xlim(), axes.get_ylim()) for axes in film.figure(number).axes)
            for number in (0, len(film) // 2, len(film) - 1)
        }
        assert len(seen) == 1


def test_two_functions() -> None:
    film = pc.figures.convolution(SHAPES["box"], SHAPES["box"])
    assert len(film) == 61
    assert film.captions[15] == "[f*g](−0.5) = ∫ f(z)·g(−0.5−z) dz = 0.5"
    figure = film.figure(15)
    above, below = figure.axes
    x, y = line(below, "[f*g]").get_data()
    assert len(x) == 15 * 4 + 1
    np.testing.assert_allclose(y, 1 - np.abs(x), atol=1e-10)  # the triangle, as far as it has grown
    z, g = line(above, "g(").get_data()
    inside = np.abs(-0.5 - z) < 0.499
    assert (g[inside] == 1).all()
    assert (g[np.abs(-0.5 - z) > 0.501] == 0).all()
    (area,) = above.collections
    assert area.get_hatch()
    left, right = (end(path.vertices[:, 0]) for path in area.get_paths() for end in (np.min, np.max))
    np.testing.assert_allclose((left, right), (-0.5, 0), atol=0.01)
    assert labels(figure)[:3] == [
        "f(z): signal",
        "g(x−z): kernel, flipped, moved by x = −0.5",
        "area of f(z)·g(x−z)",
    ]


def test_supports_say_where_functions_are_looked_for() -> None:
    film = pc.figures.convolution(lambda t: 1.0, SHAPES["ramp"], f_support=(100, 102), g_support=(0, 1))
    x, y = line(film.figure().axes[1], "[f*g]").get_data()
    assert (x[0], x[-1]) == pytest.approx((100, 103), abs=0.01)
    np.testing.assert_allclose(y[np.abs(x - 101.5) < 0.4], 0.5, atol=1e-9)
    z, f = line(film.figure(30).axes[0], "f(").get_data()
    np.testing.assert_array_equal(f, np.where((z >= 100) & (z <= 102), 1, 0))


def test_products_larger_than_both_functions_have_room() -> None:
    film = pc.figures.convolution(lambda t: 4 * SHAPES["box"](t), lambda t: -5 * SHAPES["box"](t))
    low, high = film.figure(0).axes[0].get_ylim()
    assert low < -20 < -5 < 4 < high < 10


@pytest.mark.slow
def test_narrow_functions_are_not_missed() -> None:
    film = pc.figures.convolution(SHAPES["triangle"], lambda t: math.exp(-((t / 1e-2) ** 2)))
    for number in range(0, 61, 7):
        (peak,) = [line(film.figure(number).axes[0], "g(").get_ydata().max()]
        assert peak > 0.99


def test_korean(any_font) -> None:
    said = texts(pc.figures.slide(INPUT, KERNEL, padding=1, lang="ko").figure())
    assert said[0] == "합성곱 층 (교차상관): 스트라이드 1, 패딩 1, 팽창 1"
    assert {"입력", "커널", "출력", "테두리: 지금 곱하는 칸 · 빗금: 패딩 (0)"} <= set(said)
    assert texts(pc.figures.slide(INPUT, KERNEL, transposed=True, lang="ko").figure())[0].startswith(
        "전치 합성곱"
    )
    assert labels(pc.figures.convolution([1, 2], [3], lang="ko").figure(1)) == [
        "f[z]: 신호",
        "g[1−z]: 뒤집어 1만큼 옮긴 커널",
        "곱 f[z]·g[1−z]",
        "지금까지 구한 [f*g][x]",
    ]
    assert "곱 f(z)·g(x−z)의 넓이" in labels(
        pc.figures.convolution(*[SHAPES["box"]] * 2, lang="ko").figure(1)
    )


def drawn_texts(figure) -> list:
    """Every text that is seen: of ticks those within the limits alone."""
    found = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    for axes in (axes for axes in figure.axes if axes.axison):
        found += [*axes.get_legend().get_texts(), axes.xaxis.label]
        for i, axis in enumerate((axes.xaxis, axes.yaxis)):
            low, high = axis.get_view_interval()
            found += [label for label in axis.get_ticklabels() if low <= label.get_position()[i] <= high]
    return [text for text in found if text.get_text() and text.get_visible()]


FULL = {
    "small and large numbers": lambda r: pc.figures.slide(
        r.normal(size=(8, 8)) * 1e-4, r.normal(size=(5, 5)) * 1e7, lang=LANGUAGES[-1]
    ),
    "unequal padding": lambda r: pc.figures.slide(
        r.integers(0, 9, (3, 4)), r.integers(0, 9, (2, 3)), (1, 2), ((1, 2), (0, 3)), (2, 1)
    ),
    "largest": lambda r: pc.figures.slide(r.integers(-99, 99, (20, 20)), r.integers(-9, 9, (7, 7)), stride=4),
    "single": lambda r: pc.figures.slide([[5]], [[2]], transposed=True, lang=LANGUAGES[-1]),
    "long settings": lambda r: pc.figures.slide([[5]], [[2]], (4, 5), ((1, 2), (3, 4)), (4, 5)),
    "a title longer than the matrices": lambda r: pc.figures.slide(INPUT, KERNEL, (2, 1), (2, 0), (1, 2)),
    "a long title in Korean": lambda r: pc.figures.slide(
        INPUT, KERNEL, (2, 1), ((2, 1), (0, 0)), (1, 2), lang=LANGUAGES[-1]
    ),
    "long sum": lambda r: pc.figures.convolution(r.normal(size=21), r.normal(size=20) * 1e6),
    "short sum": lambda r: pc.figures.convolution([1], [2], lang=LANGUAGES[-1]),
    "functions": lambda r: pc.figures.convolution(SHAPES["gaussian"], lambda t: -1e4 * SHAPES["decay"](t)),
    "functions in Korean": lambda r: pc.figures.convolution(
        SHAPES["ramp"], SHAPES["ramp"], lang=LANGUAGES[-1]
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", FULL)
def test_no_text_leaves_the_picture_or_meets_another(case) -> None:
    film = FULL[case](np.random.default_rng(1))
    figure = film.figure(len(film) // 2)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in drawn_texts(figure)]
    assert len(boxes) > 5
    width, height = canvas.get_width_height()
    assert min(min(box.x0, box.y0) for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= width
    assert max(box.y1 for box in boxes) <= height
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            beside = one.x0 > other.x1 - 1 or other.x0 > one.x1 - 1
            assert beside or one.y0 > other.y1 - 1 or other.y0 > one.y1 - 1


# What people without one kind of cone see, in linear RGB: Machado and others, 2009, table 1, severity 1.
VISIONS = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(color: str, vision: str) -> np.ndarray:
    """A colour as seen, in CIELAB, where distances are what eyes see as differences (1 can just be seen)."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    xyz = TO_XYZ @ np.clip(VISIONS[vision] @ linear, 0, 1) / (TO_XYZ @ np.ones(3))
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_differ_for_every_kind_of_vision(vision) -> None:
    colors = [style.SIGNAL, style.KERNEL, style.PRODUCT, style.RESULT, "white"]
    for i, one in enumerate(colors):
        for other in colors[:i]:
            assert np.linalg.norm(lab(one, vision) - lab(other, vision)) > 20, (one, other)


def test_numerals() -> None:
    assert [numeral(v) for v in (0.0, -3, 999999, 1e6, 1 / 3, -2.5e-7)] == [
        "0", "−3", "999999", "1e+06", "0.333", "−2.5e-07".replace("-", "−"),
    ]  # fmt: skip
    assert equation([(0.1, 3)], 0.1 * 3) == ["0.1×3", "= 0.3"]  # a rounding error is no difference
    assert equation([(1, 0.12345)], 0.12345) == ["1×0.123", "≈ 0.123"]
    assert lines(["long piece"], 3) == ["long piece"]
