"""Convolution in one dimension: f stays, g is flipped and slides along it, f*g grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from numpy.typing import ArrayLike

from pellucid.errors import ArgumentError, say
from pellucid.figures.film import Film
from pellucid.figures.functions import of_functions
from pellucid.figures.sequences import of_sequences
from pellucid.language import chosen
from pellucid.signal.profile import number_of_arguments

Support: TypeAlias = tuple[float, float]


def convolution(
    f: ArrayLike | Callable[[float], float],
    g: ArrayLike | Callable[[float], float],
    *,
    f_support: Support | None = None,
    g_support: Support | None = None,
    lang: str | None = None,
) -> Film:
    """Show two sequences, or two functions, and how their convolution grows.

        [f*g][x] = Σ_z f[z]·g[x−z],        [f*g](x) = ∫ f(z)·g(x−z) dz

    f is blue (round markers), g red (square markers, dashed), their product yellow and hatched, f*g black. Sequences of
    N and M numbers make N+M−1 frames, functions 61. Functions are shown where they exceed a thousandth of their peak,
    within ±32 or, where it is given, their support.

    Raises: ArgumentError when one is a function and the other is not, a support belongs to a sequence, a sequence holds
        what is not finite, or a function is zero wherever it is looked at; ShapeError for sequences that are empty, not
        one-dimensional or too long to be read; PellucidError without SciPy, for functions.

    Example:
        >>> film = convolution([1, 2, 3], [4, 5])
        >>> len(film), film.captions[1]
        (4, '[f*g][1] = 1×5 + 2×4 = 13')
        >>> film = convolution(lambda t: 1.0 * (abs(t) <= 0.5), lambda t: 1.0 * (abs(t) <= 0.5))
        >>> film.captions[30]
        '[f*g](0) = ∫ f(z)·g(0−z) dz = 1'
    """
    lang = chosen(lang)
    if callable(f) and callable(g):
        for name, function in (("f", f), ("g", g)):
            if (count := number_of_arguments(function)) > 1:
                raise ArgumentError(
                    "convolution", say("{name} must be a function of one number", name=name), got=f"{count}"
                )
        return of_functions(f, g, f_support, g_support, lang)
    if callable(f) or callable(g):
        got = f"f {type(f).__name__}, g {type(g).__name__}"
        raise ArgumentError("convolution", "f and g must both be sequences or both functions", got=got)
    if (f_support, g_support) != (None, None):
        raise ArgumentError("convolution", "only functions have a support", hint="leave it out")
    return of_sequences(f, g, lang)
