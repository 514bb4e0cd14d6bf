"""The safetensors container, as models and recordings are written.

8 bytes: the header's length, little-endian; the header: JSON, each array's dtype, shape and place, and texts
under "__metadata__"; the arrays, one after the other

Among the texts is "sha256": the checksum of the whole file with zeros in the place of its own 64 digits, so of names,
types, shapes and texts as well as of numbers.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, FormatError, say
from pellucid.formats.file import write_whole

FilePath = str | os.PathLike[str]
DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8"), "I64": np.dtype("<i8")}
CHECKSUM, NO_CHECKSUM = "sha256", "0" * 64
_KINDS = {dtype.name: kind for kind, dtype in DTYPES.items()}


@dataclass(frozen=True)
class Limits:
    """How long a file and its header may be: what is longer is not read, and so it is not written.

    Attributes:
        kind: what the file holds, for messages.
    """

    kind: str
    file_bytes: int
    header_bytes: int

    def check(self, where: str, file_bytes: int, header_bytes: int) -> None:
        """Compare a file with them.

        Raises: FormatError when it is too long.
        """
        for what, found, most in (
            (say("file"), file_bytes, self.file_bytes),
            (say("header"), header_bytes, self.header_bytes),
        ):
            if found > most:
                rule = say("the {what} is too large for a {kind}", what=what, kind=self.kind)
                raise FormatError(
                    where,
                    rule,
                    expected=say("at most {most} bytes", most=most),
                    got=say("{count} bytes", count=found),
                )


def write(
    where: str,
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str],
    limits: Limits,
    check: Callable[[Path], None] = lambda _: None,
) -> None:
    """Write beside the file and rename, so that a crash leaves the old file or the new one.

    Equal contents give equal bytes: wider numbers first, else in the order of the names, so that all lie aligned.
    `check` may read the new file before it takes its name, and raise.

    Raises: FormatError when the file would be too long or cannot be written; ArgumentError for an array that the
        format has no type for.
    """
    ordered = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    header: dict[str, Any] = {"__metadata__": dict(sorted({**metadata, CHECKSUM: NO_CHECKSUM}.items()))}
    end = 0
    for name in ordered:
        array, begin = arrays[name], end
        if array.dtype.name not in _KINDS or name in header:
            rule = "arrays of files are float32, float64 or int64, and have names of their own"
            raise ArgumentError("save", rule, got=say("{dtype} for {name!r}", dtype=array.dtype, name=name))
        end += array.nbytes
        header[name] = {
            "dtype": _KINDS[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }

    head_bytes = len(_head(header))
    limits.check(where, head_bytes + end, head_bytes - 8)

    def parts() -> Iterator[bytes | memoryview]:
        yield _head(header)
        for name in ordered:
            yield _bytes(arrays[name])

    digest = hashlib.sha256()
    for part in parts():
        digest.update(part)
    header["__metadata__"][CHECKSUM] = digest.hexdigest()
    write_whole(where, path, parts(), check)


def _head(header: Mapping[str, Any]) -> bytes:
    """The header with its length, as many bytes as let the arrays behind it lie aligned."""
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text = text.ljust(-(-len(text) // 8) * 8)
    return len(text).to_bytes(8, "little") + text


def _bytes(array: NDArray[Any]) -> memoryview:
    """An array's numbers in row-major order, the lowest byte first."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1).view(np.uint8).data
