"""What augmentation is, step by step on one image in NumPy; the compiled loops do the same and have the same bits.

All numbers are float32, and every operation is rounded. Where between neighbours a pixel is read is float64:

    crop       image[y + top, x + left];   what lies beside the image is 0, or is reflected without repeating the edge
    stretch    pixel y of H is read at max((y + ½)·h/H − ½, 0) of a part of height h, as F.interpolate reads it
    turn       pixel (x,y), around the middle, is read at u·cos − v·sin, u·sin + v·cos; u = x − across, v = y − down
    between    a + share·(b − a): first along x, then along y
    colours    x·f for brightness; x·f + (1 − f)·m for contrast, m the mean grey; x·f + (1 − f)·grey for saturation,
               grey = 0.2989·red + 0.587·green + 0.114·blue; each then limited to 0 … 1
    scale      x·scale + shift, channel by channel
    cut        0 in a rectangle
    mix        other + share·(image − other)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pellucid.data.augment.draws import BRIGHTNESS, CONTRAST, NOTHING, SATURATION, Drawn
from pellucid.data.augment.settings import Settings
from pellucid.data.preprocessing import as_float
from pellucid.functions.sums import total

Image = NDArray[np.float32]  # (C,H,W)
_GREY = tuple(np.float32(weight) for weight in (0.2989, 0.587, 0.114))


class Neighbours(NamedTuple):
    """For pixels along an axis, or of a plane: the two between which each is read, and the share of the second."""

    near: NDArray[np.int64]
    far: NDArray[np.int64]
    share: NDArray[np.float32]


class Step(NamedTuple):
    """A step of colours: which, its factor, what contrast adds, and the image after it."""

    kind: int
    factor: np.float32
    rest: np.float32
    image: Image


def rows_and_columns(settings: Settings, one: Drawn, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Which row of an image is seen in which row, and which column; −1 where none is."""
    reflect = settings.padding_mode == "reflect"
    rows = _seen(int(one.top[0]), shape[1], bool(one.upside_down[0]), reflect)
    return rows, _seen(int(one.left[0]), shape[2], bool(one.mirrored[0]), reflect)


def _seen(first: int, size: int, reverse: bool, reflect: bool) -> NDArray[np.int64]:
    places = np.arange(size)[::-1] if reverse else np.arange(size)
    places = places + first
    if reflect:
        places = np.abs(places)
        return np.where(places < size, places, 2 * (size - 1) - places)
    return np.where((places >= 0) & (places < size), places, -1)


def crop(image: Image, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Image:
    """The rows and columns that are seen."""
    inside = (rows >= 0)[:, None] & (columns >= 0)
    found: Image = np.where(inside, image[:, rows[:, None], columns], np.float32(0))
    return found


def stretched(first: int, size: int, whole: int, reverse: bool) -> Neighbours:
    """Neighbours along an axis, of which `size` pixels from `first` on become `whole`."""
    at = np.maximum((np.arange(whole) + 0.5) * (size / whole) - 0.5, 0.0)
    near = at.astype(np.int64)
    found = first + near, first + np.minimum(near + 1, size - 1), (at - near).astype(np.float32)
    return Neighbours(*(x[::-1] if reverse else x for x in found))


def axes(one: Drawn, shape: tuple[int, ...]) -> tuple[Neighbours, Neighbours]:
    """Neighbours along H and along W of the part that is stretched."""
    down = stretched(int(one.top[0]), int(one.height[0]), shape[1], bool(one.upside_down[0]))
    return down, stretched(int(one.left[0]), int(one.width[0]), shape[2], bool(one.mirrored[0]))


def stretch(image: Image, down: Neighbours, along: Neighbours) -> Image:
    """A part of the image, as large as the whole."""
    rows: Image = between(image[:, :, along.near], image[:, :, along.far], along.share)
    found: Image = between(rows[:, down.near], rows[:, down.far], down.share[:, None])
    return found


def turned(settings: Settings, one: Drawn, shape: tuple[int, ...]) -> tuple[Neighbours, Neighbours]:
    """For each pixel (H,W) its neighbours along H and along W; one or two beyond the image there are zeros."""
    _, height, width = shape
    v = np.arange(height)[:, None] - (height - 1) / 2 - one.down[0]
    u = np.arange(width) - (width - 1) / 2 - one.across[0]
    cosine, sine = one.cosine[0], one.sine[0]
    reflect = settings.padding_mode == "reflect"
    top = _inside(u * sine + v * cosine + (height - 1) / 2, height, reflect)
    left = _inside(u * cosine - v * sine + (width - 1) / 2, width, reflect)
    return _around(top), _around(left)


def _inside(at: NDArray[np.float64], size: int, reflect: bool) -> NDArray[np.float64]:
    if not reflect:
        return np.clip(at, -1.0, size)
    period, at = 2.0 * (size - 1), np.abs(at)
    at = at - period * np.floor(at / period)
    return np.where(at <= size - 1, at, period - at)


def _around(at: NDArray[np.float64]) -> Neighbours:
    near = np.floor(at).astype(np.int64)
    return Neighbours(near, near + 1, (at - near).astype(np.float32))


def turn(image: Image, down: Neighbours, along: Neighbours) -> Image:
    """Each pixel from its neighbours."""
    frame = np.pad(image, ((0, 0), (1, 2), (1, 2)))
    upper, lower = (
        between(frame[:, y + 1, along.near + 1], frame[:, y + 1, along.far + 1], along.share)
        for y in (down.near, down.far)
    )
    found: Image = between(upper, lower, down.share)
    return found


def between(a: Any, b: Any, share: Any) -> Any:
    """a + share·(b − a)."""
    return a + share * (b - a)


def colours(image: Image, one: Drawn) -> Iterator[Step]:
    """The steps, in the image's order."""
    factors = {BRIGHTNESS: one.brightness, CONTRAST: one.contrast, SATURATION: one.saturation}
    for place in range(3):
        kind = int(one.order[0]) >> 2 * place & 3
        if kind == NOTHING:
            continue
        factor, rest, added = factors[kind][0], np.float32(0), np.float32(0)
        if kind == CONTRAST:
            mean = np.float32(total(grey(image).astype(np.float64)) / image[0].size)
            added = rest = (np.float32(1) - factor) * mean
        elif kind == SATURATION:
            added = (np.float32(1) - factor) * grey(image)
        image = np.clip(image * factor + added, np.float32(0), np.float32(1))
        yield Step(kind, factor, rest, image)


def grey(channels: Any) -> Any:
    """The grey of one channel or of three."""
    if len(channels) == 1:
        return channels[0]
    red, green, blue = channels
    return red * _GREY[0] + green * _GREY[1] + blue * _GREY[2]


def image(
    settings: Settings,
    pixels: NDArray[Any],
    one: Drawn,
    scale: NDArray[np.float32],
    shift: NDArray[np.float32],
) -> Image:
    """One augmented image (C,H,W), without what it is mixed with; of `Drawn` the first counts.

    Example:
        >>> from pellucid.data.augment.draws import drawn
        >>> settings, pixels = Settings(crop=1, flip=True), np.arange(0, 180, 20, np.uint8).reshape(1, 3, 3)
        >>> one = drawn(settings, np.array([4]), pixels.shape, seed=0, epoch=0)
        >>> (image(settings, pixels, one, np.ones(1, np.float32), np.zeros(1, np.float32)) * 255).round()
        array([[[  0.,   0.,  20.],
            [  0.,  60.,  80.],
            [  0., 120., 140.]]], dtype=float32)
    """
    shape, result = pixels.shape, as_float(pixels)
    if settings.resized_crop:
        result = stretch(result, *axes(one, shape))
    else:
        result = crop(result, *rows_and_columns(settings, one, shape))
    if settings.warps:
        result = turn(result, *turned(settings, one, shape))
    if settings.colours:
        for step in colours(result, one):
            result = step.image
    result = result * scale[:, None, None] + shift[:, None, None]
    if settings.cutout:
        result[:, one.cut_top[0] : one.cut_bottom[0], one.cut_left[0] : one.cut_right[0]] = 0
    return result
