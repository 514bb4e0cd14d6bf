"""A graph is what a callable did when it was run once on symbols instead of arrays.

Symbol   a tensor that has a shape and a name but no numbers yet
Node     one op applied to symbols; its `path` names the layer that asked for it
Graph    the nodes in the order they ran, with the inputs, the output and the named arrays they used
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.engine.expressions import Expression
from pellucid.errors import ArgumentError, PellucidError, ShapeError, say
from pellucid.numbers import absent
from pellucid.ops.base import Op, Shape
from pellucid.ops.checks import is_number, number

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
    """What a callable did, in order."""

    inputs: dict[str, Symbol]
    training: bool
    nodes: list[Node] = field(default_factory=list)
    arrays: dict[Symbol, Array] = field(default_factory=dict)  # of the model, and numbers
    numbers: dict[str, Symbol] = field(default_factory=dict)  # by what they are called: −0 is not 0
    output: Symbol = field(init=False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The network's float type: that of its first input."""
        return next(iter(self.inputs.values())).dtype

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

    def __init__(self, graph: Graph, arrays: Mapping[str, Array]) -> None:
        self.graph = graph
        self.names = {id(array): name for name, array in arrays.items()}
        self.symbols: dict[int, Symbol] = {}
        self.known = {*graph.inputs.values()}  # and what this forward has made
        self.counts: Counter[str] = Counter()
        self.path, self.in_layer = "", False

    def operands(self, op: Op, values: Sequence[object]) -> tuple[Symbol | None, ...]:
        """The symbols of an op's operands."""
        named = op.named(values)
        for name, value in named.items():
            if value is None and name not in op.optional:
                raise absent(op.name, name)
        return tuple(
            self.number(op, value) if name in op.broadcast and is_number(value) else self.operand(op, value)
            for name, value in named.items()
        )

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

    def operand(self, op: Op, value: object) -> Symbol | None:
        """The symbol of an operand: itself, or the one that stands for a named array."""
        if isinstance(value, Symbol) and value not in self.known:
            raise ArgumentError(
                op.name,
                "a tensor belongs to the forward that made it",
                got=say("'{name}' of an earlier forward", name=value.name),
                hint="compute it anew, or return it and give it to the next forward as the input",
            )
        if value is None or isinstance(value, Symbol):
            return value
        if not isinstance(value, np.ndarray) or id(value) not in self.names:
            raise ArgumentError(
                op.name,
                "operands must be traced tensors or parameters of the model",
                got=f"{type(value).__name__} {getattr(value, 'shape', value)!r}",
                hint="make parameters and layers attributes of the module, or items of lists there"
                if isinstance(value, np.ndarray)
                else None,
            )
        return self.named(op.name, value)

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
    _check_axes(op.name, "output", shape)
    output = Symbol(f"{path}.output", shape, graph.dtype if op.dtype is None else np.dtype(op.dtype))
    output.node = Node(op, operands, output, path)
    graph.nodes.append(output.node)
    return output


def _check_axes(where: str, name: str, shape: Shape) -> None:
    """Loops walk images, channels and three spatial axes."""
    if len(shape) > _MOST_AXES:
        rule = say("a network's tensors have at most {most} axes", most=_MOST_AXES)
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


def trace(
    function: Callable[..., Any],
    inputs: Mapping[str, tuple[Shape, Any]],
    arrays: Mapping[str, Array],
    *,
    training: bool,
) -> Graph:
    """Run `function` once on symbols named and shaped as `inputs` say, and return the graph of what it did.

    `arrays` names the arrays (parameters, running statistics) that the function may use as operands.
    Raises: ArgumentError when the function does not return one traced tensor; any error of a shape rule, with the
    path of the layer.
    """
    symbols = {name: Symbol(name, shape, np.dtype(dtype)) for name, (shape, dtype) in inputs.items()}
    for name, symbol in symbols.items():
        _check_axes("forward", name, symbol.shape)
    graph = Graph(symbols, training)

    def traced() -> Any:
        _active.set(_Trace(graph, arrays))
        return function(*symbols.values())

    output = copy_context().run(traced)  # so that tracing ends with it, whatever interrupts it
    if not isinstance(output, Symbol):
        got = (
            say("{count} values", count=len(output))
            if isinstance(output, tuple | list)
            else type(output).__name__
        )
        raise ArgumentError(
            "forward", "a network must return one tensor", got=got, hint="return a single tensor"
        )
    if output.node is None:
        raise ArgumentError(
            "forward",
            "a network must apply at least one op to its input",
            got=say("'{name}' itself", name=output.name),
        )
    graph.output = output
    return graph
