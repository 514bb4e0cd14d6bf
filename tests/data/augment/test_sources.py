"""Every augmented pixel is the sum of the pixels that it names, within its bound, and has the batch's bits."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import pellucid as pc
from pellucid.data.augment.draws import mixed

CASES = [
    ("nothing", 1),
    ("crop 3; flip; cutout 4", 1),
    ("crop 5; flip alternating; flip_vertical; padding_mode reflect", 1),
    ("resized_crop 0.2 1; flip", 4),
    ("rotate 40; translate 2; crop 2", 4),
    ("brightness 0.9; contrast 0.5; saturation 0.7", 3),
    ("resized_crop 0.1 1; rotate 30; flip_vertical", 16),
    ("crop 2; flip; rotate 20; brightness 0.3; contrast 0.3; saturation 0.5; cutout 3; mixup 0.8", 24),
]


@pytest.mark.slow
@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize(("text", "most"), CASES)
def test_sources_add_up(text, most, normalised):
    augment = pc.Augment.from_text(text)
    octets = np.random.default_rng(0).integers(0, 256, (6, 3, 9, 10), dtype=np.uint8)
    factors = {"scale": [4, 3.7, 4.2], "shift": [-2, -1.8, -2.2]} if normalised else {}
    for images in (octets, octets / np.float32(255), octets.astype(np.uint16) * 257):
        batch = augment.batch(images, np.arange(6), 3, 7, **factors)
        for at in list(np.ndindex(3, 9, 10))[::7]:
            made = augment.sources(images, 4, at, 3, 7, **factors)
            assert made.value == batch[(4, *at)]
            parts = (Fraction(term.weight) * Fraction(float(images[term[:4]])) for term in made.terms)
            total = sum(parts, Fraction(made.constant))
            assert abs(total - Fraction(made.value)) <= made.bound < 2e-5
            assert len(made.terms) <= most
            assert all(term.image == 4 or augment.mixup for term in made.terms)


def test_a_copied_float_is_exact():
    images = np.random.default_rng(0).random((2, 1, 5, 6), np.float32)
    made = pc.Augment(crop=1, flip=True).sources(images, 1, (0, 2, 3), 0, 0)
    (term,) = made.terms
    assert (term.weight, made.constant, made.bound) == (1, 0, 0)
    assert made.value == images[term[:4]]


def test_what_lies_beside_the_image_and_in_the_square_is_a_constant():
    images = np.full((1, 3, 4, 5), 200, np.uint8)
    pixels = [
        pc.Augment(crop=3).sources(images, 0, (0, 0, x), 0, e, shift=0.5) for x in range(5) for e in range(9)
    ]
    beside = [pixel for pixel in pixels if not pixel.terms]
    assert beside
    assert {(pixel.constant, pixel.value) for pixel in beside} == {(0.5, 0.5)}
    pixels = [
        pc.Augment(cutout=3).sources(images, 0, (0, 0, x), 0, e, shift=0.5)
        for x in range(5)
        for e in range(9)
    ]
    inside = [pixel for pixel in pixels if not pixel.terms]
    assert inside
    assert {(pixel.constant, pixel.value, pixel.bound) for pixel in inside} == {(0, 0, 0)}


def test_a_limited_pixel_names_its_source_without_a_weight():
    images = np.full((1, 1, 2, 2), 250, np.uint8)
    made = [pc.Augment(brightness=1).sources(images, 0, (0, 1, 1), 0, epoch) for epoch in range(9)]
    limited = [pixel for pixel in made if pixel.value == 1]
    assert limited
    for pixel in limited:
        assert [tuple(term) for term in pixel.terms] == [(0, 0, 1, 1, 0)]
        assert pixel.constant == 1


def test_a_mixture_names_both_images():
    augment, images = pc.Augment(mixup=1), np.full((50, 1, 3, 3), 51, np.uint8)
    others, shares = mixed(augment, np.array([7]), 50, 0, 4)
    made = augment.sources(images, 7, (0, 1, 2), 0, 4)
    weights = {term.image: 255 * term.weight for term in made.terms}
    assert weights.keys() == {7, int(others[0])}
    assert abs(weights[7] - shares[0]) < 1e-12
    assert abs(sum(weights.values()) - 1) < 1e-12
