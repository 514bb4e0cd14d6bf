"""The functions' proofs, their hardest float32 arguments, and samples of what soak/functions/ tries by the million."""

from __future__ import annotations

import gmpy2
import numpy as np
import pytest
from soak.functions import arguments, doubles
from soak.functions.bounded import UNIT
from soak.functions.claims import PROGRAMS, STATED
from soak.functions.coefficients import TABLES
from soak.functions.exact import exact, nearest
from soak.functions.floats import Floats
from soak.functions.hardest import HARDEST
from soak.functions.proof import proved, rounding
from soak.functions.twofold import Twofold

from pellucid.functions import arrays

ROUNDED = {"sigmoid", "log", "log1p"}  # are told what their result is rounded to


@pytest.mark.parametrize("name", HARDEST)
def test_the_hardest_arguments_are_rounded_correctly(name: str) -> None:
    """And what is next to them."""
    hard = np.array([float.fromhex(x) for x in HARDEST[name]], np.float32)
    x = np.concatenate(
        [np.nextafter(hard, np.float32(-np.inf)), hard, np.nextafter(hard, np.float32(np.inf))]
    )
    function, wide = getattr(arrays, name), x.astype(np.float64)
    found = (function(wide, 32) if name in ROUNDED else function(wide)).astype(np.float32)
    assert found.tolist() == [nearest(name, number)[0] for number in wide.tolist()]


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_some_float32_arguments(name: str) -> None:
    """Blocks around −1, 1 and 0, of NaN and infinities, and one with negative ones."""
    floats = Floats(name)
    for block in (0, 254, 510, 511, 766):
        floats.block(block)
    assert floats.found.tried == 5 << 22
    assert floats.found.wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["expm1", "tanh", "erf"])
def test_bounds_are_proved(name: str) -> None:
    """Those whose proof is a matter of seconds."""
    assert proved(name)[-1] <= STATED[name] * UNIT


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_some_float64_arguments(name: str) -> None:
    """What is measured is less than what is stated, and not much less than it can be."""
    with np.errstate(all="ignore"):
        units, x = doubles.measured(name, 5 << 20, 1)
        assert 0.2 * STATED[name] < units <= STATED[name], x


def test_running_errors_hold() -> None:
    """Every cell's enclosure holds the results of its ends, and its bound their errors."""
    from soak.functions.claims import CLAIMS
    from soak.functions.proof import _PIECES

    claim = CLAIMS["tanh"]
    every, found = claim.cells(_PIECES), rounding(claim)
    for i in range(0, len(every), 97):
        for x in (float(every.lo[i]), float(every.hi[i])):
            y, right = float(arrays.tanh(x)), exact("tanh", x)
            assert abs((gmpy2.mpfr(y) - right) / right) <= found.share[i] + 0.1 * UNIT
            assert found.lo[i] - 1e-15 <= y <= found.hi[i] + 1e-15


def test_numbers_of_two_parts() -> None:
    """Sums, products, quotients to a hundred bits."""
    random = np.random.default_rng(0)
    for a, b, c, d in random.standard_normal((50, 4)).tolist():
        x, y = (Twofold(arrays.Arrays(), u, v * 2.0**-54) for u, v in ((a, b), (c, d)))
        with gmpy2.context(precision=300):
            exact_x, exact_y = (gmpy2.mpfr(float(z.high)) + gmpy2.mpfr(float(z.low)) for z in (x, y))
            for found, right in (
                (x + y, exact_x + exact_y),
                (x * y, exact_x * exact_y),
                (x / y, exact_x / exact_y),
                (2.0 - x, 2 - exact_x),
            ):
                value = gmpy2.mpfr(float(found.high)) + gmpy2.mpfr(float(found.low))
                assert abs(value - right) <= abs(right) * gmpy2.mpfr(2) ** -98


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES[:4], ids=lambda table: table[0])
def test_coefficients_are_those_of_the_least_error(table: tuple) -> None:
    import mpmath
    from soak.functions.minimax import BITS

    _, make, stands = table
    with mpmath.workprec(BITS):
        over, _, _ = make().solved()
        assert [float(c) for c in over] == list(stands)


def test_arguments_are_in_range() -> None:
    for name in PROGRAMS:
        chunks = arguments.chunks(name, 1000, 0)
        low, high, *_ = arguments.RANGES[name]
        for _ in range(5):
            x = next(chunks)
            assert ((x >= low) & (x <= high)).all()
