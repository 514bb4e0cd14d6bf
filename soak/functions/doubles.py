"""float64 arguments by the hundred million: the largest error of every function, beside the one that is stated.

    python -m soak.functions.doubles [--function NAME …] [--count N] [--seed S]

The functions' operations are carried out once more with numbers of two parts (`twofold.py`), in compiled code. So what
is measured is what rounding does, to within 2^−40 of a unit; approximation adds less than 0.6 units (`proof.py`). Of
every million arguments the one with the largest error goes to MPFR, and so does all that comes near to what is stated.
Powers, which are not proved, are compared with the series of log and exp, which err by less than 2^−70 (`power_twin`).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import gmpy2
import numpy as np
from numba import extending, njit, types

from pellucid.functions import arrays
from pellucid.functions.power import power
from pellucid.kernels.simd.numbers import Numbers, Registers
from soak.functions import arguments
from soak.functions.arguments import Array
from soak.functions.claims import PROGRAMS, STATED
from soak.functions.exact import exact
from soak.functions.twofold import Twofold, TwofoldNumbers, power_twin

_CHUNK = 1 << 20
_APPROXIMATED = 0.6  # more units than approximation makes of any function
_POWER, _POWER_GROWS = 4, 12  # of xᵖ 4 + |p·log x|/12 units are stated


def errors(program: Callable[..., Any], twin: Callable[..., Any], operands: int) -> Callable[..., None]:
    """Compiled code that fills an array with a program's errors, in units of 2^−53 of its exact twin."""
    double = types.float64

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        a = Registers(builder, lanes=0)
        x = [Numbers(a, [number]) for number in args]
        y, right = program(*x, a), twin(*(Twofold(a, number) for number in x), TwofoldNumbers(a))
        return (((y - right.high) - right.low) / right.high * 2.0**53).registers[0]

    if operands == 1:
        one = extending.intrinsic(lambda _typing, _x: (double(double), code))

        @njit
        def of_one(x: Array, out: Array) -> None:
            for i in range(len(x)):
                out[i] = one(x[i])

        return of_one
    two = extending.intrinsic(lambda _typing, _x, _p: (double(double, double), code))

    @njit
    def of_two(x: Array, p: Array, out: Array) -> None:
        for i in range(len(x)):
            out[i] = two(x[i], p[i])

    return of_two


def measured(name: str, count: int, seed: int) -> tuple[float, float]:
    """The largest error that MPFR has confirmed, and its argument."""
    fill, out, worst = errors(PROGRAMS[name], PROGRAMS[name], 1), np.empty(_CHUNK), (0.0, 0.0)
    numbers = arguments.chunks(name, _CHUNK, seed)
    for _ in range(-(-count // _CHUNK)):
        x = next(numbers)
        fill(x, out)
        assert np.isfinite(out).all()
        close = np.flatnonzero(abs(out) > STATED[name] - _APPROXIMATED)
        for i in {int(np.argmax(abs(out))), *close.tolist()}:
            y = float(PROGRAMS[name](x[i : i + 1], arrays.Arrays())[0])
            worst = max(worst, (_units(y, exact(name, float(x[i]))), float(x[i])))
    return worst


def measured_powers(count: int, seed: int) -> tuple[float, tuple[float, float]]:
    """The largest share of what is stated of xᵖ, and its operands."""
    fill, out, worst = errors(power, power_twin, 2), np.empty(_CHUNK), (0.0, (1.0, 1.0))
    pairs = arguments.pairs(_CHUNK, seed)
    for _ in range(-(-count // _CHUNK)):
        x, p = next(pairs)
        fill(x, p, out)
        assert np.isfinite(out).all()
        shares = abs(out) / (_POWER + abs(p * np.log(x)) / _POWER_GROWS)
        i = int(np.argmax(shares))
        y = float(power(x[i : i + 1], p[i : i + 1], arrays.Arrays())[0])
        with gmpy2.context(precision=300):
            right = gmpy2.mpfr(float(x[i])) ** gmpy2.mpfr(float(p[i]))
        worst = max(worst, (_units(y, right) * float(shares[i] / abs(out[i])), (float(x[i]), float(p[i]))))
    return worst


def _units(y: float, right: Any) -> float:
    """An error in units of 2^−53 of the exact number."""
    with gmpy2.context(precision=300):
        return float(abs((gmpy2.mpfr(y) - right) / right) * 2**53)


def main() -> int:
    """Measure, and compare with what is stated."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*PROGRAMS, "pow"]
    parser.add_argument("--function", nargs="+", choices=names, default=names)
    parser.add_argument("--count", type=int, default=100_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    wrong = 0
    for name in options.function:
        start = time.perf_counter()
        with np.errstate(all="ignore"):
            if name == "pow":
                share, operands = measured_powers(options.count, options.seed)
                said = f"at most {share:.3f} of 4 + |p·log x|/12 units, at {operands}"
            else:
                units, x = measured(name, options.count, options.seed)
                share, said = (
                    units / STATED[name],
                    f"at most {units:.3f} units of {STATED[name]}, at {x.hex()}",
                )
        wrong += not share <= 1
        print(
            f"{name:8} {options.count:,} arguments: {said}, {time.perf_counter() - start:.0f} s", flush=True
        )
    print("more than is stated" if wrong else "all as stated")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
