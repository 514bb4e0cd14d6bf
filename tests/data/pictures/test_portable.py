"""PBM, PGM, PPM and PFM: what lies behind the picture, numbers that are none, and the scale of floats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pellucid.data import read_image, read_photo
from pellucid.errors import DataError

ALONE = "the file must hold one picture, not an animation or pages. Got another one behind the first."
WHOLE = "the numbers of a plain picture must be whole."
SHORT = "the file ends before its picture does. Expected {} numbers. Got {}."
BEHIND = "nothing but another picture may be behind the picture. Got {} bytes."
SCALE = "the scale of floats must say their byte order alone. Expected 1 or -1. Got {}."


def result(tmp_path: Path, content: bytes) -> Any:
    path = tmp_path / "picture"
    path.write_bytes(content)
    try:
        return read_photo(path).pixels.tolist()
    except DataError as error:
        return str(error).removeprefix(f"image '{path}': ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P2 2 1 255 1 2", [[1, 2]]),
        ("P2 2 1 255 1 2\n", [[1, 2]]),
        ("P2 2 1 255\t1\r\n2 # a comment", [[1, 2]]),
        ("P2 2 1 255 1 2 # a comment\n\n", [[1, 2]]),
        ("P2 2 1 255 1 2.5", WHOLE),
        ("P2 2 1 255 1 2.", WHOLE),
        ("P2 2 1 255 1.0 2", WHOLE),
        ("P2 2 1 255 1 2e1", WHOLE),
        ("P2 2 1 255 1 2,", WHOLE),
        ("P2 2 1 255 1,2 3", WHOLE),
        ("P2 2 1 255 1 0x2", WHOLE),
        ("P2 2 1 255 a 2", WHOLE),
        ("P2 2 1 255 1 2\0", WHOLE),
        ("P2 2 1 255 1", SHORT.format(2, 1)),
        ("P2 2 1 255 12", SHORT.format(2, 1)),
        ("P2 2 1 255 ", SHORT.format(2, 0)),
        ("P2 2 1 255 1 2 3", BEHIND.format(1)),
        ("P2 2 1 255 1 2 and more", BEHIND.format(8)),
        ("P2 2 1 255 1 2\nP2 2 1 255 3 4", ALONE),
        ("P2 2 1 255 1 2\nP5 2 1 255\n34", ALONE),
        ("P2 2 1 255 1 256", "no number may be larger than white. Expected 0 to 255. Got 256."),
        ("P2 2 1 255 1 -2", "no number may be larger than white. Expected 0 to 255. Got -2."),
        ("P3 1 1 255 1 2 3", [[[1, 2, 3]]]),
        ("P3 1 1 255 1 2 3.5", WHOLE),
        ("P3 1 1 255 1 2 3 4 5 6", BEHIND.format(5)),
        ("P1 3 1\n101", [[0, 255, 0]]),
        ("P1 3 1\n1 0 1\n", [[0, 255, 0]]),
        ("P1 3 1\n1 0 1 anything goes: 5", [[0, 255, 0]]),
        ("P1 3 1\n1 0 1 0", [[0, 255, 0]]),
        ("P1 3 1\n1010", "a plain bitmap must not have more bits than the picture."),
        ("P1 3 1\n10 1x", "a plain bitmap must not have more bits than the picture."),
        ("P1 3 1\n102", "the bits of a plain bitmap must be 0 or 1."),
        ("P1 3 1\n10", SHORT.format(3, 2)),
        ("P1 3 1\n101\nP1 3 1\n000", ALONE),
    ],
)
def test_plain_pictures(tmp_path: Path, text: str, expected: Any) -> None:
    assert result(tmp_path, text.encode()) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"P5 2 1 255\nab", [[97, 98]]),
        (b"P5 2 1 255\nab\n", [[97, 98]]),
        (b"P5 2 1 255\n  \n \n", [[32, 32]]),
        (b"P5 2 1 255\nabP5 2 1 255\ncd", ALONE),
        (b"P5 2 1 255\nab\nP5 2 1 255\ncd", ALONE),
        (b"P5 2 1 255\nabP6#", ALONE),
        (b"P5 2 1 255\nabcd", BEHIND.format(2)),
        (b"P5 2 1 255\nab\0\0\0", BEHIND.format(3)),
        (b"P5 2 1 65535\n\0a\0b", [[97, 98]]),
        (b"P5 2 1 65535\n\0a\0b\0c", BEHIND.format(2)),
        (b"P6 1 1 255\nabc", [[[97, 98, 99]]]),
        (b"P6 1 1 255\nabcP6 1 1 255\nabc", ALONE),
        (b"P4 3 1\n\xa0", [[0, 255, 0]]),
        (b"P4 3 1\n\xa0P4 3 1\n\xa0", ALONE),
        (b"P4 3 1\n\xa0\xa0", BEHIND.format(1)),
        (b"Pf 1 1 -1\n\0\0\0?Pf 1 1 -1\n\0\0\0?", ALONE),
        (b"Pf 1 1 -1\n\0\0\0?????", BEHIND.format(4)),
    ],
)
def test_raw_pictures(tmp_path: Path, content: bytes, expected: Any) -> None:
    assert result(tmp_path, content) == expected


def test_of_several_the_first_is_a_networks_input(tmp_path: Path) -> None:
    path = tmp_path / "a.pgm"
    for content in (b"P5 1 1 255\n\xffP5 1 1 255\n\0", b"P2 1 1 255 255\nP2 1 1 255 0"):
        path.write_bytes(content)
        assert read_image(path, (1, 1, 1)).tolist() == [[[1.0]]]
    path.write_bytes(b"P5 1 1 255\n\xff\xff")
    with pytest.raises(DataError, match=r"Got 1 bytes\.$"):
        read_image(path, (1, 1, 1))


def pfm(scale: str, order: str) -> bytes:
    return f"Pf\n2 2\n{scale}\n".encode() + np.array([0.25, 1, 0, 0.5], f"{order}f4").tobytes()


@pytest.mark.parametrize("scale", ["1", "-1", "1.0", "-1.000000", "+1.", "1e0", "-10e-1", "-.1e1"])
def test_floats_of_a_scale_of_one(tmp_path: Path, scale: str) -> None:
    content = pfm(scale, "<" if scale[0] == "-" else ">")
    assert result(tmp_path, content) == [[0, 0.5], [0.25, 1]]
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found.tolist() == [[0, 0.5], [0.25, 1]]


@pytest.mark.parametrize(
    "scale", ["-2", "2", "0.5", "-0.003922", "0", "-0", "-0.0", "1e400", "-1e400", "1e-400", "-1.0000001"]
)
def test_floats_of_another_scale_are_refused(tmp_path: Path, scale: str) -> None:
    assert result(tmp_path, pfm(scale, "<")) == SCALE.format(scale)


@pytest.mark.parametrize("scale", [".", "-.", "-", "+", "e5", "1.2.3", "nan", "inf", "-1e", "--1", "1,0", ""])
def test_what_is_no_scale_is_refused(tmp_path: Path, scale: str) -> None:
    assert result(tmp_path, pfm(scale, "<")) == "the header must hold the picture's size and its scale."


@pytest.mark.parametrize(
    ("start", "more"),
    [("P1 2", ""), ("P4 2 x", ""), ("P2 2 1 .", " and its white"), ("P6 2 1", " and its white")],
)
def test_headers_cut_off(tmp_path: Path, start: str, more: str) -> None:
    assert result(tmp_path, start.encode()) == f"the header must hold the picture's size{more}."
