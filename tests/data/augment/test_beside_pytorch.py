"""Each change beside PyTorch's: F.pad, F.interpolate, F.grid_sample, and torchvision's formulas of colours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import pellucid as pc
from pellucid.data.augment import definition
from pellucid.data.augment.draws import drawn

IMAGES = np.random.default_rng(0).random((30, 3, 11, 14), np.float32)
MANY = np.arange(len(IMAGES))


def changed(**settings):
    """An augmented batch, and what was drawn for it, image by image."""
    augment = pc.Augment(**settings)
    columns = drawn(augment, MANY, IMAGES.shape[1:], 9, 4)
    rows = [columns._make(column[i].item() for column in columns) for i in MANY]
    return torch.from_numpy(augment.batch(IMAGES, MANY, 9, 4)), rows


def flipped(image, one):
    return image.flip([axis for axis, done in ((-1, one.mirrored), (-2, one.upside_down)) if done])


@pytest.mark.parametrize(("padding_mode", "mode"), [("zeros", "constant"), ("reflect", "reflect")])
def test_crops(padding_mode, mode):
    batch, rows = changed(crop=4, flip=True, flip_vertical=True, padding_mode=padding_mode)
    for image, found, one in zip(torch.from_numpy(IMAGES), batch, rows, strict=True):
        padded = F.pad(image, (4, 4, 4, 4), mode)
        part = padded[:, 4 + one.top : 15 + one.top, 4 + one.left : 18 + one.left]
        assert torch.equal(found, flipped(part, one))


@pytest.mark.slow
def test_stretched_parts():
    batch, rows = changed(resized_crop=(0.1, 0.9), flip=True, flip_vertical=True)
    for image, found, one in zip(torch.from_numpy(IMAGES), batch, rows, strict=True):
        part = image[None, :, one.top : one.top + one.height, one.left : one.left + one.width]
        stretched = F.interpolate(part, (11, 14), mode="bilinear", align_corners=False)[0]
        torch.testing.assert_close(found, flipped(stretched, one), atol=2e-6, rtol=0)


@pytest.mark.parametrize(("padding_mode", "mode"), [("zeros", "zeros"), ("reflect", "reflection")])
@pytest.mark.parametrize("rotate", [0, 25, 180])
def test_turns_and_shifts(rotate, padding_mode, mode):
    batch, rows = changed(rotate=rotate, translate=3.5, padding_mode=padding_mode)
    y, x = torch.meshgrid(
        torch.arange(11.0, dtype=torch.double), torch.arange(14.0, dtype=torch.double), indexing="ij"
    )
    for image, found, one in zip(torch.from_numpy(IMAGES), batch, rows, strict=True):
        u, v = x - 6.5 - one.across, y - 5 - one.down
        at_x, at_y = u * one.cosine - v * one.sine, u * one.sine + v * one.cosine
        grid = torch.stack([at_x / 6.5, at_y / 5], -1)[None]
        expected = F.grid_sample(image[None].double(), grid, "bilinear", mode, align_corners=True)[0]
        torch.testing.assert_close(found.double(), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("quarters", [-1, 1, 2])
def test_angles_are_counter_clockwise(quarters):
    settings, square = pc.Augment(rotate=180), IMAGES[0, :, :11, :11]
    one = drawn(settings, np.array([0]), square.shape, 0, 0)
    cosine, sine = {-1: (0.0, -1.0), 1: (0.0, 1.0), 2: (-1.0, 0.0)}[quarters]
    one = one._replace(cosine=np.array([cosine]), sine=np.array([sine]))
    found = definition.turn(square, *definition.turned(settings, one, square.shape))
    assert np.array_equal(found, np.rot90(square, quarters, axes=(1, 2)))


def blended(image, other, factor):
    """As torchvision.transforms._functional_tensor._blend, for floats."""
    return (factor * image + (1.0 - factor) * other).clamp(0, 1)


def grey(image):
    red, green, blue = image
    return (0.2989 * red + 0.587 * green + 0.114 * blue)[None]


def test_colours():
    batch, rows = changed(brightness=0.6, contrast=0.7, saturation=0.8)
    steps = [
        lambda image, one: blended(image, torch.zeros_like(image), one.brightness),
        lambda image, one: blended(image, grey(image).mean(), one.contrast),
        lambda image, one: blended(image, grey(image), one.saturation),
    ]
    for image, found, one in zip(torch.from_numpy(IMAGES), batch, rows, strict=True):
        for place in range(3):
            image = steps[one.order >> 2 * place & 3](image, one)
        torch.testing.assert_close(found, image, atol=1e-6, rtol=0)


def test_squares():
    batch, rows = changed(cutout=5)
    for image, found, one in zip(torch.from_numpy(IMAGES.copy()), batch, rows, strict=True):
        image[:, one.cut_top : one.cut_bottom, one.cut_left : one.cut_right] = 0
        assert torch.equal(found, image)


def test_normalisation():
    mean, std = torch.tensor([0.49, 0.48, 0.45]), torch.tensor([0.25, 0.24, 0.26])
    octets = (IMAGES * 255).astype(np.uint8)
    found = pc.Augment().batch(octets, MANY, scale=(1 / std).numpy(), shift=(-mean / std).numpy())
    expected = (torch.from_numpy(octets) / 255 - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(torch.from_numpy(found), expected, atol=1e-6, rtol=0)
