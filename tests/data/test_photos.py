"""Photos: reading any file, writing it whole or not at all, `pellucid filter`, and the sheet of all kernels."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.transforms import Bbox
from PIL import Image, ImageCms
from tests.data.pictures.cameras import sideways
from tests.support.drawn import LANGUAGES

import pellucid as pc
from pellucid.cli import main
from pellucid.data import read_photo
from pellucid.data.pictures import file as picture_file
from pellucid.errors import DataError, FormatError, PellucidError
from pellucid.formats.photo import write_photo
from pellucid.signal.kernels import NAMES

SHAPES = {"L": (5, 7), "LA": (5, 7, 2), "RGB": (5, 7, 3), "RGBA": (5, 7, 4)}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def pixels(mode: str) -> Any:
    if mode == "I;16":
        return np.random.default_rng(0).integers(0, 65536, (5, 7), dtype=np.uint16)
    return np.random.default_rng(0).integers(0, 256, SHAPES[mode], dtype=np.uint8)


def saved(path: Path, mode: str = "RGB", **settings: Any) -> Path:
    Image.fromarray(pixels(mode)).save(path, **settings)
    return path


def run(capsys: Any, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["filter", *map(str, arguments)])
    captured = capsys.readouterr()
    return int(end.value.code or 0), captured.out, captured.err


# -------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("mode", [*SHAPES, "I;16"])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF"])
def test_every_kind_of_pixels_comes_back(tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_photo(path, pixels(mode), PROFILE)
    photo = read_photo(path)
    assert photo.pixels.dtype == pixels(mode).dtype
    assert np.array_equal(photo.pixels, pixels(mode))
    assert photo.profile == PROFILE
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("suffix", "mode"), [(".webp", "RGB"), (".webp", "RGBA"), (".bmp", "L"), (".bmp", "RGB")]
)
def test_other_formats_without_loss(tmp_path: Path, suffix: str, mode: str) -> None:
    write_photo(tmp_path / f"a{suffix}", pixels(mode), PROFILE)
    assert np.array_equal(read_photo(tmp_path / f"a{suffix}").pixels, pixels(mode))


def test_what_becomes_of_other_modes(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    dots = np.random.default_rng(1).integers(0, 2, (5, 7)).astype(bool)
    Image.fromarray(dots).save(path)
    assert np.array_equal(read_photo(path).pixels, dots * np.uint8(255))
    palette = Image.fromarray(pixels("RGB")).quantize(20)
    palette.save(path)
    assert np.array_equal(read_photo(path).pixels, np.asarray(palette.convert("RGB")))
    palette.save(path, transparency=3)
    with Image.open(path) as written:
        assert np.array_equal(read_photo(path).pixels, np.asarray(written.convert("RGBA")))
    saved(path, "RGB", transparency=tuple(int(c) for c in pixels("RGB")[0, 0]))
    assert read_photo(path).pixels.shape == (5, 7, 4)
    assert read_photo(path).pixels[0, 0, 3] == 0
    Image.fromarray(pixels("RGB")).convert("CMYK").save(tmp_path / "a.jpg", icc_profile=PROFILE)
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.pixels.shape == (5, 7, 3)
    assert photo.profile is None  # it says what inks look like
    Image.fromarray(pixels("RGB")).save(
        tmp_path / "b.jpg", "MPO", save_all=True, append_images=[palette.convert("L")]
    )
    photo = read_photo(tmp_path / "b.jpg")  # a phone's, with a preview beside it
    assert photo.pixels.shape == (5, 7, 3)
    deep = pixels("I;16")
    (tmp_path / "a.pgm").write_bytes(b"P5 7 5 65535\n" + deep.astype(">u2").tobytes())
    assert np.array_equal(read_photo(tmp_path / "a.pgm").pixels, deep)


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_is_held_upright_once(tmp_path: Path, mode: str, orientation: int, capsys: Any) -> None:
    upright = pixels(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    Image.fromarray(sideways(upright, orientation)).save(source, exif=exif)
    assert np.array_equal(read_photo(source).pixels, upright)
    assert run(capsys, source, "--kernel", "identity", "-o", target)[0] == 0
    with Image.open(target) as written:
        assert 0x0112 not in written.getexif()
        assert np.array_equal(np.asarray(written), upright)


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path: Path, monkeypatch: Any) -> None:
    path = saved(tmp_path / "a.png")
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(FormatError, match="No space left"):
        write_photo(path, pixels("RGB"))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]
    with pytest.raises(FormatError, match="WEBP cannot hold this picture"):
        write_photo(tmp_path / "a.webp", np.zeros((1, 16_384, 3), np.uint8))


# ------------------------------------------------------------------------------------------ command


def test_the_command_filters(tmp_path: Path, capsys: Any) -> None:
    source, target = saved(tmp_path / "a.png", "RGBA"), tmp_path / "b.png"
    code, out, err = run(capsys, source, "--kernel", "box", "--size", 5, "--border", "wrap", "-o", target)
    assert (code, out) == (0, f"picture written to {target}: 7×5 pixels\n"), err
    expected = pc.signal.filter_image(pixels("RGBA"), "box", "wrap", size=5)
    assert np.array_equal(read_photo(target).pixels, expected)
    options = ("--kernel", "1 2; 3 4", "--flip", "--strength", 0.25, "--json")
    code, out, _ = run(capsys, source, *options, "-o", source)  # in place
    assert json.loads(out) == {
        "photo": str(source), "output": str(source), "border": "reflect", "strength": 0.25, "kernel": "1 2; 3 4",
        "size": None, "sigma": None, "flip": True, "raw": False, "channels": 4, "bits": 8, "sheet": False,
        "width_px": 7, "height_px": 5,
    }  # fmt: skip
    expected = pc.signal.filter_image(pixels("RGBA"), "1 2; 3 4", flip=True, strength=0.25)
    assert np.array_equal(read_photo(source).pixels, expected)


def test_sixteen_bits_and_the_profile_are_kept(tmp_path: Path, capsys: Any) -> None:
    source = saved(tmp_path / "a.png", "I;16", icc_profile=PROFILE)
    code, _, err = run(capsys, source, "--kernel", "gaussian", "--sigma", 1.5, "-o", tmp_path / "b.tif")
    assert code == 0, err
    photo = read_photo(tmp_path / "b.tif")
    assert np.array_equal(photo.pixels, pc.signal.filter_image(pixels("I;16"), "gaussian", sigma=1.5))
    assert photo.profile == PROFILE


def png(side: int) -> bytes:
    """A PNG that says that it is so large, and is not."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content


def sources(folder: Path) -> dict[str, Path]:
    """Files that are no photos to be filtered."""
    bomb, cut, words = folder / "bomb.png", folder / "cut.jpg", folder / "words.png"
    bomb.write_bytes(png(60_000))
    (folder / "large.png").write_bytes(png(11_000))
    whole = saved(folder / "whole.jpg").read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    words.write_text("no picture")
    film, pages, signed = folder / "film.gif", folder / "pages.tif", folder / "signed.tif"
    frames = [Image.fromarray(pixels("RGB")), Image.fromarray(pixels("RGB")[::-1])]
    frames[0].save(film, save_all=True, append_images=frames[1:])
    frames[0].save(pages, save_all=True, append_images=frames[1:])
    Image.fromarray(pixels("L").astype(np.int32)).save(signed)
    return {path.stem: path for path in (bomb, cut, words, film, pages, signed)} | {
        "folder": folder,
        "missing": folder / "missing.png",
        "large": folder / "large.png",
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("large", "the image is too large. Expected at most 120000000 pixels. Got 11000×11000."),
        ("bomb", "the image cannot be read. Got DecompressionBombError"),
        ("cut", "the image cannot be read."),
        ("words", "this is no image, or of an unknown kind. Expected one of PNG, JPEG,"),
        ("film", "the file must hold one picture, not an animation or pages. Got 2 pictures."),
        ("pages", "the file must hold one picture, not an animation or pages. Got 2 pictures."),
        (
            "signed",
            "it must be known which number is white. Expected unsigned whole numbers or floats.",
        ),
        ("folder", "this is not a file."),
        ("missing", "there is no such file."),
    ],
)
def test_files_that_are_no_photos(tmp_path: Path, capsys: Any, name: str, message: str) -> None:
    path, target = sources(tmp_path)[name], tmp_path / "out.png"
    code, out, err = run(capsys, path, "--kernel", "box", "-o", target)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: image '{path}': {message}")
    assert err.count("\n") == 1
    assert not target.exists()
    with pytest.raises(DataError):
        read_photo(path)


@pytest.mark.parametrize(
    ("mode", "arguments", "message"),
    [
        ("RGBA", "--kernel box -o out.jpg", "JPEG cannot hold this picture. Expected .png or .tif or .tiff or .webp. "
         "Got 8-bit RGBA."),
        ("I;16", "--kernel box -o out.jpg", "JPEG cannot hold this picture. Expected .png or .tif or .tiff. Got 16"),
        ("LA", "--kernel box -o out.bmp", "BMP cannot hold this picture."),
        ("RGB", "--kernel box -o out.gif", "the file's name must say its format. Expected one of .png, .jpg,"),
        ("RGB", "--kernel box -o out", "the file's name must say its format."),
        ("RGB", "--kernel box -o missing/out.png", "the file cannot be written. Got No such file or directory."),
        ("RGB", "--kernel box -o folder.png", "this is a folder."),
        ("RGB", "--kernel blurr -o out.png", "there is no such kernel. Expected box, emboss, gaussian"),
        ("RGB", "--kernel 1;2,3 -o out.png", "a kernel as text must have rows of equally many numbers"),
        ("RGB", "--kernel box --size 4 -o out.png", "size must be an odd number of pixels, at most 4001. Got size=4."),
        ("RGB", "--kernel ridge --sigma 1 -o out.png", "kernel 'ridge' has no such setting."),
        ("RGB", "--kernel box --strength nan -o out.png", "strength must be"),
        ("RGB", "--kernel box --border mirror -o out.png", "'mirror' is not one of"),
        ("RGB", "-o out.png", "say what to do. Expected either --kernel or --sheet."),
        ("RGB", "--kernel box --sheet -o out.png", "say what to do. Expected either --kernel or --sheet."),
        ("RGB", "--sheet --size 3 -o out.png", "--size, --sigma, --flip and --raw are for one --kernel, not for"),
        ("RGB", "--sheet -o out.jpg", "the file's name must say its format. Expected one of .gif, .png, .svg."),
        ("RGB", "--sheet --lang kr -o out.png", "there are no texts in this language."),
        ("RGB", "--kernel box --lang kr -o out.png", "there are no texts in this language."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, capsys: Any, monkeypatch: Any, mode: str, arguments: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    source = saved(tmp_path / "a.png", mode)
    code, out, err = run(capsys, source, *arguments.split())
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.png", "folder.png"]


def test_files_larger_than_allowed_are_not_opened(tmp_path: Path, monkeypatch: Any) -> None:
    path = saved(tmp_path / "a.png")
    monkeypatch.setattr(picture_file, "MAX_FILE_BYTES", 10)
    with pytest.raises(DataError, match="the file is too large"):
        read_photo(path)


# -------------------------------------------------------------------------------------------- sheet


def texts(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.texts]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sheet_shows_every_kernel_once(lang: str) -> None:
    photo = np.random.default_rng(2).integers(0, 256, (630, 840, 3), dtype=np.uint8)
    film = pc.figures.filter_sheet(photo, "wrap", strength=2.0, lang=lang)
    figure = film.figure()
    written = texts(figure)
    assert sorted(set(written) & set(NAMES)) == sorted(NAMES)
    assert ("사진 840 × 630" if lang == "ko" else "photo 840 × 630") in written
    assert len(figure.images) == len(NAMES)
    shown = [np.asarray(image.get_array()) for image in figure.images]
    assert {picture.shape for picture in shown} == {(315, 420, 3)}
    kernels = [text for text in written if text in NAMES]
    for kernel, picture in zip(kernels, shown, strict=True):
        expected = pc.signal.filter_image(shown[kernels.index("identity")], kernel, "wrap", strength=2.0)
        assert np.array_equal(picture, expected), kernel


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("shape", [(300, 900, 3), (900, 300), (3, 2, 1), (40, 50, 4)])
def test_nothing_on_the_sheet_overlaps(shape: tuple[int, ...], lang: str) -> None:
    figure = pc.figures.filter_sheet(np.zeros(shape, np.uint8), lang=lang).figure()
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.texts]
    for image in figure.images:
        height, width = image.get_array().shape[:2]
        boxes.append(Bbox.from_bounds(image.ox, image.oy, width, height))
    page = figure.bbox
    for i, box in enumerate(boxes):
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.slow
def test_pixels_of_the_sheet_are_the_pictures_own(tmp_path: Path) -> None:
    photo = np.random.default_rng(3).integers(0, 256, (420, 300, 3), dtype=np.uint8)
    film = pc.figures.filter_sheet(photo)
    film.save(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        page = np.asarray(sheet.convert("RGB"))
    rows, columns = np.nonzero((page[:, :, None, :] == photo[0, :1]).all(axis=-1)[..., 0])
    found = [
        (y, x)
        for y, x in zip(rows, columns, strict=True)
        if np.array_equal(page[y : y + 420, x : x + 300], photo)
    ]
    assert len(found) == 1  # identity


def test_transparency_and_sixteen_bits_on_the_sheet() -> None:
    glass = np.zeros((420, 420, 4), np.uint8)
    deep = np.full((420, 420), 257 * 77, np.uint16)
    for photo, colour in ((glass, 255), (deep, 77)):
        figure = pc.figures.filter_sheet(photo).figure()
        assert (np.asarray(figure.images[0].get_array()) == colour).all()


@pytest.mark.slow
def test_the_command_draws_the_sheet(tmp_path: Path, capsys: Any) -> None:
    source, target = saved(tmp_path / "a.png", "LA"), tmp_path / "sheet.png"
    code, out, err = run(capsys, source, "--sheet", "--lang", "ko", "-o", target)
    assert (code, err) == (0, "")
    with Image.open(target) as sheet:
        width, height = sheet.size
        assert sheet.info["Title"].startswith("한 장의 사진, 모든 커널")
    assert out == f"그림을 {target}에 저장했습니다: {width}×{height}픽셀\n"
    code, out, err = run(capsys, source, "--sheet", "--lang", "en", "-o", target)
    assert (code, out, err) == (0, f"picture written to {target}: {width}×{height} pixels\n", "")


def test_the_command_says_in_each_language_what_it_wrote(
    tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    source, target = saved(tmp_path / "a.png"), tmp_path / "b.png"
    said = {
        "en": f"picture written to {target}: 7×5 pixels\n",
        "ko": f"그림을 {target}에 저장했습니다: 7×5픽셀\n",
    }
    for lang, line in said.items():
        assert run(capsys, source, "--kernel", "box", "--lang", lang, "-o", target) == (0, line, "")
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    assert run(capsys, source, "--kernel", "box", "-o", target) == (0, said["ko"], "")
    assert run(capsys, source, "--kernel", "box", "--lang", "en", "-o", target) == (0, said["en"], "")


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
def test_the_sheet_of_floats_is_refused_by_name(
    tmp_path: Path, capsys: Any, dtype: str, shape: tuple[int, ...]
) -> None:
    source, target = tmp_path / "a.tif", tmp_path / "sheet.png"
    write_photo(source, np.ones(shape, dtype))
    rule = f"a sheet is drawn of at most 16 bits a channel. Got pixels of {np.dtype(dtype)}."
    hint = "Hint: slide one --kernel over it, to a .tif."
    said = f"error: image '{source}': {rule} {hint}\n"
    assert run(capsys, source, "--sheet", "-o", target) == (2, "", said)
    assert not target.exists()


def test_errors_are_the_house_own() -> None:
    with pytest.raises(PellucidError, match="border"):
        pc.figures.filter_sheet(np.zeros((3, 3), np.uint8), "mirror")
    with pytest.raises(PellucidError, match=r"this is no photo. Expected .* Got \(3, 3\) of float64"):
        pc.figures.filter_sheet(np.zeros((3, 3)))
