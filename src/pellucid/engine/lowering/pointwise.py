"""Element by element: activations and sums."""

from __future__ import annotations

from pellucid.engine import joining
from pellucid.engine.buffers import Tensor
from pellucid.engine.graph import Node, Symbol
from pellucid.engine.plan import CHUNKS, Plan, Tables
from pellucid.kernels.jit import Kernel
from pellucid.kernels.loops import activation, pointwise
from pellucid.ops.base import Op
from pellucid.ops.dropout import Dropout
from pellucid.ops.gelu import GELU
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.tanh import Tanh
from pellucid.sizes import size_of

_KERNELS: dict[type[Op], tuple[Kernel, Kernel]] = {
    GELU: (activation.gelu, activation.gelu_gradient),
    LeakyReLU: (pointwise.leaky_relu, pointwise.leaky_relu_gradient),
    SiLU: (activation.silu, activation.silu_gradient),
    Sigmoid: (activation.sigmoid, activation.sigmoid_gradient),
    Tanh: (activation.tanh, activation.tanh_gradient),
}


def rows(*tensors: Tensor | None) -> tuple[int, list[int]]:
    """How many chunks, and the integers that every pointwise kernel starts with (see `kernels/loops/pointwise.py`)."""
    first = tensors[0]
    assert first is not None
    n, d, h, w, c = first.inner
    strides = [stride for t in tensors for stride in ((0, 0, 0) if t is None else t.strides[:3])]
    if all(t is None or t.outer == t.inner for t in tensors):  # no halo anywhere: an image is one row
        d, h, w = 1, 1, d * h * w
    per_chunk = max(1, n * d * h // CHUNKS)
    return -(-n * d * h // per_chunk), [per_chunk, n, d, h, w * c, *strides]


def relu_forward(plan: Plan, node: Node) -> None:
    """y = max(x, 0)."""
    x, y = plan.value(node.operands[0]), plan.output(node)

    def bind() -> Tables:
        chunks, n = rows(x, y)
        return Tables(chunks, (x, y), n)

    plan.launch(node.output.name, pointwise.relu, bind)


def relu_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_input = 0 where output = 0, else grad_output; left to the batch norm before, where it can do that."""
    assert node.operands[0] is not None
    y = plan.value(node.output)
    left = joining.gated_by_norm(plan, node)
    out, base = plan.add_gradient(node.operands[0])
    if left:
        plan.gated[out] = grad_output, y
        return

    def bind() -> Tables:
        chunks, n = rows(grad_output, y, out, base)
        return Tables(chunks, (grad_output, y, out, base or out), n)

    plan.launch(f"{out.name} by {node.path}", pointwise.relu_gradient, bind)


def activation_forward(plan: Plan, node: Node) -> None:
    """y = f(x)."""
    x, y = plan.value(node.operands[0]), plan.output(node)

    def bind() -> Tables:
        chunks, n = rows(x, y)
        return Tables(chunks, (x, y), n, _setting(plan, node.op))

    plan.launch(node.output.name, _kernels(node.op)[0], bind)


def activation_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """grad_input = grad_output·f′(x)."""
    assert node.operands[0] is not None
    x = plan.value(node.operands[0])
    out, base = plan.add_gradient(node.operands[0])

    def bind() -> Tables:
        chunks, n = rows(grad_output, x, out, base)
        p = (grad_output, x, out, base or out)
        return Tables(chunks, p, n, _setting(plan, node.op))

    plan.launch(f"{out.name} by {node.path}", _kernels(node.op)[1], bind)


def _kernels(op: Op) -> tuple[Kernel, Kernel]:
    """An activation's kernels, forward and backward."""
    if isinstance(op, GELU) and op.approximate == "tanh":
        return activation.gelu_tanh, activation.gelu_tanh_gradient
    return _KERNELS[type(op)]


def _setting(plan: Plan, op: Op) -> tuple[float, ...]:
    """The number that an activation is set to, rounded to the plan's type."""
    return (float(op.slope(plan.dtype)),) if isinstance(op, LeakyReLU) else ()


def add_forward(plan: Plan, node: Node) -> None:
    """y = a + b, and its ReLU where the plan joins the two."""
    relu = joining.take_relu(plan, node)
    a, b, y = plan.value(node.operands[0]), plan.value(node.operands[1]), plan.output(relu or node)

    def bind() -> Tables:
        chunks, n = rows(a, b, y)
        return Tables(chunks, (a, b, y), (*n, int(relu is not None)))

    plan.launch(node.output.name, pointwise.add, bind)


def add_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """Both operands have the gradient of the sum: where it is the first one, it is passed on as it is."""
    for symbol in node.operands:
        if symbol is None or not plan.wants(symbol):
            continue
        if symbol in plan.gradients:
            _add_to(plan, node, symbol, grad_output)
        else:
            plan.gradients[symbol] = grad_output


def _add_to(plan: Plan, node: Node, symbol: Symbol, grad_output: Tensor) -> None:
    """One more contribution to the gradient of a symbol that has one."""
    out, base = plan.add_gradient(symbol)
    assert base is not None

    def bind() -> Tables:
        chunks, n = rows(base, grad_output, out)
        return Tables(chunks, (base, grad_output, out), (*n, 0))

    plan.launch(f"{out.name} by {node.path}", pointwise.add, bind)


def dropout_forward(plan: Plan, node: Node) -> None:
    """Keep or drop each number."""
    _dropout(plan, node, plan.value(node.operands[0]), plan.output(node), None)


def dropout_backward(plan: Plan, node: Node, grad_output: Tensor) -> None:
    """The same choice again."""
    assert node.operands[0] is not None
    out, base = plan.add_gradient(node.operands[0])
    _dropout(plan, node, grad_output, out, base)


def _dropout(plan: Plan, node: Node, x: Tensor, y: Tensor, base: Tensor | None) -> None:
    op = node.op
    assert isinstance(op, Dropout)
    layer = [other for other in plan.graph.nodes if isinstance(other.op, Dropout)].index(node)

    def bind() -> Tables:
        chunks, n = rows(x, y, base)
        plane = size_of(x.inner[1:4])
        last = (x.inner[4], plane, layer, op.threshold, plan.counters.ctypes.data)
        return Tables(chunks, (x, y, base or y), (*n, *last), (float(plan.dtype.type(op.scale)),))

    plan.launch(f"{y.name} by {node.path}", activation.dropout, bind)
