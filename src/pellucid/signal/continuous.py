"""Convolution of functions: the definition by an integral, computed by adaptive quadrature.

    [f*g](x)   = ∫ f(z)·g(x−z) dz
    [f*g](x,y) = ∫∫ f(u,v)·g(x−u,y−v) dv du

QUADPACK (Piessens et al., 1983), through SciPy, integrates smooth pieces to nearly all digits and everything else
slowly. So the integral is cut where either factor begins, ends, jumps or has a kink, and where it changes quickly;
`profile.py` and `smoothness.py` find these places.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid.errors import ArgumentError, NumericError, ShapeError, say
from pellucid.numbers import as_array
from pellucid.ops.checks import number
from pellucid.signal.optional import scipy
from pellucid.signal.plane import PLANE_STEP, integrate_plane
from pellucid.signal.profile import (
    Floats,
    Function,
    Profile,
    Support,
    checked,
    grid,
    number_of_arguments,
    profile,
)
from pellucid.signal.quadrature import Integral, Rule, integrate_line
from pellucid.sizes import is_integer

_WHERE = "convolve_continuous"
_STEP, _NEAR = 1 / 256, 64
_GRID = grid(_NEAR, _STEP, finest=1e-6, reach=1e6, per_decade=600)
_MOST = 2**17  # samples farther away
_Given: TypeAlias = tuple[Support | None, tuple[float, ...] | None]  # support and breaks


@dataclass(frozen=True)
class ContinuousConvolution:
    """[f*g] at one place or many. `float(result)` is the value at a single place, `np.asarray(result)` the values.

    Attributes:
        value: [f*g](x), in x's shape (without the last axis, which holds the pairs, in two dimensions).
        error: for each value an estimate of how far it is from the integral, an upper bound in all usual cases. It
            knows nothing of what nobody has seen: of parts narrower than `resolution`, or of parts beyond ±64 of both
            f and g that are narrower than 1/250 of their distance. Infinite where no sample of f, or of g, is not 0 and
            no breaks are given: such a function may live anywhere.
        resolution: the width from which on parts of f and g within ±64 (in two dimensions ±32) are surely seen; 0 where
            the breaks of both are given, and so no part is looked for.
        f_support: from where to where f is not zero, as given or found; in two dimensions a pair for each axis.
        g_support: the same of g.
    """

    value: NDArray[np.float64]
    error: NDArray[np.float64]
    resolution: float
    f_support: tuple[Any, ...]
    g_support: tuple[Any, ...]

    def __float__(self) -> float:
        return float(self.value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.value, dtype, copy=copy)


def convolve_continuous(
    f: Callable[..., float],
    g: Callable[..., float],
    x: ArrayLike,
    *,
    dims: int | None = None,
    f_support: Sequence[Any] | None = None,
    g_support: Sequence[Any] | None = None,
    f_breaks: Iterable[float] | None = None,
    g_breaks: Iterable[float] | None = None,
    tolerance: float = 1e-12,
) -> ContinuousConvolution:
    """Convolve two functions: at each x the area under f(z)·g(x−z).

        [f*g](x) = ∫ f(z)·g(x−z) dz,        [f*g](x,y) = ∫∫ f(u,v)·g(x−u,y−v) dv du

    g is read backwards: that is the flip. Where f and g are not zero and where they jump or have kinks is found by
    sampling and bisection. What is at least 1/256 wide is found within ±64, and farther away where it meets what was
    found of the other function, if that is along no more than 512; and up to ±10⁶ what is at least 1/250 as wide as it
    is far from zero. In two dimensions it is 1/4 within ±32, and up to ±10³ what is half as wide as far. All else must
    be given: where a narrow part begins and ends is two breaks, between which the function is always looked at. Edges
    in the plane that are not parallel to an axis cost time, and digits, which the error estimate says.

    Args:
        f: a function of one number, or of two.
        g: the same.
        x: a number or an array of them; in two dimensions a pair or an array (…,2) of pairs.
        dims: 1 or 2, where it does not follow from how many arguments f takes.
        f_support: (low, high), outside of which f is zero; ends may be infinite. In two dimensions one pair per axis.
        g_support: the same of g.
        f_breaks: all places where f jumps (1-D only). An empty tuple says that it does not.
        g_breaks: the same of g.
        tolerance: the absolute error that is aimed at; the estimates say what was reached.

    Raises: ArgumentError when f or g cannot be called so, or a setting is out of range; ShapeError when x has not the
        form above; NumericError when the integral does not converge; PellucidError without SciPy.

    Example:
        >>> box = lambda t: 1.0 * (abs(t) <= 0.5)
        >>> triangle = convolve_continuous(box, box, [-1.5, -0.5, 0.0, 0.25])
        >>> triangle.value.round(12), bool((triangle.error < 1e-10).all())
        (array([0.  , 0.5 , 1.  , 0.75]), True)
    """
    for name, function in (("f", f), ("g", g)):
        if not callable(function):
            raise ArgumentError(
                _WHERE, say("{name} must be callable", name=name), got=type(function).__name__
            )
    dims = number_of_arguments(f) if dims is None else dims
    if not is_integer(dims) or dims not in (1, 2):
        rule, hint = "f and g must be functions of one or two numbers", "pass dims=1 or dims=2"
        raise ArgumentError(_WHERE, rule, got=f"{dims!r}", hint=hint)
    f, g = checked("f", f), checked("g", g)
    places = as_array(_WHERE, "x", x).astype(np.float64)
    if not np.isfinite(places).all():
        raise ArgumentError(_WHERE, "x must be finite", got=repr(x))
    quadrature = Rule(scipy(_WHERE, "integrate").quad, number(_WHERE, "tolerance", tolerance, "(0, inf)"))
    supports: tuple[Any, Any]
    if dims == 2:
        if places.shape[-1:] != (2,):
            expected, got = "a pair or an array (…,2)", say("shape {shape}", shape=places.shape)
            raise ShapeError(_WHERE, "x must hold pairs in two dimensions", expected=expected, got=got)
        if f_breaks is not None or g_breaks is not None:
            raise ArgumentError(_WHERE, "breaks are for one dimension alone", hint="leave them out")
        at, supports = integrate_plane(f, g, quadrature, _box("f", f_support), _box("g", g_support))
        resolution = PLANE_STEP
    else:
        of_f: _Given = _interval("f", f_support), _breaks("f", f_breaks)
        of_g: _Given = _interval("g", g_support), _breaks("g", g_breaks)
        first, second = _profile("f", f, of_f), _profile("g", g, of_g)
        second = _closer(g, of_g, second, first, places)
        first = _closer(f, of_f, first, second, places)
        at, supports = integrate_line(f, g, quadrature, first, second)
        resolution = _STEP if f_breaks is None or g_breaks is None else 0.0
    integrals = [_converged(at, place) for place in places.reshape(-1, dims).tolist()]
    shape = places.shape if dims == 1 else places.shape[:-1]
    value = np.array([integral.value for integral in integrals]).reshape(shape)
    error = np.array([integral.error for integral in integrals]).reshape(shape)
    return ContinuousConvolution(value, error, resolution, *supports)


def _converged(at: Callable[..., Integral], place: list[float]) -> Integral:
    integral = at(*place)
    if integral.diverges or not math.isfinite(integral.value):
        raise NumericError(
            _WHERE,
            "the integral does not converge",
            got=f"x = {', '.join(map(str, place))}",
            hint="f(z)·g(x−z) must be finite and fall off towards infinity; give f_support and g_support",
        )
    return integral


def _profile(name: str, function: Function, given: _Given) -> Profile:
    support, breaks = given
    found = profile(function, _GRID, support, breaks, even=_STEP)
    nothing = support is None and found.low == found.high
    if nothing and not any(math.isfinite(function(place)) for place in _GRID.tolist()):
        hint = say("give {name}_support", name=name)
        raise ArgumentError(
            _WHERE, say("{name} must be finite somewhere", name=name), got="no finite value", hint=hint
        )
    return found


def _closer(function: Function, given: _Given, found: Profile, other: Profile, x: Floats) -> Profile:
    """The profile, with samples as dense as the near ones wherever the function meets the other."""
    if not x.size or not other.low < other.high:
        return found
    low, high = float(x.min()) - other.high, float(x.max()) - other.low
    if not (math.isfinite(low) and math.isfinite(high) and max(-low, high) > _NEAR):
        return found
    count = min(_MOST, math.ceil((high - low) / _STEP))
    even = low + (np.arange(count) + 0.237) * ((high - low) / count)
    support, breaks = given
    return profile(function, np.union1d(_GRID, even[abs(even) > _NEAR]), support, breaks, even=_STEP)


def _interval(name: str, support: Sequence[Any] | None) -> Support | None:
    if support is None:
        return None
    try:
        low, high = (float(end) for end in support)
    except (OverflowError, TypeError, ValueError):
        low = high = math.nan
    if not low < high:
        rule = say("{name}_support must be a pair (low, high) with low < high", name=name)
        raise ArgumentError(_WHERE, rule, got=repr(support))
    return low, high


def _box(name: str, support: Sequence[Any] | None) -> tuple[Support | None, Support | None]:
    if support is None:
        return None, None
    if not isinstance(support, Sequence | np.ndarray) or len(support) != 2:
        rule = say("{name}_support must hold a pair (low, high) for each of the two axes", name=name)
        raise ArgumentError(_WHERE, rule, got=repr(support))
    return _interval(name, support[0]), _interval(name, support[1])


def _breaks(name: str, breaks: Iterable[float] | None) -> tuple[float, ...] | None:
    if breaks is None:
        return None
    places = as_array(_WHERE, f"{name}_breaks", tuple(breaks) if isinstance(breaks, Iterable) else breaks)
    return tuple(places.astype(np.float64).ravel().tolist())
