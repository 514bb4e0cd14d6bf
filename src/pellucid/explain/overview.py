"""A recorded run layer by layer, and the first layer in which something looks wrong (`suspicions.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.columns import wrapped
from pellucid.explain.layers import Layers, Row
from pellucid.explain.measured import Measured, measured
from pellucid.explain.rendering.summary import overview_html
from pellucid.explain.source import Entry
from pellucid.explain.suspicions import suspicions
from pellucid.explain.terms import as_json

Array = NDArray[Any]

_FLAT = 0.01  # of the steepest slope
_SLOPES: dict[str, Callable[[Array], Array]] = {  # from the output, as a share of the steepest
    "sigmoid": lambda s: 4 * s * (1 - s),
    "tanh": lambda t: 1 - t * t,
}
_WIDTH = 100


@dataclass(frozen=True)
class Overview(Layers):
    """The layers of a run and what looks wrong in them; printed, a table, and in a notebook a page.

    `Layers` has its attributes.
    """

    def text(self, lang: str | None = None) -> str:
        """The table and what looks wrong.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        found = [wrapped(finding, _WIDTH, others="  ") for finding in self.findings(lang)]
        return "\n".join([self.title(lang), "", str(self.table(lang)), "", *found])

    def __str__(self) -> str:
        return self.text()

    def html(self, lang: str | None = None) -> str:
        """A piece of HTML that needs nothing from elsewhere.

        Args:
            lang: "en" or "ko"; None for the overview's own.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        return overview_html(self, lang or self.lang)

    def _repr_html_(self) -> str:
        return self.html()

    def to_dict(self, lang: str | None = None) -> dict[str, Any]:
        """Everything as values that JSON knows; numbers that are not finite as text."""
        found = [suspicion.to_dict(lang or self.lang) for suspicion in self.suspicions]
        return {
            "samples": self.samples,
            "loss": None if self.loss is None else as_json(self.loss),
            "rows": [row.to_dict() for row in self.rows],
            "suspicious": found[0] if found else None,
            "suspicions": found,
        }


def overview_of(
    entries: Mapping[str, Entry],
    read: Callable[[str], Array],
    lang: str | None = None,
) -> Overview:
    """The overview of a recording; each array is read once and seen as a whole.

    Args:
        entries: the recording's arrays by their names, in the order of computation.
        read: gives an array.
        lang: the language in which it speaks; None for the default.
    """
    outputs = [entry for entry in entries.values() if entry.source and entry.source.of == "output"]
    paths = {entry.name: entry.source.path for entry in outputs if entry.source}
    seen: dict[str, Measured] = {}
    shares: dict[str, tuple[float | None, float | None]] = {}
    with np.errstate(all="ignore"):
        for name, entry in entries.items():
            array = read(name)
            seen[name] = measured(array)
            if name in paths and entry.source is not None:
                shares[name] = _shares(entry.source.op.name, array)
        rows = tuple(_row(entry, paths[entry.name], seen, shares[entry.name], read) for entry in outputs)
        start = next((seen[name].norm for name, entry in entries.items() if _is_gradient(entry)), None)
        found = suspicions(rows, seen, paths, start, read)
    samples = next(iter(entries.values())).shape[0]
    loss = float(read("loss").item()) if "loss" in entries else None
    return Overview(rows, found, samples, loss, lang)


def _is_gradient(entry: Entry) -> bool:
    return entry.given == "gradient" if entry.source is None else entry.source.direction == "backward"


def _row(
    entry: Entry,
    path: str,
    seen: Mapping[str, Measured],
    shares: tuple[float | None, float | None],
    read: Callable[[str], Array],
) -> Row:
    assert entry.source is not None
    dead, flat = shares
    gradient = seen.get(f"grad({entry.name})")
    return Row(
        path,
        entry.source.op.name,
        entry.shape,
        seen[entry.name].mean,
        seen[entry.name].std,
        None if dead is None else entry.shape[1],
        dead,
        flat,
        None if gradient is None else gradient.norm,
        _update_ratio(entry.source.operands.get("weight"), seen, read),
    )


def _shares(op: str, output: Array) -> tuple[float | None, float | None]:
    """The share of dead units of a ReLU, and that of saturated numbers of a sigmoid or tanh."""
    slope = _SLOPES.get(op)
    flat = float(np.mean(slope(output.astype(np.float64)) < _FLAT)) if slope else None
    return float(np.mean(dead_units(output))) if op == "relu" else None, flat


def dead_units(output: Array) -> NDArray[np.bool_]:
    """Which channels of a ReLU are 0 at all positions of all samples."""
    others = tuple(axis for axis in range(output.ndim) if axis != 1)
    return np.asarray((output == 0).all(axis=others))


def _update_ratio(
    weight: str | None, seen: Mapping[str, Measured], read: Callable[[str], Array]
) -> float | None:
    if weight is None or f"updated({weight})" not in seen:
        return None
    step = read(f"updated({weight})").astype(np.float64) - read(weight)
    return float(np.linalg.norm(step)) / seen[weight].norm if seen[weight].norm else None
