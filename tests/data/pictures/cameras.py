"""What a camera stores of an upright picture when it is held in another way."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def sideways(upright: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The rows as they lie in a file whose EXIF orientation is 1 to 8."""
    turned = upright.swapaxes(0, 1)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: turned,
        6: turned[::-1],
        7: turned[::-1, ::-1],
        8: turned[:, ::-1],
    }[orientation]
    return np.ascontiguousarray(stored)
