"""Pictures as files, the fonts and the library that they need, `pellucid show`, and what is said about mistakes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
from PIL import Image
from tests.support.drawn import LANGUAGES

import pellucid as pc
from pellucid.figures import fonts, style
from pellucid.figures.functions import SHAPES

INPUT, KERNEL = np.arange(9).reshape(3, 3), [[0, 1], [2, 3]]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["png", "svg", "gif"])
def test_files(tmp_path, suffix) -> None:
    film, path = pc.figures.slide(INPUT, KERNEL), tmp_path / f"slide.{suffix.upper()}"
    written = film.save(path)
    assert (written.path, written.format) == (str(path), suffix)
    figure = film.figure()
    size = tuple(round(inch * style.DPI) for inch in figure.get_size_inches())
    assert (written.width_px, written.height_px) == pytest.approx(size, abs=1)
    assert written.captions == (film.captions if suffix == "gif" else film.captions[-1:])
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    first = path.read_bytes()
    film.save(path)
    assert path.read_bytes() == first  # the same picture, the same bytes
    if suffix == "svg":
        return
    with Image.open(path) as picture:
        assert picture.size == (written.width_px, written.height_px)
        assert getattr(picture, "n_frames", 1) == written.frames == (4 if suffix == "gif" else 1)
        assert picture.convert("RGB").getpixel((2, 2)) == pytest.approx((255, 255, 255), abs=3)


@pytest.mark.slow
def test_animations_last(tmp_path) -> None:
    path = tmp_path / "conv.gif"
    assert pc.figures.convolution([1, 2, 3], [0, 0]).save(path).frames == 4
    with Image.open(path) as picture:
        shown_ms = []
        for number in range(picture.n_frames):
            picture.seek(number)
            shown_ms.append(picture.info["duration"])
        assert shown_ms == [900, 900, 900, 2500]
        assert picture.info["loop"] == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_svg_stands_alone(tmp_path, lang) -> None:
    path = tmp_path / "p.svg"
    for film in (
        pc.figures.slide(INPUT, KERNEL, padding=1, lang=lang),
        pc.figures.convolution([1], [2], lang=lang),
    ):
        film.save(path, 0)
        content = path.read_text("utf-8")
        root = ET.fromstring(content)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.find("{http://www.w3.org/2000/svg}title").text == film.captions[0]
        assert "<!DOCTYPE" not in content
        links = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href") or "url(" in v]
        assert links
        assert all(link.startswith(("#", "url(#")) or "url(#" in link for link in links)
        content = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", content)  # names of vocabularies, which nobody loads
        assert "http" not in content
        letters = list(root.iter("{http://www.w3.org/2000/svg}text"))
        assert not letters  # they are outlines: no font is needed


def test_a_language_without_a_font_is_refused(monkeypatch, tmp_path) -> None:
    fonts.families.cache_clear()
    monkeypatch.setattr(fonts, "_has_hangul", lambda manager, path: False)
    film = pc.figures.slide(INPUT, KERNEL, lang="ko")
    with pytest.raises(pc.PellucidError) as error:
        film.save(tmp_path / "a.png")
    assert str(error.value) == (
        "figures: no font on this machine can show Hangul. "
        "Hint: install one, such as Noto Sans CJK KR or NanumGothic, or use lang='en' (--lang en)."
    )
    assert not list(tmp_path.iterdir())
    pc.figures.slide(INPUT, KERNEL, lang="en").save(tmp_path / "a.png")


class Face:
    def __init__(self, letters):
        self.letters = letters

    def get_char_index(self, code):
        return int(chr(code) in self.letters)


class FontManager:
    """Two fonts that matplotlib knows, of which one is gone, and one that was installed since."""

    def __init__(self, files):
        self.files, self.fontManager = files, self
        self.ttflist = [self.entry(path) for path in ("latin.ttf", "gone.ttf", "NanumGothic.ttf", "A.ttf")]

    def entry(self, path):
        return type("Entry", (), {"fname": path, "name": path.removesuffix(".ttf")})

    def findSystemFonts(self):  # noqa: N802 - matplotlib's name
        return list(self.files)

    def addfont(self, path):
        self.ttflist.append(self.entry(path))

    def get_font(self, path):
        if path not in self.files:
            raise FileNotFoundError(path)
        return Face(self.files[path])


def test_fonts_are_looked_for() -> None:
    hangul = "가힣ㄱ"
    known = {"latin.ttf": "abc", "A.ttf": hangul, "NanumGothic.ttf": hangul}
    assert fonts.families(FontManager(known), "en") == ["DejaVu Sans"]
    assert fonts.families(FontManager(known), "ko") == ["DejaVu Sans", "NanumGothic"]  # a favourite first
    assert fonts.families(FontManager({"A.ttf": hangul}), "ko") == ["DejaVu Sans", "A"]
    assert fonts.families(FontManager({"latin.ttf": "abc", "new.ttf": hangul}), "ko") == [
        "DejaVu Sans",
        "new",
    ]
    with pytest.raises(pc.PellucidError, match="no font on this machine"):
        fonts.families(FontManager({"latin.ttf": "abc", "A.ttf": "가"}), "ko")


def test_the_users_own_style_changes_nothing(tmp_path) -> None:
    film = pc.figures.convolution([1, 2], [3])
    film.save(tmp_path / "a.png")
    with matplotlib.rc_context(
        {"axes.facecolor": "black", "font.size": 30, "figure.dpi": 30, "savefig.dpi": 30}
    ):
        film.save(tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


WRONG = {
    "ragged": (
        lambda: pc.figures.slide([[1, 2], [3]], [[1]]),
        "slide: input must be an array of real numbers. Got list with rows of different lengths. "
        "Hint: pass a NumPy array or nested lists of numbers.",
    ),
    "not a matrix": (
        lambda: pc.figures.slide([1, 2], [[1]]),
        "slide: input must be a matrix of at least one number. Got shape (2,).",
    ),
    "not finite": (
        lambda: pc.figures.slide([[1]], [[float("nan")]]),
        "slide: kernel must hold finite numbers up to ±1e100. Got nan.",
    ),
    "large kernel": (
        lambda: pc.figures.slide([[1, 2]], [[1, 2, 3, 4, 5]], padding=(0, 1)),
        "conv2d: the window must not be larger than the padded input. Expected at most 4 positions along W. "
        "Got 5 (kernel 5, dilation 1) on input 2 with padding 1+1. "
        "Hint: use a smaller kernel_size or more padding.",
    ),
    "too many": (
        lambda: pc.figures.slide(np.ones((19, 3)), [[1]], padding=1),
        "slide: so many numbers cannot be read in a picture. Expected at most 20 along each axis, padding "
        "included. Got input (21, 5), kernel (1, 1), output (21, 5).",
    ),
    "a function and a sequence": (
        lambda: pc.figures.convolution([1], abs),
        "convolution: f and g must both be sequences or both functions. Got f list, g builtin_function_or_method.",
    ),
    "a function of two numbers": (
        lambda: pc.figures.convolution(abs, lambda x, y: x * y),
        "convolution: g must be a function of one number. Got 2.",
    ),
    "support of a sequence": (
        lambda: pc.figures.convolution([1], [1], g_support=(0, 1)),
        "convolution: only functions have a support. Hint: leave it out.",
    ),
    "long sequences": (
        lambda: pc.figures.convolution([1] * 30, [1] * 12),
        "convolution: so many numbers cannot be read in a picture. Expected len(f) + len(g) − 1 ≤ 40. "
        "Got 30 + 12 − 1 = 41.",
    ),
    "zero": (
        lambda: pc.figures.convolution(lambda t: 0, SHAPES["box"]),
        "convolution: f must not be zero everywhere. Got f zero from −32 to 32. Hint: give f_support.",
    ),
    "a pole": (
        lambda: pc.figures.convolution(SHAPES["box"], lambda t: 1 / t),
        "convolution: g must be finite to be shown. Got g(0). Hint: give g_support, or another value there.",
    ),
    "a support that is none": (
        lambda: pc.figures.convolution(abs, abs, f_support=(1, 1)),
        "convolution: f_support must be two finite numbers, the smaller one first. Got (1, 1).",
    ),
    "no such frame": (
        lambda: pc.figures.slide([[1]], [[1]]).figure(1),
        "figures: there is no such frame. Expected 0 to 0. Got 1.",
    ),
    "language": (
        lambda: pc.figures.slide([[1]], [[1]], lang="kr"),
        "language: there are no texts in this language. Expected one of 'en', 'ko'. Got lang='kr'.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes(case) -> None:
    call, message = WRONG[case]
    with pytest.raises(pc.PellucidError) as error:
        call()
    assert str(error.value) == message


@pytest.mark.slow
def test_show(run, tmp_path) -> None:
    path = tmp_path / "slide.gif"
    line = ["show", "slide", "--input", "0 1 2; 3 4 5; 6 7 8", "--kernel", "0 1; 2 3", "-o", path]
    code, out, err = run(*line)
    assert (code, err) == (0, "")
    with Image.open(path) as picture:
        assert picture.n_frames == 4
        width, height = picture.size
    assert out == f"picture written to {path}: 4 frames, {width}×{height} pixels\n"
    code, out, err = run(*line, "--lang", "ko")
    assert (code, err) == (0, "")
    with Image.open(path) as picture:
        assert out == f"그림을 {path}에 저장했습니다: 프레임 4개, {picture.width}×{picture.height}픽셀\n"
    code, out, _ = run(
        *line[:-1],
        tmp_path / "slide.png",
        "--frame",
        2,
        "--padding",
        "same",
        "--json",
        "--lang",
        LANGUAGES[-1],
    )
    with Image.open(tmp_path / "slide.png") as picture:
        width, height = picture.size
    assert json.loads(out) == {
        "path": str(tmp_path / "slide.png"),
        "format": "png",
        "frames": 1,
        "width_px": width,
        "height_px": height,
        "captions": ["output[0,2] = 0×2 + 1×0 + 2×5 + 3×0 = 10"],
    }
    strided = ["--stride", "2,1", "--padding", "1,0", "--dilation", "1,2", "--json"]
    code, out, _ = run(*line[:-1], tmp_path / "slide.svg", *strided)
    assert json.loads(out)["captions"] == ["output[1,0] = 0×3 + 1×5 + 2×6 + 3×8 = 41"]
    code, out, _ = run(*line[:-1], tmp_path / "slide.svg", "--transposed", "--json")
    assert json.loads(out)["captions"] == ["output[3,3] = 3×8 = 24"]
    for f, g, captions in (
        ("1 2,3", "4 5", "[f*g][3] = 3×5 = 15"),
        ("Box", "triangle", "[f*g](1.49) = ∫ f(z)·g(1.49−z) dz = 5e−05"),
    ):
        code, out, _ = run("show", "convolution", "--f", f, "--g", g, "-o", tmp_path / "c.svg", "--json")
        assert json.loads(out)["captions"][0].split(" = ")[0] == captions.split(" = ")[0]


SLIDE = ["show", "slide", "--kernel", "0 1; 2 3"]
WRONG_LINES = {
    "ragged": (
        [*SLIDE, "--input", "0 1 2; 3 4", "-o", "a.gif"],
        "show slide: --input must have rows of equally many numbers. Expected such as '0 1 2; 3 4 5'. "
        "Got rows of 3, 2.",
    ),
    "no numbers": (
        [*SLIDE, "--input", "0 x; 3 4", "-o", "a.gif"],
        "show slide: --input must hold numbers. Expected numbers such as '1 2 3'. Got '0 x'.",
    ),
    "no name": (
        ["show", "convolution", "--f", "blob", "--g", "1", "-o", "a.gif"],
        "show convolution: --f must hold numbers. Expected numbers such as '1 2 3' or one of box, triangle, "
        "ramp, decay, gaussian. Got 'blob'.",
    ),
    "stride": (
        [*SLIDE, "--input", "0 1; 3 4", "--stride", "1.5", "-o", "a.gif"],
        "show slide: --stride must be a whole number, or one per axis. Expected such as 2 or 2,1. Got '1.5'.",
    ),
    "padding": (
        [*SLIDE, "--input", "0 1; 3 4", "--padding", "999999", "-o", "a.gif"],
        "slide: so many numbers cannot be read in a picture. Expected at most 20 along each axis, padding "
        "included. Got input (2000000, 2000000), kernel (2, 2), output (1999999, 1999999).",
    ),
    "suffix": (
        [*SLIDE, "--input", "0 1; 3 4", "-o", "a.bmp"],
        "figures: the file's name must say its format. Expected one of .gif, .png, .svg. Got 'a.bmp'.",
    ),
    "a frame of a film": (
        [*SLIDE, "--input", "0 1; 3 4", "-o", "a.gif", "--frame", "0"],
        "figures: a GIF holds all frames. Got frame 0. Hint: leave the frame out, or write .png or .svg.",
    ),
    "frame": (
        [*SLIDE, "--input", "0 1; 3 4", "-o", "a.png", "--frame", "7"],
        "figures: there is no such frame. Expected 0 to 0. Got 7.",
    ),
    "folder": (
        [*SLIDE, "--input", "0 1; 3 4", "-o", "nowhere/a.png"],
        "picture 'nowhere/a.png': the file cannot be written. Got No such file or directory.",
    ),
}


@pytest.mark.parametrize("case", WRONG_LINES)
def test_mistakes_on_the_command_line(run, tmp_path, monkeypatch, case) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, message = WRONG_LINES[case]
    assert run(*arguments) == (2, "", f"error: {message}\n")
    assert not list(tmp_path.iterdir())


def test_show_alone_says_what_there_is(run) -> None:
    code, out, err = run("show")
    assert (code, err) == (0, "")
    assert "slide" in out
    assert "convolution" in out


@pytest.mark.slow
def test_pictures_need_matplotlib_and_nothing_else_does(tmp_path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import pellucid as pc\n"
        "from pellucid.cli import main\n"
        "film = pc.figures.slide([[1]], [[2]])\n"
        "assert film.captions == ('output[0,0] = 2×1 = 2',)\n"
        "main(['show', 'slide', '--input', '1', '--kernel', '2', '-o', 'a.png'])\n"
    )
    line = [sys.executable, "-W", "error", "-X", "utf8", "-c", code]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    message = "figures: pictures need matplotlib, which is not installed. Hint: pip install matplotlib."
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {message}\n")
    assert not list(tmp_path.iterdir())


def test_matplotlib_is_loaded_late() -> None:
    code = "import sys, pellucid, pellucid.cli.app; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
