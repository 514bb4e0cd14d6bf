"""Images of a dataset as pixels for people."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.numbers import white

Array = NDArray[Any]
Pixels = NDArray[np.uint8]


def pixels(image: Array) -> Pixels:
    """An image (C,…) as (H,W,3): three channels are red, green, blue; of any other number it is their mean in grey.

    Floats outside [0,1] are stretched so that the least is black and the greatest white.

    Example:
        >>> pixels(np.array([[[0, 65535]]], np.uint16)).tolist()
        [[[0, 0, 0], [255, 255, 255]]]
    """
    light = image.astype(np.float64) / white(image.dtype)
    low, high = (float(light.min()), float(light.max())) if light.size else (0.0, 1.0)
    if low < 0 or high > 1:
        light = (light - low) / (high - low or 1.0)
    flat = np.stack([plane(channel) for channel in light])
    if len(flat) != 3:
        flat = np.repeat(flat.mean(axis=0, keepdims=True), 3, axis=0)
    return np.asarray(np.rint(255 * flat.transpose(1, 2, 0)), np.uint8)


def plane(numbers: Array) -> Array:
    """What is shown of an array with any number of axes as rows and columns: of a volume the slice in the middle."""
    if numbers.ndim < 2:
        return numbers.reshape(1, -1)
    while numbers.ndim > 2:
        numbers = numbers[len(numbers) // 2]
    return numbers
