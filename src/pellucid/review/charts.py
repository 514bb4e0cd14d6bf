"""Curves of training as SVG: loss and accuracy, by epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pellucid.data.order import edges
from pellucid.language import text
from pellucid.markup import Markup, tag
from pellucid.train.history import Epoch, History

Point = tuple[float, float]
_WIDTH, _HEIGHT = 400, 210  # of the picture, in its own units
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 34  # what lies around the axes
_POINTS = 240  # of a curve at most
_TICKS = 5


@dataclass(frozen=True)
class Curve:
    """A line through points.

    Attributes:
        name: what the legend calls it.
        kind: its class in the style: how it looks.
        points: (x, y), all finite.
        dots: whether its points are marked.
    """

    name: str
    kind: str
    points: tuple[Point, ...]
    dots: bool = False


def charts(history: History, lang: str) -> list[Markup]:
    """Loss and accuracy, as far as they are there."""
    per_epoch = len(history.losses) / len(history.epochs) if history.epochs else 0.0
    across = text("review.epoch" if per_epoch else "review.step", lang)
    size = max(1, -(-len(history.losses) // _POINTS))
    steps = _curve(text("review.training_loss", lang), "train", _means(history.losses, size, per_epoch or 1))
    if not steps.points:
        means = ((epoch.epoch + 1, epoch.loss) for epoch in history.epochs)
        steps = _curve(text("review.training_loss", lang), "train", means, dots=True)
    note = text("review.averaged", lang, steps=size) if size > 1 else ""
    losses = (steps, _judged(history.epochs, "loss", text("review.validation_loss", lang)))
    shares = (_judged(history.epochs, "accuracy", text("review.validation_accuracy", lang)),)
    drawn = (
        _chart(text("review.loss", lang), across, [curve for curve in losses if curve.points], note),
        _chart(text("review.accuracy", lang), across, [curve for curve in shares if curve.points], ""),
    )
    return [chart for chart in drawn if chart is not None]


def _means(losses: Sequence[float], size: int, per_epoch: float) -> Iterator[Point]:
    """Means of so many steps each, where they end in epochs."""
    for start, stop in pairwise(edges(len(losses), size)):
        yield stop / per_epoch, math.fsum(losses[start:stop]) / (stop - start)


def _judged(epochs: Sequence[Epoch], score: str, name: str) -> Curve:
    found = ((e.epoch + 1, e.validation[score]) for e in epochs if e.validation and score in e.validation)
    return _curve(name, "validation", found, dots=True)


def _curve(name: str, kind: str, points: Iterator[Point], dots: bool = False) -> Curve:
    return Curve(name, kind, tuple((x, y) for x, y in points if math.isfinite(y)), dots)


def _chart(title: str, across: str, curves: list[Curve], note: str) -> Markup | None:
    """A figure with its axes, its curves, and what they are; None without a point."""
    points = [point for curve in curves for point in curve.points]
    if not points:
        return None
    down = ticks(min(0.0, *(y for _, y in points)), max(y for _, y in points))
    right = max(1.0, *(x for x, _ in points))
    xs = [x for x in ticks(0, right, whole=True) if x <= right]
    frame = _Frame((0.0, right), (down[0], down[-1]))
    content = [*frame.axes(xs, down, across), *(part for curve in curves for part in frame.drawn(curve))]
    svg = tag("svg", *content, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=title)
    keys = [_key(curve) for curve in curves] + ([tag("small", note)] if note else [])
    return tag("figure", tag("figcaption", tag("b", title), *keys), svg, class_="chart")


def _key(curve: Curve) -> Markup:
    """What the legend says of a curve: its name and its last number."""
    last = curve.points[-1][1]
    return tag("span", tag("i", "", class_=f"key {curve.kind}"), f"{curve.name} ", tag("code", f"{last:.4g}"))


@dataclass(frozen=True)
class _Frame:
    """Where numbers lie in the picture."""

    across: tuple[float, float]
    down: tuple[float, float]

    def x(self, value: float) -> float:
        low, high = self.across
        return round(_LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        low, high = self.down
        return round(_HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM), 1)

    def axes(self, xs: Sequence[float], ys: Sequence[float], name: str) -> Iterator[Markup]:
        """Lines and numbers of both axes."""
        for y in ys:
            yield tag("path", class_="grid", d=f"M{_LEFT} {self.y(y)}H{_WIDTH - _RIGHT}")
            yield tag("text", f"{y:.4g}", x=_LEFT - 6, y=f"{self.y(y) + 4}", text_anchor="end")
        for x in xs:
            yield tag("text", f"{x:,.0f}", x=f"{self.x(x)}", y=_HEIGHT - _BOTTOM + 15, text_anchor="middle")
        yield tag("text", name, x=_WIDTH - _RIGHT, y=_HEIGHT - 4, text_anchor="end")

    def drawn(self, curve: Curve) -> Iterator[Markup]:
        """A curve, and its dots."""
        places = [f"{self.x(x)} {self.y(y)}" for x, y in curve.points]
        yield tag("path", class_=f"curve {curve.kind}", d=f"M{'L'.join(places)}")
        for x, y in curve.points if curve.dots or len(places) == 1 else ():
            yield tag("circle", class_=f"dot {curve.kind}", cx=f"{self.x(x)}", cy=f"{self.y(y)}", r=3)


def ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Round numbers, about five, the first not above `low` and the last not below `high`.

    Example:
        >>> ticks(0, 2.3), ticks(0, 3, whole=True)
        ([0.0, 0.5, 1.0, 1.5, 2.0, 2.5], [0.0, 1.0, 2.0, 3.0])
    """
    span = (high - low) or abs(high) or 1.0
    rough = span / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * round_ for round_ in (1, 2, 5, 10) if power * round_ >= rough * (1 - 1e-9))
    step = max(1.0, step) if whole else step
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]
