"""Containers as somebody else might write them: by the safetensors package, with the checksum of what they hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

_ZEROS = b'"' + b"0" * 64 + b'"'
_DTYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}


def sealed(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """A file with these arrays and texts, and its checksum."""
    return resealed(save(dict(arrays), {**metadata, "sha256": "0" * 64}))


def resealed(content: bytes, old: bytes = _ZEROS) -> bytes:
    """A file whose checksum is made anew; `old` is what stands in its place."""
    blank = content.replace(old, _ZEROS, 1)
    return blank.replace(_ZEROS, f'"{hashlib.sha256(blank).hexdigest()}"'.encode(), 1)


def header_of(content: bytes) -> dict[str, Any]:
    """What a file's header says."""
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


def with_header(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """A file whose header somebody has changed, with its checksum made anew."""
    end, header = 8 + int.from_bytes(content[:8], "little"), header_of(content)
    change(header)
    text = json.dumps(header).encode()
    checksum = header.get("__metadata__", {}).get("sha256", "")
    changed = len(text).to_bytes(8, "little") + text + content[end:]
    return resealed(changed, f'"{checksum}"'.encode())


def arrays_of(content: bytes) -> dict[str, NDArray[Any]]:
    """A file's arrays by name."""
    end, header = 8 + int.from_bytes(content[:8], "little"), header_of(content)
    found = {}
    for name, item in header.items():
        if name != "__metadata__":
            begin, stop = item["data_offsets"]
            flat = np.frombuffer(content[end + begin : end + stop], _DTYPES[item["dtype"]])
            found[name] = flat.reshape(item["shape"])
    return found
