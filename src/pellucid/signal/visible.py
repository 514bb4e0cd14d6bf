"""Filters beside transparency: a colour counts as much as it is seen, as where pictures are laid over each other.

A kernel is a difference of two sums of products, k = p − m, p and m ≥ 0. Each of them averages colours by what is seen:

    output = Σp·average(p) − Σm·average(m),   average(p) = Σ_i p_i·alpha_i·colour_i / Σ_i p_i·alpha_i

With m = 0, a blur, that is: multiply colours by alpha, filter, divide by alpha, filtered alike. Where all is opaque, it
is the kernel's plain sum. Where nothing is seen of what p would average, the pixel's own colour is its average, so
that colours that nobody sees never reach a pixel that somebody sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Array
from pellucid.signal.kernels import Kernel
from pellucid.signal.passes import passes_of
from pellucid.signal.stencil import slide

_AT_ONCE = 2**18  # numbers in float64
_NOTHING = 1e-13  # of a kernel's weight: what is seen less is rounding


def weigh_by_alpha(
    output: Array, image: Array, kernels: Sequence[Kernel], before: Sequence[int], border: str, opaque: float
) -> None:
    """Put colours as they are seen in place of a kernel's plain sums, where the kernel meets transparency.

    Args:
        output: the plain sums (H,W,C) of the image's type; its alpha is left alone.
        image: (H,W,2) or (H,W,4), the last channel alpha.
        kernels: one, or two for √(x² + y²).
        before: how many rows and columns of a kernel lie before its middle.
        border: what lies around, in `numpy.pad`'s words; where that is 0, it is black and opaque.
        opaque: the alpha of what is wholly seen; of whole numbers, white as well.
    """
    for top, band in _bands(image, kernels[0].shape, before, border, opaque):
        results = [_averaged(band.copy(), kernel, before) for kernel in kernels]
        colours = np.hypot(*results) if len(results) == 2 else results[0]
        if output.dtype.kind == "u":
            colours = np.rint(colours, out=colours).clip(0, opaque, out=colours)
        met = _windows_any(band[..., -1] != opaque, kernels[0].shape)
        np.copyto(output[top : top + len(colours), :, :-1], colours, "unsafe", where=met[..., None])


def _bands(
    image: Array, size: tuple[int, ...], before: Sequence[int], border: str, opaque: float
) -> Iterator[tuple[int, Array]]:
    """Where some rows begin, and all that the kernel meets from there, unless all of it is opaque."""
    outside = {"constant_values": -1} if border == "constant" else {}
    rows, columns = (
        np.pad(np.arange(n), (b, k - 1 - b), border, **outside)  # type: ignore[call-overload]
        for n, k, b in zip(image.shape[:2], size, before, strict=True)
    )
    transparent = (image[..., -1] != opaque).any(axis=1)
    together = max(size[0], _AT_ONCE // (len(columns) * image.shape[2]))
    for top in range(0, len(image), together):
        met = rows[top : top + together + size[0] - 1]
        if not transparent[met[met >= 0]].any():
            continue
        band = image[np.ix_(met, columns)].astype(np.float64)
        band[met < 0] = band[:, columns < 0] = [0] * (image.shape[2] - 1) + [opaque]
        yield top, band


def _windows_any(marked: NDArray[np.bool_], size: tuple[int, ...]) -> NDArray[np.bool_]:
    """Whether each window holds a marked pixel."""
    height, width = size
    counts = np.pad(marked, ((1, 0), (1, 0))).cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
    rows = counts[height:] - counts[:-height]
    found: NDArray[np.bool_] = rows[:, width:] - rows[:, :-width] > 0
    return found


def _averaged(band: Array, kernel: Kernel, before: Sequence[int]) -> Array:
    """The colours of a band's inside; the band is used up."""
    (height, width), (top, left) = (
        (n - k + 1 for n, k in zip(band.shape[:2], kernel.shape, strict=True)),
        before,
    )
    inside = np.s_[top : top + height, left : left + width]
    own = band[inside][..., :-1].copy()
    alpha = np.fmax(band[..., -1:], 0, out=band[..., -1:])
    np.copyto(band[..., :-1], 0, where=alpha == 0)  # what nobody sees may be infinite
    band[..., :-1] *= alpha
    most, output = alpha.max(), np.zeros(own.shape)
    for sign in (1, -1):
        part = np.maximum(sign * kernel, 0)
        weight = part.sum()
        if weight == 0:
            continue
        sums = slide(band, [part], before, "constant", passes_of([part], band.dtype))[inside]
        visible = sums[..., -1:] > _NOTHING * weight * most
        average = np.divide(sums[..., :-1], sums[..., -1:], out=own.copy(), where=visible)
        output += sign * weight * average
    return output
