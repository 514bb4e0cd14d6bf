"""A run's receipt: checksums of its data, of its state every hundred steps and of its model, and each step's loss.

A file of JSON Lines: what the run was, its steps in stretches, and its model.

    {"format": "pellucid receipt", "version": 1, "edition": 1, "settings": {…}, "recipe": {…}, …, "state": "9f86…"}
    {"step": 100, "losses": [2.3026, …], "state": "60e1…"}
    {"model": "fd61…"}

It names no path: who verifies it says where the data are. A file is not trusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pellucid.edition import ARITHMETIC
from pellucid.errors import FormatError, say
from pellucid.formats import zoo
from pellucid.formats.file import write_whole
from pellucid.formats.reader import short, strict_json, whole
from pellucid.runs.settings import Settings
from pellucid.train.run import STRETCH

_FORMAT, _VERSION = "pellucid receipt", 1
_MOST_BYTES = 1 << 25
_PATHS = ("data", "from")  # which settings name, and receipts do not
_HEAD = frozenset(
    ("format", "version", "edition", "settings", "recipe", "validation", "from", "model", "state")
)


@dataclass(frozen=True)
class Receipt:
    """What a run that has ended came to.

    Attributes:
        settings: those of the run, without paths.
        recipe: what else its bits depend on, with the data's checksum.
        validation: the checksum of the data to validate with, empty where there were none.
        origin: the checksum of the network that weights were taken from, empty where there was none.
        built: what the network is called, for a person.
        losses: of each step.
        states: checksums of the state before the first step, behind every hundredth, and behind the last one.
        model: the checksum of the network's arrays in the end.
    """

    settings: Settings
    recipe: dict[str, Any]
    validation: str
    origin: str
    built: str
    losses: list[float]
    states: list[str]
    model: str

    @property
    def marks(self) -> dict[int, str]:
        """The states' checksums by the number of steps behind them."""
        return dict(zip(self._places(), self.states, strict=True))

    def write(self, path: Path) -> None:
        """Write it; the file appears complete or not at all.

        Raises: FormatError when it cannot be written.
        """
        lines = [json.dumps(line, allow_nan=False) + "\n" for line in self._lines()]
        write_whole(_where(path), path, ["".join(lines).encode()])

    @classmethod
    def read(cls, path: Path) -> Receipt:
        """Read one.

        Raises: FormatError when it is missing, too large, damaged, or one of another edition of the arithmetic.
        """
        where = _where(path)
        try:
            head, *steps, end = map(strict_json, whole(where, path, _MOST_BYTES).decode().splitlines())
            if (head["format"], head["version"]) != (_FORMAT, _VERSION) or head.keys() != _HEAD:
                raise ValueError(head["format"])
            if head["edition"] != ARITHMETIC:
                rule = "a run is verified in the edition of the arithmetic that made it"
                got = short(repr(head["edition"]))
                raise FormatError(where, rule, expected=str(ARITHMETIC), got=got)
            losses = [loss for line in steps for loss in line["losses"]]
            found = cls(
                Settings.of("verify", head["settings"]), dict(head["recipe"]), str(head["validation"]),
                str(head["from"]), str(head["model"]), losses, [head["state"], *(line["state"] for line in steps)],
                end["model"],
            )  # fmt: skip
            said = [line["step"] for line in steps]
            if head["settings"].keys() & {*_PATHS}:
                raise ValueError(head["settings"])
            texts = [*found.states, found.model]
            if [0, *said] != found._places() or not losses:
                raise ValueError(said)
            if not all(type(loss) is float for loss in losses) or not all(type(t) is str for t in texts):
                raise TypeError(texts)
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(where, "this is not a receipt that Pellucid wrote") from None
        return found

    def _places(self) -> list[int]:
        """The numbers of steps behind which there is a checksum."""
        steps = len(self.losses)
        return [*range(0, steps, STRETCH), steps]

    def _lines(self) -> Iterator[dict[str, Any]]:
        settings = {name: value for name, value in self.settings.plain().items() if name not in _PATHS}
        yield {
            "format": _FORMAT, "version": _VERSION, "edition": ARITHMETIC, "model": self.built,
            "settings": settings, "recipe": self.recipe, "validation": self.validation, "from": self.origin,
            "state": self.states[0],
        }  # fmt: skip
        for (start, stop), state in zip(pairwise(self._places()), self.states[1:], strict=True):
            yield {"step": stop, "losses": self.losses[start:stop], "state": state}
        yield {"model": self.model}


def beside(model: Path) -> Path:
    """Where the receipt of a model file is.

    Example:
        >>> beside(Path("digits.safetensors")).name
        'digits.receipt.jsonl'
    """
    return model.with_name(model.name.removesuffix(zoo.MODEL) + zoo.RECEIPT)


def _where(path: Path) -> str:
    return say("receipt '{path}'", path=str(path))
