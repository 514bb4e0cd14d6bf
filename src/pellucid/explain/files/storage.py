"""A recording in one safetensors file: its arrays, and as metadata where each of them comes from.

    {"format": "pellucid recording", "version": "5", "edition": "1", "description": "{…}", "sha256": "…"}

The description is JSON: the "algorithm" of convolutions, "aliases", and "entries" in the order of computation, each
the core of its array's provenance (`provenance.py`). Numbers of another edition of the arithmetic cannot be replayed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from pellucid import memory
from pellucid.edition import ARITHMETIC
from pellucid.errors import FormatError, PellucidError, joined, reason, say
from pellucid.explain.files.description import Description
from pellucid.explain.provenance import core
from pellucid.explain.source import Entry
from pellucid.formats import container, reader
from pellucid.formats.container import CHECKSUM, FilePath

LIMITS = container.Limits(say("recording"), file_bytes=2**33, header_bytes=2**23)
_MARKS = {"format": "pellucid recording", "version": "5", "edition": str(ARITHMETIC)}


def save_recording(
    path: FilePath,
    entries: Iterable[Entry],
    arrays: Mapping[str, NDArray[Any]],
    aliases: Mapping[str, str],
    algorithm: str,
) -> None:
    """Write a recording's arrays and where they come from. The file appears complete or not at all.

    Raises: FormatError when the file cannot be written.
    """
    description = {
        "algorithm": algorithm,
        "aliases": dict(aliases),
        "entries": [core(entry) for entry in entries],
    }
    text = json.dumps(description, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    where, metadata = say("recording file '{path}'", path=os.fspath(path)), {**_MARKS, "description": text}
    container.write(where, Path(path), arrays, metadata, LIMITS)


def read_recording(
    path: FilePath,
) -> tuple[list[Entry], dict[str, NDArray[Any]], dict[str, str], str]:
    """What `save_recording` was given: entries, arrays by name, aliases, the algorithm.

    Raises: FormatError when the file is missing, too large, or anything in it is not as a recording has it.
    """
    where = say("recording file '{path}'", path=os.fspath(path))
    with reader.opened(where, Path(path), LIMITS) as file:
        text = _text(where, file.metadata)
        shapes = {name: layout.shape for name, layout in file.layouts.items()}
        kinds = {name: layout.kind for name, layout in file.layouts.items()}
        try:
            description = Description(reader.strict_json(text), shapes, kinds)
            memory.require(
                where, say("the arrays"), sum(layout.size_bytes for layout in file.layouts.values())
            )
            arrays = dict(file.arrays())
            description.check_numbers(arrays)
        except (ValueError, RecursionError) as error:  # broken JSON, deep nesting, wrong content
            raise FormatError(where, "the description is broken", got=_said(error)) from None
    return description.entries, arrays, description.aliases, description.algorithm


def _text(where: str, metadata: Mapping[str, str]) -> str:
    """The description, when the file is of this format, version and edition of the arithmetic."""
    found = {key: metadata.get(key) for key in _MARKS}
    if found != _MARKS:
        expected, got = (
            say("format {format}, version {version}, edition {edition} of the arithmetic", **marks)
            for marks in (_MARKS, found)
        )
        ours = found["format"] == _MARKS["format"]
        raise FormatError(
            where,
            "this is not a recording that this version of Pellucid can explain",
            expected=expected,
            got=reader.short(got),
            hint="record the step anew" if ours else None,
        )
    if CHECKSUM not in metadata:
        raise FormatError(where, "a recording must have a checksum")
    return metadata.get("description", "")


def _said(error: Exception) -> str:
    """An error's text as a part of another one's."""
    if isinstance(error, PellucidError):
        return reader.short(reason(error))
    return reader.short(joined(": ", (type(error).__name__, reason(error))))
