"""Augmented batches: the bits of the definition, whatever the batch, its order, the threads and the memory's layout."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pellucid as pc
from pellucid.data.augment import definition, draws
from pellucid.data.augment.draws import Drawn, drawn, mixed
from pellucid.data.dataset import Pictures
from pellucid.errors import ArgumentError, DataError, ShapeError
from pellucid.kernels.loops import augment_colour

AUGMENTS = [
    "nothing",
    "crop 4; flip; cutout 5",
    "crop 6; flip alternating; flip_vertical; padding_mode reflect; cutout 2",
    "resized_crop 0.2 1; flip; flip_vertical",
    "rotate 40; crop 2; translate 3.5; flip",
    "rotate 180; translate 5; padding_mode reflect",
    "brightness 0.5; contrast 0.5; saturation 0.7; crop 3; flip",
    "resized_crop 0.1 1; rotate 30; contrast 2; brightness 0.2; flip alternating; cutout 4; mixup 0.4",
]
SHAPES = [(3, 32, 32), (3, 13, 17), (1, 9, 8), (3, 7, 40)]


def pictures(count, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def by_definition(augment, images, indices, seed, epoch, scale, shift):
    """The same batch, image by image in NumPy."""

    def one(index):
        what = drawn(augment, np.array([index]), images.shape[1:], seed, epoch)
        return definition.image(augment, images[index], what, np.float32(scale), np.float32(shift))

    result = np.stack([one(index) for index in indices])
    if augment.mixup:
        others, shares = mixed(augment, np.asarray(indices), len(images), seed, epoch)
        other = np.stack([one(index) for index in others])
        result = definition.between(other, result, shares[:, None, None, None])
    return result


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("text", AUGMENTS)
def test_kernels_have_the_bits_of_the_definition(text, shape):
    augment, images = pc.Augment.from_text(text), pictures(23, shape)
    scale, shift = np.linspace(1.7, 3.9, shape[0]), np.linspace(-0.4, 0.3, shape[0])
    indices = np.random.default_rng(1).permutation(23)
    for array in (images, images.astype(np.float32) / np.float32(255)):
        found = augment.batch(array, indices, 5, 3, scale=scale, shift=shift)
        assert np.array_equal(found, by_definition(augment, array, indices, 5, 3, scale, shift))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_settings_have_the_bits_of_the_definition(data):
    channels = data.draw(st.sampled_from([1, 3]))
    height, width = (data.draw(st.integers(2, 20)) for _ in range(2))
    least = min(height, width) - 1
    small = st.integers(0, least)
    given = {
        "flip": data.draw(st.sampled_from([False, True, "alternating"])),
        "flip_vertical": data.draw(st.booleans()),
        "rotate": data.draw(st.sampled_from([0, 5, 90, 180])),
        "translate": data.draw(st.sampled_from([0, 0.5, least])),
        "padding_mode": data.draw(st.sampled_from(["zeros", "reflect"])),
        "cutout": data.draw(small),
        "brightness": data.draw(st.sampled_from([0, 0.3, 2])),
        "contrast": data.draw(st.sampled_from([0, 0.3, 2])),
        "saturation": data.draw(st.sampled_from([0, 0.3, 2])),
        "mixup": data.draw(st.sampled_from([0, 0.2, 1])),
    }
    part = data.draw(st.sampled_from([{}, {"crop": data.draw(small)}, {"resized_crop": (0.05, 1)}]))
    if not (given["rotate"] or given["translate"] or part.get("crop")):
        given["padding_mode"] = "zeros"
    augment, images = pc.Augment(**given, **part), pictures(4, (channels, height, width))
    seed, epoch = data.draw(st.integers(0, 2**63 - 1)), data.draw(st.integers(0, 2**48 - 1))
    found = augment.batch(images, [0, 3, 1], seed, epoch)
    ones = np.ones(channels, np.float32)
    assert np.array_equal(found, by_definition(augment, images, [0, 3, 1], seed, epoch, ones, ones - 1))
    assert found.min() >= 0
    assert found.max() <= 1


def test_the_bits_are_these_on_every_machine():
    images = (np.arange(20 * 3 * 13 * 17) ** 2 % 251).astype(np.uint8).reshape(20, 3, 13, 17)
    digest = hashlib.sha256()
    for text in AUGMENTS:
        digest.update(
            pc.Augment.from_text(text).batch(images, np.arange(20), 7, 1, scale=3, shift=-1.5).tobytes()
        )
    assert digest.hexdigest() == "6187c53c4e7934bdb35092e97289cfb45c352fcc8fb0e25a790bd4e5bdf47dec"


def test_all_bytes_are_divided_as_batches_divide_them():
    images = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    plain = pc.Augment().batch(images, [0])
    assert np.array_equal(plain, images.astype(np.float32) / np.float32(255))
    mirrored = (pc.Augment(flip=True).batch(images, [0], epoch=epoch) for epoch in range(9))
    assert any(np.array_equal(batch, plain[..., ::-1]) for batch in mirrored)


@pytest.mark.parametrize("text", AUGMENTS)
def test_an_image_depends_neither_on_the_batch_nor_on_the_order_nor_on_threads(text):
    augment, images, order = pc.Augment.from_text(text), pictures(200, (3, 32, 32)), np.arange(200)
    whole = augment.batch(images, order, 1, 2)
    shuffled = np.random.default_rng(3).permutation(200)
    assert np.array_equal(augment.batch(images, shuffled, 1, 2), whole[shuffled])
    assert np.array_equal(augment.batch(images, [77, 77], 1, 2), whole[[77, 77]])
    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(lambda some: augment.batch(images, some, 1, 2), np.array_split(order, 7)))
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize(
    "text", ["crop 5; flip; padding_mode reflect", "crop 5; flip; flip_vertical; cutout 3"]
)
def test_memory_may_lie_in_any_way(text):
    augment, images = pc.Augment.from_text(text), pictures(12, (3, 9, 11))
    wide = np.zeros((12, 3, 9, 12), np.uint8)
    wide[..., 1:] = images
    backed = np.zeros(images.size + 1, np.uint8)[1:].reshape(images.shape)
    backed[:] = images
    floats = np.zeros(images.size * 4 + 1, np.uint8)[1:].view(np.float32).reshape(images.shape)
    floats[:] = images / np.float32(255)
    read_only = images.copy()
    read_only.flags.writeable = False
    expected = augment.batch(images, np.arange(12))
    for array in (wide[..., 1:], np.asfortranarray(images), backed, floats, read_only):
        assert np.array_equal(augment.batch(array, np.arange(12)), expected)
    assert np.array_equal(
        augment.batch(np.repeat(images, 2, axis=0)[1::2], np.arange(12)), expected
    )  # images apart
    assert np.array_equal(
        augment.batch(images[::-1], np.arange(12)), augment.batch(images[::-1].copy(), np.arange(12))
    )
    same = np.broadcast_to(images[:1], images.shape)
    assert np.array_equal(augment.batch(same, np.arange(12)), augment.batch(same.copy(), np.arange(12)))


@pytest.mark.parametrize("dtype", [np.uint16, np.float16, np.float64, ">f4"])
def test_other_types_become_float32_first(dtype):
    augment, images = pc.Augment(crop=2, flip=True), pictures(5, (3, 6, 7)).astype(dtype)
    white = 65535 if dtype == np.uint16 else 1
    expected = augment.batch(images.astype(np.float32) / np.float32(white), [4, 1, 1])
    assert np.array_equal(augment.batch(images, [4, 1, 1]), expected)


class OnDemand(Pictures):
    """Images that are read one by one."""

    def __init__(self, images):
        self.images, self.shape, self.dtype = images, images.shape, images.dtype

    def read(self, chosen):
        return self.images[chosen]

    def take(self, chosen):
        return OnDemand(self.images[chosen])


@pytest.mark.parametrize("text", ["crop 3; flip; cutout 2", "rotate 20; contrast 0.5; mixup 0.3"])
def test_images_that_are_read_on_demand_are_the_same(text):
    augment, images = pc.Augment.from_text(text), pictures(30, (3, 8, 9))
    batch = augment.batch(images, [29, 4, 4], 1, 1)
    assert np.array_equal(augment.batch(OnDemand(images), [29, 4, 4], 1, 1), batch)
    at = (2, 3, 5)
    assert augment.sources(OnDemand(images), 4, at, 1, 1) == augment.sources(images, 4, at, 1, 1)


def test_nan_stays_and_infinity_does():
    images = np.full((1, 1, 3, 4), np.nan, np.float32)
    assert np.isnan(pc.Augment(brightness=1, contrast=1).batch(images, [0])).all()
    assert np.isnan(pc.Augment(rotate=10, padding_mode="reflect").batch(images, [0])).all()


def test_a_batch_goes_where_it_is_told_to():
    images, out = pictures(3, (1, 5, 6)), np.empty((2, 1, 5, 6), np.float32)
    augment = pc.Augment(crop=1, mixup=1)
    assert augment.batch(images, [2, 0], out=out) is out
    assert np.array_equal(out, augment.batch(images, [2, 0]))
    assert augment.batch(images, []).shape == (0, 1, 5, 6)
    assert augment.batch(images, [], out=out[:0]).shape == (0, 1, 5, 6)


def test_mixed_images_have_mixed_targets():
    augment, images = pc.Augment(mixup=0.7), pictures(9, (1, 4, 5))
    labels, indices = np.arange(9) % 4, np.array([8, 3, 0, 3])
    others, shares = mixed(augment, indices, 9, 2, 6)
    targets = augment.targets(labels, indices, 5, 2, 6)
    assert targets.shape == (4, 5)
    assert targets.dtype == np.float32
    for row, index, other, share in zip(targets, indices, others, shares, strict=True):
        expected = np.zeros(5)
        expected[labels[index]] += share
        expected[labels[other]] += 1 - float(share)
        assert np.allclose(row, expected, atol=1e-7)
    unit = images / np.float32(255)
    mixture = unit[others] + shares[:, None, None, None] * (unit[indices] - unit[others])
    assert np.array_equal(augment.batch(images, indices, 2, 6), mixture)
    assert np.array_equal(pc.Augment(crop=1).targets(labels, [3, 2], 4), np.eye(4, dtype=np.float32)[[3, 2]])


def test_kernels_know_the_same_steps_and_the_same_grey():
    for name in ("BRIGHTNESS", "CONTRAST", "SATURATION", "NOTHING"):
        assert getattr(draws, name) == getattr(augment_colour, name)
    assert augment_colour.GREY == definition._GREY
    assert len(Drawn._fields) == 18


X = np.zeros((4, 3, 8, 9), np.uint8)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (
            lambda: pc.Augment(crop=8).batch(X, [0]),
            ShapeError,
            "Augment.batch: images must be larger than crop. Expected height and width above 8. "
            "Got images (4, 3, 8, 9).",
        ),
        (
            lambda: pc.Augment(cutout=8).sources(X, 0, (0, 0, 0)),
            ShapeError,
            "Augment.sources: images must be larger than cutout. Expected height and width above 8. "
            "Got images (4, 3, 8, 9).",
        ),
        (
            lambda: pc.Augment(rotate=1, padding_mode="reflect").batch(X[:, :, :1], [0]),
            ShapeError,
            "Augment.batch: images must have something to reflect. Expected two rows and two columns or more. "
            "Got images (4, 3, 1, 9).",
        ),
        (
            lambda: pc.Augment(contrast=1).batch(X[:, :2], [0]),
            ShapeError,
            "Augment.batch: images must have a grey for contrast and saturation. Expected C=1 or C=3. Got C=2.",
        ),
        (
            lambda: pc.Augment().batch(X[0], [0]),
            DataError,
            "Augment.batch: images must be a dataset's arrays (N,C,H,W) of 8 or 16 bits or floating. "
            "Got uint8 (3, 8, 9).",
        ),
        (
            lambda: pc.Augment().batch(X, [0, 4]),
            ArgumentError,
            "Augment.batch: indices must say which images of the dataset. Expected 0 ≤ index < 4. Got 4.",
        ),
        (
            lambda: pc.Augment().batch(X, [0, -1]),
            ArgumentError,
            "Augment.batch: indices must say which images of the dataset. Expected 0 ≤ index < 4. Got -1.",
        ),
        (
            lambda: pc.Augment().batch(X, [0.5]),
            ArgumentError,
            "Augment.batch: indices must be whole numbers (n,). Got float64 (1,).",
        ),
        (
            lambda: pc.Augment().batch(X, [0], seed=-1),
            ArgumentError,
            "Augment.batch: seed must be a whole number. Expected 0 ≤ seed < 2⁶³. Got seed=-1.",
        ),
        (
            lambda: pc.Augment().batch(X, [0], scale=[1, 2]),
            ShapeError,
            "Augment.batch: scale must be a number, or one for each channel. Expected 3 numbers. Got scale (2,).",
        ),
        (
            lambda: pc.Augment().batch(X, [0], shift=float("nan")),
            ArgumentError,
            "Augment.batch: shift must be finite. Got shift=nan.",
        ),
        (
            lambda: pc.Augment().batch(X, [0], out=np.zeros((1, 3, 8, 9))),
            ShapeError,
            "Augment.batch: out must be memory for the batch. Expected float32 (1, 3, 8, 9) in one piece. "
            "Got float64 (1, 3, 8, 9).",
        ),
        (
            lambda: pc.Augment().targets([0, 5], [0], 5),
            DataError,
            "Augment.targets: labels must be one class per image. Expected whole numbers (N,), 0 ≤ label < 5. "
            "Got labels from 0 to 5.",
        ),
        (
            lambda: pc.Augment().targets([0, 5], [0], 0),
            ArgumentError,
            "Augment.targets: classes must be a whole number. Expected 1 ≤ classes < 2³¹. Got classes=0.",
        ),
        (
            lambda: pc.Augment().sources(X, 0, (0, 8, 0)),
            ArgumentError,
            "Augment.sources: the image has no such pixel. Expected places inside (3, 8, 9). Got at=(0, 8, 0).",
        ),
        (
            lambda: pc.Augment().sources(X, 0, (0, 8)),
            ArgumentError,
            "Augment.sources: a pixel is named by index and at. Expected such as index=5, at=(0, 12, 7). "
            "Got index=0, at=(0, 8).",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(call, kind, said):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == said
