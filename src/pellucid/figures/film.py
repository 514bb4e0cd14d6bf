"""A film: pictures that belong together, drawn one by one as they are asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pellucid.errors import AddressError, ArgumentError, say
from pellucid.figures.style import matplotlib, style
from pellucid.formats.file import check_writable, write_whole
from pellucid.sizes import is_integer

FORMATS = (".gif", ".png", ".svg")
_LAST_MS = 2500  # how long an animation stays on its last frame before it begins again


@dataclass(frozen=True)
class Written:
    """A file that was written: its path and format, how many frames it holds, their size, and what each shows."""

    path: str
    format: str
    frames: int
    width_px: int
    height_px: int
    captions: tuple[str, ...]


@dataclass(frozen=True)
class Film:
    """Frames that are drawn when they are asked for.

    Attributes:
        captions: what each frame shows, as text.
        frame_ms: how long an animation shows a frame.
        lang: the labels' language.
    """

    captions: tuple[str, ...]
    frame_ms: int
    lang: str
    _draw: Callable[[int], Any]

    def __len__(self) -> int:
        return len(self.captions)

    def figure(self, frame: int = -1) -> Any:
        """One frame as a matplotlib Figure, by default the last one, on which everything is written.

        Raises: AddressError when there is no such frame; PellucidError when matplotlib or a font is missing.
        """
        number = self._number(frame)
        with style(self.lang):
            return self._draw(number)

    def save(self, path: str | os.PathLike[str], frame: int | None = None) -> Written:
        """Write all frames to a GIF, or one, by default the last, to a PNG or SVG. A file that exists is replaced.

        Raises: ArgumentError for a name with another ending, and for a frame of a GIF; FormatError when the file
            cannot be written; whatever `figure` raises.
        """
        path = Path(path)
        where, format = say("picture '{path}'", path=path), picture_format(path, frame)
        check_writable(where, path)
        if format == "gif":
            content, size = self._animation()
            captions = self.captions
        else:
            number = self._number(-1 if frame is None else frame)
            content, size = self._still(format, number)
            captions = self.captions[number : number + 1]
        write_whole(where, path, [content])
        return Written(str(path), format, len(captions), *size, captions)

    def _number(self, frame: int) -> int:
        if not is_integer(frame) or not -len(self) <= frame < len(self):
            expected = say("0 to {last}", last=len(self) - 1)
            raise AddressError("figures", "there is no such frame", expected=expected, got=repr(frame))
        return frame % len(self)

    def _still(self, format: str, number: int) -> tuple[bytes, tuple[int, int]]:
        content = BytesIO()
        with style(self.lang):
            figure = self._draw(number)
            about: dict[str, str | None] = {"Title": self.captions[number]}
            if format == "svg":
                about |= dict.fromkeys(("Date", "Creator", "Format", "Type"))
            figure.savefig(content, format=format, metadata=about)
            width, height = figure.canvas.get_width_height()
        written = content.getvalue()
        if format == "svg":  # the declaration names an address from which a reader might load it
            written = re.sub(rb"<!DOCTYPE[^>]*>\s*", b"", written, count=1)
        return written, (width, height)

    def _animation(self) -> tuple[bytes, tuple[int, int]]:
        frames = self._images()
        first = next(frames)
        content = BytesIO()
        shown_ms = [*[self.frame_ms] * (len(self) - 1), _LAST_MS]
        first.save(content, "GIF", save_all=True, append_images=frames, duration=shown_ms, loop=0)
        return content.getvalue(), first.size

    def _images(self) -> Iterator[Image.Image]:
        for number in range(len(self)):
            with style(self.lang):
                canvas = matplotlib("backends.backend_agg").FigureCanvasAgg(self._draw(number))
                canvas.draw()
            image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
            yield image.quantize(method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def picture_format(path: Path, frame: int | None) -> str:
    """The format that a file's name asks for.

    Raises: ArgumentError when there is no such format, or one frame of an animation is wanted.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        expected = say("one of {names}", names=", ".join(FORMATS))
        raise ArgumentError(
            "figures", "the file's name must say its format", expected=expected, got=f"'{path}'"
        )
    if suffix == ".gif" and frame is not None:
        hint = "leave the frame out, or write .png or .svg"
        raise ArgumentError(
            "figures", "a GIF holds all frames", got=say("frame {frame}", frame=frame), hint=hint
        )
    return suffix.removeprefix(".")
