"""How a function of this package becomes work: on arrays the op runs at once, on symbols it joins the graph.

Each function only says which op it is and what it is applied to; that description serves it and its gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, Concatenate, ParamSpec, TypeAlias

import numpy as np

from pellucid import memory
from pellucid.engine import arrays
from pellucid.engine.graph import apply, is_symbolic
from pellucid.errors import PellucidError, ShapeError, say
from pellucid.numbers import absent, as_array
from pellucid.ops.base import Array, Gradients, Op, Shape
from pellucid.signatures import called
from pellucid.sizes import size_of

Tensor: TypeAlias = Any  # numbers that NumPy can make an array of, or a Symbol while a network is traced
P = ParamSpec("P")


@dataclass(frozen=True)
class Call:
    """One op, its operands (those that must be there, then those that may be None) and options."""

    op: Op
    required: tuple[Tensor, ...]
    optional: tuple[Tensor | None, ...] = ()
    options: Mapping[str, int] = field(default_factory=dict)

    def forward(self) -> Tensor:
        """The output, as an array or as a symbol."""
        given = self.given()
        if any(map(is_symbolic, given.values())):
            return apply(self.op, tuple(given.values()))
        with memory.enough(self.op.name):
            operands, dtype, single = self.arrays()
            self.check_room(operands)
            if dtype != np.float16 and arrays.pays(self.op, operands):
                output = arrays.forward(self.op, operands)
            else:
                with _as_ieee():
                    output = self.op.forward(*operands, **self.options)
            output = _rounded(output, dtype)
        return output[0] if single else output

    def backward(self, grad_output: Tensor) -> Gradients:
        """The gradients of the op's differentiable arguments."""
        with memory.enough(self.op.name):
            operands, dtype, single = self.arrays()
            output = self.check_room(operands)
            grad = as_array(f"{self.op.name}_backward", "grad_output", grad_output)
            grad = grad.astype(np.float64 if dtype == np.float16 else dtype, copy=False)
            expected = output[1:] if single else output
            if grad.shape != expected:
                rule, where = "grad_output must have the output's shape", f"{self.op.name}_backward"
                raise ShapeError(where, rule, expected=f"{expected}", got=f"{grad.shape}")
            if dtype != np.float16 and arrays.pays(self.op, operands):
                found = arrays.backward(self.op, grad.reshape(output), operands)
            else:
                with _as_ieee():
                    found = self.op.backward(grad.reshape(output), *operands, **self.options)
            first, *others = (None if array is None else _rounded(array, dtype) for array in found)
        return (first[0] if single and first is not None else first, *others)

    def given(self) -> dict[str, Tensor | None]:
        """The operands by name.

        Raises: ArgumentError when one that must be there is None.
        """
        given = self.op.named((*self.required, *self.optional))
        for name, value in given.items():
            if value is None and name not in self.op.optional:
                raise absent(self.op.name, name)
        return given

    def check_room(self, operands: list[Any]) -> Shape:
        """The output's shape, if an array can have it.

        Raises: ShapeError when no memory could hold it, NumericError when this machine's cannot now; whatever the
            op's shape rule raises.
        """
        shape = self.op.infer(*(None if array is None else array.shape for array in operands))
        if size_of(shape) >= 2**48:
            raise ShapeError(self.op.name, "the output is larger than any memory", got=f"output {shape}")
        memory.require(self.op.name, say("the output"), size_of(shape) * operands[0].itemsize, shape=shape)
        return shape

    def arrays(self) -> tuple[list[Any], np.dtype[Any], bool]:
        """The operands, the differentiable ones of one float type; the results' type; whether a batch axis was added.

        Both types are one, but float16 is for storage: definitions compute it in float64, and it is rounded once.
        """
        given = self.given()
        found = {n: as_array(self.op.name, n, value) for n, value in given.items() if value is not None}
        differentiable = self.op.counted(self.op.differentiable, found)
        floats = [
            found[n].dtype for n in differentiable if found[n].dtype.kind == "f" and not _weak(given[n])
        ]
        dtype = np.result_type(*floats) if floats else np.float64
        for name in differentiable:
            found[name] = found[name].astype(np.float64 if dtype == np.float16 else dtype, copy=False)
        # Integers say where to read: nobody changes them between check and use.
        for name in self.op.counted(self.op.integers, found):
            found[name] = found[name].copy()
        first = next(iter(found.values()))
        single = first.ndim == self.op.sample_axes
        if single:
            found |= {name: array[None] for name, array in found.items() if name not in self.op.owned}
        return [found.get(name) for name in given], np.dtype(dtype), single


def _weak(value: Tensor) -> bool:
    """Whether a number takes the type of the arrays that it meets, as Python's numbers do."""
    return type(value) in (int, float)


def _as_ieee() -> AbstractContextManager[object]:
    """Within, infinite numbers and NaN come as IEEE arithmetic gives them, without a word, as in the kernels."""
    return np.errstate(all="ignore")


def _rounded(result: Array, dtype: np.dtype[Any]) -> Array:
    """A result in its type; what is too large for it is infinite. Whole numbers stay what they are."""
    with np.errstate(over="ignore"):
        return result.astype(dtype, copy=False) if result.dtype.kind == "f" else result


def function(describe: Callable[P, Call]) -> Callable[P, Tensor]:
    """Turn a description of a call into the function that carries it out."""

    @wraps(describe)
    def forward(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        return called(describe.__name__, describe, *args, **kwargs).forward()

    forward.__annotations__ = {**describe.__annotations__, "return": "Tensor"}
    forward.__signature__ = signature(describe).replace(return_annotation="Tensor")  # type: ignore[attr-defined]
    return forward


def gradient(forward: Callable[P, Tensor]) -> Callable[Concatenate[Tensor, P], Gradients]:
    """The function `X_backward` of a function X: the same arguments behind `grad_output`."""
    describe = forward.__wrapped__  # type: ignore[attr-defined]

    def backward(grad_output: Tensor, *args: P.args, **kwargs: P.kwargs) -> Gradients:
        try:
            call: Call = called(own, describe, *args, **kwargs)
            return call.backward(grad_output)
        except PellucidError as error:
            if error.where == name:
                raise error.of(own) from None
            raise

    name, own = describe.__name__, f"{describe.__name__}_backward"
    presented(backward, describe)
    return backward  # type: ignore[return-value]  # Concatenate cannot name grad_output


def presented(backward: Any, function: Callable[..., Any]) -> None:
    """Give the gradient of a function its name, its documentation and its arguments."""
    name = function.__name__
    backward.__name__ = backward.__qualname__ = f"{name}_backward"
    backward.__module__ = function.__module__
    backward.__doc__ = f"""The gradients of `{name}` at the same arguments, given the gradient of its output.

    Returns: a tuple with one gradient for each argument that has one, in the order of the arguments; None for
        an optional argument that is None.
    Raises: ShapeError when grad_output has not the output's shape; whatever `{name}` raises.
    """
    first = Parameter("grad_output", Parameter.POSITIONAL_OR_KEYWORD, annotation="Tensor")
    arguments = [first, *signature(function).parameters.values()]
    backward.__signature__ = Signature(arguments, return_annotation="Gradients")
