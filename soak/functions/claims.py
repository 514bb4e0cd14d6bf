"""What is claimed of the functions: how far each is from its exact twin, and which programs and cells prove it.

`STATED` is the largest error of a result in units of 2^−53 of its size, for every float64 argument whose result is
between 2^−1020 and the largest number (`proof.py` proves it, `doubles.py` tries it). Some programs put the end of a
range in the place of arguments beyond it. There the functions are what they are at that end, to 2^−1000.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.functions import exponential, logarithm, normal, power
from soak.functions import cells
from soak.functions.cells import Cells

STATED = {
    "exp": 5.6,
    "expm1": 8.4,
    "sigmoid": 7.1,
    "tanh": 9.3,
    "log": 2.4,
    "log1p": 3.6,
    "erf": 6.0,
    "rsqrt": 2.1,
}


PROGRAMS: Mapping[str, Callable[[Any, Any], Any]] = {
    "exp": exponential.exp,
    "expm1": exponential.expm1,
    "sigmoid": lambda x, a: exponential.sigmoid(x, 64, a),
    "tanh": exponential.tanh,
    "log": lambda x, a: logarithm.log(x, 64, a),
    "log1p": lambda x, a: logarithm.log1p(x, 64, a),
    "erf": normal.erf,
    "rsqrt": power.rsqrt,
}


@dataclass(frozen=True)
class Claim:
    """A function.

    Attributes:
        program: its operations.
        exact: what it should be, of a power series of Arb's; none where exact arithmetic would make no error.
        cells: those of the argument; of an odd function, positive ones.
        root: where the function is 0.
        flat: whether it hardly differs from 1 in the last cell, and the program not at all.
    """

    program: Callable[[Any, Any], Any]
    exact: Callable[[Any], Any] | None
    cells: Callable[[int], Cells]
    root: float | None = None
    flat: bool = False


def _logistic(x: Any) -> Any:
    return 1 / (1 + (-x).exp())


def _tanh(x: Any) -> Any:
    square = (2 * x).exp()
    return (square - 1) / (square + 1)


def _tanh_cells(pieces: int) -> Cells:
    """2·x has the k of the reduction; beyond 22 it counts as 44."""
    twice = cells.reduced(pieces, 0, 64)
    below = Cells(twice.lo / 2, twice.hi / 2, twice.k).within(cells.LEAST, 22.0)
    return Cells.together([below, cells.around(np.array([np.nextafter(22.0, 23.0), cells.MOST]), 63)])


def _erf_cells(pieces: int) -> Cells:
    """Near 0 the series, then 1 − 2·Φ(−√2·x), and 1 from 6 on."""
    near = cells.around(np.concatenate([[cells.LEAST, cells.NEAR], np.linspace(0, 1, 4 * pieces)[1:-1]]), 0)
    near = Cells.together([near, cells.around(np.array([near.hi[-1], np.nextafter(1.0, 0)]), 0)])
    tail = cells.tail_cells(pieces, 37.51)
    slack = 2.0**-50
    far = Cells(tail.lo / normal.ROOT_2 * (1 - slack), tail.hi / normal.ROOT_2 * (1 + slack), tail.k)
    return Cells.together([near, far.within(1.0, 26.52), cells.around(np.array([26.52, cells.MOST]), 0)])


CLAIMS = {
    "exp": Claim(PROGRAMS["exp"], lambda x: x.exp(), cells.exponential_cells),
    "expm1": Claim(
        PROGRAMS["expm1"],
        lambda x: x.exp() - 1,
        lambda pieces: cells.exponential_cells(pieces, exponential.LEAST),
        0.0,
    ),
    "sigmoid": Claim(
        PROGRAMS["sigmoid"],
        _logistic,
        lambda pieces: cells.exponential_cells(pieces, last=-exponential.LEAST),
    ),
    "tanh": Claim(PROGRAMS["tanh"], _tanh, _tanh_cells, 0.0, flat=True),
    "log": Claim(PROGRAMS["log"], lambda x: x.log(), cells.logarithm_cells, 1.0),
    "erf": Claim(PROGRAMS["erf"], lambda x: x.erf(), _erf_cells, 0.0, flat=True),
    "rsqrt": Claim(PROGRAMS["rsqrt"], None, lambda _: cells.around(np.array([cells.LEAST, cells.MOST]), 0)),
}
