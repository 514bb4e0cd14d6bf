"""Element by element: activations."""

from __future__ import annotations

from pellucid.engine.buffers import Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.kernels.jit import Kernel
from pellucid.kernels.loops import activation, pointwise
from pellucid.kernels.loops.rows import Rows, Source, Target
from pellucid.ops.base import Op
from pellucid.ops.gelu import GELU
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.relu import ReLU
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.tanh import Tanh

_KERNELS: dict[type[Op], tuple[Kernel, Kernel]] = {
    GELU: (activation.gelu, activation.gelu_gradient),
    LeakyReLU: (pointwise.leaky_relu, pointwise.leaky_relu_gradient),
    SiLU: (activation.silu, activation.silu_gradient),
    Sigmoid: (activation.sigmoid, activation.sigmoid_gradient),
    Tanh: (activation.tanh, activation.tanh_gradient),
}


def rows(*tensors: Tensor | None) -> tuple[int, Rows]:
    """How many chunks, and the rows of tensors of one size."""
    first = tensors[0]
    assert first is not None
    n, d, h, w, c = first.inner
    if all(t is None or t.outer == t.inner for t in tensors):  # no halo anywhere: an image is one row
        d, h, w = 1, 1, d * h * w
    per_chunk = max(1, n * d * h // CHUNKS)
    return -(-n * d * h // per_chunk), Rows(per_chunk, n, d, h, w * c)


def stretches(*tensors: Tensor | None) -> tuple[int, Rows]:
    """The same for loops that need a row's numbers side by side: each pixel is a row where some tensor's lie apart."""
    first = tensors[0]
    assert first is not None
    n, d, h, w, c = first.inner
    if w == 1 or all(t is None or t.strides[3] == t.inner[4] for t in tensors):
        return rows(*tensors)
    assert d == 1, "three axes whose pixels lie apart"
    per_chunk = max(1, n * h * w // CHUNKS)
    return -(-n * h * w // per_chunk), Rows(per_chunk, n, h, w, c)


def source(tensor: Tensor | None, walked: Rows | None = None) -> Source:
    """A tensor that a loop reads row by row; an absent one has no strides."""
    return Source(None, 0, 0, 0) if tensor is None else Source(tensor, *_steps(tensor, walked))


def target(tensor: Tensor, walked: Rows | None = None) -> Target:
    """A tensor that a loop writes row by row."""
    return Target(tensor, *_steps(tensor, walked))


def _steps(tensor: Tensor, walked: Rows | None) -> tuple[int, int, int]:
    """From image to image, and as the rows lie; those that are shorter than the tensor's are its pixels."""
    (image, slice_, row, pixel), (width, channels) = tensor.strides, tensor.inner[3:]
    by_pixel = walked is not None and walked.length < width * channels
    return (image, row, pixel) if by_pixel else (image, slice_, row)


@registry.forward(ReLU, strided=True)
def relu_forward(plan: Plan, step: Step) -> None:
    """y = max(x, 0)."""
    x, y = plan.read(step, "input"), plan.output(step)

    def bind() -> Work:
        chunks, walked = stretches(x, y)
        return Work(chunks, pointwise.Pointwise(walked, source(x, walked), target(y, walked), 0.0))

    plan.loop(step, f"{step.path}.output", pointwise.relu, bind)


@registry.backward(ReLU, strided=True)
def relu_backward(plan: Plan, step: Step) -> None:
    """grad_input = 0 where output = 0, else grad_output."""
    grad_output, y = plan.read(step, "grad_output"), plan.read(step, "output")
    out, base = plan.gradient(step)

    def bind() -> Work:
        return _gradient(grad_output, y, out, base, 0.0)

    plan.loop(step, f"{out.name} by {step.path}", pointwise.relu_gradient, bind)


@registry.forward(*_KERNELS, strided=True)
def activation_forward(plan: Plan, step: Step) -> None:
    """y = f(x)."""
    x, y = plan.read(step, "input"), plan.output(step)

    def bind() -> Work:
        chunks, walked = stretches(x, y)
        setting = _setting(plan, step.node.op)
        return Work(chunks, pointwise.Pointwise(walked, source(x, walked), target(y, walked), setting))

    plan.loop(step, f"{step.path}.output", _kernels(step.node.op)[0], bind)


@registry.backward(*_KERNELS, strided=True)
def activation_backward(plan: Plan, step: Step) -> None:
    """grad_input = grad_output·f′(x)."""
    grad_output = plan.read(step, "grad_output")
    x = plan.read(step, "input")
    out, base = plan.gradient(step)

    def bind() -> Work:
        return _gradient(grad_output, x, out, base, _setting(plan, step.node.op))

    plan.loop(step, f"{out.name} by {step.path}", _kernels(step.node.op)[1], bind)


def _gradient(grad_output: Tensor, x: Tensor, out: Tensor, base: Tensor | None, setting: float) -> Work:
    """The gradient of a function of each number."""
    chunks, walked = stretches(grad_output, x, out, base)
    tensors = source(grad_output, walked), source(x, walked), target(out, walked), source(base, walked)
    return Work(chunks, pointwise.PointwiseGradient(walked, *tensors, setting))


def _kernels(op: Op) -> tuple[Kernel, Kernel]:
    """An activation's kernels, forward and backward."""
    if isinstance(op, GELU) and op.approximate == "tanh":
        return activation.gelu_tanh, activation.gelu_tanh_gradient
    return _KERNELS[type(op)]


def _setting(plan: Plan, op: Op) -> float:
    """The number that an activation is set to, rounded to the plan's type."""
    return float(op.slope(plan.dtype)) if isinstance(op, LeakyReLU) else 0.0
