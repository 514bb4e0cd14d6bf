"""What a step carries on from call to call besides the model, and how it goes out to a checkpoint and comes back.

steps                         how many updates have been made
velocity(conv1.weight), …     the optimiser's arrays, as a recording names them (`explain/catalogue.py`)
average(conv1.weight), …      the parameters' exponential moving averages
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.engine import weights
from pellucid.engine.training import AVERAGE
from pellucid.errors import ArgumentError, say
from pellucid.kernels.turns import changing
from pellucid.nn.parameter import Parameter
from pellucid.nn.written import faults
from pellucid.numbers import as_array
from pellucid.ops.rule import Rule
from pellucid.philox import TIMES

Array = NDArray[Any]
Parameters = Mapping[str, Parameter]
_STEPS = "steps"


class State:
    """The count of steps, and for each parameter that was ever trained the optimiser's arrays, in memory order.

    Programs hold these arrays: they are written in place, and replaced only where they fit no longer.

    Args:
        averages: whether there are moving averages as well.
    """

    def __init__(self, *, averages: bool = False) -> None:
        self._averages = averages
        self.count = np.zeros(1, np.int64)
        self.loads = 0  # how often it was loaded: what was recorded before is out of date
        self._arrays: dict[str, dict[str, Array]] = {}

    def of(self, trained: Parameters, rule: Rule) -> dict[str, dict[str, Array]]:
        """The arrays of these parameters; new ones where one is new, or of another shape, type or rule."""
        for name, parameter in trained.items():
            fresh = self._fresh(parameter, rule)
            state = self._arrays.get(name)
            if state is None or _layout(state) != _layout(fresh):
                size_bytes = sum(array.nbytes for array in fresh.values())
                memory.require("TrainStep", say("the optimizer's state of '{name}'", name=name), size_bytes)
                # a copy, so that the system has given the memory before the next who asks
                self._arrays[name] = {key: np.array(array, order="C") for key, array in fresh.items()}
        return {name: self._arrays[name] for name in trained}

    def copies(self, parameters: Parameters, rule: Rule) -> dict[str, Array]:
        """All numbers by name, with public axes; those of frozen parameters as well."""
        arrays = {name: np.array(array, order="C") for name, array in self._named(parameters, rule).items()}
        return {_STEPS: np.array(self.count[0])} | arrays

    def load(self, where: str, trained: Parameters, parameters: Parameters, rule: Rule, given: Any) -> None:
        """Take over what `copies` gave, all or nothing and between two runs.

        What parameters that are frozen had may be missing: if they are trained again, they begin anew.

        Raises: ArgumentError that names all that is missing, unexpected or unfit.
        """
        if not isinstance(given, Mapping):
            raise ArgumentError(where, "a state dict maps names to arrays", got=type(given).__name__)
        of = {
            name: p
            for name, p in parameters.items()
            if any(f"{key}({name})" in given for key in self._keys(rule))
        }
        self.of({**of, **trained}, rule)
        arrays, needed = self._named(parameters, rule), {_STEPS, *self._named(trained, rule)}
        missing = [name for name in (_STEPS, *arrays) if name in needed and name not in given]
        unexpected = [str(name) for name in given if name != _STEPS and name not in arrays]
        values = {name: as_array(where, name, given[name]) for name in arrays if name in given}
        unfit = [
            _misfit(n, value, arrays[n]) for n, value in values.items() if _kind(value) != _kind(arrays[n])
        ]
        if missing or unexpected or unfit:
            rule_ = "names, shapes and types must be those of the step's state; nothing was loaded"
            raise ArgumentError(where, rule_, got=faults(missing, unexpected, unfit))
        count = _count(where, given[_STEPS])

        for name in {*arrays} - {*values}:  # of parameters that are frozen
            key, _, of_ = name[:-1].partition("(")
            values[name] = weights.public(self._fresh(parameters[of_], rule)[key])

        def write() -> None:
            self.loads += 1
            self.count[0] = count
            for name, array in arrays.items():
                array[...] = values[name]

        changing(write)

    def averages(self, parameters: Parameters) -> dict[str, Array]:
        """Copies of the moving averages that there are, with public axes."""
        found = {name: self._arrays[name].get(AVERAGE) for name in parameters if name in self._arrays}
        return {name: np.array(weights.public(a), order="C") for name, a in found.items() if a is not None}

    def _keys(self, rule: Rule) -> tuple[str, ...]:
        """What arrays a parameter has."""
        return (*rule.states, AVERAGE) if self._averages else rule.states

    def _fresh(self, parameter: Parameter, rule: Rule) -> dict[str, Array]:
        """What they begin with; an average begins with the parameter."""
        numbers = np.asarray(parameter.memory)
        return rule.initial_state(numbers) | ({AVERAGE: numbers} if self._averages else {})

    def _named(self, parameters: Parameters, rule: Rule) -> dict[str, Array]:
        """The arrays of these parameters by their names, not copied, with public axes."""
        return {
            f"{key}({name})": weights.public(self._arrays[name][key])
            for name in parameters
            for key in self._keys(rule)
            if key in self._arrays.get(name, ())
        }


def _layout(state: Mapping[str, Array]) -> dict[str, tuple[tuple[int, ...], str]]:
    return {key: _kind(array) for key, array in state.items()}


def _kind(array: Array) -> tuple[tuple[int, ...], str]:
    """Shape and type."""
    return array.shape, array.dtype.name


def _misfit(name: str, value: Array, array: Array) -> str:
    (shape, dtype), (own_shape, own_dtype) = _kind(value), _kind(array)
    return say(
        "{name} of {dtype} {shape}, not {own_dtype} {own_shape}",
        name=name,
        dtype=dtype,
        shape=shape,
        own_dtype=own_dtype,
        own_shape=own_shape,
    )


def _count(where: str, value: Any) -> int:
    """How many steps a state dict says that were made."""
    count = as_array(where, _STEPS, value)
    if count.dtype.kind not in "iu" or count.size != 1 or not 0 <= int(count.reshape(())) < TIMES:
        got = f"{_STEPS} {count.dtype} {count.shape}" if count.size != 1 else f"{_STEPS}={count.reshape(())}"
        rule = say("{name} must be a whole number", name=_STEPS)
        raise ArgumentError(where, rule, expected=f"0 ≤ {_STEPS} < 2⁴⁸", got=got)
    return int(count.reshape(()))
