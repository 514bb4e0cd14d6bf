"""Initial values of parameters: PyTorch's defaults, drawn from one seeded generator.

Values are drawn in float64 in the order of the public axes and rounded once to float32, so that the float32
and the float64 version of a model begin with the same numbers.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from math import prod, sqrt
from typing import Any, TypeVar

import numpy as np

from pellucid import memory
from pellucid.errors import ArgumentError, say
from pellucid.nn.parameter import Parameter
from pellucid.seeds import check_seed

T = TypeVar("T")
_generator = np.random.default_rng()
_LARGE = 1 << 22  # numbers from which on two threads draw them
_room: ContextVar[list[int] | None] = ContextVar("room", default=None)

if hasattr(os, "register_at_fork"):

    def _begin_again() -> (
        None
    ):  # another thread may have held the generator's lock when the process was copied
        global _generator  # noqa: PLW0603 - see `seed`
        again = np.random.default_rng()
        again.bit_generator.state = _generator.bit_generator.state
        _generator = again

    os.register_at_fork(after_in_child=_begin_again)


def seed(n: int) -> None:
    """Seed the generator that new layers draw their parameters from.

    Raises: ArgumentError when `n` is not a whole number from 0 to 2⁶³ − 1.
    """
    global _generator  # noqa: PLW0603 - the one generator of the process, as in PyTorch
    _generator = np.random.default_rng(check_seed("seed", n))


def uniform(shape: tuple[int, ...], fan_in: int) -> Parameter:
    """A parameter with values from U(−1/√fan_in, 1/√fan_in): kaiming_uniform with a = √5, for biases too.

    `fan_in` is the number of products that one output sums up.
    """
    room = _room.get()
    if room is not None:
        room[0] -= prod(shape)
        if room[0] < 0:
            raise ArgumentError(
                "init", "the model is larger than its file", got=say("shape {shape}", shape=shape)
            )
        return Parameter.zeros(shape)
    memory.require("Parameter", say("the array"), 4 * prod(shape), shape=shape)
    parameter, bound = Parameter.zeros(shape), 1 / sqrt(fan_in)
    stretches = parameter.stretches()
    if parameter.size < _LARGE:
        _draw(parameter, stretches, _generator, bound)
        return parameter
    half, here, bits = len(stretches) // 2, copy.deepcopy(_generator), _generator.bit_generator
    assert isinstance(bits, np.random.PCG64)  # which takes one step for each number
    bits.advance(sum(parameter[some].size for some in stretches[:half]))
    with ThreadPoolExecutor(1) as other:  # the two halves of one stream of numbers at the same time
        first = other.submit(_draw, parameter, stretches[:half], here, bound)
        _draw(parameter, stretches[half:], _generator, bound)
        first.result()
    return parameter


def _draw(
    parameter: Parameter, stretches: Sequence[Any], generator: np.random.Generator, bound: float
) -> None:
    array = np.asarray(parameter)  # plain, since what is drawn need not be checked
    for some in stretches:
        array[some] = generator.uniform(-bound, bound, array[some].shape)


def without_values(make: Callable[[], T], at_most: int) -> T:
    """What a function gives in which layers get zeros, at most so many numbers in all; the generator is left alone.

    For models whose values are in a file: its word on their size is not trusted, its length is. Whatever interrupts the
    function, other layers get their values.
    """

    def blank() -> T:
        _room.set([at_most])
        return make()

    return copy_context().run(blank)
