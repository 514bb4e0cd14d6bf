"""The error bounds of the functions, proved by machine from their sources.

    python -m soak.functions.proof [--function NAME …]

The operations in `pellucid/functions/` are carried out twice more, over cells that hold every float64 argument: with
numbers that bound what rounding does (`running.py`), and as power series minus the exact function's (`series.py`). What
is printed is in units of 2^−53, relative to the result: what rounding makes, what approximation makes, both together,
and what is stated. Then the normal tail, of which explanations take a bound for granted (`tails.py`). Two minutes.
"""

from __future__ import annotations

import argparse
import heapq
import math
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from pellucid.functions import logarithm
from soak.functions import cells
from soak.functions.bounded import UNIT, Running
from soak.functions.claims import CLAIMS, PROGRAMS, STATED, Claim
from soak.functions.running import Beside, RunningErrors
from soak.functions.series import Cell, below_1, share
from soak.functions.tails import tails

_PIECES = 32  # cells of r, for rounding
_CLOSE, _NOTHING = (
    1.5,
    2.0**-75,
)  # how near a bound of approximation comes to an error that occurs, or to none


def proved(name: str) -> tuple[float, float, float]:
    """What rounding, approximation and both make at most of a function's result."""
    if name == "log1p":
        return log1p()
    claim = CLAIMS[name]
    rounded, approximated = float(rounding(claim).share.max()), approximation(claim)
    return rounded, approximated, rounded * (1 + approximated) + approximated


def rounding(claim: Claim) -> Running:
    """The results in every cell."""
    every = claim.cells(_PIECES)
    with np.errstate(all="ignore"):
        found: Running = claim.program(Running.cells(every.lo, every.hi), RunningErrors(every.k))
    return found


def approximation(claim: Claim) -> float:
    """The largest relative error of the operations in exact arithmetic: cells are halved until it is known well."""
    if claim.exact is None:
        return 0.0
    waiting, reached, beyond = list[tuple[float, Cell]](), 0.0, 0.0
    todo = list(_first_cells(claim))
    if claim.flat:
        lo, _, k = todo.pop()
        todo.append((lo, float(np.nextafter(lo, np.inf)), k))
        beyond = below_1(claim.exact, lo)
    while todo or -waiting[0][0] > max(_CLOSE * reached, _NOTHING):
        for cell in todo or _halves(heapq.heappop(waiting)[1], claim.root):
            bound, inside = share(claim.program, claim.exact, cell, claim.root)
            reached = max(reached, inside)
            heapq.heappush(waiting, (-bound, cell))
        todo = []
    return -waiting[0][0] + beyond


def _first_cells(claim: Claim) -> Iterator[Cell]:
    """Those of the claim; one takes the place of all that are next to the root."""
    every, root = claim.cells(8), claim.root
    if root is not None:
        yield root - cells.NEAR, root + cells.NEAR, 0
    for lo, hi, k in zip(every.lo.tolist(), every.hi.tolist(), every.k.tolist(), strict=True):
        if root is None or not root - cells.NEAR <= lo <= hi <= root + cells.NEAR:
            yield lo, hi, k


def _halves(cell: Cell, root: float | None) -> list[Cell]:
    """A cell in two; around a root in three, so that it is in the midst of one."""
    lo, hi, k = cell
    if root is not None and lo < root < hi:
        ends = [lo, (lo + root) / 2, (root + hi) / 2, hi]
    else:
        ends = [lo, (lo + hi) / 2, hi]
    return [(a, b, k) for a, b in pairwise(ends)]


def log1p() -> tuple[float, float, float]:
    """The same of log(1 + x), in the cells of u, which is 1 + x rounded.

    log(1 + x) = log u + log(1 + d/u), where d is what was lost in u. In exact arithmetic the program errs by what it
    makes of log u, and by less than 0.51·(d/u)², since it adds d/u. Where u is 1 it returns x, which errs by 2^−54.
    """
    every = cells.logarithm_cells(_PIECES)
    u = Running.cells(every.lo, every.hi)
    x = Beside(u)
    with np.errstate(all="ignore"):
        y: Running = logarithm.log1p(x, 64, RunningErrors(every.k))
    of_log = approximation(CLAIMS["log"])
    # |log u| ≤ |log(1 + x)| + |log(1 + d/u)|, of which the last one is less than 2^−52
    approximated = of_log * (1 + 2.0**-52 / y.least) + 0.51 * (x.lost.most / u.least) ** 2 / y.least
    rounded = float(y.share.max())
    total = max(float((y.share * (1 + approximated) + approximated).max()), 2.0**-54)
    return rounded, float(approximated.max()), total


def main() -> int:
    """Prove, and compare with what is stated."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--function", nargs="+", choices=PROGRAMS, default=[])
    options, wrong = parser.parse_args(), 0
    for name in options.function or PROGRAMS:
        start = time.perf_counter()
        units = [part / UNIT for part in proved(name)]
        wrong += not units[-1] <= STATED[name]
        rounded, approximated, both = units
        print(
            f"{name:8} rounding {rounded:6.3f}, approximation {approximated:6.3f}, both {both:6.3f}, "
            f"stated {STATED[name]}, {time.perf_counter() - start:.0f} s", flush=True
        )  # fmt: skip
    for name, tail in () if options.function else tails():
        start, approximated = time.perf_counter(), max(map(approximation, tail.claims))
        shares = tail.room(approximated)
        wrong += not max(shares) <= 1
        print(
            f"{name}: approximation 2^{math.log2(approximated):.1f}; the tail at most {shares[0]:.3f}, GELU's slope "
            f"{shares[1]:.3f} of what is taken for granted, {time.perf_counter() - start:.0f} s", flush=True
        )  # fmt: skip
    print("more than is stated" if wrong else "all as stated")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
