"""A recorded run layer by layer, and the first layer in which something looks wrong.

Rules, causes before consequences; within a rule the layer comes first where the trouble begins:

not_finite   an array holds NaN or an infinity. First is the one that was computed first, whatever it is.
dead         in a ReLU more than half of the units are 0 for all samples. A unit is a channel, since its positions share
             one weight; at least 16 numbers of each must have been seen, because a healthy one is 0 half of the time.
saturated    in a sigmoid or tanh more than half of the numbers lie where the slope is below 1/100 of the steepest.
vanishing    ‖grad(output)‖ is below 1/1000 of the gradient with which the backward pass begins, the logits'. Weights
             that are initialised well keep the norm within a factor of about 30; five sigmoids, which each take away
             three quarters or more, bring it below. First is the layer nearest to the loss.
exploding    the same norm is above 1000 times the logits'.
update       ‖updated(weight) − weight‖ / ‖weight‖, which is about 1/1000 while training goes well (Karpathy, CS231n,
             "Ratio of weights:updates"), is below 10⁻⁵ or above 0.3. Adam's first update moves every weight by lr: with
             lr 0.001 that is 0.17 of weights initialised for 9216 inputs, and no reason to worry. Biases, which may
             start at 0, have no ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.columns import Columns, wrapped
from pellucid.explain.address import written
from pellucid.explain.measured import Measured, measured
from pellucid.explain.source import Entry
from pellucid.explain.terms import as_json
from pellucid.language import Message, text
from pellucid.ops.base import Shape

if TYPE_CHECKING:
    from pellucid.explain.recording import Recording

Array = NDArray[Any]

_DEAD = 0.5
_SEEN = 16
_SATURATED = 0.5
_FLAT = 0.01  # of the steepest slope
_SLOPES: dict[str, Callable[[Array], Array]] = {  # from the output, as a share of the steepest
    "sigmoid": lambda s: 4 * s * (1 - s),
    "tanh": lambda t: 1 - t * t,
}
_GRADIENT = 1e3
_SLOW, _WILD = 1e-5, 0.3
_WIDTH = 100


@dataclass(frozen=True)
class Row:
    """One layer of the run; None stands for what it does not have.

    Attributes:
        layer: its path.
        op: what it computes.
        shape: of its output.
        mean: of its output's numbers.
        std: their standard deviation.
        units: how many units (channels) a ReLU has.
        dead: the share of those that are 0 for all samples.
        saturated: the share of a sigmoid's or tanh's numbers that lie where the slope is below 1/100 of the steepest.
        grad_norm: the Euclidean norm of grad(output).
        update_ratio: ‖updated(weight) − weight‖ / ‖weight‖.
    """

    layer: str
    op: str
    shape: Shape
    mean: float
    std: float
    units: int | None
    dead: float | None
    saturated: float | None
    grad_norm: float | None
    update_ratio: float | None

    def to_dict(self) -> dict[str, Any]:
        """The row as values that JSON knows."""
        found = {key: as_json(v) if isinstance(v, float) else v for key, v in vars(self).items()}
        return {**found, "shape": list(self.shape)}


@dataclass(frozen=True)
class Suspicion:
    """Something that looks wrong.

    Attributes:
        layer: where; for an array that no layer computed, its name.
        rule: by which of the rules.
        reason: what was found.
    """

    layer: str
    rule: str
    reason: Message

    def to_dict(self, lang: str | None = None) -> dict[str, str]:
        """All as texts."""
        return {"layer": self.layer, "rule": self.rule, "reason": self.reason.said(lang)}


@dataclass(frozen=True)
class Overview:
    """The layers of a run in the order of computation, and what looks wrong in them.

    Attributes:
        rows: the layers.
        suspicions: the first suspicious layer by each rule that finds one, causes before consequences.
        samples: how many the batch has.
        loss: the batch's mean loss; None for inference.
        lang: the language of `str`; None for the default.
    """

    rows: tuple[Row, ...]
    suspicions: tuple[Suspicion, ...]
    samples: int
    loss: float | None
    lang: str | None = None

    @property
    def suspicious(self) -> Suspicion | None:
        """The first suspicious layer; None when nothing looks wrong."""
        return self.suspicions[0] if self.suspicions else None

    def title(self, lang: str | None = None) -> str:
        """Which run it is."""
        lang = lang or self.lang
        if self.loss is None:
            return text("overview.inference", lang, samples=self.samples)
        return text("overview.step", lang, samples=self.samples, loss=self.loss)

    def table(self, lang: str | None = None) -> Columns:
        """The rows as texts. A column in which no layer has anything is left out."""
        lang = lang or self.lang
        columns = {
            text("overview.layer", lang): [row.layer for row in self.rows],
            text("overview.op", lang): [row.op for row in self.rows],
            text("overview.shape", lang): ["×".join(map(str, row.shape[1:])) for row in self.rows],
            text("overview.mean", lang): [_short(row.mean) for row in self.rows],
            text("overview.std", lang): [_short(row.std) for row in self.rows],
            text("overview.dead", lang): [_share(row.dead) for row in self.rows],
            text("overview.saturated", lang): [_share(row.saturated) for row in self.rows],
            text("overview.grad_norm", lang): [_short(row.grad_norm) for row in self.rows],
            text("overview.update_ratio", lang): [_short(row.update_ratio) for row in self.rows],
        }
        columns = {head: column for head, column in columns.items() if any(column)}
        return Columns(tuple(columns), tuple(zip(*columns.values(), strict=True)), 3)

    def findings(self, lang: str | None = None) -> list[str]:
        """What looks wrong, a sentence each, the first suspicious layer first; or that nothing does."""
        lang = lang or self.lang
        if not self.suspicions:
            return [text("overview.nothing", lang)]
        first, *others = ((found.layer, found.reason.said(lang)) for found in self.suspicions)
        told = [text("overview.suspicious", lang, layer=first[0], reason=first[1])]
        return told + [text("overview.also", lang, layer=layer, reason=reason) for layer, reason in others]

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
        from pellucid.explain.rendering.summary import overview_html

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


def overview_of(recording: Recording, read: Callable[[str], Array], lang: str | None = None) -> Overview:
    """The overview of a recording whose arrays `read` gives; each is read once and seen as a whole."""
    entries = recording.entries
    outputs = [entry for entry in entries.values() if entry.source and entry.source.of == "output"]
    paths = {entry.name: _path(recording, entry.name) for entry in outputs}
    seen: dict[str, Measured] = {}
    shares: dict[str, tuple[float | None, float | None]] = {}
    with np.errstate(all="ignore"):
        for name, entry in entries.items():
            array = read(name)
            seen[name] = measured(array)
            if name in paths and entry.source is not None:
                shares[name] = _shares(entry.source.op.name, array)
        rows = tuple(_row(entry, paths[entry.name], seen, shares[entry.name], read) for entry in outputs)
        start = next((seen[name].norm for name in entries if name.startswith("grad(")), None)
        rules = [
            _not_finite(seen, paths, read),
            _dead(rows),
            _saturated(rows),
            _vanishing(rows, start),
            _exploding(rows, start),
            _update(rows),
        ]
        found = tuple(first for rule in rules if (first := next(rule, None)))
    samples = next(iter(entries.values())).shape[0]
    return Overview(rows, found, samples, recording.loss if "loss" in entries else None, lang)


def _path(recording: Recording, name: str) -> str:
    return recording.aliases.get(name, name).removesuffix(".output")


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
    return _dead_share(output) if op == "relu" else None, flat


def _dead_share(output: Array) -> float:
    """The share of channels that are 0 at all positions of all samples."""
    others = tuple(axis for axis in range(output.ndim) if axis != 1)
    return float(np.mean((output == 0).all(axis=others)))


def _update_ratio(
    weight: str | None, seen: Mapping[str, Measured], read: Callable[[str], Array]
) -> float | None:
    if weight is None or f"updated({weight})" not in seen:
        return None
    step = read(f"updated({weight})").astype(np.float64) - read(weight)
    return float(np.linalg.norm(step)) / seen[weight].norm if seen[weight].norm else None


def _not_finite(
    seen: Mapping[str, Measured], paths: Mapping[str, str], read: Callable[[str], Array]
) -> Iterator[Suspicion]:
    for name in (name for name, numbers in seen.items() if not numbers.finite):
        array = read(name)
        wrong = np.argwhere(~np.isfinite(array))
        count, size, address = len(wrong), array.size, written(name, wrong[0])
        reason = Message("overview.not_finite", count=count, size=size, array=name, address=address)
        yield Suspicion(paths.get(name, name), "not_finite", reason)


def _dead(rows: Iterable[Row]) -> Iterator[Suspicion]:
    for row in rows:
        if row.dead is not None and row.units and row.dead > _DEAD:
            seen = int(np.prod(row.shape)) // row.units
            if seen >= _SEEN:
                yield Suspicion(
                    row.layer, "dead", Message("overview.dead_units", share=row.dead, units=row.units)
                )


def _saturated(rows: Iterable[Row]) -> Iterator[Suspicion]:
    for row in rows:
        if row.saturated is not None and row.saturated > _SATURATED:
            yield Suspicion(row.layer, "saturated", Message("overview.saturated_units", share=row.saturated))


def _vanishing(rows: tuple[Row, ...], start: float | None) -> Iterator[Suspicion]:
    for row in reversed(rows):
        if row.grad_norm is not None and start and row.grad_norm < start / _GRADIENT:
            yield Suspicion(
                row.layer, "vanishing", Message("overview.vanishing", norm=row.grad_norm, first=start)
            )


def _exploding(rows: tuple[Row, ...], start: float | None) -> Iterator[Suspicion]:
    for row in reversed(rows):
        if row.grad_norm is not None and start and row.grad_norm > start * _GRADIENT:
            yield Suspicion(
                row.layer, "exploding", Message("overview.exploding", norm=row.grad_norm, first=start)
            )


def _update(rows: Iterable[Row]) -> Iterator[Suspicion]:
    for row in rows:
        ratio = row.update_ratio
        if ratio is not None and ratio < _SLOW:
            yield Suspicion(row.layer, "update", Message("overview.update_small", ratio=ratio))
        elif ratio is not None and ratio > _WILD:
            yield Suspicion(row.layer, "update", Message("overview.update_large", ratio=ratio))


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
