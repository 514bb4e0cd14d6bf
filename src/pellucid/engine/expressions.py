"""Python's operators and methods on the tensors of a network that is being traced: x + y, 1 − x, x**2, x.relu().

Which operator an op is written with, it says itself (`Op.operator`). Functions that are methods of PyTorch's tensors
register beside their code, with `@method`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeVar

from pellucid.errors import ArgumentError, MissingError, say
from pellucid.ops.base import Op
from pellucid.ops.checks import axis
from pellucid.ops.maker import kinds
from pellucid.sizes import is_integer

F = TypeVar("F", bound=Callable[..., Any])
_methods: dict[str, Callable[..., Any]] = {}


def method(function: F) -> F:
    """Let a function be a method of tensors as well, whose first argument is the tensor."""
    _methods[function.__name__] = function
    return function


def spread_method(function: F, name: str | None = None) -> F:
    """The same for a function of a tensor and a list, whose items may stand in the call: x.permute(0, 2, 1)."""

    def spread(self: Any, *items: Any, **settings: Any) -> Any:
        listed = items[:1] if len(items) == 1 and not is_integer(items[0]) else (items,) if items else ()
        return function(self, *listed, **settings)

    _methods[name or function.__name__] = spread
    return function


class Expression:
    """Something that ops can be applied to by operators."""

    name: str
    shape: tuple[int, ...]

    def __getattr__(self, attribute: str) -> Any:
        if attribute in _methods:
            return partial(_methods[attribute], self)
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise MissingError(
            "forward",
            say("a traced tensor has no attribute {attribute!r}", attribute=attribute),
            got=say("'{name}' of shape {shape}", name=self.name, shape=self.shape),
            hint="use pellucid.functional (flatten, relu, …) or a layer",
        )

    def dim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    def size(self, dim: int | None = None) -> Any:
        """Its shape, or the size of one axis."""
        return self.shape if dim is None else self.shape[axis("size", "dim", dim, len(self.shape))]

    def contiguous(self) -> Expression:
        """Itself: where its numbers lie, the engine decides."""
        return self

    def __getitem__(self, index: Any) -> Any:
        return _methods["getitem"](self, index)

    def applied(self, op: Op, operands: tuple[object, ...]) -> Any:
        """The result of an op."""
        raise NotImplementedError

    def combined(self, sign: str, *operands: object) -> Any:
        """The result of an operator."""
        first, *others = operands
        if sign == "-" and not others:
            return self.combined("*", first, -1)
        if sign == "**":
            return _methods["pow"](*operands)
        op = _ops().get(sign)
        if op is not None:
            return self.applied(op(), operands)
        raise self.refused(sign)

    def refused(self, sign: str) -> ArgumentError:
        """What is said of an operator that there is no op for."""
        return ArgumentError(
            "forward",
            "of Python's operators a traced tensor supports +, -, *, /, @, **, <, <=, > and >=",
            got=say(
                "{operator} on '{name}' of shape {shape}", operator=sign, name=self.name, shape=self.shape
            ),
            hint="use the functions of pellucid.functional",
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: object, **settings: object) -> Any:
        """NumPy's arrays and numbers leave their operators to this class, and all else is refused."""
        sign = _UFUNCS.get(ufunc.__name__)
        if sign is None or method != "__call__" or settings:
            return self.__array__()
        return self.combined(sign, *operands)

    def __array__(self, *_: object, **__: object) -> Any:
        raise ArgumentError(
            "forward",
            "a network's tensors have no numbers while it is traced, so NumPy functions cannot take them",
            got=say("'{name}' of shape {shape}", name=self.name, shape=self.shape),
            hint="use the functions of pellucid.functional",
        )


@cache
def _ops() -> dict[str, type[Op]]:
    """The ops that have an operator, by it."""
    found = (kind for kind in kinds().values() if issubclass(kind, Op))
    return {kind.operator: kind for kind in found if kind.operator}


_UFUNCS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "power": "**",
    "negative": "-",
    "matmul": "@",
}
_UFUNCS |= {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">="}
_OPERATORS = {
    "+": "add radd",
    "-": "sub rsub neg",
    "*": "mul rmul",
    "/": "truediv rtruediv",
    "//": "floordiv rfloordiv",
    "%": "mod rmod",
    "@": "matmul rmatmul",
    "**": "pow rpow",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    "abs()": "abs",
    "len()": "len",
    "float()": "float",
    "int()": "int index",
    say("an assignment"): "setitem",
    say("a condition"): "bool",
    say("a loop"): "iter",
}


def _method(sign: str, name: str) -> Callable[..., Any]:
    reflected = name.startswith("r") and sign in _UFUNCS.values()

    def operator(self: Expression, *others: object) -> Any:
        if sign not in _UFUNCS.values() or len(others) > 1:
            raise self.refused(sign)
        return self.combined(sign, *(*others, self) if reflected else (self, *others))

    return operator


for _sign, _names in _OPERATORS.items():
    for _name in _names.split():
        setattr(Expression, f"__{_name}__", _method(_sign, _name))
