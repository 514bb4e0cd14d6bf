"""What a hostile case is: files in a folder of its own, and the one that a command line is given."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

Content = bytes | Callable[[Path], object]


class Case(NamedTuple):
    """A hostile case.

    Attributes:
        kind: data, picture, settings or checkpoint, which decides the command lines.
        what: it is, for people.
        files: by their paths below the case's folder, bytes or what makes them.
        given: the path that the command line gets; "" is the folder.
        legal: whether it must be read; None: it may be read or refused.
    """

    kind: str
    what: str
    files: Mapping[str, Content]
    given: str = ""
    legal: bool | None = False


def drawn(seed: int, kind: str = "PNG", mode: str = "RGB") -> bytes:
    """A good picture."""
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 10, 3), np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(content, kind)
    return content.getvalue()


def pets() -> dict[str, bytes]:
    """Pictures of two classes."""
    return {f"{pet}/{i}.png": drawn(10 * k + i) for k, pet in enumerate(("ant", "cat")) for i in range(3)}


def written(make: Callable[[], bytes]) -> Content:
    """What is made only when it is wanted."""
    return lambda path: path.write_bytes(make())
