"""Filters on a photo of 24 megapixels beside SciPy, Pillow and OpenCV.

    python -m pellucid.bench.filters [--rounds N] [--threads N]

RGB of 8 bits, borders reflected. Of several functions of a library that do the same, the fastest counts. SciPy and
Pillow use one thread. Each library is a process of its own; all take turns, and who does not run sleeps.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.bench import turns
from pellucid.bench.report import Table
from pellucid.bench.turns import Call, Turns

Array: TypeAlias = NDArray[Any]

_HEIGHT, _WIDTH = 4000, 6000
_SIGMA = {3: 0.8, 7: 1.4}  # of Gaussians, as OpenCV derives it from the size


@dataclass(frozen=True)
class Filter:
    """A kernel by name, or one of its own: `whole` random numbers, or `fractions`, which add up to 1."""

    kernel: str
    size: int

    @property
    def weights(self) -> Array:
        """The kernel as an array."""
        from pellucid.signal.kernels import named_kernels

        random = np.random.default_rng(0)
        if self.kernel == "whole":
            return random.integers(-9, 10, (self.size, self.size)).astype(float)
        if self.kernel == "fractions":
            weights: Array = random.random((self.size, self.size))
            weights /= weights.sum()
            return weights
        size = None if self.kernel == "sharpen" else self.size
        return named_kernels(self.kernel, size)[0]


FILTERS = (
    Filter("sharpen", 3),
    Filter("whole", 3),
    Filter("box", 3),
    Filter("gaussian", 3),
    Filter("whole", 7),
    Filter("fractions", 7),
    Filter("box", 7),
    Filter("gaussian", 7),
)


def photo() -> Array:
    """Noise: no library looks at the numbers."""
    return np.random.default_rng(0).integers(0, 256, (_HEIGHT, _WIDTH, 3), dtype=np.uint8)


def pellucid(image: Array, wanted: Filter, threads: int) -> list[Call]:
    """One call, which finds out about the kernel each time."""
    from pellucid.kernels.tape import set_num_threads
    from pellucid.signal import filter_image

    set_num_threads(threads)
    weights = wanted.weights
    return [lambda: filter_image(image, weights)]


def scipy(image: Array, wanted: Filter, _: int) -> list[Call]:
    """`ndimage`, which cuts fractions off where the others round."""
    from pellucid.signal.optional import scipy as load

    ndimage, weights, size = load("bench", "ndimage"), wanted.weights[..., None], wanted.size
    calls: list[Call] = [lambda: ndimage.correlate(image, weights)]
    if wanted.kernel == "box":
        calls.append(lambda: ndimage.uniform_filter(image, size, axes=(0, 1)))
    if wanted.kernel == "gaussian":
        calls.append(lambda: ndimage.gaussian_filter(image, _SIGMA[size], axes=(0, 1), radius=size // 2))
    return calls


def pillow(image: Array, wanted: Filter, _: int) -> list[Call]:
    """Kernels of 3×3, and box blurs; its Gaussian is three of these, one after the other."""
    from PIL import Image, ImageFilter

    picture, blurs = (
        Image.fromarray(image),
        {"box": ImageFilter.BoxBlur, "gaussian": ImageFilter.GaussianBlur},
    )
    if wanted.kernel in blurs:
        blur = blurs[wanted.kernel](_SIGMA[wanted.size] if wanted.kernel == "gaussian" else wanted.size // 2)
        return [lambda: picture.filter(blur)]
    if wanted.size > 3:
        return []
    kernel = ImageFilter.Kernel((3, 3), wanted.weights[::-1].ravel().tolist(), scale=1)  # it begins below
    return [lambda: picture.filter(kernel)]


def opencv(image: Array, wanted: Filter, threads: int) -> list[Call]:
    """Its filters for any kernel, for one that has two passes, and by name."""
    import cv2

    cv2.setNumThreads(threads)
    weights, size, border = wanted.weights, (wanted.size, wanted.size), cv2.BORDER_REFLECT
    calls: list[Call] = [lambda: cv2.filter2D(image, -1, weights, borderType=border)]
    if wanted.kernel in ("box", "gaussian"):
        line = weights.sum(axis=0)
        calls.append(lambda: cv2.sepFilter2D(image, -1, line, line, borderType=border))
    if wanted.kernel == "box":
        calls.append(lambda: cv2.blur(image, size, borderType=border))
    if wanted.kernel == "gaussian":
        calls.append(lambda: cv2.GaussianBlur(image, size, _SIGMA[wanted.size], borderType=border))
    return calls


LIBRARIES = {"pellucid": pellucid, "scipy": scipy, "pillow": pillow, "opencv": opencv}


def serve(library: str, threads: int) -> None:
    """Be a library."""
    image = photo()

    def prepare(number: int) -> Call | None:
        calls = LIBRARIES[library](image, FILTERS[number], threads)
        for call in calls:
            call()  # the first time compiles, loads, takes memory
        return min(calls, key=turns.milliseconds, default=None)

    turns.serve(prepare)


def measure(rounds: int, threads: int) -> Table:
    """A row for each filter: medians of all libraries, and round by round their times over Pellucid's."""
    rows = []
    with Turns("pellucid.bench.filters", tuple(LIBRARIES), threads) as contenders:
        for number, wanted in enumerate(FILTERS):
            ours, *others = contenders.times_ms(number, rounds).values()
            cells = [f"{statistics.median(ours):.1f}", *(_beside(ours, theirs) for theirs in others)]
            rows.append((f"{wanted.size}×{wanted.size} {wanted.kernel}", *cells))
    header = (f"{_WIDTH}×{_HEIGHT} RGB, ms (ratio)", *LIBRARIES)
    return Table("Filters", header, rows, texts=1)


def _beside(ours: list[float], theirs: list[float]) -> str:
    if not theirs:
        return "–"
    ratios = [other / own for other, own in zip(theirs, ours, strict=True)]
    return f"{statistics.median(theirs):.1f} ({statistics.median(ratios):.2f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print Markdown."""
    turns.run(__doc__, arguments, tuple(LIBRARIES), serve, measure)


if __name__ == "__main__":
    main()
