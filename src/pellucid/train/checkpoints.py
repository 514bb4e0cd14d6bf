"""A folder of checkpoints: the newest two, the first, and one every so often, so that stretches can be run again."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pellucid.errors import ArgumentError, FormatError, say
from pellucid.formats.run import RunState, load_run, save_run
from pellucid.language import text

_NAME = re.compile(r"step-([0-9]{9,15})\.safetensors")
_MARKS = 8  # that stay of a run, beside the newest two


class Checkpoints:
    """A run's folder. Each epoch's end and every few minutes its state is saved there.

    A file appears complete, and after it has been read again, or not at all; the one before it stays until then.

    Args:
        folder: is made if it is not there.
        every_s: so many seconds after the last one, a checkpoint is written in the middle of an epoch.
        description: how the model is built, for who opens the folder later.

    Raises: ArgumentError for what is no path.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every_s: float = 300.0,
        description: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
            hint = "checkpoint='run/'"
            raise ArgumentError("fit", "checkpoint is a folder's path", got=repr(folder)[:80], hint=hint)
        self.folder, self.description = Path(folder), dict(description or {})
        self._every_s, self._last = every_s, time.monotonic()
        self._damaged: set[int] = set()

    def prepare(self, *, resume: bool) -> None:
        """Make the folder; a run that begins there must not mix with another one.

        Raises: FormatError when that cannot be; ArgumentError when there is a run already.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            where = say("run '{path}'", path=str(self.folder))
            raise FormatError(where, "the folder cannot be made", got=error.strerror) from None
        if not resume and self.paths():
            raise ArgumentError(
                "fit",
                "the folder holds a run already",
                got=f"'{self.folder}'",
                hint="go on with resume=True (--resume), or choose another folder",
            )

    def paths(self) -> dict[int, Path]:
        """The checkpoints by the number of steps behind them, in their order."""
        found = {}
        with suppress(OSError):
            for path in self.folder.iterdir():
                if match := _NAME.fullmatch(path.name):
                    found[int(match[1])] = path
        return dict(sorted(found.items()))

    @property
    def due(self) -> bool:
        """Whether it is time for one in the middle of an epoch."""
        return time.monotonic() - self._last >= self._every_s

    def save(self, steps: int, run: RunState) -> None:
        """Write a checkpoint, then remove what is no longer needed; damaged ones, when there is a newer one.

        Raises: FormatError when it cannot be written; then those of before are still there.
        """
        run.description = self.description
        save_run(self.folder / f"step-{steps:09}.safetensors", run)
        self._last = time.monotonic()
        self._damaged.discard(steps)
        paths = self.paths()
        spare = {*_spare([number for number in paths if number not in self._damaged])} - {steps}
        for number in spare | {number for number in self._damaged if number < steps}:
            with suppress(OSError, KeyError):
                paths[number].unlink()

    def newest(self) -> RunState | None:
        """The newest checkpoint that is sound; a damaged one is told about.

        Raises: FormatError when there are some and all are damaged.
        """
        paths = self.paths()
        for number, path in reversed(paths.items()):
            try:
                return load_run(path)
            except FormatError as error:
                damaged = error
                self._damaged.add(number)
                if number != min(paths):
                    warnings.warn(text("training.damaged", error=error), stacklevel=2)
        if paths:
            raise damaged
        return None


def _spare(steps: list[int]) -> list[int]:
    """Which of these numbers of steps need no checkpoint: all but the newest two and the first of each stretch.

    A stretch is as long as a power of two, so that longer ones begin where shorter ones did; there are few of them.

    Example:
        >>> _spare([0, *range(10, 140, 10)])
        [10, 20, 30, 50, 60, 80, 90, 110]
    """
    length = 1 << (max(1, -(-steps[-1] // _MARKS)) - 1).bit_length()
    first = {step // length: step for step in reversed(steps)}
    return [step for step in steps[:-2] if first[step // length] != step]
