"""Initial values of parameters: PyTorch's defaults, each a function of (seed, number of the parameter, index).

    value[i] = bound·fraction(i),   bound = 1/√fan_in;   of embeddings the normal distribution's quantiles

fraction(i) is uniform from −1 to below 1, number i of the parameter's stream (`philox.py`); parameters are counted from
the seed on, as they are made, and i counts in the order of the public axes. The product is rounded once in float64 and
once to float32, so that the float32 and the float64 version of a model begin alike.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from itertools import accumulate, count
from math import prod, sqrt
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.errors import ArgumentError, say
from pellucid.functions.arrays import log
from pellucid.nn.parameter import Parameter
from pellucid.philox import Purpose, Stream
from pellucid.seeds import check_seed

T = TypeVar("T")
_LARGE = 1 << 18  # numbers from which on a kernel draws them: loading it takes as long as fewer do in NumPy
# The seed, by default one of the system's, and the numbers of the parameters to come. A copied process goes on from
# here as the first does. Threads take numbers in turn, since `next` is one step.
_seeded = int.from_bytes(os.urandom(8), "little") >> 1, count()
_meanwhile: ContextVar[tuple[int, count[int]] | None] = ContextVar("meanwhile", default=None)
_room: ContextVar[list[int] | None] = ContextVar("room", default=None)


def seed(n: int) -> None:
    """Seed the initial values of the layers that are made from now on.

    Raises: ArgumentError when `n` is not a whole number from 0 to 2⁶³ − 1.
    """
    global _seeded  # noqa: PLW0603 - the one seed of the process, as in PyTorch
    _seeded = check_seed("seed", n), count()


@contextmanager
def seeded(n: int) -> Iterator[None]:
    """Let the layers that this thread makes meanwhile have the initial values of a seed of their own.

    What is made behind it, or on other threads, goes on as if there had been none.
    """
    token = _meanwhile.set((check_seed("seed", n), count()))
    try:
        yield
    finally:
        _meanwhile.reset(token)


def uniform(shape: tuple[int, ...], fan_in: int) -> Parameter:
    """A parameter with values from U(−1/√fan_in, 1/√fan_in): kaiming_uniform with a = √5, for biases too.

    `fan_in` is the number of products that one output sums up.
    """
    if claim(shape):
        return Parameter.zeros(shape)
    memory.require("Parameter", say("the array"), 4 * prod(shape), shape=shape)
    parameter, (since, numbers) = Parameter.zeros(shape), _meanwhile.get() or _seeded
    _draw(parameter, Stream(since, Purpose.INITIAL_VALUES, next(numbers)), 1 / sqrt(fan_in))
    return parameter


def normal(shape: tuple[int, ...]) -> Parameter:
    """A parameter with values from N(0, 1): the quantiles at (fraction(i) + 1)/2.

    The quantiles are Wichura's PPND7 (Algorithm AS 241, 1988), exact to 7 digits.
    """
    if claim(shape):
        return Parameter.zeros(shape)
    memory.require("Parameter", say("the array"), 4 * prod(shape), shape=shape)
    parameter, (since, numbers) = Parameter.zeros(shape), _meanwhile.get() or _seeded
    stream = Stream(since, Purpose.INITIAL_VALUES, next(numbers))
    np.asarray(parameter)[...] = _quantiles(stream.fractions(prod(shape)) / 2).reshape(shape)
    return parameter


def _quantiles(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the normal distribution has the share ½ + `apart` below; what is 0 or 1 is moved by half a step."""
    q = np.clip(apart, 2.0**-33 - 0.5, 0.5 - 2.0**-33)
    r = 0.180625 - q * q
    middle = (
        q
        * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)
        / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0)
    )
    r = np.sqrt(-log(0.5 - abs(q), 64))
    near, far = r - 1.6, r - 5.0
    tail = np.where(
        r <= 5.0,
        (((0.17023821103 * near + 1.3067284816) * near + 2.7568153900) * near + 1.4234372777)
        / ((0.12021132975 * near + 0.73700164250) * near + 1.0),
        (((0.017337203997 * far + 0.42868294337) * far + 3.0812263860) * far + 6.6579051150)
        / ((0.012258202635 * far + 0.24197894225) * far + 1.0),
    )
    return np.where(abs(q) <= 0.425, middle, np.copysign(tail, q))


def claim(shape: tuple[int, ...]) -> bool:
    """Take room for an array from what a file vouches for; False where there is no file, and values are wanted.

    Raises: ArgumentError when there is not so much left.
    """
    room = _room.get()
    if room is None:
        return False
    room[0] -= prod(shape)
    if room[0] < 0:
        got = say("shape {shape}", shape=shape)
        raise ArgumentError("init", "the model is larger than its file", got=got)
    return True


def _draw(parameter: Parameter, stream: Stream, bound: float) -> None:
    """Fill a parameter, some output channels at a time; a large one on two threads."""
    array = np.asarray(parameter)  # plain, since what is drawn need not be checked
    stretches = parameter.stretches()
    sizes = [array[some].size for some in stretches]
    firsts = accumulate(sizes[:-1], initial=0)
    if parameter.size < _LARGE:
        for some, size, first in zip(stretches, sizes, firsts, strict=True):
            array[some] = (stream.fractions(size, first) * bound).reshape(array[some].shape)
        return
    from pellucid.kernels.loops.initial_values import draw_uniform  # imports LLVM: only when it is needed

    def draw(some: Any, first: int) -> None:
        drawn = np.empty(array[some].shape, array.dtype)
        draw_uniform(drawn, stream, first, bound)
        array[some] = drawn

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(draw, stretches, firsts))


def without_values(make: Callable[[], T], at_most: int) -> T:
    """What a function gives in which layers get zeros, at most so many numbers in all; no parameter is counted.

    For models whose values are in a file: its word on their size is not trusted, its length is. Whatever interrupts the
    function, other layers get their values.
    """

    def blank() -> T:
        _room.set([at_most])
        return make()

    return copy_context().run(blank)
