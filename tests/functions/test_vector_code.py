"""The functions as vector code of every target: the bits of the definitions, for both float types and any length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from soak.functions.vector import Named
from tests.kernels.test_kernels import FLOATS
from tests.kernels.test_targets import EVERY_TARGET, call, running

from pellucid.functions import arrays
from pellucid.kernels.flushing import flushed
from pellucid.kernels.simd import Curve

ROUNDED = {"sigmoid", "log", "log1p"}  # are told what their result is rounded to
NAMES = ["exp", "expm1", "sigmoid", "tanh", "log", "log1p", "erf", "rsqrt"]
LONGEST = 4 * 16 + 9  # more than a group of the widest registers, and some numbers of the next one


def numbers(dtype: Any) -> np.ndarray:
    """Numbers of every size, the ends of the functions' ranges, and what is no ordinary number."""
    random = np.random.default_rng(0)
    sizes = np.exp2(random.uniform(-120, 120, 400)) * random.choice([-1, 1], 400)
    info = np.finfo(dtype)
    ends = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, info.tiny, -info.tiny, info.max, -info.max, 1e-40]
    near = [-708.5, -708.39, 709.78, 709.79, 88.7, 88.8, -87.4, -103.0, 22.0, 37.6, -37.4, 6.0]
    plain = random.uniform(-12, 12, 800)
    return np.concatenate([ends, near, sizes, plain, random.uniform(0, 1, 200)]).astype(dtype)


def defined(name: str, x: np.ndarray) -> np.ndarray:
    """The definition, in float64 and rounded once."""
    function, bits = getattr(arrays, name), 8 * x.itemsize
    wide = x.astype(np.float64)
    result: np.ndarray = (function(wide, bits) if name in ROUNDED else function(wide)).astype(x.dtype)
    return result


@pytest.mark.slow
@EVERY_TARGET
@FLOATS
@pytest.mark.parametrize("function", NAMES)
def test_vector_code_has_the_definitions_bits(name: str, function: str, dtype: Any) -> None:
    x = numbers(dtype)
    expected = flushed(lambda: defined(function, x))
    with running(name):
        code, found = Curve(8 * x.itemsize, Named(function)), np.zeros_like(x)
        flushed(lambda: call(code, x, 0, found, 0, 0, x.size))
        np.testing.assert_array_equal(found, expected)
        assert (np.signbit(found) == np.signbit(expected))[~np.isnan(expected)].all()
        for length in range(LONGEST):
            part = np.full(LONGEST + 1, -7, dtype)
            flushed(lambda length=length, part=part: call(code, x, 0, part, 0, 0, length))
            np.testing.assert_array_equal(part[:length], expected[:length])
            assert (part[length:] == -7).all()
