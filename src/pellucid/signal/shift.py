"""Shift equivariance: where a layer follows its shifted input, and where padding or a stride keeps it from that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from pellucid.errors import ShapeError, say
from pellucid.geometry import Axis
from pellucid.language import Message
from pellucid.numbers import as_array
from pellucid.ops.base import Array
from pellucid.signal.discrete import correlate
from pellucid.signal.laws import Law, apart, rounding
from pellucid.sizes import IntOrTuple, per_axis


def shift_equivariance(
    f: ArrayLike, g: ArrayLike, shift: IntOrTuple = 1, *, stride: IntOrTuple = 1, padding: IntOrTuple = 0
) -> Law:
    """A layer sees a shifted input as a shifted output: layer(shifted)[y + shift/stride] = layer(f)[y].

    The input moves by `shift` along each axis; zeros come in at one border, and what passes the other is lost. Compared
    are the outputs that have a partner. Without padding and with stride 1 the law holds for all of them. With padding
    it breaks where a window reached over the border: what it saw is gone. With a stride it breaks unless the stride
    divides the shift, for then the shifted output would lie between two outputs. The report gives an example.

    Shapes: f and g of equally many axes, correlated as layers do; shift, stride, padding one number or one per axis.
    Raises: ShapeError when g is larger than the padded input or no output has a partner; ArgumentError for settings
        out of range.

    Example:
        >>> shift_equivariance([0, 0, 1, 2, 3, 0, 0], [1, 10], shift=2).holds
        True
        >>> print(shift_equivariance([0, 0, 1, 2, 3, 0, 0], [1, 10], shift=1, stride=2))
        shift equivariance: layer(shifted)[y + shift/stride] = layer(f)[y]
          does NOT hold: largest difference 29
          at y = 2: 32 (shifted) and 3; a shift of 1 is no multiple of the stride 2, and outputs lie on multiples
    """
    where = "shift_equivariance"
    input, kernel = as_array(where, "f", f), as_array(where, "g", g)
    if input.ndim != kernel.ndim:
        got = f"f {input.shape}, g {kernel.shape}"
        raise ShapeError(where, "f and g must have equally many axes", got=got)
    dims = input.ndim
    steps = per_axis(where, "stride", stride, dims)
    shifts = per_axis(where, "shift", shift, dims, minimum=-max(input.shape, default=0))
    pads = per_axis(where, "padding", padding, dims, minimum=0)
    moved = _moved(input, shifts)
    before, after = (_layer(x, kernel, steps, pads) for x in (input, moved))
    parts = [s // t for s, t in zip(shifts, steps, strict=True)]
    kept = tuple(slice(max(0, -d), max(0, n - max(0, d))) for d, n in zip(parts, before.shape, strict=True))
    partner = tuple(slice(max(0, d), max(0, n + min(0, d))) for d, n in zip(parts, before.shape, strict=True))
    left, right = after[partner], before[kept]
    if not left.size:
        raise ShapeError(
            where,
            "no output has a partner",
            got=say("shift {shifts} for output {shape}", shifts=shifts, shape=before.shape),
        )
    statement = "layer(shifted)[y + shift/stride] = layer(f)[y]"
    law = Law(Message("signal.shift_equivariance"), statement, left, right, rounding(input, kernel))
    if law.holds:
        return law
    worst = np.unravel_index(apart(left, right).argmax(), left.shape)
    place = ",".join(str(int(i) + part.start) for i, part in zip(worst, kept, strict=True))
    reason = Message("signal.border")
    for s, t in zip(shifts, steps, strict=True):
        if s % t:
            reason = Message("signal.stride", shift=s, stride=t)
    example = Message("signal.shifted", place=place, left=left[worst], right=right[worst], reason=reason)
    return Law(law.name, statement, left, right, law.tolerance, example)


def _moved(input: Array, shifts: Sequence[int]) -> Array:
    """moved[i + shift] = input[i]; zeros come in."""
    moved = np.zeros_like(input)
    pairs = list(zip(shifts, input.shape, strict=True))
    target = tuple(slice(max(0, s), max(0, n + min(0, s))) for s, n in pairs)
    source = tuple(slice(max(0, -s), max(0, n - max(0, s))) for s, n in pairs)
    moved[target] = input[source]
    return moved


def _layer(input: Array, kernel: Array, strides: Sequence[int], pads: Sequence[int]) -> Array:
    """What a layer with one channel computes."""
    axes = [
        Axis(n, m, t, 1, p, p) for n, m, t, p in zip(input.shape, kernel.shape, strides, pads, strict=True)
    ]
    if any(axis.output < 1 for axis in axes):
        got = f"g {kernel.shape}, f {input.shape}, padding {tuple(pads)}"
        raise ShapeError("shift_equivariance", "g must not be larger than the padded input", got=got)
    padded = np.pad(input, [(p, p) for p in pads])
    dense = np.asarray(correlate(padded, kernel, "valid"))
    return dense[tuple(slice(None, None, t) for t in strides)]
