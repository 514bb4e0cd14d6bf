"""A graph is what a callable did when it was run once on symbols instead of arrays.

Symbol   a tensor that has a shape and a name but no numbers yet
Node     one op applied to symbols; its `path` names the layer that asked for it
Graph    the nodes in the order they ran, with the inputs, the outputs and the named arrays they used
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import constants
from pellucid.engine.expressions import Expression
from pellucid.engine.structure import items
from pellucid.errors import ArgumentError, PellucidError, ShapeError, say
from pellucid.numbers import absent
from pellucid.ops.base import Op, Shape
from pellucid.ops.checks import is_number, number
from pellucid.ops.mul import Mul
from pellucid.ops.rearranging import Rearranging

Array = NDArray[Any]
_MOST_AXES = 5


@dataclass(eq=False)
class Symbol(Expression):
    """A tensor of a network that is being traced: shape, dtype and name, no numbers."""

    name: str
    shape: Shape
    dtype: np.dtype[Any]
    node: Node | None = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def applied(self, op: Op, operands: tuple[object, ...]) -> Symbol:
        """What an operator makes."""
        return apply(op, operands)


@dataclass(eq=False)
class Node:
    """One op applied to operands; an operand may be absent (a layer without bias)."""

    op: Op
    operands: tuple[Symbol | None, ...]
    output: Symbol
    path: str

    @property
    def named(self) -> dict[str, Symbol]:
        """The operands that are there, by argument."""
        return {name: symbol for name, symbol in self.op.named(self.operands).items() if symbol is not None}

    @property
    def differentiated(self) -> dict[str, Symbol]:
        """Those that have a gradient."""
        named = self.named
        return {name: named[name] for name in self.op.counted(self.op.differentiable, named)}


@dataclass(eq=False)
class Graph:
    """What a callable did, in order.

    Attributes:
        inputs: by name. One of whole numbers is what its first use makes of it: whole numbers, or floats.
        dtype: the network's float type.
        training: whether the network is to be trained.
        nodes: the ops.
        arrays: the model's that take part, constants and numbers.
        numbers: those among them, by what they are called: −0 is not 0.
        constants: the caller's arrays that others among them are copies of.
        returned: what the callable returned: a tensor, or a structure of tensors and None.
    """

    inputs: dict[str, Symbol]
    dtype: np.dtype[Any]
    training: bool
    nodes: list[Node] = field(default_factory=list)
    arrays: dict[Symbol, Array] = field(default_factory=dict)
    numbers: dict[str, Symbol] = field(default_factory=dict)
    constants: dict[Symbol, Array] = field(default_factory=dict)
    returned: Any = None

    @cached_property
    def outputs(self) -> tuple[Symbol, ...]:
        """The tensors among what was returned, each once."""
        found = (item for _, item in items(self.returned))
        return tuple(dict.fromkeys(item for item in found if item is not None))

    @property
    def output(self) -> Symbol:
        """The output of a network that has but one.

        Raises: ArgumentError where there are several.
        """
        if len(self.outputs) > 1:
            names = ", ".join(f"'{symbol.name}'" for symbol in self.outputs)
            raise ArgumentError("forward", "one output is needed here", got=names)
        return self.outputs[0]

    @cached_property
    def fixed(self) -> set[Symbol]:
        """The arrays that nothing changes: numbers and constants."""
        return {*self.numbers.values(), *self.constants}

    @property
    def batched(self) -> set[Symbol]:
        """The inputs and all that depends on them; their first axis is the batch's."""
        found = set(self.inputs.values())
        for node in self.nodes:
            if not found.isdisjoint(node.named.values()):
                found.add(node.output)
        return found


class _Trace:
    """The graph that is being written, and where in the module tree its callable is just now."""

    def __init__(self, graph: Graph, arrays: Mapping[str, Array], *, anybody: bool) -> None:
        self.graph, self.anybody = graph, anybody
        self.names = {id(array): name for name, array in arrays.items()}
        self.symbols: dict[int, Symbol] = {}
        self.known = {*graph.inputs.values()}  # and what this forward has made
        self.undecided = {symbol for symbol in self.known if symbol.dtype.kind != "f"}
        self.constants: dict[tuple[int, bool], Symbol] = {}
        self.counts: Counter[str] = Counter()
        self.path, self.in_layer = "", False

    def operands(self, op: Op, values: Sequence[object]) -> tuple[Symbol | None, ...]:
        """The symbols of an op's operands."""
        named = op.named(values)
        for name, value in named.items():
            if value is None and name not in op.optional:
                raise absent(op.name, name)
        return tuple(self.operand(op, name, value) for name, value in named.items())

    def number(self, op: Op, value: Any) -> Symbol:
        """The symbol of a number, which is an array of the network called after it."""
        most = np.finfo(self.graph.dtype).max
        found = number(op.name, "number", value, f"[{-most}, {most}]")
        numbers, name = self.graph.numbers, repr(found)
        if name not in numbers:
            array = np.array(found, self.graph.dtype)
            numbers[name] = Symbol(name, (), array.dtype)
            self.graph.arrays[numbers[name]] = array
        return numbers[name]

    def operand(self, op: Op, name: str, value: object) -> Symbol | None:
        """The symbol of an operand: itself, or the one that stands for an array or a number."""
        if name in op.broadcast and is_number(value):
            return self.number(op, value)
        whole = name in op.integers
        if isinstance(value, Symbol):
            self.check_known(op.name, value)
            if value.dtype.kind != "f" and not whole and value in self.undecided:
                value.dtype = self.graph.dtype
            self.undecided.discard(value)
        if value is None or isinstance(value, Symbol):
            return value
        symbol = self.array(op, value, whole=whole)
        if whole or name in (*op.owned, *op.broadcast):
            return symbol
        # As a weight lies in memory no op can read data; the product lies as data do.
        return apply(Mul(), (symbol, 1))

    def check_known(self, where: str, symbol: Symbol) -> None:
        """Raises: ArgumentError for a tensor of another forward."""
        if symbol not in self.known:
            raise ArgumentError(
                where,
                "a tensor belongs to the forward that made it",
                got=say("'{name}' of an earlier forward", name=symbol.name),
                hint="compute it anew, or return it and give it to the next forward as the input",
            )

    def array(self, op: Op, value: object, *, whole: bool) -> Symbol:
        """The symbol of an array: of the model, or a constant, which is anybody's."""
        if id(value) in self.names:
            assert isinstance(value, np.ndarray)
            return self.named(op.name, value)
        others = self.anybody and getattr(value, "owned", False)
        if (
            type(value) is not np.ndarray and not others
        ):  # a model's array that is not this model's, a list, …
            raise ArgumentError(
                op.name,
                "operands must be traced tensors, arrays of NumPy or parameters of the model",
                got=f"{type(value).__name__} {getattr(value, 'shape', value)!r}",
                hint="make parameters and layers attributes of the module, or items of lists there"
                if isinstance(value, np.ndarray)
                else None,
            )
        assert isinstance(value, np.ndarray)
        key = id(value), whole
        if key not in self.constants:
            array = constants.own(op.name, value, np.dtype(np.int64) if whole else self.graph.dtype)
            name = "constant" if not self.constants else f"constant#{1 + len(self.constants)}"
            _check_axes(op.name, name, array.shape)
            symbol = self.constants[key] = Symbol(name, array.shape, array.dtype)
            self.graph.arrays[symbol], self.graph.constants[symbol] = array, value
            self.known.add(symbol)
        return self.constants[key]

    def named(self, where: str, array: Array) -> Symbol:
        """The symbol of a named array."""
        name = self.names[id(array)]
        if array.dtype != self.graph.dtype:  # kernels read memory as the network's type
            raise ArgumentError(
                where,
                "all arrays of a network must be of its float type",
                expected=f"{self.graph.dtype}",
                got=say("{dtype} for '{name}'", dtype=array.dtype, name=name),
                hint="use astype on the whole model",
            )
        if id(array) not in self.symbols:
            _check_axes(where, name, array.shape)
            symbol = self.symbols[id(array)] = Symbol(name, array.shape, array.dtype)
            self.graph.arrays[symbol] = array
            self.known.add(symbol)
        return self.symbols[id(array)]

    def name(self, op: Op) -> str:
        """A layer's op has the layer's path; a functional call the op's name below its module's path."""
        base = self.path if self.in_layer and self.path else f"{self.path}.{op.name}".lstrip(".")
        self.counts[base] += 1
        return base if self.counts[base] == 1 else f"{base}#{self.counts[base]}"


_active: ContextVar[_Trace | None] = ContextVar("trace", default=None)


def apply(op: Op, operands: tuple[object, ...]) -> Symbol:
    """Add one op to the graph being traced and return its output."""
    trace = _active.get()
    if trace is None:
        raise ArgumentError(op.name, "a symbol has meaning only while its network is traced")
    try:
        symbols = trace.operands(op, operands)
    except PellucidError as error:
        raise error.at(trace.path) from None
    path = trace.name(op)
    try:
        output = add_node(trace.graph, op, symbols, path)
        trace.known.add(output)
        return output
    except PellucidError as error:
        raise error.at(trace.path or path) from None


def add_node(graph: Graph, op: Op, operands: tuple[Symbol | None, ...], path: str) -> Symbol:
    """Add one op of this path to a graph and return its output.

    Raises: ArgumentError for operands of the wrong kind of number; any error of the op's shape rule.
    """
    _check_kinds(op, operands)
    shape = op.infer(*(None if s is None else s.shape for s in operands))
    if not isinstance(op, Rearranging):
        for name, symbol in op.named(operands).items():
            _check_axes(op.name, name, () if symbol is None else symbol.shape)
        _check_axes(op.name, "output", shape)
    output = Symbol(f"{path}.output", shape, graph.dtype if op.dtype is None else np.dtype(op.dtype))
    output.node = Node(op, operands, output, path)
    graph.nodes.append(output.node)
    return output


def _check_axes(where: str, name: str, shape: Shape) -> None:
    """Loops walk images, channels and three spatial axes, but for those that only move numbers."""
    if len(shape) > _MOST_AXES:
        rule = say("in a network ops that compute take at most {most} axes", most=_MOST_AXES)
        raise ShapeError(where, rule, got=f"{name} {shape}")


def _check_kinds(op: Op, symbols: tuple[Symbol | None, ...]) -> None:
    """Whole numbers are read by the ops that count with them, and by no others."""
    for name, symbol in op.named(symbols).items():
        if symbol is not None and (symbol.dtype.kind == "f") == (name in op.integers):
            raise ArgumentError(
                op.name,
                say("{name} must be integers" if name in op.integers else "{name} must be floats", name=name),
                got=say("'{name}' of dtype {dtype}", name=symbol.name, dtype=symbol.dtype),
            )


@contextmanager
def scope(path: str, *, layer: bool) -> Iterator[None]:
    """Say which module's forward is running; `layer` when the module is one op that bears the module's name."""
    trace = _active.get()
    assert trace is not None
    before = trace.path, trace.in_layer
    trace.path, trace.in_layer = path, layer
    try:
        yield
    except PellucidError as error:
        raise error.at(path) from None
    finally:
        trace.path, trace.in_layer = before


@contextmanager
def part(name: str) -> Iterator[None]:
    """Name an op after a part of the layer whose forward is running, when it is not the layer's own op."""
    trace = _active.get()
    if trace is None:
        yield
        return
    with scope(f"{trace.path}.{name}".lstrip("."), layer=True):
        yield


def tracing() -> bool:
    """Whether a network is being traced just now."""
    return _active.get() is not None


def named(array: Array) -> Symbol | None:
    """The symbol of an array of the network that is being traced; None for any other array, and outside of that."""
    trace = _active.get()
    return trace.named("forward", array) if trace is not None and id(array) in trace.names else None


def is_symbolic(value: object) -> bool:
    """Whether an operand stands for a tensor of the network that is being traced: a symbol, or an array of its."""
    trace = _active.get()
    return isinstance(value, Symbol) or (trace is not None and id(value) in trace.names)


def is_training() -> bool:
    """Whether the network being traced is to be trained; layers such as dropout ask."""
    trace = _active.get()
    return trace is not None and trace.graph.training


def _returned(traced: _Trace, returned: Any) -> Any:
    """What a network returned, if these are tensors of it."""
    found = [item for _, item in items(returned) if item is not None]
    for item in found:
        if not isinstance(item, Symbol):
            raise ArgumentError(
                "forward",
                "a network must return tensors",
                expected="a tensor, or a tuple, a list or a dict of tensors",
                got=type(item).__name__,
            )
        traced.check_known("forward", item)
    if not found:
        raise ArgumentError("forward", "a network must return tensors", got=repr(returned)[:80])
    return returned


def trace(
    function: Callable[..., Any],
    inputs: Mapping[str, tuple[Shape, Any]],
    arrays: Mapping[str, Array],
    *,
    training: bool,
    anybody: bool = False,
) -> Graph:
    """Run `function` once on symbols named and shaped as `inputs` say, and return the graph of what it did.

    `arrays` names the arrays (parameters, running statistics) that the function may use as operands. Other arrays of
    NumPy are constants: each run reads what the caller's arrays hold then. With `anybody` the parameters of other
    modules are as well.
    Raises: ArgumentError when the function does not return tensors of the network, one or a structure of them; any
    error of a shape rule, with the path of the layer.
    """
    symbols = {name: Symbol(name, shape, np.dtype(dtype)) for name, (shape, dtype) in inputs.items()}
    types = [*(symbol.dtype for symbol in symbols.values()), *(array.dtype for array in arrays.values())]
    floats = (dtype for dtype in types if dtype.kind == "f")
    graph = Graph(symbols, next(floats, np.dtype(np.float32)), training)
    writing = _Trace(graph, arrays, anybody=anybody)

    def traced() -> Any:
        _active.set(writing)
        return function(*symbols.values())

    # in a context of its own, so that tracing ends with it, whatever interrupts it
    graph.returned = _returned(writing, copy_context().run(traced))
    return graph
