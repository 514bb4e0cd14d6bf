"""A user's layer as a black box: two functions, called with care."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, say
from pellucid.numbers import as_array

Array: TypeAlias = NDArray[Any]
Arrays: TypeAlias = tuple[Array, ...]
WHERE = "check_gradient"


@dataclass(frozen=True, eq=False)
class Layer:
    """The two functions and the names of their inputs.

    Each call gets copies of the arrays and is checked afterwards: a layer that writes into what it is given would
    spoil every later call.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    names: tuple[str, ...]

    def output(self, inputs: Arrays) -> Array:
        """The forward function's output in float64 (float32 if it computes so)."""
        returned = _unspoilt(self.forward, "forward", inputs)
        output = as_array(WHERE, "output", returned, "forward must return one array of real numbers")
        if output.dtype.kind != "f" or output.dtype.itemsize < np.dtype(np.float32).itemsize:
            raise ArgumentError(
                WHERE,
                "forward must return float64 or float32 numbers",
                got=f"{output.dtype}",
                hint="whole numbers have no gradient" if output.dtype.kind != "f" else None,
            )
        if not output.size:
            raise ArgumentError(
                WHERE,
                "forward must return at least one number",
                got=say("an output of shape {shape}", shape=output.shape),
            )
        if not np.isfinite(output).all():
            bad = int(np.argmin(np.isfinite(output).ravel()))
            place = ",".join(map(str, np.unravel_index(bad, output.shape)))
            raise ArgumentError(
                WHERE,
                "forward must return finite numbers",
                got=say(
                    "{number} in output[{place}] of {shape}",
                    number=output.flat[bad],
                    place=place,
                    shape=output.shape,
                ),
                hint="choose inputs at which, and near which, the layer is defined",
            )
        return output

    def gradients(self, grad_output: Array, inputs: Arrays) -> list[Array | None]:
        """The backward function's gradients, one for each input; None for those that are not differentiated.

        It is called right after the forward function on the same inputs, as a layer expects that keeps its input.
        """
        self.output(inputs)
        returned = _unspoilt(self.backward, "backward", (grad_output, *inputs))
        floating = [array.dtype.kind == "f" for array in inputs]
        gradients = self._assigned(returned, floating)
        return [
            as_array(WHERE, "gradient", gradient, say("backward must return an array for {name}", name=name))
            if real and gradient is not None
            else None
            for name, real, gradient in zip(self.names, floating, gradients, strict=True)
        ]

    def _assigned(self, returned: Any, floating: list[bool]) -> list[Any]:
        """What backward returned, one entry for each input."""
        if isinstance(returned, Mapping):
            return self._by_name(returned)
        entries = list(returned) if isinstance(returned, list | tuple) else [returned]
        if len(entries) == len(self.names):
            return entries
        if len(entries) == sum(floating):  # integer inputs were left out
            given = iter(entries)
            return [next(given) if real else None for real in floating]
        raise ArgumentError(
            WHERE,
            "backward must return one gradient per input",
            expected=say("{count}, for {names}", count=len(self.names), names=", ".join(self.names)),
            got=f"{len(entries)}",
            hint="return None for an input without gradient",
        )

    def _by_name(self, returned: Mapping[Any, Any]) -> list[Any]:
        """The gradients of a dictionary, whose keys are the inputs' names, with or without grad_ before them."""
        keys = {str(key).removeprefix("grad_") if key not in self.names else key: key for key in returned}
        unknown = [str(key) for name, key in keys.items() if name not in self.names]
        if unknown:
            raise ArgumentError(
                WHERE,
                "backward must name its gradients like the inputs",
                expected=say("keys among {names}", names=", ".join(self.names)),
                got=", ".join(unknown),
            )
        return [returned[keys[name]] if name in keys else None for name in self.names]


def read(forward: object, backward: object, inputs: object) -> tuple[Layer, Arrays]:
    """The layer and its inputs, floating ones in float64; names come from a dictionary or from forward's arguments.

    Raises: ArgumentError when there is no layer, or nothing to differentiate.
    """
    for name, function in (("forward", forward), ("backward", backward)):
        if not callable(function):
            raise ArgumentError(
                WHERE, say("{name} must be a function", name=name), got=f"{type(function).__name__}"
            )
    assert callable(forward)
    assert callable(backward)
    if isinstance(inputs, Mapping):
        names, values = tuple(map(str, inputs)), list(inputs.values())
    elif isinstance(inputs, list | tuple):
        names, values = _argument_names(forward, len(inputs)), list(inputs)
    else:
        hint = "for one input write (x,)" if isinstance(inputs, np.ndarray) else None
        raise ArgumentError(
            WHERE,
            "inputs must be a tuple, list or dictionary of arrays",
            got=type(inputs).__name__,
            hint=hint,
        )
    arrays = tuple(_input(name, value) for name, value in zip(names, values, strict=True))
    if not any(array.dtype.kind == "f" and array.size for array in arrays):
        kinds = ", ".join(
            f"{name}: {array.dtype} {array.shape}" for name, array in zip(names, arrays, strict=True)
        )
        raise ArgumentError(
            WHERE,
            "there must be an input with floating numbers, since only these are differentiated",
            got=kinds or "no inputs",
            hint=say("for {name} to be one, pass np.asarray({name}, float)", name=names[0])
            if names
            else None,
        )
    return Layer(forward, backward, names), arrays


def _argument_names(forward: Callable[..., Any], count: int) -> tuple[str, ...]:
    """The names of forward's first arguments, or input0, input1, … where it does not name that many."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):  # some functions written in C have no signature
        parameters = []
    names = tuple(parameter.name for parameter in parameters if parameter.kind in positional)
    return names[:count] if len(names) >= count else tuple(f"input{i}" for i in range(count))


def _input(name: str, value: object) -> Array:
    """An input as an array of its own."""
    array = as_array(WHERE, f"input {name}", value)
    if array.dtype.kind != "f":
        return array.copy()
    if not np.isfinite(array).all():
        raise ArgumentError(
            WHERE, say("input {name} must hold finite numbers", name=name), got=f"{array.dtype} {array.shape}"
        )
    return array.astype(np.float64)


def _unspoilt(function: Callable[..., Any], name: str, arrays: Sequence[Array]) -> Any:
    """What a function returns for copies of the arrays, which it must leave as they are."""
    copies = [array.copy() for array in arrays]
    returned = function(*copies)
    for before, after in zip(arrays, copies, strict=True):
        if not np.array_equal(before, after):
            raise ArgumentError(
                WHERE,
                say("{name} must not change the arrays that it is given", name=name),
                got=say("a changed array of shape {shape}", shape=before.shape),
                hint="write into a copy",
            )
    return _copied(returned)


def _copied(returned: Any) -> Any:
    """A result that no later call can change: layers may return a buffer of their own."""
    if isinstance(returned, np.ndarray):
        return returned.copy()
    if isinstance(returned, Mapping):
        return {key: _copied(value) for key, value in returned.items()}
    return [_copied(value) for value in returned] if isinstance(returned, list | tuple) else returned
