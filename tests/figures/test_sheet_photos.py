"""What `filter_sheet` takes for a photo, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import pellucid as pc
from pellucid.errors import ArgumentError

NO_PHOTO = "filter_sheet: this is no photo. Expected (H,W) or (H,W,1 to 4) of uint8 or uint16. Got {}."
NO_ARRAY = "filter_sheet: photo must be an array of real numbers."
HINT = "Hint: pass a NumPy array or nested lists of numbers."
FLOATS = " Hint: where white is 1, use np.rint(255 * photo.clip(0, 1)).astype(np.uint8)."
WHOLE = " Hint: where white is 255, use np.uint8(photo)."


@pytest.mark.parametrize(
    ("photo", "said"),
    [
        (np.zeros((3, 4)), NO_PHOTO.format("(3, 4) of float64") + FLOATS),
        ([[0.5, 1.0]], NO_PHOTO.format("(1, 2) of float64") + FLOATS),
        (torch.zeros(3, 4, 3), NO_PHOTO.format("(3, 4, 3) of float32") + FLOATS),
        ([[0, 255]], NO_PHOTO.format("(1, 2) of int64") + WHOLE),
        (np.zeros((3, 4), bool), NO_PHOTO.format("(3, 4) of bool") + WHOLE),
        (np.zeros((3, 4), np.int16), NO_PHOTO.format("(3, 4) of int16") + WHOLE),
        (np.zeros((3, 4, 5), np.uint8), NO_PHOTO.format("(3, 4, 5) of uint8")),
        (np.zeros((3, 4, 0), np.uint8), NO_PHOTO.format("(3, 4, 0) of uint8")),
        (np.zeros((0, 4), np.uint8), NO_PHOTO.format("(0, 4) of uint8")),
        (np.zeros((3, 0, 3), np.uint16), NO_PHOTO.format("(3, 0, 3) of uint16")),
        (np.zeros(3, np.uint8), NO_PHOTO.format("(3,) of uint8")),
        (np.zeros((1, 3, 4, 3), np.uint8), NO_PHOTO.format("(1, 3, 4, 3) of uint8")),
        (np.uint8(3), NO_PHOTO.format("() of uint8")),
        (
            np.ma.masked_equal(np.array([[1, 2]], np.uint8), 2),
            "filter_sheet: photo must have no masked numbers. Got 1 masked of 2, the first at [0, 1]. "
            "Hint: use photo.filled(0), or another number in their place.",
        ),
        (None, "filter_sheet: photo must be given. Expected an array of real numbers. Got None."),
        ("photo.png", f"{NO_ARRAY} Got str. {HINT}"),
        ([[1, 2], [3]], f"{NO_ARRAY} Got list with rows of different lengths. {HINT}"),
        (
            np.zeros((2, 2), complex),
            f"{NO_ARRAY} Got ndarray of dtype complex128. Hint: use photo.real, or abs(photo).",
        ),
    ],
    ids=repr,
)
def test_what_is_no_photo(photo: Any, said: str) -> None:
    with pytest.raises(ArgumentError) as error:
        pc.figures.filter_sheet(photo)
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("tensor", "hint"),
    [
        (torch.zeros(3, 4, requires_grad=True), "Hint: use photo.detach().numpy()."),
        (torch.zeros(3, 4, dtype=torch.bfloat16), "Hint: use photo.float().numpy()."),
        (torch.zeros(3, 4).to_sparse(), "Hint: use photo.to_dense().numpy()."),
        (torch.zeros(3, 4, dtype=torch.complex64), "Hint: use photo.real.numpy()."),
    ],
    ids=["gradient", "bfloat16", "sparse", "complex"],
)
def test_tensors_that_numpy_does_not_read(tensor: Any, hint: str) -> None:
    with pytest.raises(ArgumentError) as error:
        pc.figures.filter_sheet(tensor)
    assert str(error.value).startswith(f"{NO_ARRAY} ")
    assert str(error.value).endswith(f" {hint}")


def test_what_numpy_reads_is_a_photo() -> None:
    numbers = np.random.default_rng(0).integers(0, 256, (420, 420, 3), np.uint8)
    expected = pc.figures.filter_sheet(numbers).figure().images
    rows = [[np.uint8(7)] * 2] * 2
    for photo in (
        torch.from_numpy(numbers),
        np.ma.array(numbers),
        memoryview(numbers),
        numbers.astype(">u1"),
    ):
        shown = pc.figures.filter_sheet(photo).figure().images
        assert len(shown) == len(expected)
        for one, other in zip(shown, expected, strict=True):
            assert np.array_equal(np.asarray(one.get_array()), np.asarray(other.get_array()))
    assert (np.asarray(pc.figures.filter_sheet(rows).figure().images[0].get_array()) == 7).all()
