"""What a network's run consists of, as data: every op's forward, every op's backward and every update, in order.

A step reads symbols and makes symbols, each under the name of its role: "input", "output", "mean", "grad_weight". So
the steps say of every number which op made it, of what, and in which order a gradient grew:

grad(x)                            the gradient of x, when all that reads x has contributed
grad(x) after conv3                what it had grown to before, when several ops contribute
grad(w), grad(w) by conv1#2        of a parameter; one contribution, when several uses of it contribute
updated(bn1.running_mean)          a running statistic after the step (after one of several uses: `… after bn1`)
grad_norm, clip_factor             the norm of all parameters' gradients together, and what clipping multiplies them by
updated(w), velocity(w)            a parameter and the optimiser's state after the step
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from pellucid.engine.graph import Graph, Node, Symbol
from pellucid.ops.base import Op
from pellucid.ops.grad_norm import GradNorm
from pellucid.ops.rule import Rule

Way: TypeAlias = Literal["forward", "backward", "sum", "norm", "update"]


@dataclass(frozen=True)
class Setting:
    """How a network is to be run.

    Attributes:
        bits: of its float type.
        keep: whether every array stays as it was made, for a recording.
        trains: whether gradients will be made, now or later.
        algorithm: which algorithm convolutions take (see `algorithm.py`).
    """

    bits: int
    keep: bool
    trains: bool
    algorithm: str


@dataclass(frozen=True, eq=False)
class Step:
    """One op's forward or backward, the sum of a parameter's contributions, the gradients' norm, or an update.

    Attributes:
        way: which of these it is.
        op: the op, or the optimiser's rule.
        path: where in the network; a parameter's name for an update, "grad_norm" for the norm.
        reads: what it may read, by role.
        makes: what it makes, by role; "grad_input" is the gradient of the argument "input".
        bases: the sum so far that a made gradient begins with, by the gradient's role.
        at: the node, of an op.
        fused: steps that this one's loops carry out as well, in their order.
        rules: by which rules these were fused.
    """

    way: Way
    op: Op | GradNorm | Rule
    path: str
    reads: Mapping[str, Symbol]
    makes: Mapping[str, Symbol]
    bases: Mapping[str, Symbol] = field(default_factory=dict)
    at: Node | None = None
    fused: tuple[Step, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def node(self) -> Node:
        """The node, of an op."""
        assert self.at is not None
        return self.at

    @property
    def output(self) -> Symbol:
        """What a forward leaves for others: the output of the last op that it carries out."""
        return [step for step in (self, *self.fused) if step.way == "forward"][-1].makes["output"]

    def multiply_adds(self, of: str) -> int:
        """How many make the output or a gradient, those with padding included."""
        shapes = (None if symbol is None else symbol.shape for symbol in self.node.operands)
        return self.node.op.work(of, *shapes)

    def carried(self, kind: type[Op] | tuple[type[Op], ...]) -> Step | None:
        """The step of an op of this kind that is fused into this one."""
        return next((step for step in self.fused if isinstance(step.op, kind)), None)


class Within(NamedTuple):
    """Where a symbol's numbers lie in those of another one: from `start` on along one of its public axes."""

    whole: Symbol
    axis: int
    start: int


@dataclass(frozen=True, eq=False)
class Steps:
    """A network's run.

    Attributes:
        graph: the network.
        setting: how it is run.
        order: the steps.
        gradients: each symbol's gradient, when all have contributed.
        given: the gradient of the output, where the caller gives it.
        aliases: symbols that are other ones, unchanged: the gradients of a sum's operands.
        within: symbols that lie inside other ones: the parts of a concatenation.
    """

    graph: Graph
    setting: Setting
    order: tuple[Step, ...]
    gradients: Mapping[Symbol, Symbol] = field(default_factory=dict)
    given: Symbol | None = None
    aliases: Mapping[Symbol, Symbol] = field(default_factory=dict)
    within: Mapping[Symbol, Within] = field(default_factory=dict)

    @property
    def updates(self) -> list[Step]:
        """The updates, those that are fused into others included."""
        return [one for step in self.order for one in (step, *step.fused) if one.way == "update"]

    def true(self, symbol: Symbol) -> Symbol:
        """The symbol that this one is an alias of, or itself."""
        while symbol in self.aliases:
            symbol = self.aliases[symbol]
        return symbol
