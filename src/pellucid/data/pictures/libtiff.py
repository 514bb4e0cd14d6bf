"""libtiff tells what is wrong with a file on the process's stderr; we tell it in an error, and once is enough."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import UnsupportedOperation
from typing import IO, BinaryIO

_STDERR = 2
# "ZIPDecode: Decoding error at scanline 0.": the codec's, the library's or Pillow's name for what it reads
_LINE = re.compile(
    rb"(_?TIFF|init|Fax|JPEG|OJPEG|Old|LZW|ZIP|PackBits|LogL|Pixar|ZSTD|LZMA|LERC|WebP|tempfile\.tif)\w*: "
)
_turn = threading.Lock()


@contextmanager
def silenced(stream: BinaryIO) -> Iterator[None]:
    """Keep libtiff's lines off the terminal while it decodes an open file; what others write there comes after it."""
    with _turn:
        said = _aside(stream)
        if said is None:
            yield
            return
        with said:
            before = os.dup(_STDERR)
            try:
                os.dup2(said.fileno(), _STDERR)
                yield
            finally:
                os.dup2(before, _STDERR)
                os.close(before)
                said.seek(0)
                others = b"".join(line for line in said if not _LINE.match(line))
                with suppress(OSError):  # the terminal is gone
                    os.write(_STDERR, others)


def _aside(stream: BinaryIO) -> IO[bytes] | None:
    """Where lines can go meanwhile; None where stderr is closed (the picture may have its number), or no place is."""
    try:
        os.fstat(_STDERR)
        return None if _is_stderr(stream) else tempfile.TemporaryFile()
    except OSError:
        return None


def _is_stderr(stream: BinaryIO) -> bool:
    try:
        return os.path.sameopenfile(_STDERR, stream.fileno())
    except UnsupportedOperation:  # bytes in memory
        return False
