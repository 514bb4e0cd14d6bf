"""Kernels for images by name, as arrays that are slid over the image without a flip.

    identity     1                        outline   −1 −1 −1        emboss   −2 −1 0      sobel-x   −1 0 1
    box          1/size²                            −1  8 −1                 −1  1 1                −2 0 2
    gaussian     ∝ exp(−r²/2σ²)                     −1 −1 −1                  0  1 2                −1 0 1
    sharpen      0 −1 0 / −1 5 −1 / 0 −1 0          laplacian   0 1 0 / 1 −4 1 / 0 1 0      ridge   −laplacian
    unsharp      2·identity − gaussian              motion      1/size along a row
    prewitt, scharr: as sobel with 1 1 1 and 3 10 3 in the place of 1 2 1

The y kernels are the x kernels transposed (they grow downwards). "magnitude" is √(x² + y²) of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, say
from pellucid.ops.checks import number
from pellucid.sizes import is_integer

Kernel = NDArray[np.float64]

_WHERE = "filter_image"
_ACROSS = {"sobel": (1, 2, 1), "prewitt": (1, 1, 1), "scharr": (3, 10, 3)}
_FIXED: Mapping[str, Kernel] = MappingProxyType(
    {
        "identity": np.ones((1, 1)),
        "sharpen": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        "outline": np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
        "laplacian": np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]),
        "ridge": np.array([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]]),
        "emboss": np.array([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]]),
        **{f"{name}-x": np.outer(across, (-1.0, 0, 1)) for name, across in _ACROSS.items()},
        **{f"{name}-y": np.outer((-1.0, 0, 1), across) for name, across in _ACROSS.items()},
    }
)
_LARGEST = 4001  # pixels: the numbers of such a kernel take 128 MB
_MAGNITUDES = {f"{name}-magnitude": (f"{name}-x", f"{name}-y") for name in _ACROSS}


def named_kernels(name: str, size: int | None = None, sigma: float | None = None) -> tuple[Kernel, ...]:
    """The kernel of this name, or the two of a magnitude. `prewitt`, `scharr` and `sobel` alone are magnitudes.

    Size, in pixels, odd and at most 4001, belongs to box (3 unless given), motion (9), gaussian and unsharp; sigma, in
    pixels, to the last two. Either of these gives the other: size = 2·⌊4σ + ½⌋ + 1 as in scipy.ndimage, σ =
    0.3·((size − 1)/2 − 1) + 0.8 as in OpenCV; σ = 1 where neither is given.

    Raises: ArgumentError for other names, and for settings that the kernel does not have.

    Example:
        >>> named_kernels("sobel-x")[0]
        array([[-1.,  0.,  1.],
               [-2.,  0.,  2.],
               [-1.,  0.,  1.]])
        >>> named_kernels("gaussian", sigma=1.5)[0].shape
        (13, 13)
    """
    key = name.strip().lower().replace("_", "-").replace(" ", "-")
    key = {"box-blur": "box", "motion-blur": "motion"}.get(key, key)
    key = f"{key}-magnitude" if key in _ACROSS else key
    if key not in NAMES:
        hint = "a kernel of your own is an array, or text such as '0 1 0; 1 -4 1; 0 1 0'"
        expected = ", ".join(NAMES)
        raise ArgumentError(_WHERE, "there is no such kernel", expected=expected, got=repr(name), hint=hint)
    if size is not None and (not is_integer(size) or not 1 <= size <= _LARGEST or size % 2 == 0):
        rule = say("size must be an odd number of pixels, at most {most}", most=_LARGEST)
        raise ArgumentError(_WHERE, rule, got=f"size={size!r}")
    if sigma is not None:
        number(_WHERE, "sigma", sigma, "(0, inf)" if size is not None else f"(0, {_LARGEST // 8}]")
    if (size is not None and key not in _SIZED) or (sigma is not None and key not in ("gaussian", "unsharp")):
        got = f"size={size}, sigma={sigma}"
        raise ArgumentError(
            _WHERE, say("kernel '{key}' has no such setting", key=key), got=got, hint="leave it out"
        )
    if key in _SIZED:
        return (_SIZED[key](size, sigma),)
    return tuple(_FIXED[part].copy() for part in _MAGNITUDES.get(key, (key,)))


def kernel_of(text: str) -> Kernel:
    """A kernel from rows of numbers with semicolons between them.

    Raises: ArgumentError when rows differ in length or something is no number.

    Example:
        >>> kernel_of("0 1 0; 1 -4 1; 0 1 0")
        array([[ 0.,  1.,  0.],
               [ 1., -4.,  1.],
               [ 0.,  1.,  0.]])
    """
    try:
        return np.array([[float(entry) for entry in row.split()] for row in text.strip(" ;").split(";")])
    except ValueError:
        rule = "a kernel as text must have rows of equally many numbers, with ';' between rows"
        raise ArgumentError(_WHERE, rule, expected="such as '0 1 0; 1 -4 1; 0 1 0'", got=repr(text)) from None


def _box(size: int | None, _: float | None) -> Kernel:
    side = size or 3
    return np.full((side, side), 1 / side**2)


def _motion(size: int | None, _: float | None) -> Kernel:
    side = size or 9
    return np.full((1, side), 1 / side)


def _gaussian(size: int | None, sigma: float | None) -> Kernel:
    if sigma is None:
        sigma = 1.0 if size is None else 0.3 * ((size - 1) / 2 - 1) + 0.8
    radius = int(4 * sigma + 0.5) if size is None else size // 2
    with np.errstate(over="ignore"):  # of the narrowest nothing is left beside the middle
        line = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    line /= line.sum()
    return np.outer(line, line)


def _unsharp(size: int | None, sigma: float | None) -> Kernel:
    kernel = -_gaussian(size, sigma)
    kernel[kernel.shape[0] // 2, kernel.shape[1] // 2] += 2
    return kernel


_SIZED: Mapping[str, Callable[[int | None, float | None], Kernel]] = MappingProxyType(
    {"box": _box, "gaussian": _gaussian, "unsharp": _unsharp, "motion": _motion}
)
NAMES: tuple[str, ...] = tuple(sorted({*_FIXED, *_SIZED, *_MAGNITUDES}))
