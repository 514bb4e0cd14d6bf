"""BMP and GIF: numbers of a palette, whatever its colours are; refused where it has no colour for them."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from pellucid.data import read_image, read_photo
from pellucid.errors import DataError

Array = np.ndarray[Any, np.dtype[np.uint8]]
RAMP, TWO = np.arange(256), [0, 255]


def bmp(numbers: Array, bits: int, colours: Any, *, old: bool = False, lie: int | None = None) -> bytes:
    """Uncompressed, rows from below; `lie` is how many colours the header claims."""
    palette = np.array(colours, np.uint8)
    height, width = numbers.shape
    apart = np.unpackbits(numbers[::-1, :, None], axis=2)[..., -bits:].reshape(height, -1)
    rows = np.packbits(apart, axis=1)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    table = np.pad(palette[:, ::-1], ((0, 0), (0, 0 if old else 1))).tobytes()
    if old:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        claimed = len(palette) if lie is None else lie
        header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, rows.size, 0, 0, claimed, 0)
    start = 14 + len(header) + len(table)
    return struct.pack("<2sIHHI", b"BM", start + rows.size, 0, 0, start) + header + table + rows.tobytes()


def rle(numbers: Array, bits: int, colours: Any) -> bytes:
    """Runs of one number each, rows from below."""
    height, width = numbers.shape
    body = b""
    for row in numbers[::-1].tolist():
        body += b"".join(bytes([1, n if bits == 8 else n << 4 | n]) for n in row) + b"\0\0"
    body += b"\0\1"
    palette = np.array(colours, np.uint8)
    table = np.pad(palette[:, ::-1], ((0, 0), (0, 1))).tobytes()
    kind, start = (1 if bits == 8 else 2), 54 + len(table)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, kind, len(body), 0, 0, len(palette), 0)
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + header + table + body


def gif(numbers: Array, colours: Any, **settings: Any) -> bytes:
    picture, file = Image.fromarray(numbers, "P"), BytesIO()
    picture.putpalette(np.array(colours, np.uint8).tobytes())
    picture.save(file, "GIF", optimize=False, **settings)
    return file.getvalue()


def read(tmp_path: Path, content: bytes) -> Any:
    path = tmp_path / "picture"
    path.write_bytes(content)
    return read_photo(path).pixels


def refusal(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(DataError) as error:
        read(tmp_path, content)
    said = str(error.value)
    assert said.startswith(f"image '{tmp_path / 'picture'}': ")
    return said.partition("': ")[2]


def greys(values: Any) -> Array:
    return np.repeat(np.array(values, np.uint8)[:, None], 3, axis=1)


@pytest.mark.parametrize("ramp", ["0, 1, 2", "255, 254, 253", "black to white", "others"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 15, 16, 17, 255, 256])
def test_greys_of_a_bmp_are_those_of_its_palette(tmp_path: Path, count: int, ramp: str) -> None:
    values = {
        "0, 1, 2": RAMP[:count],
        "255, 254, 253": 255 - RAMP[:count],
        "black to white": np.rint(np.linspace(0, 255, count)),
        "others": np.random.default_rng(count).integers(0, 256, count),
    }[ramp].astype(np.uint8)
    numbers = np.random.default_rng(0).integers(0, count, (5, 13)).astype(np.uint8)
    for bits in (1, 4, 8):
        if count > 2**bits:
            continue
        contents = [bmp(numbers, bits, greys(values)), bmp(numbers, bits, greys(values), old=True)]
        contents += [rle(numbers, bits, greys(values))] if bits > 1 else []
        for content in contents:
            pixels = read(tmp_path, content)
            assert pixels.dtype == np.uint8
            assert np.array_equal(pixels, values[numbers]), bits
        found = cv2.imdecode(np.frombuffer(contents[0], np.uint8), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(found, values[numbers])


def test_a_bmp_whose_colours_are_one_apart_from_greys(tmp_path: Path) -> None:
    for bits, count in ((1, 2), (4, 2), (4, 16), (8, 2), (8, 256)):
        colours = greys(RAMP[:count])
        colours[-1, 2] ^= 1
        numbers = np.random.default_rng(bits).integers(0, count, (3, 9)).astype(np.uint8)
        assert np.array_equal(read(tmp_path, bmp(numbers, bits, colours)), colours[numbers])
    # black, white, by hand: eight pixels of a byte each
    row = np.array([[0, 1, 0, 1, 1, 1, 0, 0]], np.uint8)
    assert read(tmp_path, bmp(row, 8, greys(TWO))).tolist() == [[0, 255, 0, 255, 255, 255, 0, 0]]
    assert read(tmp_path, bmp(row, 4, greys(TWO))).tolist() == [[0, 255, 0, 255, 255, 255, 0, 0]]
    four = np.array([[1, 15, 8, 0]], np.uint8)
    assert read(tmp_path, bmp(four, 4, greys(RAMP[:16]))).tolist() == [[1, 15, 8, 0]]


@pytest.mark.parametrize("values", [TWO, [255, 0], [0], [0, 1], [0, 1, 2, 3], [7, 9], RAMP])
def test_what_pillow_writes(tmp_path: Path, values: Any) -> None:
    numbers = np.random.default_rng(1).integers(0, len(values), (4, 9)).astype(np.uint8)
    picture = Image.fromarray(numbers, "P")
    picture.putpalette(greys(values).tobytes())
    for format in ("BMP", "GIF"):
        file = BytesIO()
        picture.save(file, format)
        assert np.array_equal(read(tmp_path, file.getvalue()), np.array(values)[numbers])
    path = tmp_path / "a.bmp"
    picture.save(path)
    expected = np.array(values, np.float32)[numbers] / np.float32(255)
    assert np.array_equal(read_image(path, (1, 4, 9)), expected[None])
    assert np.array_equal(read_image(path, (3, 4, 9)), np.stack([expected] * 3))


def test_numbers_for_which_a_palette_has_no_colour_are_refused(tmp_path: Path) -> None:
    numbers = np.array([[0, 1, 2, 5]], np.uint8)
    rule = "pixels must be numbers of the palette. Expected at most {}. Got 5."
    for colours in (greys(RAMP[:5]), greys(RAMP[:2]), [[1, 2, 3]], greys([0, 255]), [[9, 8, 7]] * 3):
        for content in (bmp(numbers, 4, colours), bmp(numbers, 8, colours), bmp(numbers, 8, colours, old=True),
                        rle(numbers, 8, colours), rle(numbers, 4, colours),
                        bmp(numbers, 8, colours, lie=0), bmp(numbers, 8, colours, lie=200)):  # fmt: skip
            assert refusal(tmp_path, content) == rule.format(len(colours) - 1)
    for bits in (4, 8):
        assert read(tmp_path, bmp(numbers, bits, greys(RAMP[:6]))).tolist() == [[0, 1, 2, 5]]
    for two in (greys(RAMP[:2]), greys(TWO), np.array([[1, 2, 3], [4, 5, 6]])):
        content = gif(numbers, [*two.tolist(), *[[0, 0, 0]] * 6])
        assert content[10] & 7 == 2  # a palette of 8
        short = content[:10] + bytes([content[10] & ~7]) + content[11:19] + content[37:]
        assert refusal(tmp_path, short) == rule.format(1)


def test_a_gif_without_a_palette_is_refused(tmp_path: Path) -> None:
    content = gif(np.zeros((2, 3), np.uint8), greys(TWO))
    bare = content[:10] + b"\0" + content[11:13] + content[19:]
    rule = "pixels must be numbers of the palette. Expected a palette. Got 0."
    assert refusal(tmp_path, bare) == rule


def test_greys_and_colours_of_a_gif(tmp_path: Path) -> None:
    numbers = np.array([[0, 1], [2, 3]], np.uint8)
    grey, coloured = greys([9, 5, 200, 7]), np.array([[9, 9, 9], [5, 5, 5], [200, 200, 201], [7, 7, 7]])
    assert read(tmp_path, gif(numbers, grey)).tolist() == [[9, 5], [200, 7]]
    assert np.array_equal(read(tmp_path, gif(numbers, coloured)), coloured[numbers])
    seen = [[[9, 255], [5, 255]], [[200, 0], [7, 255]]]
    assert read(tmp_path, gif(numbers, grey, transparency=2)).tolist() == seen
    assert read(tmp_path, gif(numbers, greys(RAMP[:4]), transparency=1)).tolist() == [
        [[0, 255], [1, 0]],
        [[2, 255], [3, 255]],
    ]


def test_a_gif_has_a_palette_of_the_picture_before_that_of_the_file(tmp_path: Path) -> None:
    content = gif(np.array([[0, 1]], np.uint8), greys(TWO), comment=b"a comment, with a comma")
    at = content.index(b",\0\0\0\0")
    own = content[: at + 9] + b"\x80" + bytes([1, 2, 3, 4, 5, 6]) + content[at + 10 :]
    assert read(tmp_path, content).tolist() == [[0, 255]]
    assert read(tmp_path, own).tolist() == [[[1, 2, 3], [4, 5, 6]]]
    grey = content[: at + 9] + b"\x80" + bytes([6, 6, 6, 4, 4, 4]) + content[at + 10 :]
    assert read(tmp_path, grey).tolist() == [[6, 4]]


def test_a_grey_gif_smaller_than_its_screen(tmp_path: Path) -> None:
    content = gif(np.array([[1, 0]], np.uint8), greys([30, 40]))
    wider = content[:6] + struct.pack("<HH", 3, 2) + content[10:]
    assert read(tmp_path, wider).tolist() == [[[40, 255], [30, 255], [0, 0]], [[0, 0]] * 3]
