"""Softmax and its logarithm, along any axis: where an axis's numbers lie apart, columns become rows and back."""

from __future__ import annotations

from math import prod

from pellucid.engine.across import Columns, Lying
from pellucid.engine.beside import Alike
from pellucid.engine.buffers import Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import emitted
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.kernels import simd
from pellucid.kernels.loops import across, pointwise
from pellucid.ops.base import Op, Shape
from pellucid.ops.log_softmax import LogSoftmax
from pellucid.ops.softmax import Softmax
from pellucid.sizes import size_of

_CHANNELS = 4  # the place of this axis in memory: N D H W C


@registry.forward(LogSoftmax, Softmax)
def softmax_forward(plan: Plan, step: Step) -> None:
    """Of the input."""
    x, y = plan.read(step, "input"), plan.output(step)
    _lower(plan, step, 0, y, x)


@registry.backward(LogSoftmax, Softmax)
def softmax_backward(plan: Plan, step: Step) -> None:
    """From the output."""
    grad_output, y = plan.read(step, "grad_output"), plan.read(step, "output")
    out, base = plan.gradient(step)
    _lower(plan, step, 1, out, grad_output, y, base)


@registry.beside(LogSoftmax, Softmax)
def softmax_beside(op: Op, bits: int, shape: Shape) -> Alike:
    """Along any axis."""
    assert isinstance(op, LogSoftmax | Softmax)
    dim = op.dim % len(shape)
    forward, backward = (simd.Softmax(bits, shape[dim], kind) for kind in _kinds(op))
    return Alike(forward, backward, "output", shape[dim], size_of(shape[dim + 1 :]))


def _kinds(op: object) -> tuple[simd.Kind, simd.Kind]:
    """What is made forward and backward."""
    if isinstance(op, LogSoftmax):
        return "log_softmax", "log_softmax_gradient"
    return "softmax", "softmax_gradient"


def _lower(
    plan: Plan,
    step: Step,
    way: int,
    out: Tensor,
    a: Tensor,
    b: Tensor | None = None,
    base: Tensor | None = None,
) -> None:
    """The loops, forward or backward."""
    axis, kind = _axis(step), _kinds(step.op)[way]
    length, name = a.inner[axis], f"{out.name} by {step.path}" if way else out.name
    if axis == _CHANNELS or (axis == 3 and a.inner[4] == 1):  # its numbers lie side by side
        code = simd.Softmax(plan.bits, length, kind, base is not None)
        plan.loop(
            step,
            name,
            pointwise.emitted,
            lambda: emitted(code, out, a, b, base, unit=length),
            scratch=8 * length,
        )
        return
    columns = Columns(
        simd.Softmax(plan.bits, length, kind), plan.bits, length, _beside(a, axis), _places(a, axis)
    )

    def work() -> list[Work]:
        read = [None if tensor is None else _lying(tensor, axis) for tensor in (b, base)]
        made = columns.work(_lying(a, axis), read[0], _lying(out, axis), read[1])
        return [Work(chunks, table) for table, chunks in made]

    for number in range(len(columns.widths)):
        plan.loop(step, name, across.across, lambda n=number: work()[n], scratch=columns.scratch)  # type: ignore[misc]


def _axis(step: Step) -> int:
    """Which of N D H W C the op goes along."""
    op, rank = step.op, step.reads["input"].ndim
    assert isinstance(op, LogSoftmax | Softmax)
    dim = op.dim % rank
    return (0, _CHANNELS)[dim] if dim < 2 else dim + 4 - rank


def _beside(tensor: Tensor, axis: int) -> int:
    """How many columns lie side by side: the channels, or where another axis lies behind it, a row."""
    return prod(tensor.inner[3 if axis < 3 else 4 :])


def _places(tensor: Tensor, axis: int) -> tuple[int, int, int]:
    """The sizes of the other axes."""
    n, d, h, *_ = (1 if one == axis else size for one, size in enumerate(tensor.inner))
    return n, d, h


def _lying(tensor: Tensor, axis: int) -> Lying:
    """How a tensor lies, by strides."""
    image, slice_, row, _ = tensor.strides
    return Lying(tensor, tensor.strides[axis], (image, slice_, row))
