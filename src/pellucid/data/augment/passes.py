"""Augmented images by compiled loops: crop and flip, then what interpolates, colours, scale and cut, each one pass.

Without interpolation and colours a batch is one pass. Else some images at a time go through all of them, so many that
what lies between two passes stays in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.data.augment.draws import Drawn
from pellucid.data.augment.images import Images
from pellucid.data.augment.settings import Settings
from pellucid.kernels.jit import Kernel
from pellucid.kernels.loops import augment_colour, augment_copy, augment_warp
from pellucid.kernels.loops.augment_copy import Cuts, Layout, Parts, Pixels, Sizes
from pellucid.kernels.loops.augment_warp import BORDER, Room
from pellucid.kernels.progress import progress
from pellucid.kernels.table import fill
from pellucid.sizes import size_of

Floats = NDArray[np.float32]
_AT_ONCE = 1 << 17  # numbers of an array between passes


def augmented(
    settings: Settings, images: Images, drawn: Drawn, scale: Floats, shift: Floats, out: Floats
) -> None:
    """Write the augmented images (n,C,H,W) to `out`."""
    if not (settings.resized_crop or settings.warps or settings.colours):
        cuts, place = _cuts(settings, drawn), _side_by_side(images.shape)
        _crop(settings, images, drawn, scale, shift, cuts, out, place)
    else:
        step = min(len(out), max(1, _AT_ONCE // size_of(images.shape)))
        framed = _framed(images.shape)
        frames = [np.zeros(step * framed.image + framed.row, np.float32) for _ in range(2)]  # borders stay 0
        for start in range(0, len(out), max(1, step)):
            some = slice(start, start + step)
            wanted = images._replace(places=images.places[some])
            part = Drawn._make(numbers[some] for numbers in drawn)
            _in_passes(settings, wanted, part, scale, shift, frames, out[some])
    progress.close()


def _in_passes(
    settings: Settings,
    images: Images,
    drawn: Drawn,
    scale: Floats,
    shift: Floats,
    frames: list[Floats],
    out: Floats,
) -> None:
    """One pass after the other over few images."""
    place, framed, ones = _side_by_side(images.shape), _framed(images.shape), np.ones_like(scale)
    first, second = frames
    seen, interpolates = drawn, settings.resized_crop or settings.warps
    if settings.resized_crop:
        none = np.zeros_like(drawn.top)
        seen = drawn._replace(top=none, left=none, mirrored=none, upside_down=none)
    target, layout = (first, framed) if interpolates else (out, place)
    _crop(settings, images, seen, ones, ones - 1, _cuts(Settings(), drawn), target, layout)
    if settings.resized_crop:
        target, layout = (second, framed) if settings.warps else (out, place)
        _stretch(images, drawn, first, framed, target, layout)
    if settings.warps:
        _turn(settings, images, drawn, target, framed, out, place)
    if settings.colours:
        _colour(images, drawn, out)
    out *= scale[:, None, None]
    out += shift[:, None, None]
    if settings.cutout:
        table = augment_copy.Cut(len(out), Sizes(*images.shape), _cuts(settings, drawn), out, place)
        _run(augment_copy.cut, table)


def _crop(
    settings: Settings,
    images: Images,
    drawn: Drawn,
    scale: Floats,
    shift: Floats,
    cuts: Cuts,
    out: Floats,
    layout: Layout,
) -> None:
    eight_bits = images.array.dtype == np.uint8
    octets, numbers = (images.array, None) if eight_bits else (None, images.array)
    pixels = Pixels(octets, numbers, int(eight_bits), images.apart, images.size, images.places)
    reflect = int(settings.padding_mode == "reflect")
    table = augment_copy.Crop(
        len(images.places),
        Sizes(*images.shape),
        pixels,
        _parts(drawn),
        reflect,
        scale,
        shift,
        cuts,
        out,
        layout,
    )
    _run(augment_copy.crop, table)


def _stretch(
    images: Images, drawn: Drawn, frames: Floats, lying: Layout, out: Floats, layout: Layout
) -> None:
    table = augment_warp.Stretch(
        len(images.places),
        Sizes(*images.shape),
        _parts(drawn),
        drawn.height,
        drawn.width,
        _room(images.shape),
        frames,
        lying,
        out,
        layout,
    )
    _run(augment_warp.stretch, table)


def _turn(
    settings: Settings,
    images: Images,
    drawn: Drawn,
    frames: Floats,
    lying: Layout,
    out: Floats,
    layout: Layout,
) -> None:
    table = augment_warp.Turn(
        len(images.places),
        Sizes(*images.shape),
        drawn.cosine,
        drawn.sine,
        drawn.down,
        drawn.across,
        int(settings.padding_mode == "reflect"),
        _room(images.shape),
        frames,
        lying,
        out,
        layout,
    )
    _run(augment_warp.turn, table)


def _colour(images: Images, drawn: Drawn, out: Floats) -> None:
    channels, height, width = images.shape
    factors = drawn.brightness, drawn.contrast, drawn.saturation
    grey, lanes = np.empty(height * width, np.float32), np.empty(16)
    table = augment_colour.Colour(len(out), channels, height * width, drawn.order, *factors, grey, lanes, out)
    _run(augment_colour.colour, table)


def _parts(drawn: Drawn) -> Parts:
    return Parts(drawn.top, drawn.left, drawn.mirrored, drawn.upside_down)


def _cuts(settings: Settings, drawn: Drawn) -> Cuts:
    used = bool(settings.cutout)
    return Cuts(int(used), drawn.cut_top, drawn.cut_bottom, drawn.cut_left, drawn.cut_right)


def _room(shape: tuple[int, ...]) -> Room:
    _, height, width = shape
    rows, neighbours = np.empty(height * width, np.float32), np.empty(2 * width, np.int64)
    return Room(rows, neighbours, np.empty(2 * width, np.float32))


def _side_by_side(shape: tuple[int, ...]) -> Layout:
    """Images without anything between them."""
    _, height, width = shape
    return Layout(0, size_of(shape), height * width, width)


def _framed(shape: tuple[int, ...]) -> Layout:
    """Images with a row and a column of zeros before each channel, and two behind."""
    channels, height, width = shape
    row, rows = width + BORDER, height + BORDER
    return Layout(row + 1, channels * rows * row, rows * row, row)


def _run(kernel: Kernel, table: Any) -> None:
    filled = fill(table)
    kernel.callable(32)(filled.address, 0, 0)
