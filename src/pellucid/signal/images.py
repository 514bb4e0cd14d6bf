"""Filters for images: a kernel slid over every colour, in as few passes as it allows.

    output[y,x,c] = Σ_{ky,kx} image[y + ky − Kh//2, x + kx − Kw//2, c]·kernel[ky,kx]

A kernel of rank r is a sum of r products of a column and a row, and each of these needs Kh + Kw products for a pixel
instead of Kh·Kw: Gaussian, box, Sobel and their like have rank 1, unsharp 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid.errors import ArgumentError, ShapeError
from pellucid.functional._call import as_array
from pellucid.ops.base import Array
from pellucid.ops.checks import choice, number
from pellucid.signal.kernels import Kernel, kernel_of, named_kernels

Factors: TypeAlias = Sequence[tuple[Kernel, Kernel]]  # columns and rows whose products add up to a kernel

_WHERE = "filter_image"
_BORDERS: dict[str, Any] = {
    "reflect": "symmetric",
    "replicate": "edge",
    "zero": "constant",
    "wrap": "wrap",
}  # NumPy's words
BORDERS = tuple(_BORDERS)
_BLOCK = 2**15  # numbers worked on at a time, so that they stay in the cache


def filter_image(
    image: ArrayLike,
    kernel: str | ArrayLike,
    border: str = "reflect",
    *,
    size: int | None = None,
    sigma: float | None = None,
    strength: float = 1.0,
    flip: bool = False,
) -> NDArray[Any]:
    """Filter an image; colours are filtered alike, and transparency (alpha) is kept.

        output[y,x,c] = Σ_{ky,kx} image[y + ky − Kh//2, x + kx − Kw//2, c]·kernel[ky,kx]

    Sums are computed in float64. 8- and 16-bit results are then rounded to the nearest (halves to even) and cut off
    below 0 and above 255 or 65,535; for the signed numbers of an edge filter, pass the image as floats.

    Args:
        image: (H,W) grey, (H,W,1) grey, (H,W,2) grey and alpha, (H,W,3) RGB or (H,W,4) RGBA; uint8, uint16 or float.
        kernel: a name (box, emboss, gaussian, identity, laplacian, motion, outline, ridge, sharpen, unsharp, and
            sobel, prewitt or scharr followed by -x, -y or -magnitude), rows as text ("0 1 0; 1 -4 1; 0 1 0") or a
            2-D array.
        border: what lies around the image, as in scipy.ndimage: "reflect" (c b a | a b c | c b a), "replicate"
            (a a a | a b c | c c c; there "nearest"), "zero" (there "constant") or "wrap" (a b c | a b c | a b c).
        size: of kernels that have one, in pixels, odd.
        sigma: of gaussian and unsharp, in pixels.
        strength: how much of it. Kernels that sum to 0, edges, are multiplied by it; others go from the image itself,
            0, to the kernel, 1, and beyond.
        flip: True for true convolution, which turns the kernel by 180°.

    Returns: an array of the image's shape and type.
    Raises: ShapeError for other shapes; ArgumentError for other types, names and settings.

    Example:
        >>> import numpy as np
        >>> filter_image(np.array([[0, 0, 90], [0, 0, 90]], np.uint8), "box")
        array([[ 0, 30, 60],
               [ 0, 30, 60]], dtype=uint8)
        >>> filter_image([[0., 0, 9, 9]], "sobel-x")
        array([[ 0., 36., 36.,  0.]])
    """
    pixels = as_array(_WHERE, "image", image)
    kernels = _kernels(kernel, size, sigma)
    _check(pixels, border)
    power = number(_WHERE, "strength", strength)
    if flip:
        kernels = [np.flip(one) for one in kernels]
    kernels = [_strengthened(one, power) for one in kernels]
    planes = pixels.reshape(*pixels.shape[:2], -1)
    output = _slid(planes, kernels, border, turned=flip)
    if planes.shape[2] in (2, 4):
        output[..., -1] = planes[..., -1]
    return output.reshape(pixels.shape)


def _kernels(kernel: str | ArrayLike, size: int | None, sigma: float | None) -> list[Kernel]:
    """One kernel, or the two of a magnitude."""
    if isinstance(kernel, str) and not any(letter.isdigit() for letter in kernel):
        return list(named_kernels(kernel, size, sigma))
    if size is not None or sigma is not None:
        raise ArgumentError(_WHERE, "size and sigma are for kernels by name", hint="leave them out")
    array = (
        kernel_of(kernel)
        if isinstance(kernel, str)
        else as_array(_WHERE, "kernel", kernel).astype(np.float64)
    )
    if array.ndim != 2 or not array.size:
        raise ShapeError(
            _WHERE, "kernel must have rows and columns", expected="(Kh,Kw)", got=f"{array.shape}"
        )
    if not np.isfinite(array).all():
        raise ArgumentError(_WHERE, "kernel must be finite", got=f"{array.tolist()}")
    return [array]


def _check(image: Array, border: str) -> None:
    choice(_WHERE, "border", border, BORDERS)
    if image.dtype not in (np.uint8, np.uint16) and image.dtype.kind != "f":
        rule, got = "image must be of 8 or 16 bits or floats", f"dtype {image.dtype}"
        raise ArgumentError(_WHERE, rule, got=got, hint="image.astype(float)")
    shaped = image.ndim == 2 or (image.ndim == 3 and 1 <= image.shape[2] <= 4)
    if not shaped or 0 in image.shape:
        raise ShapeError(
            _WHERE,
            "this is no image",
            expected="(H,W) or (H,W,C) with one to four channels",
            got=f"{image.shape}",
            hint="channels come last here: image.transpose(1, 2, 0)" if image.ndim == 3 else None,
        )


def _strengthened(kernel: Kernel, strength: float) -> Kernel:
    """As strong as asked for; see `filter_image`."""
    if strength == 1:
        return kernel
    if abs(kernel.sum()) <= 1e-9 * np.abs(kernel).sum():
        return strength * kernel
    kernel = strength * kernel
    kernel[kernel.shape[0] // 2, kernel.shape[1] // 2] += 1 - strength
    return kernel


def _slid(image: Array, kernels: Sequence[Kernel], border: str, turned: bool) -> Array:
    """The filtered image, by a kernel or by the two of a magnitude, in blocks of rows.

    A turned kernel has its middle on the other side where its sizes are even.
    """
    height, _, channels = image.shape
    sizes = kernels[0].shape
    before = [(k - 1) // 2 if turned else k // 2 for k in sizes]
    widths = [*((b, k - 1 - b) for b, k in zip(before, sizes, strict=True)), (0, 0)]
    padded = np.pad(image, widths, mode=_BORDERS[border])
    padded = padded.reshape(len(padded), -1)  # colours side by side: a step along x is `channels` numbers
    sums = [_factors(kernel) for kernel in kernels]
    working = _working_type(image.dtype, sums)
    output = np.empty((height, image.shape[1] * channels), image.dtype)
    rows = max(1, _BLOCK // padded.shape[1])
    for first in range(0, height, rows):
        block: Array = padded[first : first + rows + sizes[0] - 1].astype(working)
        results = [_summed(block, factors, channels) for factors in sums]
        filtered = results[0] if len(results) == 1 else np.hypot(*results, dtype=np.float64)
        output[first : first + rows] = _stored(filtered, image.dtype)
    return output.reshape(image.shape)


def _working_type(dtype: np.dtype[Any], sums: Sequence[Factors]) -> type:
    """float32 for whole numbers whose sums stay below 2²⁴, where it is exact; float64 for all else."""
    if dtype.kind == "f":
        return np.float64
    factors = [factor for terms in sums for pair in terms for factor in pair]
    whole = all((factor == np.rint(factor)).all() for factor in factors)
    largest = max(
        sum(float(np.abs(column).sum() * np.abs(row).sum()) for column, row in terms) for terms in sums
    )
    return np.float32 if whole and largest * np.iinfo(dtype).max < 2**24 else np.float64


def _summed(block: Array, factors: Factors, step: int) -> Array:
    """Every column's pass, then its row's, added up."""
    first, *others = (_pass(_pass(block, column, step), row, step) for column, row in factors)
    for other in others:
        first += other
    return first


def _pass(block: Array, kernel: Kernel, step: int) -> Array:
    """Valid correlation, one shifted copy per number of the kernel; `step` numbers are one pixel along a row."""
    height, width = block.shape[0] - kernel.shape[0] + 1, block.shape[1] - (kernel.shape[1] - 1) * step
    total = np.zeros((height, width), block.dtype)
    product = np.empty_like(total)
    for (y, x), factor in np.ndenumerate(kernel):
        if factor:
            part = block[y : y + height, x * step : x * step + width]
            np.multiply(part, block.dtype.type(factor), out=product)
            total += product
    return total


def _factors(kernel: Kernel) -> Factors:
    """Columns and rows whose products add up to the kernel; where that is no gain, the kernel and a single 1.

    Elimination with the largest element left as pivot; whole numbers mostly stay whole.
    """
    rest, factors = kernel.copy(), []
    height, width = kernel.shape
    while np.abs(rest).max() > 1e-15 * np.abs(kernel).max():
        y, x = np.unravel_index(np.abs(rest).argmax(), rest.shape)
        column, row = rest[:, x : x + 1].copy(), rest[y : y + 1] / rest[y, x]
        factors.append((column, row))
        rest -= column @ row
        if len(factors) * (height + width) >= height * width:
            return [(kernel, np.ones((1, 1)))]
    return factors or [(kernel, np.ones((1, 1)))]


def _stored(values: Array, dtype: np.dtype[Any]) -> Array:
    """In the image's type."""
    if dtype.kind == "u":
        values = np.rint(values).clip(0, np.iinfo(dtype).max)
    return values.astype(dtype)
