"""Reading a safetensors container that nobody vouches for.

The file is opened once and all is read through that descriptor. What the header says is checked before memory is taken
for it, and arrays go straight to where they stay. That is why this is not left to the safetensors package, which copies
them, waits for the writers of named pipes and takes names that stand twice; it is the tests' oracle instead.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import FormatError, Said, reason, say, translated
from pellucid.formats.container import CHECKSUM, DTYPES, NO_CHECKSUM, Limits
from pellucid.sizes import size_of

# How foreign files may store numbers besides; bfloat16 is the upper half of a float32, a truth value a byte.
FOREIGN = DTYPES | {
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    **{f"I{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"U{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
    "BOOL": np.dtype("u1"),
}
_MOST_AXES = 8
_LARGEST = 2**48  # of an axis and of a place: more than there is memory
_MOST_SAID = 300  # characters
# A named pipe must not keep its reader waiting for a writer who may never come.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class Layout:
    """What the header says of an array: its type, a key of `FOREIGN`, and its shape."""

    kind: str
    shape: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        """The memory that it takes."""
        return size_of(self.shape) * FOREIGN[self.kind].itemsize


@dataclass(frozen=True)
class Container:
    """An open file with a sound header.

    Attributes:
        where: what messages call it.
        metadata: its texts.
        layouts: its arrays by name, in the order in which they lie there.
    """

    where: str
    metadata: Mapping[str, str]
    layouts: Mapping[str, Layout]
    _file: FileIO
    _head: bytes

    def arrays(self, *, checked: bool = True) -> Iterator[tuple[str, NDArray[Any]]]:
        """Every array with its name as it is stored, read when its turn comes.

        Args:
            checked: whether its checksum, if it has one, is one of ours.

        Raises: FormatError when the file is cut off, and at the end when it has a checksum that is not the file's.
        """
        checksum, digest = self.metadata.get(CHECKSUM) if checked else None, None
        if checksum is not None:
            head = self._head.replace(f'"{checksum}"'.encode(), f'"{NO_CHECKSUM}"'.encode(), 1)
            digest = hashlib.sha256(head)
        for name, layout in self.layouts.items():
            array = np.empty(layout.shape, FOREIGN[layout.kind])
            _fill(self._file, array.reshape(-1).view(np.uint8).data)
            if digest is not None:
                digest.update(array.reshape(-1).view(np.uint8).data)
            yield name, array.astype(array.dtype.newbyteorder("="), copy=False)
        if digest is not None and checksum != digest.hexdigest():
            raise FormatError(self.where, "the file is damaged: its numbers do not give its checksum")


@contextmanager
def opened(
    where: str, path: Path, limits: Limits, types: Mapping[str, np.dtype[Any]] = DTYPES
) -> Iterator[Container]:
    """A container to read, as long as the block lasts; `types` are those that it may have.

    Raises: FormatError when the file is missing, not a regular one, too large or no sound container, or cannot be read.
    """
    with _file(where, path) as file:
        try:
            yield _container(where, file, limits, types)
        except OSError as error:
            raise FormatError(where, "the file cannot be read", got=error.strerror) from None
        except _BrokenError as error:
            raise FormatError(where, "the file cannot be read as safetensors", got=reason(error)) from None


def begins(where: str, path: Path, count: int) -> bytes:
    """The first bytes of a file, as many as there are.

    Raises: FormatError when the file is missing, not a regular one, or cannot be read.
    """
    with _file(where, path) as file:
        _check_regular(where, file)
        try:
            return file.read(count)
        except OSError as error:
            raise FormatError(where, "the file cannot be read", got=error.strerror) from None


class _BrokenError(Exception):
    """What is wrong with a container."""


def _file(where: str, path: Path) -> FileIO:
    try:
        return open(path, "rb", buffering=0, opener=lambda name, _: os.open(name, _FLAGS))
    except IsADirectoryError:
        raise FormatError(where, "this is not a file") from None
    except FileNotFoundError:
        raise FormatError(where, "there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        said = getattr(error, "strerror", None) or str(error)
        raise FormatError(where, "the file cannot be read", got=said) from None


def _check_regular(where: str, file: FileIO) -> int:
    """The size of a file that is a regular one."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise FormatError(where, "this is not a file")
    return status.st_size


def _container(where: str, file: FileIO, limits: Limits, types: Mapping[str, np.dtype[Any]]) -> Container:
    """The header, checked."""
    size_bytes = _check_regular(where, file)
    start = _read(file, min(8, size_bytes))
    if start.startswith(b"PK"):
        raise _BrokenError("an archive, as np.savez and torch.save write")
    length = int.from_bytes(start, "little")
    limits.check(where, size_bytes, length)
    room = size_bytes - 8 - length
    if room < 0:
        raise _BrokenError("a header that is cut off")
    text = _read(file, length)
    header = _json(text)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _BrokenError("metadata that is no mapping of texts")
    places = [_place(name, item, types) for name, item in header.items()]
    places.sort(key=lambda place: place[:2])  # an empty array lies where the next one begins
    end = 0
    for begin, stop, name, _ in places:
        if begin != end:
            raise _BrokenError(say("{name!r:.80} not where the array before it ends", name=name))
        end = stop
    if end != room:
        raise _BrokenError(say("{room} bytes of numbers for arrays of {end}", room=room, end=end))
    layouts = {name: layout for _, _, name, layout in places}
    return Container(where, metadata, layouts, file, start + text)


def _json(text: bytes) -> dict[str, Any]:
    """The header's text as what it says."""
    try:
        header = strict_json(text.decode())
    except (ValueError, RecursionError) as error:  # no UTF-8, broken or deep JSON, a number of many digits
        raise _BrokenError(say("a broken header, {error}", error=reason(error))) from None
    if not isinstance(header, dict):
        raise _BrokenError("a header that is no mapping")
    return header


def whole(where: str, path: Path, most_bytes: int) -> bytes:
    """A file's content that is not longer than that.

    Raises: FormatError when it is missing, no regular file, or too long.
    """
    with _file(where, path) as file:
        size_bytes = _check_regular(where, file)
        if size_bytes > most_bytes:
            rule, expected = "the file is too large", say("at most {most} bytes", most=most_bytes)
            raise FormatError(where, rule, expected=expected, got=say("{count} bytes", count=size_bytes))
        try:
            return _read(file, size_bytes)
        except (OSError, _BrokenError) as error:
            raise FormatError(where, "the file cannot be read", got=short(str(error))) from None


def strict_json(text: str) -> Any:
    """What a JSON text says.

    Raises: ValueError for broken JSON, for NaN and infinities, and for keys that stand twice; RecursionError.
    """
    return json.loads(text, parse_constant=_refused, object_pairs_hook=_mapping)


def short(text: str, most: int = _MOST_SAID) -> str:
    """What a file has brought into an error's text, as a part of another one's."""
    if isinstance(text, Said) and len(text) <= most:
        return text
    text = translated(text)  # what is cut off can be said in one language alone
    return (text if len(text) <= most else f"{text[: most - 1]}…").rstrip(".")


def _refused(constant: str) -> NoReturn:
    raise ValueError(say("{constant} is no number of a description", constant=constant))


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(say("the key {key!r:.80} stands twice", key=twice))
    return found


def _place(name: str, item: Any, types: Mapping[str, np.dtype[Any]]) -> tuple[int, int, str, Layout]:
    """Where an array begins and ends, and its layout, when they fit on each other."""
    if not isinstance(item, dict) or item.keys() != {"dtype", "shape", "data_offsets"}:
        raise _BrokenError(say("{name!r:.80} without dtype, shape and data_offsets", name=name))
    kind, shape, offsets = item["dtype"], item["shape"], item["data_offsets"]
    if not _whole(shape) or len(shape) > _MOST_AXES:
        raise _BrokenError(say("{name!r:.80} of shape {shape!r:.80}", name=name, shape=shape))
    if not _whole(offsets) or len(offsets) != 2:
        raise _BrokenError(say("{name!r:.80} at {offsets!r:.80}", name=name, offsets=offsets))
    if not isinstance(kind, str) or kind not in types:
        known = ", ".join(types)
        raise _BrokenError(
            say("{name!r:.80} of type {kind!r:.80}; known are {known}", name=name, kind=kind, known=known)
        )
    (begin, end), layout = offsets, Layout(kind, tuple(shape))
    if end - begin != layout.size_bytes:
        raise _BrokenError(
            say("{name!r:.80} of {size} bytes in {room}", name=name, size=layout.size_bytes, room=end - begin)
        )
    return begin, end, name, layout


def _whole(numbers: Any) -> bool:
    """Whether it is a list of whole numbers that sizes can be."""
    return isinstance(numbers, list) and all(type(n) is int and 0 <= n < _LARGEST for n in numbers)


def _read(file: FileIO, count: int) -> bytes:
    content = bytearray(count)
    _fill(file, memoryview(content))
    return bytes(content)


def _fill(file: FileIO, memory: memoryview) -> None:
    """Read until the memory is full; the file may have become shorter meanwhile."""
    while memory:
        if not (count := file.readinto(memory)):
            raise _BrokenError("a file that is cut off")
        memory = memory[count:]
