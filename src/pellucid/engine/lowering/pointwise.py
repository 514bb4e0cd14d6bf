"""Element by element: rectifiers, and loops along the rows of tensors."""

from __future__ import annotations

from pellucid.engine.buffers import Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.kernels import simd
from pellucid.kernels.loops import pointwise
from pellucid.kernels.loops.rows import Rows, Source, Target
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.relu import ReLU

NOWHERE = Target(None, 0, 0, 0)


def rows(*tensors: Tensor | None) -> tuple[int, Rows]:
    """How many chunks, and the rows of tensors of one size."""
    first = tensors[0]
    assert first is not None
    n, d, h, w, c = first.inner
    if all(t is None or t.outer == t.inner for t in tensors):  # no halo anywhere: an image is one row
        return lines((n, 1, 1, d * h * w, c))
    return lines(first.inner)


def lines(inner: tuple[int, ...]) -> tuple[int, Rows]:
    """How many chunks, and the rows of a tensor of these sizes."""
    n, d, h, w, c = inner
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


@registry.forward(LeakyReLU, strided=True)
def leaky_relu_forward(plan: Plan, step: Step) -> None:
    """y = x where x > 0, else slope·x."""
    x, y = plan.read(step, "input"), plan.output(step)

    def bind() -> Work:
        chunks, walked = stretches(x, y)
        return Work(
            chunks, pointwise.Pointwise(walked, source(x, walked), target(y, walked), _slope(plan, step))
        )

    plan.loop(step, f"{step.path}.output", pointwise.leaky_relu, bind)


@registry.backward(LeakyReLU, strided=True)
def leaky_relu_backward(plan: Plan, step: Step) -> None:
    """grad_input = grad_output where x > 0, else slope·grad_output."""
    grad_output, x = plan.read(step, "grad_output"), plan.read(step, "input")
    out, base = plan.gradient(step)

    def bind() -> Work:
        return _gradient(grad_output, x, out, base, _slope(plan, step))

    plan.loop(step, f"{out.name} by {step.path}", pointwise.leaky_relu_gradient, bind)


def _slope(plan: Plan, step: Step) -> float:
    """The slope below 0, rounded to the plan's type."""
    assert isinstance(step.op, LeakyReLU)
    return float(step.op.slope(plan.dtype))


def emitted(
    code: simd.Code,
    out: Tensor,
    a: Tensor,
    b: Tensor | None = None,
    base: Tensor | None = None,
    unit: int = 1,
) -> Work:
    """Vector code along the rows of these tensors; it counts so many numbers as one."""
    chunks, walked = stretches(out, a, b, base)
    reads = [source(tensor, walked) for tensor in (a, b, base)]
    table = pointwise.Emitted(
        walked, reads[0], reads[1], target(out, walked), reads[2], simd.address(code), unit
    )
    return Work(chunks, table)


def _gradient(grad_output: Tensor, x: Tensor, out: Tensor, base: Tensor | None, setting: float) -> Work:
    """The gradient of a function of each number."""
    chunks, walked = stretches(grad_output, x, out, base)
    tensors = source(grad_output, walked), source(x, walked), target(out, walked), source(base, walked)
    return Work(chunks, pointwise.PointwiseGradient(walked, *tensors, setting))
