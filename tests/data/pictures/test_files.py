"""Orientation in every kind of file, and files that want to do harm."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.data.pictures.cameras import sideways
from tests.data.pictures.png_suite import chunk, encoded
from tests.data.pictures.tiffs import tiff
from tests.data.pictures.variant import GREY, GREY_ALPHA, RGB, RGBA, random, stretched
from tests.data.pictures.variants import variants
from tests.support.command_line import said

from pellucid.cli import main
from pellucid.data import read_image, read_photo
from pellucid.data.pictures import file as picture_file
from pellucid.errors import DataError, PellucidError
from pellucid.formats.photo import write_photo


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# ------------------------------------------------------------------------------------------ orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    tags = {274: ("H", [orientation])}
    for bits, shape, photometric in ((1, GREY, 0), (8, GREY, 1), (12, GREY, 1), (16, GREY_ALPHA, 1), (8, RGB, 2),
                                     (16, RGBA, 2), (32, RGB, 2), (8, RGBA, 5)):  # fmt: skip
        numbers = random(bits, shape, bits)
        extra = {338: ("H", [2])} if photometric != 5 and shape in (GREY_ALPHA, RGBA) else {}
        upright = read_photo(put(tmp_path / "a.tif", tiff(numbers, bits, photometric, tags=extra))).pixels
        for lies in ({}, {"tile": (16, 16)}, {"planar": 2}, {"compression": 8, "order": ">"}):
            content = tiff(sideways(numbers, orientation), bits, photometric, tags={**extra, **tags}, **lies)  # type: ignore[arg-type]
            pixels = read_photo(put(tmp_path / "b.tif", content)).pixels
            assert pixels.dtype == upright.dtype
            assert np.array_equal(pixels, upright), (bits, photometric, lies)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_others_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    exif = struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    for bits, shape, kind in ((1, GREY, 0), (4, GREY, 0), (8, GREY, 0), (16, GREY, 0), (8, GREY_ALPHA, 4),
                              (16, GREY_ALPHA, 4), (8, RGB, 2), (16, RGB, 2), (16, RGBA, 6)):  # fmt: skip
        numbers, tag = random(bits, shape, bits), chunk(b"eXIf", exif)
        for before, after in ((tag, b""), (b"", tag)):
            content = encoded(sideways(numbers, orientation), bits, kind, False, before, after)
            pixels = read_photo(put(tmp_path / "a.png", content)).pixels
            assert np.array_equal(pixels, stretched(numbers, bits)), (bits, kind)
    upright = np.kron(np.array([[0, 60, 120], [180, 240, 20]], np.uint8), np.ones((16, 16), np.uint8))
    colours = np.dstack([upright, 255 - upright, upright // 2])
    for format, pixels, settings in (("JPEG", upright, {}), ("JPEG", colours, {"subsampling": 0}),
                                     ("WEBP", colours, {"lossless": True})):  # fmt: skip
        file = BytesIO()
        stored = Image.fromarray(sideways(pixels, orientation))
        stored.save(file, format, exif=b"Exif\0\0" + exif, quality=100, **settings)
        read = read_photo(put(tmp_path / "a", file.getvalue())).pixels
        np.testing.assert_allclose(read.astype(int), pixels.astype(int), atol=3)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_there_is_not_changes_nothing(tmp_path: Path, orientation: int) -> None:
    numbers = random(8, RGB, 8)
    path = put(tmp_path / "a.tif", tiff(numbers, 8, 2, tags={274: ("H", [orientation])}))
    assert np.array_equal(read_photo(path).pixels, numbers)


# ------------------------------------------------------------------------------------- the file's words


def command(capsys: Any, *arguments: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main(list(map(str, arguments)))
    return int(end.value.code or 0), said(capsys.readouterr().err)


@pytest.mark.parametrize("bits", [9, 12, 16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_more_than_eight_bits_are_written_as_sixteen(
    tmp_path: Path, capsys: Any, bits: int, suffix: str
) -> None:
    numbers = random(bits, GREY, bits)
    source, target = put(tmp_path / "a.tif", tiff(numbers, bits, 0)), tmp_path / f"b{suffix}"
    assert command(capsys, "filter", source, "--kernel", "identity", "-o", target) == (0, "")
    assert np.array_equal(read_photo(target).pixels, stretched(2**bits - 1 - numbers, bits))


@pytest.mark.parametrize("shape", [GREY, GREY_ALPHA, RGB, RGBA])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_floats_are_written_as_floats(
    tmp_path: Path, capsys: Any, shape: tuple[int, ...], dtype: str
) -> None:
    floats = (np.random.default_rng(0).random(shape) * 3 - 1).astype(dtype)
    if shape in (GREY_ALPHA, RGBA):
        floats[..., -1] = (floats[..., -1] + 1) / 3
    write_photo(tmp_path / "a.tif", floats)
    photo = read_photo(tmp_path / "a.tif").pixels
    assert photo.dtype == floats.dtype
    assert np.array_equal(photo, floats)
    arguments = ("filter", tmp_path / "a.tif", "--kernel", "identity", "--raw", "-o", tmp_path / "b.tif")
    assert command(capsys, *arguments) == (0, "")
    assert np.array_equal(read_photo(tmp_path / "b.tif").pixels, floats)
    code, error = command(capsys, "filter", tmp_path / "a.tif", "--kernel", "box", "-o", tmp_path / "b.png")
    kind = {2: "grey", 3: {2: "grey with alpha", 3: "RGB", 4: "RGBA"}.get(shape[-1], "")}[len(shape)]
    rule = "PNG cannot hold this picture. Expected .tif or .tiff."
    assert (code, error) == (
        2,
        f"error: picture '{tmp_path / 'b.png'}': {rule} Got {8 * floats.itemsize}-bit float {kind}.\n",
    )


def test_whole_numbers_of_32_bits_are_filtered_and_written_as_floats(tmp_path: Path, capsys: Any) -> None:
    numbers = np.array([[0, 2**30, 2**31, 2**32 - 1]], np.uint32)
    source, target = put(tmp_path / "a.tif", tiff(numbers, 32, 1)), tmp_path / "b.tif"
    assert read_image(source, (1, 1, 4)).tolist() == [[[0, 0.25, 0.5, 1]]]
    assert command(capsys, "filter", source, "--kernel", "identity", "-o", target) == (0, "")
    assert np.array_equal(read_photo(target).pixels, numbers / (2**32 - 1))


def test_nothing_is_known_of_lab(tmp_path: Path, capsys: Any) -> None:
    source = put(tmp_path / "a.tif", tiff(random(1, RGB, 8), 8, 8))
    rule = (
        "colours must be of a kind that is read here. Expected grey, RGB, a palette, CMYK or YCbCr. "
        "Got PhotometricInterpretation 8, CIELab."
    )
    arguments = ("filter", source, "--kernel", "box", "-o", tmp_path / "b.png")
    assert command(capsys, *arguments) == (2, f"error: image '{source}': {rule}\n")
    with pytest.raises(DataError) as caught:
        read_image(source, (3, 5, 7))
    assert str(caught.value) == f"image '{source}': {rule}"


def test_signed_numbers_are_refused_by_name(tmp_path: Path) -> None:
    for bits in (8, 16, 32):
        source = put(tmp_path / "a.tif", tiff(random(1, GREY, bits), bits, 1, tags={339: ("H", [2])}))
        with pytest.raises(DataError) as caught:
            read_image(source, (1, 5, 7))
        assert str(caught.value) == (
            f"image '{source}': it must be known which number is white. Expected unsigned whole numbers or floats. "
            "Got SampleFormat 2, signed whole numbers, which have no agreed white."
        )


def test_of_pages_the_first_is_a_networks_input(tmp_path: Path) -> None:
    numbers = random(1, RGB, 8)
    path = put(tmp_path / "a.tif", tiff(numbers, 8, 2, pages=3))
    assert np.array_equal(read_image(path, (3, 5, 7)), numbers.transpose(2, 0, 1) / np.float32(255))
    with pytest.raises(
        DataError, match=r"must hold one picture, not an animation or pages\. Got 3 pictures\.$"
    ):
        read_photo(path)


# ------------------------------------------------------------------------------------------------ YCbCr


@pytest.mark.parametrize("lies", [{"tile": (16, 32)}, {"tile": (32, 16)}, {"rowsperstrip": 16}, {}])
@pytest.mark.parametrize("photometric", ["ycbcr", "rgb", "minisblack"])
def test_jpeg_in_a_tiff_is_what_others_decode(tmp_path: Path, photometric: str, lies: dict[str, Any]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = cv2.resize(noise, (77, 53), interpolation=cv2.INTER_CUBIC)
    image = image[..., 0] if photometric == "minisblack" else image
    for subsampling in ((1, 1), (2, 1), (2, 2)) if photometric == "ycbcr" else (None,):
        path = tmp_path / "a.tif"
        tifffile.imwrite(
            path, image, photometric=photometric, compression="jpeg", subsampling=subsampling, **lies
        )
        pixels = read_photo(path).pixels
        assert np.array_equal(pixels, tifffile.imread(path))
        decoded = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(pixels, decoded if decoded.ndim == 2 else decoded[..., ::-1])


@pytest.mark.parametrize("compression", [1, 8])
def test_colours_that_four_pixels_share(tmp_path: Path, compression: int) -> None:
    """Y of 2×2 pixels, then one Cb and one Cr (TIFF 6.0, section 21)."""
    dice = np.random.default_rng(0)
    y, (cb, cr) = dice.integers(16, 235, (6, 8), np.uint8), dice.integers(16, 240, (2, 3, 4), np.uint8)
    units = [
        [*y[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].ravel(), cb[i, j], cr[i, j]]
        for i, j in np.ndindex(cb.shape)
    ]
    content = tiff(np.array(units, np.uint8).reshape(1, -1), 8, 1, compression=compression, tags={
        256: ("I", [8]), 257: ("I", [6]), 258: ("H", [8, 8, 8]), 262: ("H", [6]), 277: ("H", [3]), 278: ("I", [6]),
        339: ("H", [1, 1, 1]), 530: ("H", [2, 2]), 532: ("II", [0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1]),
    })  # fmt: skip
    blue, red = (np.kron(part, np.ones((2, 2))) - 128 for part in (cb, cr))
    parts = (y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue)
    pixels = read_photo(put(tmp_path / "a.tif", content)).pixels
    np.testing.assert_allclose(pixels, np.rint(np.dstack(parts)).clip(0, 255), atol=1)


# ---------------------------------------------------------------------------------------- hostile files


def pixels_or_error(path: Path) -> Any:
    try:
        return read_photo(path).pixels
    except PellucidError as error:
        said = str(error)
    assert "\n" not in said
    return said


CHANGED = [v for v in variants() if v.pixels is not None][::17]


@pytest.mark.parametrize("variant", CHANGED, ids=lambda variant: ", ".join(variant.parts))
def test_files_cut_or_changed_are_read_or_refused(variant: Any, tmp_path: Path, capfd: Any) -> None:
    path, content, dice = tmp_path / "a", variant.content, np.random.default_rng(0)
    for at in dice.integers(0, len(content), 40).tolist():
        path.write_bytes(content[:at])
        pixels_or_error(path)
        for byte in (0, 255, content[at] ^ 1):
            path.write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])
            pixels_or_error(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
def test_a_tiff_cut_anywhere_is_refused(tmp_path: Path, compression: int) -> None:
    content, path = tiff(random(1, RGB, 12), 12, 2, compression=compression, order=">"), tmp_path / "a.tif"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert isinstance(pixels_or_error(path), str), length


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({256: ("I", [12_000]), 257: ("I", [10_001])}, "the image is too large. Expected at most 120000000 pixels."),
        ({256: ("I", [2**32 - 1]), 257: ("I", [2**32 - 1])}, "the image is too large."),
        ({256: ("I", [0])}, "the picture and its strips or tiles must have sizes. Got 0×5 in blocks of 0×3."),
        ({278: ("I", [0])}, "the picture and its strips or tiles must have sizes. Got 7×5 in blocks of 7×0."),
        ({256: ("H", [7, 8])}, "tag 256 must hold one number. Got 2."),
        ({256: None}, "tag 256 must hold one number. Got 0."),
        ({277: ("H", [65535]), 258: ("H", [8])}, "all samples of a pixel must be of one kind."),
        ({273: ("I", [8, 2**32 - 1])}, "the file ends before its picture does."),
        ({279: ("I", [62, 42])}, "a strip or tile must hold all its numbers. Expected 63 bytes. Got 62."),
        ({273: ("I", [8])}, "there must be a place and a size for each strip or tile. Expected 2. Got 1 places and 2"),
        ({320: ("H", [0]), 262: ("H", [3])}, "it must be known what each sample of a pixel is."),
        ({284: ("H", [3])}, "samples must lie side by side or apart. Got PlanarConfiguration 3."),
        ({266: ("H", [3])}, "bits must have an order. Got FillOrder 3."),
        ({259: ("H", [4])}, "CCITT must compress single bits. Got 3 samples of 8 bits."),
        ({259: ("H", [7])}, "the image cannot be read. Got OSError: "),
        ({262: ("H", [6]), 532: ("I", [1])}, "tag 532 must hold fractions. Got 1 of type 4."),
        ({262: ("H", [6]), 532: ("II", [1, 0] * 6)}, "the image cannot be read. Got ZeroDivisionError"),
        ({322: ("I", [2**31]), 323: ("I", [2**31]), 324: ("I", [8]), 325: ("I", [105])}, "the image is too large."),
    ],
)  # fmt: skip
def test_tags_that_say_what_cannot_be(tmp_path: Path, capfd: Any, tags: Any, message: str) -> None:
    path = put(tmp_path / "a.tif", tiff(random(1, RGB, 8), 8, 2, tags=tags))
    assert str(pixels_or_error(path)).startswith(f"image '{path}': {message}")
    assert capfd.readouterr() == ("", "")


def test_strips_that_share_their_bytes_take_no_more_room_than_the_file(tmp_path: Path) -> None:
    content = tiff(random(1, (64, 7), 8), 8, 1, rows=1, compression=8)
    start, size = 8, len(content) - 8
    shared = {273: ("I", [start] * 64), 279: ("I", [size] * 64)}
    path = put(tmp_path / "a.tif", tiff(random(1, (64, 7), 8), 8, 1, rows=1, compression=8, tags=shared))
    assert "strips and tiles must not overlap. Expected at most" in pixels_or_error(path)


def test_directories_in_a_circle_end(tmp_path: Path) -> None:
    content = bytearray(tiff(random(1, GREY, 8), 8, 1))
    first = struct.unpack_from("<I", content, 4)[0]
    entries = struct.unpack_from("<H", content, first)[0]
    struct.pack_into("<I", content, first + 2 + 12 * entries, first)
    path = put(tmp_path / "a.tif", bytes(content))
    assert np.array_equal(read_photo(path).pixels, random(1, GREY, 8))


def test_sizes_are_seen_before_anything_is_decoded(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(picture_file, "MAX_PIXELS", 34)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("decoded"))
    monkeypatch.setattr("numpy.empty", lambda *_: pytest.fail("memory taken"))
    kinds = [v for v in variants() if v.pixels is not None and v.pixels.shape[:2] == GREY]
    assert len({v.parts[0] for v in kinds}) == 7
    for variant in kinds:
        path = put(tmp_path / "a", variant.content)
        assert (
            pixels_or_error(path)
            == f"image '{path}': the image is too large. Expected at most 34 pixels. Got 7×5."
        )


@pytest.mark.parametrize(("photometric", "samples", "number"), [("separated", 5, 5), ("miniswhite", 2, 0)])
def test_ink_multiplied_by_alpha_is_refused(
    tmp_path: Path, photometric: str, samples: int, number: int
) -> None:
    path, image = tmp_path / "a.tif", np.full((4, 6, samples), 128, np.uint8)
    kind = {"photometric": photometric, "planarconfig": "contig", "extrasamples": ["assocalpha"]}
    tifffile.imwrite(path, image, **kind)
    with pytest.raises(DataError) as error:
        read_photo(path)
    assert str(error.value) == (
        f"image '{path}': colours multiplied by alpha must be grey or RGB, with black 0. "
        f"Got PhotometricInterpretation {number}."
    )


@pytest.mark.parametrize(
    ("tags", "got"),
    [
        ({254: ("I", [1])}, "NewSubfileType 1"),
        ({254: ("I", [5])}, "NewSubfileType 5"),
        ({255: ("H", [2])}, "SubfileType 2"),
        ({254: ("I", [0]), 255: ("H", [2])}, "SubfileType 2"),
        ({254: ("I", [0]), 255: ("H", [1])}, ""),
        ({255: ("H", [1])}, ""),
        ({255: ("H", [3])}, ""),
        ({254: ("I", [2])}, ""),
    ],
)
def test_previews_are_refused_as_old_and_new_files_say_it(tmp_path: Path, tags: Any, got: str) -> None:
    numbers = random(1, RGB, 8)
    path = put(tmp_path / "a.tif", tiff(numbers, 8, 2, tags=tags))
    rule = f"image '{path}': the first picture must not be a preview or the mask of another. Got {got}."
    result = pixels_or_error(path)
    assert result == rule if got else np.array_equal(result, numbers)


INK, ALPHA = (
    "floats that are ink must lie between none and all",
    "floats that are alpha must lie between none and all",
)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize(
    ("photometric", "extra", "pixel", "expected"),
    [
        (5, None, [0, 0.5, 1, 0], [1, 0.5, 0]),
        (5, None, [0.5, 0, 0, 0.5], [0.25, 0.5, 0.5]),
        (5, None, [0, 50, 100, 0], f"{INK}. Expected 0 to 1. Got 0 to 100."),
        (5, None, [-0.5, 0, 0, 0], f"{INK}. Expected 0 to 1. Got -0.5 to 0."),
        (5, None, [0, 0, 0, 1.5], f"{INK}. Expected 0 to 1. Got 0 to 1.5."),
        (5, 2, [0, 0, 1, 0, 0.5], [1, 1, 0, 0.5]),
        (5, 2, [0, 0, 1, 0, 2], f"{ALPHA}. Expected 0 to 1. Got 2 to 2."),
        (5, 0, [0, 0, 1, 0, 2], [1, 1, 0]),
        (2, 2, [-1, 0.5, 3, 1], [-1, 0.5, 3, 1]),
        (2, 2, [0, 0, 0, -0.5], f"{ALPHA}. Expected 0 to 1. Got -0.5 to -0.5."),
        (2, 2, [0, 0, 0, 255], f"{ALPHA}. Expected 0 to 1. Got 255 to 255."),
        (2, 1, [0.25, 0.5, 1, 0.5], [0.5, 1, 2, 0.5]),
        (2, 1, [0.25, 0.5, 1, -0.5], f"{ALPHA}. Expected 0 to 1. Got -0.5 to -0.5."),
        (2, 1, [0.25, 0.5, 1, 1.25], f"{ALPHA}. Expected 0 to 1. Got 1.25 to 1.25."),
        (2, 0, [0.25, 0.5, 1, 7], [0.25, 0.5, 1]),
        (1, 2, [7, 0], [7, 0]),
        (1, 2, [7, 1.5], f"{ALPHA}. Expected 0 to 1. Got 1.5 to 1.5."),
        (0, 2, [7, 1], [-6, 1]),
        (5, None, [float("nan"), 0, 0, 0], "pixels must be finite numbers. Got nan."),
        (2, 2, [0, 0, 0, float("nan")], "pixels must be finite numbers. Got nan."),
        (2, 2, [0, 0, 0, float("inf")], f"{ALPHA}. Expected 0 to 1. Got inf to inf."),
    ],
)
def test_floats_that_are_ink_or_alpha(
    tmp_path: Path, dtype: str, photometric: int, extra: int | None, pixel: Any, expected: Any
) -> None:
    numbers, bits = np.array([[pixel, pixel]], dtype), 8 * np.dtype(dtype).itemsize
    tags = {} if extra is None else {338: ("H", [extra])}
    path = put(tmp_path / "a.tif", tiff(numbers, bits, photometric, tags=tags))  # type: ignore[arg-type]
    result = pixels_or_error(path)
    if isinstance(expected, str):
        assert result == f"image '{path}': {expected}"
    else:
        assert result.tolist() == [[expected, expected]]
