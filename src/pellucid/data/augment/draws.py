"""What is drawn for an image: whole numbers of a stream of its own, and what is made of them.

The stream is (seed, `Purpose.AUGMENT`, at: the epoch, place: which kind of change), and image i of the dataset has
blocks 16·i to 16·i + 15 of it. So no draw depends on the batch, on the order, or on which other changes there are.
"""

from __future__ import annotations

from enum import IntEnum
from itertools import permutations
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.data.augment.angles import cosine_and_sine
from pellucid.data.augment.settings import Settings
from pellucid.functions import arrays
from pellucid.philox import Purpose, Stream

Whole: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Shares: TypeAlias = NDArray[np.float32]
_BLOCKS = 16  # of an image
_ATTEMPTS = 10  # at a part of an image, as in torchvision
BRIGHTNESS, CONTRAST, SATURATION, NOTHING = range(4)  # steps, as `kernels/loops/augment_colour.py` has them
_MOST = np.float32(1 - 2.0**-24)  # of a share, so that no mixture lies beside the two


class Place(IntEnum):
    """The kinds of change; a value decides the numbers, so it stays what it is."""

    CROP = 0
    RESIZED_CROP = 1
    FLIP = 2
    FLIP_VERTICAL = 3
    ROTATE = 4
    TRANSLATE = 5
    CUTOUT = 6
    COLOURS = 7
    MIXUP = 8


class Drawn(NamedTuple):
    """Of each image what is done with it.

    The part that is seen begins at (top, left), which may lie beside the image, and has this height and width. Cosine
    and sine are those of its angle, counter-clockwise; then it moves down and across, in pixels. Factors of colours,
    and their order: two bits for each step. The rectangle that is cut out ends before bottom and right.
    """

    top: Whole
    left: Whole
    height: Whole
    width: Whole
    mirrored: Whole
    upside_down: Whole
    cosine: Floats
    sine: Floats
    down: Floats
    across: Floats
    order: Whole
    brightness: Shares
    contrast: Shares
    saturation: Shares
    cut_top: Whole
    cut_bottom: Whole
    cut_left: Whole
    cut_right: Whole


def drawn(settings: Settings, indices: Whole, shape: tuple[int, ...], seed: int, epoch: int) -> Drawn:
    """What is done with these images of a dataset whose images have this shape (C,H,W).

    Example:
        >>> drawn(Settings(crop=4), np.array([0, 1, 2]), (3, 32, 32), seed=0, epoch=0).left.tolist()
        [0, -4, 2]
    """
    channels, height, width = shape
    draw, result = _Draws(settings, indices, seed, epoch), _unchanged(len(indices), height, width)
    if settings.resized_crop:
        top, left, tall, wide = _parts(settings, indices, shape, seed, epoch)
        result = result._replace(top=top, left=left, height=tall, width=wide)
    if settings.crop:
        y, x, *_ = draw.words(Place.CROP)
        top, left = (_below(word, 2 * settings.crop + 1) - settings.crop for word in (y, x))
        result = result._replace(top=top, left=left)
    if settings.flip:
        mirrored = draw.words(Place.FLIP)[0] >> 31
        later = epoch & 1 if settings.flip == "alternating" else 0
        result = result._replace(mirrored=mirrored ^ later)
    if settings.flip_vertical:
        result = result._replace(upside_down=draw.words(Place.FLIP_VERTICAL)[0] >> 31)
    if settings.rotate:
        turns = _around_0(draw.words(Place.ROTATE)[0]) * settings.rotate / 360
        cosine, sine = cosine_and_sine(turns)
        result = result._replace(cosine=cosine, sine=sine)
    if settings.translate:
        y, x, *_ = draw.words(Place.TRANSLATE)
        down, across = (_around_0(word) * settings.translate for word in (y, x))
        result = result._replace(down=down, across=across)
    if settings.colours:
        result = _colours(settings, draw.words(Place.COLOURS), result, channels)
    if settings.cutout:
        y, x, *_ = draw.words(Place.CUTOUT)
        (top, bottom), (left, right) = (
            _span(settings.cutout, word, size) for word, size in ((y, height), (x, width))
        )
        result = result._replace(cut_top=top, cut_bottom=bottom, cut_left=left, cut_right=right)
    return result


def _unchanged(count: int, height: int, width: int) -> Drawn:
    """So many images as they are."""
    none, plain, factor = np.zeros(count, np.int64), np.zeros(count), np.ones(count, np.float32)
    part, turn = (none, none, none + height, none + width, none, none), (plain + 1, plain, plain, plain)
    return Drawn(*part, *turn, none, factor, factor, factor, none, none, none, none)


def mixed(settings: Settings, indices: Whole, size: int, seed: int, epoch: int) -> tuple[Whole, Shares]:
    """With which image of a dataset of this size each is mixed, and its own share λ, drawn from Beta(α,α).

    With u and v uniform in (0,1) and R² = u^(−1/α) − 1, λ = ½ + ½·R·cos 2πv/√(1 + R²·cos² 2πv).
    Source: Devroye, Random variate generation in one line of code, 1996: that of a symmetric beta, from Bailey's t.
    """
    high, low, angle, other = _Draws(settings, indices, seed, epoch).words(Place.MIXUP)
    u = ((high << 21 | low >> 11) + 0.5) * 2.0**-53
    cosine, _ = cosine_and_sine((angle + 0.5) * 2.0**-32)
    with np.errstate(all="ignore"):
        square = arrays.expm1(arrays.log(u, 64) / -settings.mixup) * (cosine * cosine)
        share = 0.5 + np.copysign(0.5, cosine) / np.sqrt(1.0 + 1.0 / square)
    return _below(other, size), np.minimum(share.astype(np.float32), _MOST)


class _Draws:
    """The first block of each kind of change that the settings have."""

    def __init__(self, settings: Settings, indices: Whole, seed: int, epoch: int) -> None:
        used = {
            Place.CROP: settings.crop,
            Place.FLIP: settings.flip,
            Place.FLIP_VERTICAL: settings.flip_vertical,
            Place.ROTATE: settings.rotate,
            Place.TRANSLATE: settings.translate,
            Place.CUTOUT: settings.cutout,
            Place.COLOURS: settings.colours,
            Place.MIXUP: settings.mixup,
        }
        places = [place for place, value in used.items() if value]
        alternating = settings.flip == "alternating"  # what is drawn once is drawn for epoch 0
        times = [0 if place == Place.FLIP and alternating else epoch for place in places]
        streams = [Stream(seed, Purpose.AUGMENT, *when) for when in zip(times, places, strict=True)]
        self._words: dict[Place, Whole] = dict(
            zip(places, _first_words(streams, indices * _BLOCKS), strict=True)
        )

    def words(self, place: Place) -> Whole:
        """Four words of each image, (4,N)."""
        return self._words[place]


def _first_words(streams: list[Stream], blocks: Whole) -> Whole:
    """The four words of these blocks of streams of one seed."""
    words = np.empty((len(streams), 4, len(blocks)), np.int64)
    if words.size:
        from pellucid.kernels.loops.draws import Draws, draws  # imports LLVM: only when it is needed
        from pellucid.kernels.table import fill

        at = np.array([stream.at for stream in streams])
        last = np.array([stream.last_word for stream in streams])
        blocks = np.ascontiguousarray(blocks)
        filled = fill(Draws(streams[0].seed, len(streams), at, last, len(blocks), blocks, words))
        draws.callable(32)(filled.address, 0, 0)
    return words


def _parts(settings: Settings, indices: Whole, shape: tuple[int, ...], seed: int, epoch: int) -> Whole:
    """Top, left, height and width of a part of each image, by a share of its area and a ratio of its sides.

    After ten attempts that do not fit it is the largest part in the middle.
    """
    assert settings.resized_crop is not None
    stream = Stream(seed, Purpose.AUGMENT, epoch, Place.RESIZED_CROP)
    (least, most), (low, high) = settings.resized_crop, arrays.log(np.array(settings.ratio), 64)
    _, height, width = shape
    parts = np.repeat(np.array(_middle(height, width, *settings.ratio))[:, None], len(indices), axis=1)
    left = np.arange(len(indices))
    for attempt in range(_ATTEMPTS):
        size, sides, y, x = _first_words([stream], indices[left] * _BLOCKS + attempt)[0]
        area = height * width * (least + _share(size) * (most - least))
        ratio = arrays.exp(low + _share(sides) * (high - low))
        wide, tall = (np.rint(np.sqrt(side)).astype(np.int64) for side in (area * ratio, area / ratio))
        fits = (wide > 0) & (wide <= width) & (tall > 0) & (tall <= height)
        found = _below(y, height - tall + 1), _below(x, width - wide + 1), tall, wide
        parts[:, left[fits]] = np.array(found)[:, fits]
        left = left[~fits]
        if not left.size:
            break
    return parts


def _middle(height: int, width: int, low: float, high: float) -> tuple[int, int, int, int]:
    """The largest part around the middle whose ratio is allowed."""
    wide = min(width, max(1, round(height * high)))
    tall = min(height, max(1, round(width / low)))
    return (height - tall) // 2, (width - wide) // 2, tall, wide


def _colours(settings: Settings, words: Whole, result: Drawn, channels: int) -> Drawn:
    """The order of steps, and the factors; one channel has no saturation."""
    *factors, order = words
    ranges = settings.brightness, settings.contrast, settings.saturation if channels == 3 else 0.0
    orders = [
        sum((step if ranges[step] else NOTHING) << 2 * i for i, step in enumerate(steps))
        for steps in permutations((BRIGHTNESS, CONTRAST, SATURATION))
    ]
    brightness, contrast, saturation = (
        (max(0.0, 1 - most) + _share(word) * (1 + most - max(0.0, 1 - most))).astype(np.float32)
        for most, word in zip(ranges, factors, strict=True)
    )
    chosen = np.array(orders)[_below(order, len(orders))]
    return result._replace(order=chosen, brightness=brightness, contrast=contrast, saturation=saturation)


def _span(length: int, word: Whole, size: int) -> tuple[Whole, Whole]:
    """So many pixels around one of `size`, those that are inside."""
    first = _below(word, size) - length // 2
    return np.maximum(first, 0), np.minimum(first + length, size)


def _below(word: Whole, count: int | Whole) -> Whole:
    """A whole number below `count`, which is less than 2³¹."""
    return word * count >> 32


def _share(word: Whole) -> Floats:
    """A multiple of 2⁻³² from 0 to below 1."""
    return word.astype(np.float64) * 2.0**-32


def _around_0(word: Whole) -> Floats:
    """A multiple of 2⁻³¹ from −1 to below 1."""
    return word.astype(np.float64) * 2.0**-31 - 1.0
