"""A recording in one safetensors file: its arrays, and as metadata where each of them comes from.

    {"format": "pellucid recording", "version": "3", "description": "{…}", "sha256": "…"}

The description is JSON: the "algorithm" of convolutions, "aliases", and "entries" in the order of computation, each
the core of its array's provenance (`provenance.py`). In version 2 an entry has but a "name" and a "source", and that
no "way", "path" and "order".
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from pellucid import memory
from pellucid.errors import FormatError, PellucidError, joined, reason, say
from pellucid.explain.files.description import Description
from pellucid.explain.provenance import core
from pellucid.explain.source import Entry
from pellucid.formats import container, reader
from pellucid.formats.container import CHECKSUM, FilePath

LIMITS = container.Limits(say("recording"), file_bytes=2**33, header_bytes=2**23)
_MARKS = {"format": "pellucid recording", "version": "3"}
_OLD = {**_MARKS, "version": "2"}  # which is read as well


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
            old = file.metadata["version"] == _OLD["version"]
            description = Description(reader.strict_json(text), shapes, kinds, old=old)
            memory.require(
                where, say("the arrays"), sum(layout.size_bytes for layout in file.layouts.values())
            )
            arrays = dict(file.arrays())
            description.check_numbers(arrays)
        except (ValueError, RecursionError) as error:  # broken JSON, deep nesting, wrong content
            raise FormatError(where, "the description is broken", got=_said(error)) from None
    return description.entries, arrays, description.aliases, description.algorithm


def _text(where: str, metadata: Mapping[str, str]) -> str:
    """The description, when the file is of this format and version."""
    found = {key: metadata.get(key) for key in _MARKS}
    if found not in (_MARKS, _OLD):
        expected, got = (
            say("format {format}, version {version}", format=marks["format"], version=marks["version"])
            for marks in (_MARKS, found)
        )
        raise FormatError(
            where,
            "this is not a recording that Pellucid wrote",
            expected=expected,
            got=reader.short(got),
            hint="a recording of version 1 says too little to be trusted; record the step anew"
            if found["version"] == "1"
            else None,
        )
    if CHECKSUM not in metadata:
        raise FormatError(where, "a recording must have a checksum")
    return metadata.get("description", "")


def _said(error: Exception) -> str:
    """An error's text as a part of another one's."""
    if isinstance(error, PellucidError):
        return reader.short(reason(error))
    return reader.short(joined(": ", (type(error).__name__, reason(error))))
