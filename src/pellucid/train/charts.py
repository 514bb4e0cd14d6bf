"""Curves of training as SVG, for reports and notebooks."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pellucid.markup import Markup, tag
from pellucid.train.curves import Curve, Panel

_WIDTH, _HEIGHT = 400, 210  # of the picture, in its own units
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 34  # what lies around the axes
_TICKS = 5
_FINEST, _LEAST, _MOST = 1e-15, 1e-300, sys.float_info.max  # steps and numbers that floats can tell apart

# Blue and vermilion are the page's own where it has some; axes are a shade of its ink.
STYLE = """
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 24px 40px }
.charts .chart { max-width: 560px; margin: 0 } .chart figcaption { display: flex; flex-wrap: wrap; gap: 0 16px;
  font-size: 12px } .chart b { font-size: 14px }
.chart svg { display: block; width: 100%; height: auto; overflow: visible }
.chart text { font: 12px system-ui, sans-serif; fill: currentColor; opacity: .7 }
.grid { stroke: var(--line, #8885); fill: none } .curve { fill: none; stroke-width: 1.6; stroke-linejoin: round }
.steps { stroke: var(--blue, #0072b2) } .curve.steps { stroke-width: .8; opacity: .35 } .rate { stroke: currentColor }
.train { stroke: var(--blue, #0072b2) } .validation { stroke: var(--red, #c44601) }
.curve.validation { stroke-dasharray: 5 3 } .dot { fill: Canvas; stroke-width: 1.6 }
.key { display: inline-block; width: 20px; margin-right: 6px; border-top: 2px solid; vertical-align: middle }
.key.train { color: var(--blue, #0072b2) } .key.steps { color: var(--blue, #0072b2); opacity: .35 }
.key.validation { color: var(--red, #c44601); border-top-style: dashed }
"""


def charts(panels: Sequence[Panel]) -> list[Markup]:
    """A figure for each panel: its axes, its curves, and what they are."""
    return [_chart(panel) for panel in panels]


def _chart(panel: Panel) -> Markup:
    points = [point for curve in panel.curves for point in curve.points]
    heights = [y for _, y in points]
    down = ticks(min([0.0, *heights] if panel.from_zero else heights), max(heights))
    right = max(1.0, *(x for x, _ in points))
    xs = [x for x in ticks(0, right, whole=True) if x <= right]
    frame = _Frame((0.0, right), (down[0], down[-1]))
    lines = [part for curve in panel.curves for part in frame.drawn(curve)]
    content = [*frame.axes(xs, down, panel.across), *lines]
    svg = tag("svg", *content, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=panel.title)
    keys = [_key(curve) for curve in panel.curves] + ([tag("small", panel.note)] if panel.note else [])
    return tag("figure", tag("figcaption", tag("b", panel.title), *keys), svg, class_="chart")


def _key(curve: Curve) -> Markup:
    """What the legend says of a curve: its name and its last number."""
    key, last = tag("i", "", class_=f"key {curve.kind}"), curve.points[-1][1]
    if curve.kind == "steps":
        return tag("span", key, curve.name)
    return tag("span", key, f"{curve.name} ", tag("code", f"{last:.4g}"))


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
        step = ys[1] - ys[0]
        for y in ys:
            yield tag("path", class_="grid", d=f"M{_LEFT} {self.y(y)}H{_WIDTH - _RIGHT}")
            yield tag("text", written(y, step), x=_LEFT - 6, y=f"{self.y(y) + 4}", text_anchor="end")
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
    largest = max(abs(low), abs(high))
    rough = max((high / _TICKS - low / _TICKS) or (largest or 1.0) / _TICKS, largest * _FINEST, _LEAST)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * round_ for round_ in (1, 2, 5, 10) if power * round_ >= rough * (1 - 1e-9))
    step = max(1.0, step) if whole else step
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = 12 - math.floor(math.log10(step))
    found = [round(i * step, digits) for i in range(first, max(last, first + 1) + 1)]
    return [max(-_MOST, min(_MOST, tick)) for tick in found]


def written(tick: float, step: float) -> str:
    """A tick in four digits, or as many as tell it from the next one, a step away.

    Example:
        >>> written(0.25, 0.05), written(0.12345, 1e-5), written(1234567, 1)
        ('0.25', '0.12345', '1234567')
    """
    more = math.floor(math.log10(abs(tick))) - math.floor(math.log10(step)) if tick else 0
    return f"{tick:.{max(4, 1 + more)}g}"
