"""Each op's launches: `FORWARD[op](plan, node)` and `BACKWARD[op](plan, node, grad_output)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pellucid.engine.graph import Node
from pellucid.engine.lowering import conv, pointwise
from pellucid.engine.plan import Plan
from pellucid.ops.base import Op
from pellucid.ops.conv import Conv
from pellucid.ops.linear import Linear
from pellucid.ops.relu import ReLU

FORWARD: dict[type[Op], Callable[[Plan, Node], None]] = {
    Conv: conv.forward,
    Linear: conv.forward,
    ReLU: pointwise.relu_forward,
}

BACKWARD: dict[type[Op], Callable[[Plan, Node, Any], None]] = {
    Conv: conv.backward,
    Linear: conv.backward,
    ReLU: pointwise.relu_backward,
}
