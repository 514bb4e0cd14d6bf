"""Which ops a plan joins into one loop: it saves loads and stores, and changes no operation, operand or order.

Forward, a loop may do the work of the ops behind it when nobody else needs what lies between. A node that has been
taken over is in `Plan.joined`. A recording joins nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.engine.graph import Node, Symbol
from pellucid.engine.plan import Plan
from pellucid.ops.add import Add
from pellucid.ops.base import Op
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.relu import ReLU


def take_relu(plan: Plan, node: Node) -> Node | None:
    """The ReLU behind a node, whose loop does it as well."""
    return _take(plan, _follower(plan, node, ReLU))


@dataclass(frozen=True)
class Tail:
    """What a convolution's loop does behind its sums, as far as it is there."""

    node: Node
    norm: Node | None
    add: Node | None
    relu: Node | None

    @property
    def last(self) -> Node:
        """The node whose output the loop writes."""
        return self.relu or self.add or self.norm or self.node

    @property
    def other(self) -> Symbol | None:
        """What is added."""
        before = self.norm.output if self.norm else None
        return next((s for s in self.add.operands if s is not before), None) if self.add else None


def take_tail(plan: Plan, node: Node, *, norm: bool = True, add: bool = True) -> Tail:
    """The batch norm behind a convolution, the addition behind that, and the ReLU behind whatever is last.

    A loop that cannot add leaves a batch norm that is to be added to something to the pass that does both.
    """
    norm_ = _follower_norm(plan, node) if norm else None
    if norm_ and not add and _follower(plan, norm_, Add):
        norm_ = None
    _take(plan, norm_)
    add_ = take_add(plan, norm_) if norm_ and add else None
    return Tail(node, norm_, add_, take_relu(plan, add_ or norm_ or node))


def _follower_norm(plan: Plan, node: Node) -> Node | None:
    """Only where running statistics make it, and nobody needs its input for gradients; not behind a bias."""
    norm = _follower(plan, node, BatchNorm)
    if norm is None or not isinstance(norm.op, BatchNorm) or norm.op.training or plan.trains:
        return None
    return norm if node.operands[2] is None else None


def take_add(plan: Plan, node: Node) -> Node | None:
    """The addition behind a node, likewise, if the other operand is there already."""
    add = _follower(plan, node, Add)
    others = [symbol for symbol in add.operands if symbol is not node.output] if add else []
    return _take(plan, add if others and others[0] in plan.values else None)


def take_pool(plan: Plan, node: Node) -> Node | None:
    """The 2×2 max pooling behind a convolution, or behind the ReLU that this has taken."""
    pool = _follower(plan, node, MaxPool)
    if pool is None or not isinstance(pool.op, MaxPool):
        return None
    axes = pool.op.geometry(node.output.shape).axes
    plain = all(
        (a.kernel, a.stride, a.dilation, a.before, a.output) == (2, 2, 1, 0, a.input // 2) for a in axes
    )
    return _take(plan, pool if plain and len(axes) == 2 else None)


def _follower(plan: Plan, node: Node, kind: type[Op]) -> Node | None:
    """The one reader of a node's output, if it is of this kind and nobody else needs that output."""
    readers = plan.readers(node.output)
    alone = len(readers) == 1 and node.output is not plan.graph.output and not plan.keep
    return readers[0] if alone and isinstance(readers[0].op, kind) else None


def _take(plan: Plan, node: Node | None) -> Node | None:
    if node is not None:
        plan.joined.add(node)
    return node


def gated_by_norm(plan: Plan, relu: Node) -> bool:
    """Whether the next launch to read the gradient of a ReLU's input will be that of a batch norm.

    It is the batch norm right before the ReLU, or before the sum right before it.
    """
    *before, node = plan.graph.nodes[: plan.graph.nodes.index(relu)] or [relu]
    read = {node.output}
    if plan.keep or relu.operands[0] not in read or len(plan.readers(node.output)) > 1:
        return False
    if isinstance(node.op, Add) and before:
        read = {symbol for symbol in node.operands if symbol is not None}
        if len(read) == 1 or read & plan.gradients.keys():  # the sum itself reads it, to add it to another
            return False
        node = before[-1]
    alone = node.output in read and len(plan.readers(node.output)) == 1
    return alone and isinstance(node.op, BatchNorm) and plan.wants(node.output)


def made_in_passing(plan: Plan, symbol: Symbol) -> bool:
    """Whether Winograd's transforms make a symbol's gradient while they load it, and nobody else reads it.

    A convolution's bias would be another reader.
    """
    node = symbol.node
    alone = len(plan.readers(symbol)) == 1 and not plan.keep
    return alone and node in plan.winograd and node.operands[2] is None


def takes_moments(plan: Plan, node: Node) -> bool:
    """Whether a convolution's last transform sums for a batch norm that reads its output, in recordings as well."""
    norms = [reader.op for reader in plan.readers(node.output) if isinstance(reader.op, BatchNorm)]
    return any(op.training for op in norms)
