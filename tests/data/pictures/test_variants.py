"""Every kind of picture is read with the values that its file means, or refused in one line."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import png
import pytest
import tifffile
from tests.data.pictures.png_suite import NAMES, numbers_of, palette_of, pixels_of, png_file
from tests.data.pictures.variant import Variant
from tests.data.pictures.variants import variants

from pellucid.data import read_image, read_photo
from pellucid.errors import DataError

REFUSED = ("xc1", "xc9", "xcr", "xd0", "xd3", "xd9", "xdt", "xhd", "xlf", "xs1", "xs2", "xs4", "xs7")


def on_white(pixels: Any) -> Any:
    """(3,H,W) in [0,1]."""
    white = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    values = pixels.reshape(*pixels.shape[:2], -1) / float(white)
    if values.shape[2] in (2, 4):
        values = values[..., :-1] * values[..., -1:] + 1 - values[..., -1:]
    return np.broadcast_to(values.transpose(2, 0, 1), (3, *values.shape[:2]))


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    names = Counter(variant.parts for variant in variants())
    assert not [name for name, times in names.items() if times > 1]
    assert sum(name[0] == "TIFF" for name in names) >= 200
    assert len(names) >= 280


@pytest.mark.parametrize("variant", variants(), ids=lambda variant: ", ".join(variant.parts))
def test_every_variant_is_read_right_or_refused(variant: Variant, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(variant.content)
    if variant.pixels is None:
        with pytest.raises(DataError) as refusal:
            read_photo(path)
        assert str(refusal.value).startswith(f"image '{path}': {variant.refused}.")
        assert "\n" not in str(refusal.value)
        return
    pixels = read_photo(path).pixels
    assert (pixels.dtype, pixels.shape) == (variant.pixels.dtype, variant.pixels.shape)
    if variant.within:
        np.testing.assert_allclose(
            pixels.astype(float), variant.pixels.astype(float), rtol=0, atol=variant.within
        )
    else:
        np.testing.assert_array_equal(pixels, variant.pixels)
    if pixels.min() < 0 or (pixels.dtype.kind == "f" and pixels.max() > 1):
        with pytest.raises(
            DataError, match=r"floats must lie between 0, black, and 1, white\. Got -1\.5 to 300\. Hint"
        ):
            read_image(path, (3, *pixels.shape[:2]))
        return
    seen = read_image(path, (3, *pixels.shape[:2]))
    rounded = 0.51 / 255 if pixels.dtype == np.uint8 else 1e-6  # 8 bits are laid on white in 8 bits
    np.testing.assert_allclose(seen, on_white(pixels), rtol=0, atol=rounded)


OTHERWISE = {"JPEG", "unspecified sample", "multiplied by alpha"}  # pixels are not the file's numbers
PLAIN = [
    v for v in variants() if v.pixels is not None and {"TIFF", "RGB"} <= {*v.parts} - OTHERWISE == {*v.parts}
]


@pytest.mark.parametrize("variant", PLAIN, ids=lambda variant: ", ".join(variant.parts))
def test_another_reader_finds_the_same_numbers(variant: Variant) -> None:
    """tifffile, which gives the file's numbers as they are."""
    with tifffile.TiffFile(BytesIO(variant.content)) as file:
        numbers = file.asarray()
        bits = file.pages[0].bitspersample  # type: ignore[union-attr]
        if file.pages[0].planarconfig == 2:  # type: ignore[union-attr]
            numbers = np.moveaxis(numbers, 0, -1)
    assert variant.pixels is not None
    if numbers.dtype.kind == "f":
        assert np.array_equal(numbers, variant.pixels)
    else:
        white = 1 if variant.pixels.dtype.kind == "f" else np.iinfo(variant.pixels.dtype).max
        expected, half = numbers * (float(white) / (2**bits - 1)), 0.5 * (white > 1)
        np.testing.assert_allclose(variant.pixels, expected, rtol=1e-15, atol=half)


# ----------------------------------------------------------------------------------------- PngSuite


def test_the_suite_has_all_its_files() -> None:
    assert len(NAMES) == len(set(NAMES)) == 176


@pytest.mark.parametrize("name", NAMES)
def test_png_suite(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.png"
    path.write_bytes(png_file(name))
    if name[:3] in REFUSED:
        with pytest.raises(DataError) as refusal:
            read_photo(path)
        assert "\n" not in str(refusal.value)
        return
    pixels, expected = read_photo(path).pixels, pixels_of(name)
    assert pixels.dtype == expected.dtype
    np.testing.assert_array_equal(pixels, expected)
    seen = read_image(path, (3, *pixels.shape[:2]))
    rounded = 0.51 / 255 if pixels.dtype == np.uint8 else 1e-6
    np.testing.assert_allclose(seen, on_white(pixels), rtol=0, atol=rounded)


@pytest.mark.parametrize("name", [name for name in NAMES if name[0] != "x"])
def test_another_reader_finds_the_same_numbers_in_the_suite(name: str) -> None:
    width, height, rows, info = png.Reader(bytes=png_file(name)).read()
    numbers = np.array([list(row) for row in rows]).reshape(height, width, -1)
    assert np.array_equal(numbers, numbers_of(name))
    if "palette" in info and name[:2] != "pp":
        assert np.array_equal(np.array([colour[:3] for colour in info["palette"]]), palette_of(name))
