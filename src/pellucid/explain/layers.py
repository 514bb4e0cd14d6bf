"""What a recorded run looks like layer by layer, and what looks wrong in it, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pellucid.columns import Columns
from pellucid.explain.terms import as_json
from pellucid.language import Message, text
from pellucid.ops.base import Shape


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
class Layers:
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


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
