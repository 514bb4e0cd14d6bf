"""The curves of a run as numbers: which panels there are, and which points each curve has."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from pellucid.data.order import edges
from pellucid.language import text
from pellucid.train.events import Epoch

Point = tuple[float, float]
Place = Callable[[float], float]  # where a step stands, counted from 1
_SMOOTH = 60  # points of a smoothed curve at most
_POINTS = 240  # of any other one


@dataclass(frozen=True)
class Curve:
    """A line through points.

    Attributes:
        name: what the legend calls it.
        kind: how it looks: "steps" (faint), "train", "validation" or "rate".
        points: (x, y), all finite.
        dots: whether its points are marked.
    """

    name: str
    kind: str
    points: tuple[Point, ...]
    dots: bool = False


@dataclass(frozen=True)
class Panel:
    """Curves over one axis.

    Attributes:
        title: what is drawn.
        across: what the axis across counts.
        curves: each with a point at least.
        note: what is to be said besides.
        from_zero: whether the axis upward has 0.
    """

    title: str
    across: str
    curves: tuple[Curve, ...]
    note: str = ""
    from_zero: bool = True


def panels(
    epochs: Sequence[Epoch], losses: Sequence[float], rates: Sequence[float], lang: str
) -> list[Panel]:
    """Loss, accuracy and learning rate, as far as they are there."""
    across = text("review.epoch" if epochs and losses else "review.step", lang)
    place = _places([epoch.steps for epoch in epochs], len(losses))
    size = max(1, -(-len(losses) // _SMOOTH))
    note = text("review.averaged", lang, steps=size) if size > 1 else ""
    drawn = (
        (text("review.loss", lang), _losses(epochs, losses, size, place, lang), note, True),
        (
            text("review.accuracy", lang),
            [_judged(epochs, "accuracy", text("review.validation_accuracy", lang))],
            "",
            False,
        ),
        (text("review.learning_rate", lang), [_rates(rates, place, lang)], "", True),
    )
    found = (
        Panel(title, across, tuple(curve for curve in curves if curve.points), said, from_zero)
        for title, curves, said, from_zero in drawn
    )
    return [panel for panel in found if panel.curves]


def _places(counts: Sequence[int], steps: int) -> Place:
    """Where steps stand among epochs of so many, after them in one that has not ended; without epochs at their number.

    Epochs of which nobody knows how many steps they have share them evenly.
    """
    if not counts or not steps:
        return lambda step: step
    if min(counts) < 1:
        return lambda step: step * len(counts) / steps
    ends = [0, *accumulate(counts)]
    ends.append(ends[-1] + max(counts[-1], steps - ends[-1]))
    return lambda step: float(np.interp(step, ends, range(len(ends))))


def _losses(
    epochs: Sequence[Epoch], losses: Sequence[float], size: int, place: Place, lang: str
) -> list[Curve]:
    """Each step's faintly, and above them means; without steps the epochs' own means."""
    name = text("review.training_loss", lang)
    validation = _judged(epochs, "loss", text("review.validation_loss", lang))
    if not any(map(math.isfinite, losses)):
        means = ((epoch.epoch + 1, epoch.loss) for epoch in epochs)
        return [_curve(name, "train", means, dots=True), validation]
    smooth = _curve(name, "train", _means(losses, size, place))
    steps = [_curve(text("review.each_step", lang), "steps", _extremes(losses, place))] if size > 1 else []
    return [*steps, smooth, validation]


def _means(losses: Sequence[float], size: int, place: Place) -> Iterator[Point]:
    """Means of so many steps each, in their middle."""
    for start, stop in pairwise(edges(len(losses), size)):
        yield place((start + 1 + stop) / 2), mean(losses[start:stop])


def mean(losses: Sequence[float]) -> float:
    """The mean of some numbers, of which the sum may be too large for a float.

    Example:
        >>> mean([1.0, 2.0]), mean([1e308, 1e308])
        (1.5, 1e+308)
    """
    return math.fsum(loss / len(losses) for loss in losses)


def _extremes(losses: Sequence[float], place: Place) -> Iterator[Point]:
    """All steps; of very many the least and the largest loss of each few, so that no peak is lost."""
    size = max(1, -(-len(losses) // (_POINTS // 2)))
    for start, stop in pairwise(edges(len(losses), size)):
        some = [i for i in range(start, stop) if math.isfinite(losses[i])]
        for i in sorted(
            {min(some, key=losses.__getitem__), max(some, key=losses.__getitem__)} if some else ()
        ):
            yield place(i + 1), losses[i]


def _rates(rates: Sequence[float], place: Place, lang: str) -> Curve:
    """The learning rate of some steps, the last one among them."""
    some = range(len(rates) - 1, -1, -max(1, -(-len(rates) // _POINTS)))
    points = ((place(i + 1), rates[i]) for i in reversed(some))
    return _curve(text("review.learning_rate", lang), "rate", points)


def _judged(epochs: Sequence[Epoch], score: str, name: str) -> Curve:
    found = ((e.epoch + 1, e.validation[score]) for e in epochs if e.validation and score in e.validation)
    return _curve(name, "validation", found, dots=True)


def _curve(name: str, kind: str, points: Iterable[Point], dots: bool = False) -> Curve:
    return Curve(name, kind, tuple((x, y) for x, y in points if math.isfinite(y)), dots)
