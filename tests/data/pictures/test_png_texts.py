"""PNG: a picture is read whatever is written beside it, and the profile and the rotation come with it."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from tests.data.pictures.cameras import sideways
from tests.data.pictures.png_suite import chunk, encoded
from tests.data.pictures.variant import GREY, GREY_ALPHA, RGB, RGBA, random, stretched
from tests.support.command_line import said

from pellucid.cli import main
from pellucid.data import read_photo
from pellucid.errors import DataError

LONG = b"a text " * 300_000  # 2 MiB
XMP = b"XML:com.adobe.xmp"
TEXTS = {
    "zTXt": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(LONG)),
    "iTXt": chunk(b"iTXt", b"Comment\0\1\0en\0\0" + zlib.compress(LONG)),
    "iTXt, XMP": chunk(b"iTXt", XMP + b"\0\1\0\0\0" + zlib.compress(LONG)),
    "tEXt": chunk(b"tEXt", b"Comment\0" + LONG),
    "tEXt, 70 MiB": chunk(b"tEXt", b"Comment\0" + b" " * (70 * 2**20)),
    "zTXt, 80 of 1 MiB": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**20))) * 80,
    "zTXt, 100 MiB": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100 * 2**20), 1)),
    "zTXt, broken": chunk(b"zTXt", b"Comment\0\0" + b"no deflate" * 200),
    "zTXt, unknown method": chunk(b"zTXt", b"Comment\0\5" + b"no deflate" * 200),
    "tEXt, named transparency": chunk(b"tEXt", b"transparency\0yes"),
    "zTXt, named transparency": chunk(b"zTXt", b"transparency\0\0" + zlib.compress(b"0")),
    "tEXt, named icc_profile": chunk(b"tEXt", b"icc_profile\0yes"),
    "tEXt, checksum wrong": chunk(b"tEXt", b"Comment\0yes", fault=1),
}


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", TEXTS)
def test_texts_beside_a_picture(tmp_path: Path, name: str) -> None:
    for bits, shape, kind in ((8, RGB, 2), (16, RGB, 2), (16, GREY_ALPHA, 4), (4, GREY, 0), (8, RGBA, 6)):
        numbers = random(bits, shape, bits)
        for before, after in ((TEXTS[name], b""), (b"", TEXTS[name])):
            photo = read_photo(put(tmp_path / "a.png", encoded(numbers, bits, kind, False, before, after)))
            assert np.array_equal(photo.pixels, stretched(numbers, bits))
            assert photo.profile is None
        if "MiB" in name:  # once is enough
            break


def test_another_reader_reads_it(tmp_path: Path) -> None:
    numbers = random(8, RGB, 8)
    path = put(tmp_path / "a.png", encoded(numbers, 8, 2, False, TEXTS["iTXt, XMP"]))
    assert np.array_equal(cv2.imread(str(path))[..., ::-1], numbers)
    assert np.array_equal(read_photo(path).pixels, numbers)


def test_a_transparent_colour_beside_a_text_of_that_name(tmp_path: Path) -> None:
    numbers = np.array([[3, 9]], np.uint8)
    before = chunk(b"tRNS", struct.pack(">H", 9)) + TEXTS["tEXt, named transparency"]
    pixels = read_photo(put(tmp_path / "a.png", encoded(numbers, 8, 0, False, before))).pixels
    assert pixels.tolist() == [[[3, 255], [9, 0]]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("padding", [b"", b" " * 2**21])
def test_a_rotation_in_a_text_of_any_length(tmp_path: Path, orientation: int, padding: bytes) -> None:
    numbers = random(16, RGB, 16)
    xmp = padding + f'<x tiff:Orientation="{orientation}"/>'.encode() + padding
    exif = struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    raw = b"\nexif\n" + str(len(exif)).encode().rjust(8) + b"\n" + exif.hex().encode() + padding
    for text in (
        chunk(b"iTXt", XMP + b"\0\0\0\0\0" + xmp),
        chunk(b"iTXt", XMP + b"\0\1\0\0\0" + zlib.compress(xmp)),
        chunk(b"zTXt", XMP + b"\0\0" + zlib.compress(xmp)),
        chunk(b"tEXt", b"Raw profile type exif\0" + raw),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw)),
    ):
        for before, after in ((text, b""), (b"", text)):
            content = encoded(sideways(numbers, orientation), 16, 2, False, before, after)
            assert np.array_equal(read_photo(put(tmp_path / "a.png", content)).pixels, numbers)


def test_a_rotation_in_a_text_beyond_all_length_is_not_guessed(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(17 * 2**20), 1)
    rule = "a profile, or a text that may say how the picture is turned, must not be too long"
    for text in (
        chunk(b"iTXt", XMP + b"\0\1\0\0\0" + bomb),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + bomb),
        chunk(b"iCCP", b"name\0\0" + bomb),
    ):
        path = put(tmp_path / "a.png", encoded(random(8, RGB, 8), 8, 2, False, text))
        with pytest.raises(DataError) as error:
            read_photo(path)
        assert str(error.value) == f"image '{path}': {rule}. Expected at most {16 * 2**20} bytes."


@pytest.mark.parametrize("extra", [0, 1, 2**20 - 4000, 2**20, 3 * 2**20])
def test_a_profile_of_any_length_is_handed_on(tmp_path: Path, extra: int, capsys: Any) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(extra)
    numbers = random(16, RGB, 16)
    before = chunk(b"iCCP", b"name\0\0" + zlib.compress(profile)) + TEXTS["zTXt"]
    path = put(tmp_path / "a.png", encoded(numbers, 16, 2, False, before))
    photo = read_photo(path)
    assert photo.profile == profile
    assert np.array_equal(photo.pixels, numbers)
    for name in ("b.png", "b.tif"):
        with pytest.raises(SystemExit) as end:
            main(["filter", str(path), "--kernel", "identity", "-o", str(tmp_path / name)])
        assert (end.value.code or 0, said(capsys.readouterr().err)) == (0, "")
        assert read_photo(tmp_path / name).profile == profile


NO_EXIF = [b"", b"garbage", b"Exif\0\0garbage", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"]


@pytest.mark.parametrize("exif", NO_EXIF)
def test_what_is_no_exif_turns_nothing(tmp_path: Path, exif: bytes) -> None:
    numbers = random(8, RGB, 8)
    for text in (
        chunk(b"eXIf", exif),
        chunk(b"tEXt", b"exif\0" + exif),
        chunk(b"tEXt", b"Raw profile type exif\0\nexif\n8\n" + exif),
        chunk(b"tEXt", b"Raw profile type exif\0\nexif\n8\n" + exif.hex().encode()),
        chunk(b"iTXt", XMP + b"\0\0\0\0\0" + exif),
    ):
        path = put(tmp_path / "a.png", encoded(numbers, 8, 2, False, text))
        assert np.array_equal(read_photo(path).pixels, numbers)
    for format in ("WEBP", "JPEG"):
        file = BytesIO()
        Image.fromarray(np.full(RGB, 77, np.uint8)).save(file, format, exif=exif)
        assert (read_photo(put(tmp_path / "a", file.getvalue())).pixels == 77).all()


def test_chunks_that_are_cut_off_are_refused_as_before(tmp_path: Path) -> None:
    content = encoded(random(8, RGB, 8), 8, 2, False, TEXTS["zTXt"], chunk(b"tEXt", b"a\0b"))
    for length in (*range(0, 60), *range(60, len(content) - 30, 401)):
        with pytest.raises(DataError):
            read_photo(put(tmp_path / "a.png", content[:length]))
