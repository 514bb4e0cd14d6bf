"""Preprocessing: what it learns of images, and what it makes of them."""

import numpy as np
import pytest

from pellucid.data import Dataset
from pellucid.data.preprocessing import Preprocessing
from pellucid.errors import ArgumentError, DataError

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_mean_and_deviation_are_those_of_all_pixels_of_a_channel(dtype):
    images = RNG.integers(0, 255, (7, 3, 5, 4)).astype(dtype)
    learned = Preprocessing(3, 5, 4).learned([images[:2], images[2:]])
    white = np.iinfo(dtype).max if images.dtype.kind == "u" else 1
    assert np.allclose(learned.mean, images.mean((0, 2, 3), np.float64) / white, rtol=1e-12)
    assert np.allclose(learned.std, images.std((0, 2, 3), np.float64) / white, rtol=1e-12)
    x = learned.scaled(images)
    assert x.dtype == np.float32
    assert np.allclose(x.mean((0, 2, 3)), 0, atol=1e-5)
    assert np.allclose(x.std((0, 2, 3)), 1, atol=1e-5)


def test_parts_do_not_matter_for_whole_numbers():
    images = RNG.integers(0, 256, (9, 1, 3, 4), np.uint8)
    fresh = Preprocessing(1, 3, 4)
    assert fresh.learned([images]) == fresh.learned(images[i : i + 1] for i in range(9))


def test_equal_pixels_have_the_deviation_1():
    assert Preprocessing(1, 2, 2).learned([np.full((3, 1, 2, 2), 255, np.uint8)]).std == (1.0,)
    assert Preprocessing(1, 2, 2).learned([]).mean == (0.0,)


def test_without_mean_images_are_divided_by_white_alone():
    images = RNG.integers(0, 256, (2, 3, 2, 2), np.uint8)
    assert (Preprocessing(3, 2, 2).scaled(images) == images.astype(np.float32) / np.float32(255)).all()


def test_batches_of_data_with_preprocessing_are_standardised():
    images = RNG.integers(0, 256, (5, 1, 2, 2), np.uint8)
    p = Preprocessing(1, 2, 2, mean=(0.5,), std=(0.25,))
    data = Dataset(images, np.arange(5), preprocessing=p, classes=tuple("abcde"), names=tuple("vwxyz"))
    ((x, _),) = data.batches(5, shuffle=False)
    assert (x == p.scaled(images)).all()
    part = data.take(np.array([3, 1]))
    assert part.names == ("y", "w")
    assert part.labels.tolist() == [3, 1]
    assert data[1:3].names == ("w", "x")
    assert part.preprocessing is p


def test_numbers_for_each_image_or_labels_for_each_pixel():
    x = np.zeros((4, 2, 3, 5), np.float32)
    pixels = Dataset(x, np.zeros((4, 3, 5), np.int32))
    assert next(pixels.batches(3))[1].shape == (3, 3, 5)
    numbers = Dataset(x, targets=np.ones((4, 2), np.float32))
    assert repr(numbers) == "Dataset(4 images (2, 3, 5) float32, targets float32)"
    assert next(numbers.batches(3))[1].shape == (3, 2)


SIZES = "there is no such size. Expected 1 or 3 channels, sides from 1 to 65536."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((2, 4, 4), f"{SIZES} Got (2, 4, 4)."),
        ((1, 0, 4), f"{SIZES} Got (1, 0, 4)."),
        ((1, 4, 4, "zoom"), "there is no such way to fit. Expected crop or pad or stretch. Got 'zoom'."),
        ((1, 4, 4, "pad", (0.5,)), "mean and std belong together. Got mean=(0.5,), std=()."),
        (
            (1, 4, 4, "pad", (0.5,), (0.0,)),
            "std must be a finite number for each channel. Expected std > 0. Got std=(0.0,).",
        ),
        ((3, 4, 4, "pad", (0.5,)), "mean must be a finite number for each channel. Got mean=(0.5,)."),
    ],
)
def test_settings_that_are_none(settings, message):
    with pytest.raises(ArgumentError) as error:
        Preprocessing(*settings)
    assert str(error.value) == f"Preprocessing: {message}"


def test_data_that_do_not_fit():
    x = np.zeros((2, 1))
    for make, message in (
        (
            lambda: Preprocessing(1, 1, 1).learned([np.full((1, 1, 1, 1), np.inf)]),
            "Preprocessing: images must be finite numbers.",
        ),
        (
            lambda: Dataset(x, [0, 1], targets=[0.5, 1]),
            "Dataset: images have labels or targets, not both.",
        ),
        (
            lambda: Dataset(x, targets=[0.5]),
            "Dataset: targets must be numbers for each image. Expected (2,…). Got float64 (1,).",
        ),
    ):
        with pytest.raises(DataError) as error:
            make()
        assert str(error.value) == message
