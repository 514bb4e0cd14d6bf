"""Filters for images: a kernel slid over every colour.

output[y,x,c] = Σ_{ky,kx} image[y + ky − Kh//2, x + kx − Kw//2, c]·kernel[ky,kx]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid import memory
from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.numbers import as_array
from pellucid.ops.base import Array
from pellucid.ops.checks import choice, number
from pellucid.signal.kernels import Kernel, kernel_of, named_kernels

_WHERE = "filter_image"
_BORDERS: dict[str, Any] = {
    "reflect": "symmetric",
    "replicate": "edge",
    "zero": "constant",
    "wrap": "wrap",
}  # NumPy's words
BORDERS = tuple(_BORDERS)
_STRONGEST = 1e100  # strength times kernel times pixel is finite


@memory.enough(_WHERE)
def filter_image(
    image: ArrayLike,
    kernel: str | ArrayLike,
    border: str = "reflect",
    *,
    size: int | None = None,
    sigma: float | None = None,
    strength: float = 1.0,
    flip: bool = False,
    raw: bool = False,
) -> NDArray[Any]:
    """Filter an image; colours are filtered alike, and transparency (alpha) is kept.

        output[y,x,c] = Σ_{ky,kx} image[y + ky − Kh//2, x + kx − Kw//2, c]·kernel[ky,kx]

    Beside transparency, a colour counts as much as it is seen: colours are multiplied by alpha before and divided by
    alpha, filtered alike, after. A kernel with negative weights is the difference of two such averages. So colours that
    nobody sees do not bleed into what is seen; where all is opaque, nothing changes.

    Results are those of sums in float64. For 8 and 16 bits they are then rounded to the nearest (halves to even) and
    cut off below 0 and above 255 or 65,535; for the signed numbers of an edge filter, pass the image as floats.
    `pellucid.set_num_threads` says how many threads share the work.

    Args:
        image: (H,W) grey, (H,W,1) grey, (H,W,2) grey and alpha, (H,W,3) RGB or (H,W,4) RGBA; uint8, uint16 or float,
            in any byte order. Opaque is 255, 65,535 or 1.
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
        raw: True to slide the kernel over the colours as they lie in memory, seen or not.

    Returns: an array of the image's shape and type.
    Raises: ShapeError for other shapes; ArgumentError for other types, names and settings.

    Example:
        >>> import numpy as np
        >>> filter_image(np.array([[0, 0, 90], [0, 0, 90]], np.uint8), "box")
        array([[ 0, 30, 60],
               [ 0, 30, 60]], dtype=uint8)
        >>> filter_image([[0., 0, 9, 9]], "sobel-x")
        array([[ 0., 36., 36.,  0.]])
        >>> glass = np.array([[[255, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 255]]], np.uint8)   # red that nobody sees
        >>> filter_image(glass, "box")[0, 1], filter_image(glass, "box", raw=True)[0, 1]
        (array([  0,   0,   0, 255], dtype=uint8), array([ 85,   0,   0, 255], dtype=uint8))
    """
    given = as_array(_WHERE, "image", image)
    pixels = given.astype(given.dtype.newbyteorder("="), copy=False)
    kernels = _kernels(kernel, size, sigma)
    _check(pixels, border)
    power = number(_WHERE, "strength", strength, f"[-{_STRONGEST:g}, {_STRONGEST:g}]")
    if flip:
        kernels = [np.flip(one) for one in kernels]
    kernels = [_strengthened(one, power) for one in kernels]
    planes = pixels.reshape(*pixels.shape[:2], -1)
    # A flipped kernel has its middle on the other side where its sizes are even.
    before = [(k - 1) // 2 if flip else k // 2 for k in kernels[0].shape]
    output = _slid(planes, kernels, before, border)
    if planes.shape[2] in (2, 4):
        if not raw:
            _weigh_by_alpha(output, planes, kernels, before, border)
        output[..., -1] = planes[..., -1]
    return output.reshape(given.shape).astype(given.dtype, copy=False)


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
    if not (np.abs(array) <= _STRONGEST).all():  # NaN is not, either
        wrong = array[~(np.abs(array) <= _STRONGEST)][0]
        raise ArgumentError(
            _WHERE,
            say("kernel must hold finite numbers up to ±{most:g}", most=_STRONGEST),
            got=f"{wrong}",
        )
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


def _slid(image: Array, kernels: Sequence[Kernel], before: Sequence[int], border: str) -> Array:
    """The filtered image (H,W,C), by a kernel or by the two of a magnitude."""
    from pellucid.signal.passes import passes_of
    from pellucid.signal.stencil import PIXELS, slide

    given = np.ascontiguousarray(image, image.dtype if image.dtype in PIXELS else np.float64)
    output = slide(given, kernels, before, _BORDERS[border], passes_of(kernels, given.dtype))
    return output.astype(image.dtype, copy=False)


def _weigh_by_alpha(
    output: Array, image: Array, kernels: Sequence[Kernel], before: Sequence[int], border: str
) -> None:
    from pellucid.signal.visible import weigh_by_alpha

    opaque = 1 if image.dtype.kind == "f" else int(np.iinfo(image.dtype).max)
    weigh_by_alpha(output, image, kernels, before, _BORDERS[border], opaque)
