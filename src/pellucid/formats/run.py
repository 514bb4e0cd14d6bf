"""The state of a training run as one safetensors file: arrays, and as metadata what is said in words and numbers.

    {"format": "pellucid run", "version": "1", "edition": "1", "recipe": "{…}", "state": "{…}", "description": "{…}"}

The recipe is what the run's bits depend on; the state says how far it has come; the description, which may be empty,
how the model is built. A file is not trusted (see `reader.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.edition import ARITHMETIC
from pellucid.errors import FormatError, say
from pellucid.formats import container, reader
from pellucid.formats.container import FilePath

LIMITS = container.Limits(say("run"), file_bytes=2**34, header_bytes=2**24)
_FORMAT, _VERSION = "pellucid run", "1"
_TEXTS = ("recipe", "state", "description")


@dataclass
class RunState:
    """What a file holds."""

    arrays: dict[str, NDArray[Any]]
    recipe: dict[str, Any]
    state: dict[str, Any]
    description: dict[str, Any] = field(default_factory=dict)

    def under(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The arrays whose names begin so, without that."""
        return {
            name.removeprefix(prefix): array for name, array in self.arrays.items() if name.startswith(prefix)
        }


def save_run(path: FilePath, run: RunState) -> None:
    """Write a run's state; it is read once more before it takes the file's name.

    Raises: FormatError when the file cannot be written, or does not hold what was written.
    """
    where = _where(path)
    texts = {name: json.dumps(getattr(run, name), allow_nan=False, sort_keys=True) for name in _TEXTS}
    metadata = {"format": _FORMAT, "version": _VERSION, "edition": str(ARITHMETIC), **texts}

    def check(written: Path) -> None:
        with reader.opened(where, written, LIMITS) as file:
            for name, array in file.arrays():
                if not np.array_equal(array, run.arrays[name], equal_nan=True):
                    raise FormatError(where, "the file does not hold what was written")

    container.write(where, Path(path), run.arrays, metadata, LIMITS, check)


def load_run(path: FilePath) -> RunState:
    """Read a run's state.

    Raises: FormatError when the file is missing, too large, damaged, or no such state of this edition.
    """
    where = _where(path)
    with reader.opened(where, Path(path), LIMITS) as file:
        found = tuple(file.metadata.get(key) for key in ("format", "version"))
        if found != (_FORMAT, _VERSION) or container.CHECKSUM not in file.metadata:
            raise FormatError(where, "this is not a state of a run that Pellucid wrote")
        if file.metadata.get("edition") != str(ARITHMETIC):
            raise FormatError(
                where,
                "a run goes on in the edition of the arithmetic that began it",
                expected=str(ARITHMETIC),
                got=reader.short(repr(file.metadata.get("edition"))),
            )
        texts = {name: _mapping(where, name, file.metadata) for name in _TEXTS}
        return RunState(dict(file.arrays()), **texts)


def _mapping(where: str, name: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        found = reader.strict_json(metadata.get(name, ""))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise FormatError(where, say("'{name}' is broken", name=name))
    return found


def _where(path: FilePath) -> str:
    return say("run '{path}'", path=str(path))
