"""The laws of convolution, tried on numbers of one's own. Each function computes both sides and reports.

Integers are computed exactly, so there a law holds to the last digit. Floats are allowed the rounding of their sums.
What passes the largest float says nothing of a law, so it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2, prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pellucid.errors import ArgumentError, NumericError, ShapeError, say
from pellucid.language import Message, text
from pellucid.numbers import as_array
from pellucid.ops.base import Array
from pellucid.ops.checks import axis as checked_axis
from pellucid.ops.checks import number as checked_number
from pellucid.signal.continuous import convolve_continuous
from pellucid.signal.discrete import convolve
from pellucid.sizes import is_integer, size_of


@dataclass(frozen=True)
class Law:
    """Both sides of an equation.

    Attributes:
        name: the law's name, in any language.
        statement: the equation.
        left: its left side, computed.
        right: its right side, computed.
        tolerance: the difference that rounding explains; 0 for integers.
        example: of a shift that a layer does not follow: where the sides differ most, and why.

    Raises: NumericError when a side, or the tolerance, is not finite: then there is nothing to compare.
    """

    name: Message
    statement: str
    left: Array
    right: Array
    tolerance: float = 0.0
    example: Message | None = None

    def __post_init__(self) -> None:
        for side in (self.left, self.right, np.asarray(self.tolerance)):
            finite = np.isfinite(side)
            if not finite.all():
                hint = (
                    "use smaller numbers" if side.dtype == np.float64 else "use smaller numbers, or float64"
                )
                rule = "both sides and their rounding must be finite"
                raise NumericError("law", rule, got=f"{side[~finite][0]}", hint=hint)

    @property
    def largest_difference(self) -> float:
        """max |left − right|, over all elements; equal infinities do not differ."""
        return float(apart(self.left, self.right).max(initial=0))

    @property
    def holds(self) -> bool:
        """Whether both sides agree up to rounding."""
        return self.largest_difference <= self.tolerance

    def text(self, lang: str | None = None) -> str:
        """The report in a language, "en" or "ko"; None for the default.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        difference = self.largest_difference
        verdict = (
            text("signal.holds", lang, difference=difference)
            if self.holds
            else text("signal.broken", lang, difference=difference)
        )
        if self.tolerance:
            verdict += text("signal.rounding", lang, tolerance=self.tolerance)
        lines = [f"{self.name.said(lang)}: {self.statement}", f"  {verdict}"]
        if self.example is not None:
            lines.append(f"  {self.example.said(lang)}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


def commutativity(f: ArrayLike, g: ArrayLike) -> Law:
    """f*g = g*f.

    Shapes: any two of equally many axes. Raises: what `convolve` raises.

    Example:
        >>> print(commutativity([1, 2, 3], [4, 5]))
        commutativity: f*g = g*f
          holds: largest difference 0
    """
    left, right = np.asarray(convolve(f, g)), np.asarray(convolve(g, f))
    return Law(Message("signal.commutativity"), "f*g = g*f", left, right, rounding(f, g))


def associativity(f: ArrayLike, g: ArrayLike, h: ArrayLike) -> Law:
    """(f*g)*h = f*(g*h). It is why two layers without anything between them are one.

    Shapes: any three of equally many axes. Raises: what `convolve` raises.

    Example:
        >>> associativity([1, 2], [3, 4, 5], [6, 7]).left
        array([ 18,  81, 148, 151,  70])
    """
    left, right = np.asarray(convolve(convolve(f, g), h)), np.asarray(convolve(f, convolve(g, h)))
    return Law(Message("signal.associativity"), "(f*g)*h = f*(g*h)", left, right, rounding(f, g, h))


@np.errstate(over="ignore", invalid="ignore")  # what is not finite, the law refuses
def linearity(f: ArrayLike, g: ArrayLike, h: ArrayLike, a: float = 2, b: float = -3) -> Law:
    """(a·f + b·g)*h = a·(f*h) + b·(g*h).

    Shapes: f and g alike, h of equally many axes.
    Raises: ShapeError when f and g differ; ArgumentError when a or b is no number; what `convolve` raises.

    Example:
        >>> linearity([1, 2, 3], [3, 0, 1], [1, -1]).holds
        True
    """
    operands = (("f", f), ("g", g), ("h", h))
    first, second, kernel = (_wide(as_array("linearity", name, x)) for name, x in operands)
    for name, factor in (("a", a), ("b", b)):
        checked_number("linearity", name, factor)
    if first.shape != second.shape:
        raise ShapeError("linearity", "f and g must have one shape", got=f"f {first.shape}, g {second.shape}")
    mixed = a * first + b * second
    left = np.asarray(convolve(mixed, kernel))
    right = a * np.asarray(convolve(first, kernel)) + b * np.asarray(convolve(second, kernel))
    kind = np.result_type(left, right)
    first, second = first.astype(kind), second.astype(kind)
    tolerance = 2 * abs(a) * rounding(first, kernel) + 2 * abs(b) * rounding(second, kernel)
    return Law(Message("signal.linearity"), "(a·f + b·g)*h = a·(f*h) + b·(g*h)", left, right, tolerance)


@np.errstate(over="ignore", invalid="ignore")  # what is not finite, the law refuses
def locality(f: ArrayLike, g: ArrayLike, at: int | Sequence[int], change: float = 1) -> Law:
    """Another f[at] changes [f*g] only at at … at+M−1, M the size of g: outside of that window all stays as it was.

    The report holds f*g before and after the change, with the window set to 0 in both.

    Shapes: as for `convolve`, at one index per axis.
    Raises: ArgumentError when `at` is not in f or `change` is no number; what `convolve` raises.

    Example:
        >>> locality([1, 2, 3, 4], [5, 6], at=1).left    # the window 1…2 is cut out
        array([ 5,  0,  0, 38, 24])
    """
    before, kernel = as_array("locality", "f", f), as_array("locality", "g", g)
    place: tuple[int, ...] = tuple(np.atleast_1d(np.asarray(at)).tolist())
    if len(place) != before.ndim or not all(
        is_integer(i) and 0 <= i < n for i, n in zip(place, before.shape, strict=False)
    ):
        raise ArgumentError(
            "locality",
            "at must be an index of f",
            got=say("at={at!r} for shape {shape}", at=at, shape=before.shape),
        )
    checked_number("locality", "change", change)
    wide = _wide(before)
    after = wide.astype(np.result_type(wide, change))
    after[place] += change
    window = tuple(slice(i, i + m) for i, m in zip(place, kernel.shape, strict=False))
    left, right = np.array(convolve(before, kernel)), np.array(convolve(after, kernel))
    left[window] = right[window] = 0
    tolerance = rounding(before, kernel) + rounding(after, kernel)
    return Law(
        Message("signal.locality"), "[f*g][x] = [changed f*g][x], x ∉ at…at+M−1", left, right, tolerance
    )


@np.errstate(over="ignore", invalid="ignore")  # what is not finite, the law refuses
def derivative(f: ArrayLike, g: ArrayLike, axis: int = -1) -> Law:
    """∂[f*g] = f*∂g, with ∂ the difference of neighbours, ∂g[x] = g[x] − g[x−1], and zeros around everything.

    Shapes: as for `convolve`; both sides are one longer along `axis` than f*g. Raises: ArgumentError when there is no
        such axis; what `convolve` raises.

    Example:
        >>> derivative([1, 2, 3], [4, 5]).left
        array([  4,   9,   9,  -7, -15])
    """
    signal, kernel = (_wide(as_array("derivative", name, x)) for name, x in (("f", f), ("g", g)))
    number = checked_axis("derivative", "axis", axis, kernel.ndim)
    left = _differences(np.asarray(convolve(signal, kernel)), number)
    right = np.asarray(convolve(signal, _differences(kernel, number)))
    return Law(Message("signal.derivative"), "∂[f*g] = f*∂g", left, right, 4 * rounding(signal, kernel))


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

    Raises: ArgumentError for a step that is not above 0; what `convolve_continuous` raises.

    Example:
        >>> from math import exp
        >>> box = lambda t: 1.0 * (abs(t) <= 0.5)
        >>> derivative_continuous(box, lambda t: exp(-t*t), [0.3, 1.0], lambda t: -2*t*exp(-t*t)).holds
        True
    """
    places = as_array("derivative_continuous", "x", x).astype(np.float64)
    checked_number("derivative_continuous", "step", step, "(0, inf)")
    given: dict[str, Any] = {"f": f, "g": g, "g_derivative": g_derivative}
    for name, function in given.items():
        if not callable(function):
            got = type(function).__name__
            raise ArgumentError("derivative_continuous", say("{name} must be callable", name=name), got=got)
    around = np.stack([places + k * step for k in (1, -1, 2, -2)])
    near, back, far, far_back = convolve_continuous(f, g, around, dims=1).value
    left = (8 * (near - back) - (far - far_back)) / (12 * step)
    right = convolve_continuous(f, g_derivative, places, dims=1).value
    return Law(Message("signal.derivative"), "∂/∂x [f*g] = f*g′", left, right, tolerance)


def apart(left: Array, right: Array) -> Array:
    """|left − right|, element by element; 0 where both are the same, infinities too."""
    with np.errstate(over="ignore", invalid="ignore"):  # the larger less the smaller: unsigned ones end at 0
        differences = np.maximum(left, right) - np.minimum(left, right)
    return np.where(left == right, 0, differences)


def _wide(array: Array) -> Array:
    """Integers as int64, in which the sums of images and sounds do not wrap around; floats as they are."""
    return array.astype(np.int64) if array.dtype.kind in "iub" else array


def _differences(array: Array, axis: int) -> Array:
    """Each number less the one before it, with a zero at either end."""
    width = [(1, 1) if number == axis else (0, 0) for number in range(array.ndim)]
    return np.diff(np.pad(array, width), axis=axis)


def rounding(*operands: Any) -> float:
    """What rounding may do to a number of the convolution of all operands; 0 where all are integers.

    A sum of n products is off by at most n roundings of Σ|products|, and transforms by log₂ n of ‖f‖·‖g‖, which is no
    less (Cauchy–Schwarz); a third operand multiplies that by at most Σ|h| (Young). What underflows is off by the
    smallest normal number, times what it meets later.

    Raises: ArgumentError when a number is not finite: what infinity minus infinity is, no law says.
    """
    arrays = [np.asarray(operand) for operand in operands]
    for array in arrays:
        if not np.isfinite(array).all():
            got = f"{array[~np.isfinite(array)][0]}"
            raise ArgumentError("law", "the numbers must be finite", got=got)
    floats = [array.dtype for array in arrays if array.dtype.kind == "f"]
    if not floats:
        return 0.0
    info = np.finfo(np.result_type(*floats))
    first, second, *others = (np.abs(array.astype(np.float64)) for array in arrays)
    terms = size_of([max(sizes) for sizes in zip(*(array.shape for array in arrays), strict=True)])
    roundings, underflow = float(info.eps) * (terms + 8 * log2(terms + 1)), float(info.tiny) * terms
    with np.errstate(over="ignore", invalid="ignore"):
        size = prod((_norm(first), _norm(second), *(other.sum() for other in others)), start=roundings)
        later = prod((1 + array.sum() for array in (first, second, *others)), start=underflow)
    return float(size + later)


def _norm(sizes: Array) -> float:
    """√Σ sizes², also where the squares are no floats."""
    peak = float(sizes.max(initial=0)) or 1.0
    return peak * float(np.linalg.norm(sizes.ravel() / peak))
