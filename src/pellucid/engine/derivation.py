"""From a graph to its steps: each node's forward, every gradient that is wanted, and the updates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

import numpy as np

from pellucid.engine.graph import Graph, Node, Symbol
from pellucid.engine.steps import Setting, Step, Steps
from pellucid.ops.grad_norm import GradNorm
from pellucid.ops.rule import Rule

_Use: TypeAlias = tuple[Node, str]  # an op, and as which of its arguments it reads a symbol


def steps_of(
    graph: Graph,
    setting: Setting,
    *,
    frozen: Collection[str] = (),
    gradients: Literal["none", "loss", "given"] = "none",
    of: Collection[Symbol] | None = None,
    rule: Rule | None = None,
    trained: Collection[str] = (),
    max_norm: float | None = None,
) -> Steps:
    """The steps of a run.

    Args:
        graph: the network.
        setting: how it is run.
        frozen: names of parameters whose gradients nobody wants.
        gradients: whether there are gradients: of the output, which is the loss, or from a given one on. That of a
            loss which an op makes that is no loss is given, too: it is 1.
        of: the symbols whose gradients are wanted; by default those of parameters that are not frozen, and what leads
            to them; when everything is kept, those of all that is computed.
        rule: what updates the parameters.
        trained: names of the parameters that it updates.
        max_norm: what the norm of their gradients is clipped to; None for no clipping.
    """
    forward = forward_steps(graph)
    if gradients == "none":
        return Steps(graph, setting, tuple(forward))
    wanted = _leading_to(graph, of) if of is not None else wanted_symbols(graph, frozen, keep=setting.keep)
    root = graph.output.node
    given = gradients == "given" or root is None or not root.op.is_loss
    found = Differentiation(graph, forward, wanted, given=given)
    backward = found.steps()
    updated = [symbol for symbol in graph.arrays if symbol in found.gradients and symbol.name in trained]
    order = [*forward, *backward]
    if rule is not None and updated:
        norm = _norm([found.gradients[symbol] for symbol in updated], max_norm)
        clip = norm.makes.get("factor")
        order += [norm, *(_update(rule, symbol, found.gradients[symbol], clip) for symbol in updated)]
    return Steps(graph, setting, tuple(order), found.gradients, found.given, found.aliases)


def forward_steps(graph: Graph) -> list[Step]:
    """Each node's forward. A running statistic that it moves on is another symbol from there on."""
    moves = Counter(symbol for node in graph.nodes for symbol in _moved(node).values())
    newest: dict[Symbol, Symbol] = {}
    result = []
    for node in graph.nodes:
        reads = {name: newest.get(symbol, symbol) for name, symbol in node.named.items()}
        makes = {"output": node.output, **_statistics(node), **_left(node)}
        for name, symbol in _moved(node).items():
            moves[symbol] -= 1
            after = f" after {node.path}" if moves[symbol] else ""
            moved = Symbol(f"updated({symbol.name}){after}", symbol.shape, symbol.dtype)
            makes[name] = newest[symbol] = moved
        result.append(Step("forward", node.op, node.path, reads, makes, at=node))
    return result


def _moved(node: Node) -> dict[str, Symbol]:
    """The running statistics that a node moves on."""
    return {name: node.named[name] for name in node.op.mutates if name in node.named}


def _left(node: Node) -> dict[str, Symbol]:
    """What a forward leaves for its backward besides."""
    shape = node.output.shape
    return {name: Symbol(f"{node.path}.{name}", shape, np.dtype(np.int64)) for name in node.op.leaves}


def _statistics(node: Node, *, gradients: bool = False) -> dict[str, Symbol]:
    """What an op makes on the way to its output, or to its gradients: float64 numbers with names of their own."""
    shapes = {name: symbol.shape for name, symbol in node.named.items()}
    found = {}
    for key, shape in node.op.statistics(shapes).items():
        name = key.removeprefix("grad_")
        if gradients == (name != key):
            of = f"{node.path}.{name}"
            found[key] = Symbol(f"grad({of})" if gradients else of, shape, np.dtype(np.float64))
    return found


def _leading_to(graph: Graph, of: Collection[Symbol]) -> set[Symbol]:
    """These symbols and all that depends on them."""
    found = set(of)
    for node in graph.nodes:
        if not found.isdisjoint(node.named.values()):
            found.add(node.output)
    return found


def wanted_symbols(graph: Graph, frozen: Collection[str], *, keep: bool) -> set[Symbol]:
    """Whose gradients somebody needs: parameters that are not frozen, and what they take part in.

    With `keep` all activations', too.
    """
    wanted: set[Symbol] = set()
    for node in graph.nodes:
        for symbol in node.differentiated.values():
            if symbol in graph.arrays and symbol not in graph.fixed and symbol.name not in frozen:
                wanted.add(symbol)
        if any(symbol in wanted for symbol in node.named.values()):
            wanted.add(node.output)
    if keep:
        activations = (*graph.inputs.values(), *(node.output for node in graph.nodes))
        wanted |= {symbol for symbol in activations if symbol.dtype.kind == "f"}
    return wanted


class Differentiation:
    """Every gradient that is wanted, last node first.

    Args:
        graph: the network.
        forward: its forward steps.
        wanted: the symbols whose gradients somebody needs.
        given: whether the caller gives the gradient of the output, which is no loss then.
    """

    def __init__(
        self, graph: Graph, forward: Collection[Step], wanted: Collection[Symbol], *, given: bool
    ) -> None:
        self.graph, self._wanted = graph, wanted
        self._forward = {step.node: step for step in forward}
        self._uses: dict[Symbol, list[_Use]] = defaultdict(list)
        self._parts: dict[Symbol, list[Symbol]] = defaultdict(list)
        self.gradients: dict[Symbol, Symbol] = {}
        self.aliases: dict[Symbol, Symbol] = {}
        self.given = _gradient(graph.output, f"grad({graph.output.name})") if given else None
        if self.given is not None:
            self.gradients[graph.output] = self.given

    def steps(self) -> list[Step]:
        """The backward steps, and behind them the sums of parameters' contributions."""
        nodes = [node for node in reversed(self.graph.nodes) if self._reached(node)]
        steps = [step for step in map(self._backward, nodes) if step.makes]
        return steps + [self._sum(symbol) for symbol in self._uses if self._is_sum(symbol)]

    def _reached(self, node: Node) -> bool:
        """Whether a node's output has a gradient; then it contributes to those of its operands."""
        if node.output is not self.graph.output and node.output not in self._uses:
            return False
        for name, symbol in node.differentiated.items():
            if symbol in self._wanted:
                self._uses[symbol].append((node, name))
        return True

    def _backward(self, node: Node) -> Step:
        """A node's contributions. Those to an activation are added up as they come: the last one is the gradient."""
        forward, reads = self._forward[node], dict[str, Symbol]()
        if node.output in self.gradients:
            reads["grad_output"] = self.gradients[node.output]
        makes, bases = dict[str, Symbol](), dict[str, Symbol]()
        for name, symbol in node.differentiated.items():
            if symbol not in self._wanted:
                continue
            made = makes[f"grad_{name}"] = self._contribution(symbol, (node, name))
            if self._is_sum(symbol):
                self._parts[symbol].append(made)
                continue
            if symbol in self.gradients:
                bases[f"grad_{name}"] = self.gradients[symbol]
            elif "grad_output" in reads and self._passes(node, name):
                self.aliases[made] = reads["grad_output"]
            self.gradients[symbol] = made
        if "grad_input" in makes:
            makes |= _statistics(node, gradients=True)
        reads = {**forward.reads, **forward.makes, **reads}
        return Step("backward", node.op, node.path, reads, makes, bases, node)

    def _passes(self, node: Node, name: str) -> bool:
        """Whether an operand's gradient is that of the output, in the same form."""
        symbol = node.named[name]
        return (
            name in node.op.passes and symbol.shape == node.output.shape and symbol not in self.graph.arrays
        )

    def _contribution(self, symbol: Symbol, use: _Use) -> Symbol:
        """What one use makes, named after what it is to the whole."""
        uses, (node, argument), name = self._uses[symbol], use, f"grad({symbol.name})"
        many = sum(other is node for other, _ in uses) > 1  # as in x + x
        by = f"{node.path} by {argument.replace('[', ' ').rstrip(']')}" if many else node.path
        if self._is_sum(symbol):
            return _gradient(symbol, f"{name} by {by}")
        return _gradient(symbol, name if use == uses[-1] else f"{name} after {by}")

    def _is_sum(self, symbol: Symbol) -> bool:
        """Whether a symbol is a parameter with several uses."""
        return symbol in self.graph.arrays and len(self._uses[symbol]) > 1

    def _sum(self, symbol: Symbol) -> Step:
        """The sum of a parameter's contributions, in the order in which they come."""
        node, name = self._uses[symbol][0]
        parts = {f"parts[{i}]": part for i, part in enumerate(self._parts[symbol])}
        total = self.gradients[symbol] = _gradient(symbol, f"grad({symbol.name})")
        return Step("sum", node.op, node.path, parts, {f"grad_{name}": total}, at=node)


def _gradient(symbol: Symbol, name: str) -> Symbol:
    return Symbol(name, symbol.shape, symbol.dtype)


def _update(rule: Rule, symbol: Symbol, gradient: Symbol, clip: Symbol | None) -> Step:
    """A parameter's update: it and the optimiser's state, before and after."""
    reads, makes = {"parameter": symbol, "gradient": gradient}, {"parameter": _renamed(symbol, "updated({})")}
    if clip is not None:
        reads["clip_factor"] = clip
    for state in rule.states:
        reads[f"{state} before"] = _renamed(symbol, state + "({}) before")
        makes[state] = _renamed(symbol, state + "({})")
    return Step("update", rule.of(symbol.shape), symbol.name, reads, makes)


def _norm(gradients: Sequence[Symbol], max_norm: float | None) -> Step:
    """The norm of all gradients. All updates wait for it: they are made only where it is finite."""
    reads = {f"gradients[{i}]": gradient for i, gradient in enumerate(gradients)}
    makes = {"norm": Symbol("grad_norm", (), np.dtype(np.float64))}
    if max_norm is not None:
        makes["factor"] = Symbol("clip_factor", (), np.dtype(np.float64))
    return Step("norm", GradNorm(max_norm), "grad_norm", reads, makes)


def _renamed(symbol: Symbol, name: str) -> Symbol:
    return Symbol(name.format(symbol.name), symbol.shape, symbol.dtype)
