"""The arrays that a module owns: parameters, which training changes, and buffers, such as statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from pellucid import memory
from pellucid.engine import graph, weights
from pellucid.errors import ArgumentError, say
from pellucid.numbers import as_array, within
from pellucid.ops.checks import flag
from pellucid.sizes import size_of

ALIGNMENT = 64  # bytes: one cache line, and one AVX-512 vector
_TOGETHER = 32  # output channels that are written in one go: whole cache lines


class State(np.ndarray[Any, np.dtype[Any]]):
    """An array with public axes over memory in the order that the kernels read (`engine/weights.py`).

    Only what the constructor made is state of a module (`owned`); views and copies of it are not.
    """

    owned = False
    requires_grad = False

    def __new__(cls, array: ArrayLike, dtype: DTypeLike = np.float32) -> Self:  # noqa: D102 - see the classes
        values = as_array(cls.__name__, "array", array)
        if values.dtype.kind == "f":
            values = within(cls.__name__, "array", values, np.dtype(dtype))
        state = cls.zeros(values.shape, dtype)
        state.assign(values)
        return state

    @classmethod
    def zeros(cls, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> Self:
        """Zeros, for which the system gives no memory before something is written there."""
        state: Self = weights.public(_aligned(weights.memory_shape(shape), np.dtype(dtype))).view(cls)
        state.owned = True
        return state

    def assign(self, values: NDArray[Any]) -> None:
        """Take over numbers of the same shape, as `[...] =` does, but several times faster for a large weight."""
        for some in self.stretches():
            super().__setitem__(some, values[some])

    def stretches(self) -> list[Any]:
        """Indices that cut the first axis, so that public order and memory order meet in the cache."""
        if self.ndim < 2:
            return [...]
        return [slice(start, start + _TOGETHER) for start in range(0, len(self), _TOGETHER)]

    def __setitem__(self, index: Any, value: Any) -> None:
        _check_not_traced(self)
        taken = self._taken(value)
        if self.dtype.kind == "f" and (given := np.asarray(taken)).dtype.kind == "f":
            taken = within(type(self).__name__, say("the value"), given, self.dtype)
        super().__setitem__(index, taken)

    def _taken(self, value: Any) -> Any:
        """What is to be written here; NumPy would take the numbers below a mask, and what is complex for real.

        Python's numbers stay what they are: they have no type that others would be promoted to.
        """
        if type(value) in (int, float, bool):
            return value
        return as_array(type(self).__name__, say("the value"), value)

    @property
    def memory(self) -> NDArray[Any]:
        """The same numbers, not copied, as a contiguous array in memory order."""
        return weights.in_memory(np.asarray(self))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        """As of any array; in a network's forward an operator is the network's, and nothing else has numbers."""
        if graph.tracing():
            symbols = [graph.named(one) if isinstance(one, State) else one for one in inputs]
            symbol = next((one for one in symbols if isinstance(one, graph.Symbol)), None)
            if symbol is None or None in symbols or "out" in settings:
                raise _refusal(self)
            return symbol.__array_ufunc__(ufunc, method, *symbols, **settings)
        out = settings.get("out", ())
        if out:
            settings["out"] = _plain(out)
        result = getattr(ufunc, method)(*_plain(inputs), **settings)
        return out[0] if len(out) == 1 else result

    def __array_wrap__(self, array: NDArray[Any], context: object = None, return_scalar: bool = False) -> Any:
        """What is computed from a parameter is a plain array; `weight += …` stays the parameter."""
        if array is self:
            return self
        return array[()] if return_scalar else np.asarray(array)

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name):
            rule, got = "an array of a model has no such setting", f"{name} = {value!r}"[:80]
            raise ArgumentError(type(self).__name__, rule, expected="requires_grad", got=got)
        super().__setattr__(name, value)

    def as_type(self, dtype: DTypeLike) -> Self:
        """A copy in another float type, frozen if this is."""
        return type(self)(self, dtype)

    def __deepcopy__(self, memo: dict[int, Any] | None) -> Self:
        return self.as_type(self.dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (np.array(self, order="C"), self.dtype)


def _plain(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Operands with NumPy's own arrays, over the same memory, in the place of a module's."""
    return tuple(np.asarray(one) if isinstance(one, State) else one for one in operands)


def _traced(name: str) -> Callable[..., Any]:
    """An operator that is NumPy's, but in a network's forward the network's."""
    of_numpy = getattr(np.ndarray, name)

    def operated(state: State, *others: Any) -> Any:
        symbol = graph.named(state)
        return of_numpy(state, *others) if symbol is None else getattr(symbol, name)(*others)

    return operated


for _operators in "add radd sub rsub mul rmul", "truediv rtruediv matmul rmatmul pow neg":
    for _operator in _operators.split():
        setattr(State, f"__{_operator}__", _traced(f"__{_operator}__"))


def _refusal(state: State) -> ArgumentError:
    """In a network's forward an array of the model stands for what it will be: it has no numbers to compute with."""
    return ArgumentError(
        "forward",
        "a model's arrays have no numbers while the network is traced, and cannot change",
        got=say("{kind} of shape {shape}", kind=type(state).__name__, shape=state.shape),
        hint="use +, -, *, /, @, ** and the functions of pellucid.functional",
    )


def _check_not_traced(state: State) -> None:
    if graph.tracing():
        raise _refusal(state)


def _refused(name: str) -> Callable[..., Any]:
    """A method that gives numbers away."""
    of_numpy = getattr(np.ndarray, name)

    def method(state: State, *arguments: Any) -> Any:
        _check_not_traced(state)
        return of_numpy(state, *arguments)

    return method


for _method in ("__getitem__", "__float__", "__int__", "__bool__", "__iter__", "item", "tolist"):
    setattr(State, _method, _refused(_method))


def _in_place(ufunc: np.ufunc) -> Callable[[State, Any], State]:
    def operated(state: State, other: Any) -> State:
        _check_not_traced(state)
        ufunc(state, state._taken(other), out=state)
        return state

    return operated


for _name, _ufunc in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "matmul": np.matmul,
}.items():
    setattr(State, f"__i{_name}__", _in_place(_ufunc))


class Parameter(State):
    """An array that training changes, unless it is frozen: `requires_grad = False`, at any time.

    A step makes no gradient of a frozen parameter and leaves it as it is, bit for bit: neither weight decay nor
    momentum touches it. The optimiser's state stays, too, and goes on from there when the parameter is no longer
    frozen; Adam's step counts on meanwhile, for all parameters alike (PyTorch counts for each). Copies and pickles
    stay frozen; state dicts and model files hold numbers alone.

    Args:
        array: its values, with public axes.
        dtype: float32 unless said otherwise.
        requires_grad: False for a frozen one.

    Raises: ArgumentError when the values are not real numbers, or a setting is neither True nor False.

    Example:
        >>> weight = Parameter(np.zeros((8, 3, 5, 7)))
        >>> weight.shape, weight.memory.shape, weight.dtype
        ((8, 3, 5, 7), (5, 7, 3, 8), dtype('float32'))
        >>> type(weight + 1)
        <class 'numpy.ndarray'>
        >>> weight.requires_grad = False
        >>> weight.requires_grad
        False
    """

    def __new__(  # noqa: D102 - see the class
        cls, array: ArrayLike, dtype: DTypeLike = np.float32, requires_grad: bool = True
    ) -> Self:
        parameter = super().__new__(cls, array, dtype)
        parameter.requires_grad = requires_grad
        return parameter

    @classmethod
    def zeros(cls, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> Self:
        """Zeros that are to be trained."""
        parameter = super().zeros(shape, dtype)
        parameter.requires_grad = True
        return parameter

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "requires_grad":
            value = flag("Parameter", "requires_grad", value)
            if not self.owned:
                rule, hint = "a part of a parameter cannot be frozen by itself", "freeze the whole parameter"
                raise ArgumentError(
                    "Parameter", rule, got=say("a view of shape {shape}", shape=self.shape), hint=hint
                )
        super().__setattr__(name, value)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze the parameter, or have it trained again; returns it."""
        self.requires_grad = requires_grad
        return self

    def as_type(self, dtype: DTypeLike) -> Self:
        """A copy in another float type, frozen if this is."""
        return super().as_type(dtype).requires_grad_(self.requires_grad)

    def __reduce__(self) -> tuple[Any, ...]:
        kind, arguments = super().__reduce__()
        return kind, (*arguments, self.requires_grad)


class Buffer(State):
    """An array that belongs to a module but gets no gradient, such as a running mean."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "requires_grad" and value is not False:
            rule, hint = "a buffer has no gradient", "make it a Parameter"
            raise ArgumentError("Buffer", rule, got=f"requires_grad={value!r}"[:80], hint=hint)
        super().__setattr__(name, value)


def _aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """A contiguous array of zeros that begins on a cache line."""
    size_bytes = size_of(shape) * dtype.itemsize
    if size_bytes >= 2**48:  # no address is large enough
        memory.require("Parameter", say("the array"), size_bytes, shape=shape)
    with memory.enough("Parameter"):
        raw = np.zeros(size_bytes + ALIGNMENT, np.uint8)
    start = -raw.__array_interface__["data"][0] % ALIGNMENT
    return raw[start : start + size_bytes].view(dtype).reshape(shape)
