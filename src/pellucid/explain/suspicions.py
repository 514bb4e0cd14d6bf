"""The first layer of a recorded run in which something looks wrong.

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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.address import written
from pellucid.explain.layers import Row, Suspicion
from pellucid.explain.measured import Measured
from pellucid.language import Message

Array = NDArray[Any]

_DEAD = 0.5
_SEEN = 16
_SATURATED = 0.5
_GRADIENT = 1e3
_SLOW, _WILD = 1e-5, 0.3


def suspicions(
    rows: tuple[Row, ...],
    seen: Mapping[str, Measured],
    paths: Mapping[str, str],
    start: float | None,
    read: Callable[[str], Array],
) -> tuple[Suspicion, ...]:
    """The first suspicious layer by each rule that finds one.

    Args:
        rows: the layers in the order of computation.
        seen: what every array looks like as a whole, in the same order.
        paths: the layers' paths by the names of their outputs.
        start: the norm of the gradient that the way back begins with, if there is one.
        read: gives an array.
    """
    rules = [
        _not_finite(seen, paths, read),
        _dead(rows),
        _saturated(rows),
        _vanishing(rows, start),
        _exploding(rows, start),
        _update(rows),
    ]
    return tuple(first for rule in rules if (first := next(rule, None)))


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
