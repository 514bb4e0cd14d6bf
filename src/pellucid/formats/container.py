"""The safetensors container: what models and recordings are written to, and the first look at a file that is read.

8 bytes: the header's length, little-endian; the header: JSON, each array's dtype, shape and place, and texts
under "__metadata__"; the arrays, one after the other
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, FormatError
from pellucid.formats.file import write_whole

FilePath = str | os.PathLike[str]
_DTYPES = {"float32": "F32", "float64": "F64", "int64": "I64"}


def write(where: str, path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
    """Write beside the file and rename, so that a crash leaves the old file or the new one.

    Equal contents give equal bytes: wider numbers first, else in the order of the names, so that all lie aligned.

    Raises: FormatError when the file cannot be written; ArgumentError for an array that the format has no type for.
    """
    ordered = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    end = 0
    for name in ordered:
        array, begin = arrays[name], end
        if array.dtype.name not in _DTYPES or name in header:
            rule = "arrays of files are float32, float64 or int64, and have names of their own"
            raise ArgumentError("save", rule, got=f"{array.dtype} for {name!r}")
        end += array.nbytes
        header[name] = {
            "dtype": _DTYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text = text.ljust(-(-len(text) // 8) * 8)
    head = len(text).to_bytes(8, "little") + text
    write_whole(where, path, (head, *(_bytes(arrays[name]) for name in ordered)))


def _bytes(array: NDArray[Any]) -> memoryview:
    """An array's numbers in row-major order, the lowest byte first."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1).view(np.uint8).data


def check_size(where: str, path: Path, kind: str, file_bytes: int, header_bytes: int) -> None:
    """Look at the file's length and at its header's before anything is allocated for them.

    Raises: FormatError when one of them is too large, or there is no file.
    """
    if not path.is_file():
        raise FormatError(where, "there is no such file" if not path.exists() else "this is not a file")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
    except OSError as error:
        raise FormatError(where, "the file cannot be read", got=str(error)) from None
    for what, found, most in (("file", size, file_bytes), ("header", header, header_bytes)):
        if found > most:
            expected, got = f"at most {most} bytes", f"{found} bytes"
            raise FormatError(where, f"the {what} is too large for a {kind}", expected=expected, got=got)
