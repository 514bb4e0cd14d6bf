"""Sums, differences, products, quotients: two tensors, element by element, each of which may be repeated along axes.

A repeated operand is read by strides of 0. Its gradient is a sum; over images it is made in the parts of the batch, a
chunk for each, which are then added.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pellucid import batch
from pellucid.engine.buffers import External, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.broadcast import Operand, five_axes, merged, operand, walked
from pellucid.engine.lowering.choice import repeats_nothing
from pellucid.engine.lowering.pointwise import source, stretches, target
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.kernels.jit import Kernel
from pellucid.kernels.loops import broadcast, pointwise
from pellucid.kernels.loops.rows import Sizes
from pellucid.ops.add import Add
from pellucid.ops.arithmetic import Affine
from pellucid.ops.base import Shape
from pellucid.ops.broadcast import Broadcast, aligned, repeated
from pellucid.ops.div import Div
from pellucid.ops.mul import Mul
from pellucid.ops.relu import ReLU
from pellucid.ops.sub import Sub


def combine(plan: Plan, step: Step, kernel: Kernel, a: Operand, b: Operand, y: Operand) -> None:
    """A loop that makes y of a and b."""

    def bind() -> Work:
        chunks, rows, width, (first, second, result) = walked(y.shape, (a, b, y))
        return Work(chunks, broadcast.Binary(rows, width, first, second, *result))

    plan.loop(step, y.name, kernel, bind)


def forward(plan: Plan, step: Step, kernel: Kernel) -> None:
    """The output of an op that has a kernel of its own."""
    y = Operand(plan.output(step), step.makes["output"].shape)
    combine(plan, step, kernel, operand(plan, step, "input"), operand(plan, step, "other"), y)


@registry.forward(Add, strided=True)
def add_forward(plan: Plan, step: Step) -> None:
    """y = a + b; of two tensors of one shape also its ReLU, where the two are fused."""
    if not repeats_nothing(step, plan.graph):
        forward(plan, step, broadcast.add)
        return
    a, b, y = plan.read(step, "input"), plan.read(step, "other"), plan.output(step)
    relu = step.carried(ReLU) is not None

    def bind() -> Work:
        chunks, walked = stretches(a, b, y)
        read = source(a, walked), source(b, walked)
        return Work(chunks, pointwise.Add(walked, *read, target(y, walked), relu))

    plan.loop(step, f"{step.path}.output", pointwise.add, bind)


@registry.forward(Sub, strided=True)
def sub_forward(plan: Plan, step: Step) -> None:
    """y = a − b."""
    forward(plan, step, broadcast.subtract)


@registry.forward(Mul, strided=True)
def mul_forward(plan: Plan, step: Step) -> None:
    """y = a·b."""
    forward(plan, step, broadcast.multiply)


@registry.forward(Div, strided=True)
def div_forward(plan: Plan, step: Step) -> None:
    """y = a/b."""
    forward(plan, step, broadcast.divide)


@registry.backward(Div, strided=True)
def div_backward(plan: Plan, step: Step) -> None:
    """grad_input from 1/b, grad_other from −y/b, which are made first."""
    divisor = operand(plan, step, "other")
    for role in step.makes:
        numerator, sign = (one(plan), 1) if role == "grad_input" else (operand(plan, step, "output"), -1)
        shape = divisor.shape if role == "grad_input" else numerator.shape
        slope = Operand(plan.tensor(f"{step.path}.slope of {role}", shape), shape)
        combine(plan, step, broadcast.divide, numerator, divisor, slope)
        gradient(plan, step, role, sign, slope)


@registry.backward(Affine, strided=True)
def backward(plan: Plan, step: Step) -> None:
    """grad_output times the slope that the op says; one that is grad_output itself is passed on as it is."""
    assert isinstance(step.op, Affine)
    for role in step.makes:
        if step.makes[role] not in plan.steps.aliases:
            sign, slope = step.op.slope(role.removeprefix("grad_"))
            gradient(plan, step, role, sign, None if slope is None else operand(plan, step, slope))


def gradient(
    plan: Plan,
    step: Step,
    role: str,
    sign: int,
    slope: Operand | None,
    *,
    contributions: Operand | None = None,
) -> None:
    """The gradient of an operand: Σ sign·grad_output·slope over the outputs that read it, or Σ of contributions."""
    own, output = step.node.named[role.removeprefix("grad_")], step.node.output
    base, grad_output = Operand(None), contributions or operand(plan, step, "grad_output")
    argument, shape = role.removeprefix("grad_"), own.shape
    if isinstance(step.op, Broadcast):
        shape = step.op.seen(argument, shape, output.ndim)
    if own in plan.graph.arrays:
        result = Operand(plan.parameter_gradient(step, role), shape)
    else:
        tensor, so_far = plan.gradient(step, role)
        base, result = Operand(so_far, shape), Operand(tensor, shape)
        if (
            so_far is not None
            and slope is None
            and sign == 1
            and not contributions
            and repeats_nothing(step, plan.graph)
        ):
            _add_to(plan, step, so_far, plan.read(step, "grad_output"), tensor)
            return
    images, shape = five_axes(output.shape, 1)[0], aligned(shape, output.ndim)
    made = _Sum(output.shape, sign, grad_output, slope or one(plan), base, result)
    count = batch.small_parts(images)
    if count == 1 or 0 not in repeated(shape, output.shape):
        made.lower(plan, step, role)
        return
    shape = (count, *shape[1:])
    parts = Operand(plan.tensor(f"{result.name} in parts", shape), shape)
    replace(made, result=parts, parts=count).lower(plan, step, role)
    _add_parts(plan, step, parts, result)


def _add_parts(plan: Plan, step: Step, parts: Operand, result: Operand) -> None:
    """The sum of the parts, which are images of a tensor."""
    count, *shape = parts.shape

    def bind() -> Work:
        chunks, rows, width, (read, written) = walked((1, *shape), (parts, result))
        table = broadcast.Parts(rows, width, *read, count, *written)
        return Work(chunks, table)

    plan.loop(step, f"{result.name} by {step.path}", broadcast.add_parts, bind)


def one(plan: Plan) -> Operand:
    """The number 1."""
    return Operand(External("one", np.ones(1, plan.dtype)))


@dataclass(frozen=True)
class _Sum:
    """Σ sign·grad_output·slope, after a base.

    Attributes:
        shape: of grad_output.
        parts: of the batch, where each leaves a sum of its own, an image of the result.
    """

    shape: Shape
    sign: int
    grad_output: Operand
    slope: Operand
    base: Operand
    result: Operand
    parts: int | None = None

    def lower(self, plan: Plan, step: Step, role: str) -> None:
        """Append the loop."""
        order = None if self.parts is None else {role: {"parts": self.parts}}
        plan.loop(step, f"{self.result.name} by {step.path}", broadcast.gradient, self._bind, order=order)

    def _bind(self) -> Work:
        n, d, h, w, c = five_axes(self.shape, 1)
        read = [x.at(self.shape) for x in (self.grad_output, self.slope, self.base, self.result)]
        width, length, (grad_output, slope, base, out) = merged(w, c, read)
        part = 0 if self.parts is None else out.strides.image
        strides = out.strides if self.parts is None else out.strides._replace(image=0)
        own = [size if step else 1 for size, step in zip((n, d, h, width, length), strides, strict=True)]
        chunks = self.parts or (min(n, CHUNKS) if strides.image else 1)
        table = broadcast.Summed(
            sizes=Sizes(n, d, h, width, length),
            own=Sizes(*own),
            edges=np.array(batch.edges(n, chunks)),
            sign=float(self.sign),
            grad_output=grad_output,
            slope=slope,
            base=base,
            begins=base.numbers is not None,
            out=out.numbers,
            strides=strides,
            part=part,
        )
        return Work(chunks, table)


def _add_to(plan: Plan, step: Step, so_far: Tensor, grad_output: Tensor, out: Tensor) -> None:
    """One more contribution to the gradient of a tensor that is not repeated."""

    def bind() -> Work:
        chunks, walked = stretches(so_far, grad_output, out)
        read = source(so_far, walked), source(grad_output, walked)
        table = pointwise.Add(walked, *read, target(out, walked), relu=False)
        return Work(chunks, table)

    plan.loop(step, f"{out.name} by {step.path}", pointwise.add, bind)
