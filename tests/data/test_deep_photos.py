"""Photos with colours of 16 bits a channel: every bit is read, filtered and written, or one error says why not."""

from __future__ import annotations

import json
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from PIL import Image, ImageCms, TiffTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from tests.data.pictures.cameras import sideways
from tests.data.test_photos import run

from pellucid.data import read_image, read_photo
from pellucid.data.pictures import file as picture_file
from pellucid.errors import ArgumentError, DataError, FormatError
from pellucid.formats.photo import write_photo

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by channels
TAGS = {tag.name.upper(): number for number, tag in TiffTags.TAGS_V2.items()}
# Adam7: where each pass begins, row and column, and its steps
PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def pixels(channels: int, height: int = 5, width: int = 7) -> Any:
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(channels).integers(0, 65536, shape, dtype=np.uint16)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(array: Any, *before: bytes, interlaced: bool = False, after: bytes = b"") -> bytes:
    """A PNG without filters, made by hand."""
    height, width = array.shape[:2]
    channels = array.shape[2] if array.ndim == 3 else 1
    parts = [array[y::down, x::right] for y, x, down, right in PASSES] if interlaced else [array]
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for part in parts if part.size for row in part)
    header = struct.pack(">IIBBBBB", width, height, 16, COLOUR_TYPES[channels], 0, 0, interlaced)
    body = [chunk(b"IHDR", header), *before, chunk(b"IDAT", zlib.compress(lines)), after, chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def tiff(array: Any, order: str = "<", compression: int = 1, rows: int = 2, **tags: int) -> bytes:
    """A TIFF of strips, made from its tags; planes apart if PLANARCONFIGURATION=2."""
    height, width, channels = array.shape
    planes = [array[..., c] for c in range(channels)] if tags.get("PLANARCONFIGURATION") == 2 else [array]
    strips = [
        plane[top : top + rows].astype(f"{order}u2").tobytes()
        for plane in planes
        for top in range(0, height, rows)
    ]
    if compression != 1:
        strips = [zlib.compress(strip) for strip in strips]
    directory = ImageFileDirectory_v2(b"II*\0\0\0\0\0" if order == "<" else b"MM\0*\0\0\0\0")
    values = {
        "IMAGEWIDTH": width,
        "IMAGELENGTH": height,
        "BITSPERSAMPLE": (16,) * channels,
        "COMPRESSION": compression,
        "PHOTOMETRICINTERPRETATION": 2,
        "STRIPOFFSETS": tuple(sum(map(len, strips[:i])) for i in range(len(strips))),
        "SAMPLESPERPIXEL": channels,
        "ROWSPERSTRIP": rows,
        "STRIPBYTECOUNTS": tuple(map(len, strips)),
        **({"EXTRASAMPLES": 2} if channels in (2, 4) else {}),
        **tags,
    }
    for name, value in values.items():
        directory[TAGS[name]] = value
    file = BytesIO()
    directory.save(file)
    return file.getvalue() + b"".join(strips)


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# ------------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_bit_of_a_png_is_read(tmp_path: Path, channels: int, interlaced: bool) -> None:
    for size in ((5, 7), (1, 1), (9, 2), (17, 19)):
        path = put(tmp_path / "a.png", png(pixels(channels, *size), interlaced=interlaced))
        photo = read_photo(path)
        assert photo.pixels.dtype == np.uint16
        assert np.array_equal(photo.pixels, pixels(channels, *size))
        assert photo.profile is None


def test_numbers_by_hand(tmp_path: Path) -> None:
    colours = np.array([[[0x0102, 0x0304, 0xFF00], [0x00FF, 0x8000, 0x7FFF]]], np.uint16)
    assert read_photo(put(tmp_path / "a.png", png(colours))).pixels.tolist() == [
        [[258, 772, 65280], [255, 32768, 32767]]
    ]


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
def test_every_bit_of_a_tiff_is_read(tmp_path: Path, channels: int, order: str, compression: int) -> None:
    for rows in (2, 5):
        path = put(tmp_path / "a.tif", tiff(pixels(channels), order, compression, rows))
        assert np.array_equal(read_photo(path).pixels, pixels(channels))


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_fourth_channel_that_means_nothing_is_left_out(tmp_path: Path, order: str) -> None:
    padded = put(tmp_path / "a.tif", tiff(pixels(4), order, EXTRASAMPLES=0))
    assert np.array_equal(read_photo(padded).pixels, pixels(4)[..., :3])


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "suffix"), [(2, "png"), (3, "png"), (4, "png"), (3, "tif"), (4, "tif")])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_is_held_upright_once(
    tmp_path: Path, channels: int, orientation: int, suffix: str, capsys: Any
) -> None:
    upright = pixels(channels)
    stored = sideways(upright, orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    tag = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    source, target = tmp_path / f"a.{suffix}", tmp_path / "b.png"
    contents = (
        [tiff(stored, ORIENTATION=orientation)]
        if suffix == "tif"
        else [png(stored, tag), png(stored, after=tag)]
    )
    for content in contents:
        source.write_bytes(content)
        assert np.array_equal(read_photo(source).pixels, upright)
        assert run(capsys, source, "--kernel", "identity", "-o", target)[0] == 0
        with Image.open(target) as written:
            assert 0x0112 not in written.getexif()
        assert np.array_equal(read_photo(target).pixels, upright)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_transparent_colour_becomes_alpha(tmp_path: Path, channels: int) -> None:
    array = pixels(channels)
    array[1] = array[0] ^ 1  # differs in the lowest bit alone
    array[2, 3] = array[0, 0]
    path = put(tmp_path / "a.png", png(array, chunk(b"tRNS", array[:1, :1].astype(">u2").tobytes())))
    photo = read_photo(path).pixels
    alpha = np.full((5, 7), 65535)
    alpha[0, 0] = alpha[2, 3] = 0
    assert np.array_equal(photo[..., :-1], array.reshape(5, 7, channels))
    assert np.array_equal(photo[..., -1], alpha)


def test_networks_see_every_bit(tmp_path: Path) -> None:
    path = put(tmp_path / "a.png", png(pixels(3)))
    seen = read_image(path, (3, 5, 7)).transpose(1, 2, 0)
    assert np.array_equal(seen, pixels(3) / np.float32(65535))
    array = pixels(4)
    array[..., 3] = 65535 * (np.arange(35).reshape(5, 7) % 2)  # seen or not
    seen = read_image(put(path, png(array)), (3, 5, 7)).transpose(1, 2, 0)
    expected = np.where(array[..., 3:] == 0, 1, array[..., :3] / np.float32(65535))
    assert np.array_equal(seen, expected)
    grey = read_image(put(path, png(pixels(3))), (1, 5, 7))[0]
    np.testing.assert_allclose(grey, pixels(3) @ [0.299, 0.587, 0.114] / 65535, atol=1e-6)


def test_eight_bits_stay_eight(tmp_path: Path) -> None:
    eight = (pixels(3) >> 8).astype(np.uint8)
    for content in (b"P6 7 5 255\n" + eight.tobytes(), b"P3 1 1 255\n1 2 255"):
        assert read_photo(put(tmp_path / "a.ppm", content)).pixels.dtype == np.uint8
    palette = Image.fromarray(eight).quantize(20)
    for suffix in ("png", "gif", "tif", "bmp"):
        palette.save(tmp_path / f"a.{suffix}")
        assert read_photo(tmp_path / f"a.{suffix}").pixels.dtype == np.uint8


# ---------------------------------------------------------------------------------- files not trusted


def pixels_or_error(path: Path) -> Any:
    try:
        return read_photo(path).pixels
    except DataError as error:
        return str(error)


@pytest.mark.slow
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_a_png_cut_anywhere_is_whole_or_refused(tmp_path: Path, channels: int, interlaced: bool) -> None:
    array = pixels(channels)
    content, path = png(array, interlaced=interlaced), tmp_path / "a.png"
    data_ends = len(content) - 12 - 4 - 4  # before the chunk IEND, and the checksums of the data
    for length in range(len(content)):
        path.write_bytes(content[:length])
        read = pixels_or_error(path)
        assert isinstance(read, str) or (length >= data_ends and np.array_equal(read, array)), length


@pytest.mark.parametrize("compression", [1, 8])
def test_a_tiff_cut_anywhere_is_whole_or_refused(tmp_path: Path, compression: int) -> None:
    array = pixels(3)
    content, path = tiff(array, compression=compression), tmp_path / "a.tif"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert isinstance(pixels_or_error(path), str), length


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_a_png_with_any_byte_changed_is_read_or_refused(tmp_path: Path, channels: int) -> None:
    content, path = png(pixels(channels)), tmp_path / "a.png"
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        read = pixels_or_error(path)
        assert isinstance(read, str) or np.array_equal(read, pixels(channels)), at


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_sizes_are_seen_before_memory_is_taken(tmp_path: Path, channels: int, monkeypatch: Any) -> None:
    content = png(pixels(channels))
    header = struct.pack(">IIBBBBB", 12_000, 10_001, 16, COLOUR_TYPES[channels], 0, 0, 0)
    bomb = put(tmp_path / "bomb.png", content[:8] + chunk(b"IHDR", header) + content[33:])
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda _: pytest.fail("decoded"))
    with pytest.raises(DataError) as caught:
        read_photo(bomb)
    rule = "the image is too large. Expected at most 120000000 pixels. Got 12000×10001."
    assert str(caught.value) == f"image '{bomb}': {rule}"


def test_files_and_pictures_up_to_the_limit_are_read(tmp_path: Path, monkeypatch: Any) -> None:
    path = put(tmp_path / "a.png", png(pixels(3)))
    assert picture_file.MAX_FILE_BYTES == 256 * 2**20 > 24e6 * 6  # 24 megapixels, not compressed
    monkeypatch.setattr(picture_file, "MAX_FILE_BYTES", path.stat().st_size)
    monkeypatch.setattr(picture_file, "MAX_PIXELS", 35)
    assert np.array_equal(read_photo(path).pixels, pixels(3))
    monkeypatch.setattr(picture_file, "MAX_PIXELS", 34)
    with pytest.raises(DataError, match="too large"):
        read_photo(path)


# ------------------------------------------------------------------------------------------ writing


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (64, 3), (65, 2), (130, 1)])
@pytest.mark.parametrize("profile", [None, PROFILE])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_is_written_comes_back(
    tmp_path: Path, channels: int, profile: bytes | None, size: tuple[int, int]
) -> None:
    array = pixels(channels, *size)
    for suffix in (".png", ".tif", ".TIFF"):
        path = tmp_path / f"a{suffix}"
        write_photo(path, array, profile)
        photo = read_photo(path)
        assert photo.pixels.dtype == np.uint16
        assert np.array_equal(photo.pixels, array)
        assert photo.profile == profile
        if suffix == ".png":
            with Image.open(path) as file:  # checksums and sizes, too
                file.verify()


def test_a_written_png_by_the_standard(tmp_path: Path) -> None:
    """Chunks and filter undone by hand, without Pillow."""
    array = pixels(3, 70, 2)
    write_photo(tmp_path / "a.png", array)
    content, at, kinds, data = (tmp_path / "a.png").read_bytes(), 8, [], b""
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + 8 + length]
        assert content[at : at + 12 + length] == chunk(kind, body)
        kinds.append(kind)
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    assert (kinds[0], set(kinds[1:-1]), kinds[-1]) == (b"IHDR", {b"IDAT"}, b"IEND")
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(70, 1 + 12)
    assert (lines[:, 0] == 2).all()
    rows = np.cumsum(lines[:, 1:], axis=0, dtype=np.uint8)
    assert np.array_equal(rows.copy().view(">u2").reshape(array.shape), array)


@pytest.mark.parametrize(
    ("channels", "suffix", "message"),
    [
        (3, ".jpg", "JPEG cannot hold this picture. Expected .png or .tif or .tiff. Got 16-bit RGB."),
        (4, ".jpg", "JPEG cannot hold this picture. Expected .png or .tif or .tiff. Got 16-bit RGBA."),
        (3, ".webp", "WEBP cannot hold this picture. Expected .png or .tif or .tiff. Got 16-bit RGB."),
        (4, ".bmp", "BMP cannot hold this picture. Expected .png or .tif or .tiff. Got 16-bit RGBA."),
        (
            2,
            ".webp",
            "WEBP cannot hold this picture. Expected .png or .tif or .tiff. Got 16-bit grey with alpha.",
        ),
    ],
)
def test_formats_that_cannot_hold_it(
    tmp_path: Path, capsys: Any, channels: int, suffix: str, message: str
) -> None:
    source, target = put(tmp_path / "a.png", png(pixels(channels))), tmp_path / f"b{suffix}"
    code, out, err = run(capsys, source, "--kernel", "box", "-o", target)
    assert (code, out, err) == (2, "", f"error: picture '{target}': {message}\n")
    assert not target.exists()
    with pytest.raises(ArgumentError, match="cannot hold this picture"):
        write_photo(target, pixels(channels))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_pictures_without_pixels_are_not_written(tmp_path: Path, suffix: str) -> None:
    for shape in ((0, 3, 3), (3, 0, 3), (0, 0, 4)):
        with pytest.raises(FormatError, match="cannot hold this picture"):
            write_photo(tmp_path / f"a{suffix}", np.zeros(shape, np.uint16))
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------------------------- filtering


@pytest.mark.parametrize(
    ("border", "mode"),
    [("reflect", "reflect"), ("replicate", "nearest"), ("wrap", "wrap"), ("zero", "constant")],
)
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_the_command_equals_scipy_on_all_bits(
    tmp_path: Path, capsys: Any, channels: int, border: str, mode: str
) -> None:
    array = pixels(channels, 11, 13)
    source, target = put(tmp_path / "a.png", png(array)), tmp_path / "b.png"
    rows = "-1 2 0; 0.5 -3 1; 0 1 0.25"
    kernel = np.array([[-1, 2, 0], [0.5, -3, 1], [0, 1, 0.25]])
    code, out, err = run(
        capsys, source, "--kernel", rows, "--border", border, "-o", target, "--raw", "--json"
    )
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert (said["channels"], said["bits"], said["width_px"], said["height_px"]) == (channels, 16, 13, 11)
    result = read_photo(target).pixels
    colours = channels if channels == 3 else channels - 1
    for c in range(colours):
        sums = scipy.ndimage.correlate(array[..., c].astype(np.float64), kernel, mode=mode)
        assert np.array_equal(result[..., c], np.rint(sums).clip(0, 65535).astype(np.uint16))
    if colours < channels:
        assert np.array_equal(result[..., -1], array[..., -1])


def test_the_profile_is_kept_and_a_sheet_drawn(tmp_path: Path, capsys: Any) -> None:
    profile = chunk(b"iCCP", b"camera\0\0" + zlib.compress(PROFILE))
    source = put(tmp_path / "a.png", png(pixels(3, 40, 50), profile))
    for suffix in (".png", ".tif"):
        assert run(capsys, source, "--kernel", "sharpen", "-o", tmp_path / f"b{suffix}")[0] == 0
        assert read_photo(tmp_path / f"b{suffix}").profile == PROFILE
    assert run(capsys, source, "--sheet", "-o", tmp_path / "sheet.png")[0] == 0
