"""What makes a picture a network's input: its channels and size, how it is fitted into it, and each channel's scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.data.fitting import FITS, check_range, fitted
from pellucid.data.pictures.samples import Samples
from pellucid.errors import ArgumentError, DataError, either, say
from pellucid.functions.sums import total
from pellucid.numbers import white
from pellucid.ops.checks import is_number
from pellucid.sizes import is_integer

MOST_PIXELS = 1 << 16  # pixels of a side
_PART = 4096  # images whose sums are made at a time


@dataclass(frozen=True)
class Preprocessing:
    """How pictures become inputs: `channels`×`height`×`width`, fitted, divided by white, then standardised.

        x = (p/white − mean[c]) / std[c],   computed as (p/white)·scale[c] + shift[c] in float32

    Attributes:
        channels: 1, grey, or 3, red, green, blue.
        fit: of a picture of other proportions "crop" keeps the middle, "pad" all of it with black beside it, and
            "stretch" changes the proportions. It is then resized.
        mean, std: of each channel, in units of white; empty: inputs lie in [0,1].

    Raises: ArgumentError for settings that are none.

    Example:
        >>> p = Preprocessing(1, 2, 2, mean=(0.5,), std=(0.25,))
        >>> p.scaled(np.array([[[[0, 255]]]], np.uint8)).tolist()
        [[[[-2.0, 2.0]]]]
    """

    channels: int
    height: int
    width: int
    fit: str = "crop"
    mean: tuple[float, ...] = field(default=())
    std: tuple[float, ...] = field(default=())

    def __post_init__(self) -> None:
        shape = (self.channels, self.height, self.width)
        if not all(is_integer(n) and 1 <= n <= MOST_PIXELS for n in shape) or self.channels not in (1, 3):
            expected = say("1 or 3 channels, sides from 1 to {most}", most=MOST_PIXELS)
            raise ArgumentError("Preprocessing", "there is no such size", expected=expected, got=f"{shape}")
        if self.fit not in FITS:
            raise ArgumentError(
                "Preprocessing", "there is no such way to fit", expected=either(FITS), got=repr(self.fit)
            )
        for name in ("mean", "std"):
            object.__setattr__(self, name, self._of_channels(name, getattr(self, name)))
        if len(self.mean) != len(self.std):
            got = f"mean={self.mean}, std={self.std}"
            raise ArgumentError("Preprocessing", "mean and std belong together", got=got)

    def _of_channels(self, name: str, given: Any) -> tuple[float, ...]:
        numbers = tuple(given)
        fine = all(is_number(n) and math.isfinite(n) and (name == "mean" or n > 0) for n in numbers)
        if not fine or len(numbers) not in (0, self.channels):
            rule = say("{name} must be a finite number for each channel", name=name)
            expected = "std > 0" if name == "std" else None
            raise ArgumentError("Preprocessing", rule, expected=expected, got=f"{name}={numbers}")
        return tuple(map(float, numbers))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C,H,W) of an input."""
        return self.channels, self.height, self.width

    @property
    def scale(self) -> NDArray[np.float32]:
        """1/std of each channel."""
        return np.array([1 / s for s in self.std] or [1.0] * self.channels, np.float32)

    @property
    def shift(self) -> NDArray[np.float32]:
        """−mean/std of each channel."""
        pairs = zip(self.mean, self.std, strict=True)
        return np.array([-m / s for m, s in pairs] or [0.0] * self.channels, np.float32)

    def picture(self, pixels: Samples) -> NDArray[np.uint8]:
        """A photo's pixels as an image (C,H,W), black 0 and white 255.

        Transparent parts are seen on white, colours become grey or grey RGB. The picture is fitted, and resized by
        averaging (antialiased bilinear). What has more than 8 bits is rounded to 8 bits at the end.

        Raises: DataError for floats outside [0,1].

        Example:
            >>> Preprocessing(1, 1, 2).picture(np.array([[0, 0.5, 1, 0.2]]))
            array([[[128, 255]]], dtype=uint8)
        """
        check_range("image", pixels)
        values = fitted(pixels, *self.shape, self.fit)
        if values.dtype != np.uint8:
            values = (values * np.float32(255) + np.float32(0.5)).astype(np.uint8)
        image = np.broadcast_to(values.transpose(2, 0, 1), self.shape)
        return np.ascontiguousarray(image, np.uint8)

    def scaled(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Images (N,C,…) as inputs: float32, divided by white if they are of 8 or 16 bits, and standardised."""
        x = as_float(images)
        if not self.mean:
            return x
        of_channels = (slice(None), *(np.newaxis,) * (x.ndim - 2))
        x *= self.scale[of_channels]
        x += self.shift[of_channels]
        return x

    def learned(self, parts: Iterable[NDArray[Any]]) -> Preprocessing:
        """The same with mean and standard deviation of each channel of these images; 1 where all numbers are equal.

        Raises: DataError for numbers that are not finite.
        """
        channels = [Moments() for _ in range(self.channels)]
        with np.errstate(invalid="ignore", over="ignore"):
            for part in parts:
                for start in range(0, len(part), _PART):
                    for c, moments in enumerate(channels):
                        moments.add(part[start : start + _PART, c])
        return self.standardised(channels)

    def standardised(self, channels: Sequence[Moments]) -> Preprocessing:
        """The same with mean and standard deviation of these moments, one for each channel.

        Raises: DataError for numbers that are not finite.
        """
        if not all(math.isfinite(moments.square) for moments in channels):
            raise DataError("Preprocessing", "images must be finite numbers")
        mean, std = zip(*(moments.mean_and_std() for moments in channels), strict=True)
        return replace(self, mean=mean, std=std)


@dataclass
class Moments:
    """Sums of numbers and of their squares: exact for whole numbers, around the first ones' mean for others."""

    count: int = 0
    white: int = 1
    centre: float = 0
    plain: float = 0
    square: float = 0

    def add(self, numbers: NDArray[Any]) -> None:
        """Count these in."""
        if numbers.dtype.kind == "u":
            whole = numbers.astype(np.uint64)
            self.white = white(numbers.dtype)
            self.plain += int(whole.sum())
            self.square += int((whole * whole).sum())
        elif numbers.size:
            wide = numbers.astype(np.float64).reshape(-1)
            if not self.count:
                self.centre = float(total(wide)) / wide.size
            wide -= self.centre
            self.plain += float(total(wide))
            self.square += float(total(wide * wide))
        self.count += numbers.size

    def mean_and_std(self) -> tuple[float, float]:
        """In units of white."""
        n = max(self.count, 1)
        spread = n * self.square - self.plain * self.plain
        std = math.sqrt(spread) / (n * self.white) if spread > 0 else 1.0
        return self.centre + self.plain / (n * self.white), std


def as_float(images: NDArray[Any]) -> NDArray[np.float32]:
    """Images of 8 and 16 bits divided by white, others as they are; float32, infinite beyond its range."""
    with np.errstate(over="ignore"):
        return images.astype(np.float32) / np.float32(white(images.dtype))
