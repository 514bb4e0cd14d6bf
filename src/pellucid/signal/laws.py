"""The laws of convolution, tried on numbers of one's own. Each function computes both sides and reports.

Integers are computed exactly, so there a law holds to the last digit. Floats are allowed the rounding of their sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pellucid.errors import ArgumentError, ShapeError
from pellucid.functional._call import as_array
from pellucid.geometry import Axis, IntOrTuple, is_integer, per_axis, size_of
from pellucid.ops.base import Array
from pellucid.ops.checks import axis as checked_axis
from pellucid.signal.continuous import convolve_continuous
from pellucid.signal.discrete import convolve, correlate


@dataclass(frozen=True)
class Law:
    """Both sides of an equation.

    Attributes:
        name: the law's name.
        statement: the equation.
        left: its left side, computed.
        right: its right side, computed.
        tolerance: the difference that rounding explains; 0 for integers.
        example: where the sides differ, one place, and why where that is known.
    """

    name: str
    statement: str
    left: Array
    right: Array
    tolerance: float = 0.0
    example: str | None = None

    @property
    def largest_difference(self) -> float:
        """max |left − right|, over all elements."""
        return float(np.abs(self.left - self.right).max(initial=0))

    @property
    def holds(self) -> bool:
        """Whether both sides agree up to rounding."""
        return self.largest_difference <= self.tolerance

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "does NOT hold"
        text = f"{self.name}: {self.statement}\n  {verdict}: largest difference {self.largest_difference:.3g}"
        if self.tolerance:
            text += f", rounding {self.tolerance:.3g}"
        return text if self.example is None else f"{text}\n  {self.example}"


def commutativity(f: ArrayLike, g: ArrayLike) -> Law:
    """f*g = g*f.

    Shapes: any two of equally many axes. Raises: what `convolve` raises.

    Example:
        >>> print(commutativity([1, 2, 3], [4, 5]))
        commutativity: f*g = g*f
          holds: largest difference 0
    """
    left, right = np.asarray(convolve(f, g)), np.asarray(convolve(g, f))
    return Law("commutativity", "f*g = g*f", left, right, _rounding(f, g))


def associativity(f: ArrayLike, g: ArrayLike, h: ArrayLike) -> Law:
    """(f*g)*h = f*(g*h). It is why two layers without anything between them are one.

    Shapes: any three of equally many axes. Raises: what `convolve` raises.

    Example:
        >>> associativity([1, 2], [3, 4, 5], [6, 7]).left
        array([ 18,  81, 148, 151,  70])
    """
    left, right = convolve(convolve(f, g), h), convolve(f, convolve(g, h))
    return Law("associativity", "(f*g)*h = f*(g*h)", np.asarray(left), np.asarray(right), _rounding(f, g, h))


def linearity(f: ArrayLike, g: ArrayLike, h: ArrayLike, a: float = 2, b: float = -3) -> Law:
    """(a·f + b·g)*h = a·(f*h) + b·(g*h).

    Shapes: f and g alike, h of equally many axes. Raises: ShapeError when f and g differ; what `convolve` raises.

    Example:
        >>> linearity([1, 2, 3], [3, 0, 1], [1, -1]).holds
        True
    """
    first, second = as_array("linearity", "f", f), as_array("linearity", "g", g)
    if first.shape != second.shape:
        raise ShapeError("linearity", "f and g must have one shape", got=f"f {first.shape}, g {second.shape}")
    mixed = a * first + b * second
    left = np.asarray(convolve(mixed, h))
    right = a * np.asarray(convolve(first, h)) + b * np.asarray(convolve(second, h))
    kind = np.result_type(left, right)
    first, second = first.astype(kind), second.astype(kind)
    tolerance = 2 * abs(a) * _rounding(first, h) + 2 * abs(b) * _rounding(second, h)
    return Law("linearity", "(a·f + b·g)*h = a·(f*h) + b·(g*h)", left, right, tolerance)


def locality(f: ArrayLike, g: ArrayLike, at: int | Sequence[int], change: float = 1) -> Law:
    """Another f[at] changes [f*g] only at at … at+M−1, M the size of g: outside of that window all stays as it was.

    The report holds f*g before and after the change, with the window set to 0 in both.

    Shapes: as for `convolve`, at one index per axis. Raises: ArgumentError when `at` is not in f; what `convolve`
        raises.

    Example:
        >>> locality([1, 2, 3, 4], [5, 6], at=1).left    # the window 1…2 is cut out
        array([ 5,  0,  0, 38, 24])
    """
    before, kernel = as_array("locality", "f", f), as_array("locality", "g", g)
    place: tuple[int, ...] = tuple(np.atleast_1d(np.asarray(at)).tolist())
    if len(place) != before.ndim or not all(
        is_integer(i) and 0 <= i < n for i, n in zip(place, before.shape, strict=False)
    ):
        raise ArgumentError("locality", "at must be an index of f", got=f"at={at!r} for shape {before.shape}")
    after = before.astype(np.result_type(before, np.int64 if before.dtype.kind in "iub" else before.dtype))
    after[place] += change
    window = tuple(slice(i, i + m) for i, m in zip(place, kernel.shape, strict=False))
    left, right = np.array(convolve(before, kernel)), np.array(convolve(after, kernel))
    left[window] = right[window] = 0
    statement = "outside of at … at+M−1, f*g does not depend on f[at]"
    return Law("locality", statement, left, right, _rounding(before, kernel) + _rounding(after, kernel))


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
        raise ShapeError(where, "no output has a partner", got=f"shift {shifts} for output {before.shape}")
    statement = "layer(shifted)[y + shift/stride] = layer(f)[y]"
    law = Law("shift equivariance", statement, left, right, _rounding(input, kernel))
    if law.holds:
        return law
    worst = np.unravel_index(np.abs(left - right).argmax(), left.shape)
    place = ",".join(str(int(i) + part.start) for i, part in zip(worst, kept, strict=True))
    reason = "the window reached over the border, and what it saw there has changed"
    for s, t in zip(shifts, steps, strict=True):
        if s % t:
            reason = f"a shift of {s} is no multiple of the stride {t}, and outputs lie on multiples"
    example = f"at y = {place}: {left[worst]} (shifted) and {right[worst]}; {reason}"
    return Law(law.name, statement, left, right, law.tolerance, example)


def derivative(f: ArrayLike, g: ArrayLike, axis: int = -1) -> Law:
    """∂[f*g] = f*∂g, with ∂ the difference of neighbours, ∂g[x] = g[x] − g[x−1], and zeros around everything.

    Shapes: as for `convolve`; both sides are one longer along `axis` than f*g. Raises: ArgumentError when there is no
        such axis; what `convolve` raises.

    Example:
        >>> derivative([1, 2, 3], [4, 5]).left
        array([  4,   9,   9,  -7, -15])
    """
    kernel = as_array("derivative", "g", g)
    number = checked_axis("derivative", "axis", axis, kernel.ndim)
    left = _differences(np.asarray(convolve(f, kernel)), number)
    right = np.asarray(convolve(f, _differences(kernel, number)))
    return Law("derivative", "∂[f*g] = f*∂g", left, right, 4 * _rounding(f, kernel))


def derivative_continuous(
    f: Callable[[float], float],
    g: Callable[[float], float],
    x: ArrayLike,
    g_derivative: Callable[[float], float],
    *,
    step: float = 1e-3,
    tolerance: float = 1e-7,
) -> Law:
    """∂/∂x [f*g](x) = [f*g′](x), for a g that does not jump.

    The left side is the fourth-order central difference (8·(u(x+h) − u(x−h)) − (u(x+2h) − u(x−2h)))/12h of u = f*g,
    h being `step`, in x's units.

    Raises: what `convolve_continuous` raises.

    Example:
        >>> from math import exp
        >>> box = lambda t: 1.0 * (abs(t) <= 0.5)
        >>> derivative_continuous(box, lambda t: exp(-t*t), [0.3, 1.0], lambda t: -2*t*exp(-t*t)).holds
        True
    """
    places = as_array("derivative_continuous", "x", x).astype(np.float64)
    around = np.stack([places + k * step for k in (1, -1, 2, -2)])
    near, back, far, far_back = convolve_continuous(f, g, around, dims=1).value
    left = (8 * (near - back) - (far - far_back)) / (12 * step)
    right = convolve_continuous(f, g_derivative, places, dims=1).value
    return Law("derivative", "∂/∂x [f*g] = f*g′", left, right, tolerance)


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


def _differences(array: Array, axis: int) -> Array:
    """Each number less the one before it, with a zero at either end."""
    wide = np.int64 if array.dtype.kind in "iub" else array.dtype
    width = [(1, 1) if number == axis else (0, 0) for number in range(array.ndim)]
    return np.diff(np.pad(array.astype(wide), width), axis=axis)


def _rounding(*operands: Any) -> float:
    """What rounding may do to a number of the convolution of all operands; 0 where all are integers.

    A sum of n products is off by at most n roundings of Σ|products|, and transforms by log₂ n of ‖f‖·‖g‖, which is no
    less (Cauchy–Schwarz); a third operand multiplies that by at most Σ|h| (Young).
    """
    arrays = [np.asarray(operand) for operand in operands]
    floats = [array.dtype for array in arrays if array.dtype.kind == "f"]
    if not floats:
        return 0.0
    first, second, *others = (np.abs(array.astype(np.float64)) for array in arrays)
    size = float(np.linalg.norm(first.ravel()) * np.linalg.norm(second.ravel()))
    size *= float(np.prod([other.sum() for other in others]))
    terms = size_of([max(array.shape[k] for array in arrays if array.ndim) for k in range(first.ndim)])
    return float(np.finfo(np.result_type(*floats)).eps) * (terms + 8 * log2(terms + 1)) * size
