"""Sums, differences, products, quotients: two tensors, element by element, each of which may be repeated along axes.

A repeated operand is read by strides of 0. Its gradient is a sum; over images it is made in parts, a chunk for each,
which are then added in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pellucid.engine import weights
from pellucid.engine.buffers import Block, External, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.choice import repeats_nothing
from pellucid.engine.lowering.pointwise import rows, source, target
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.kernels.jit import Kernel
from pellucid.kernels.loops import broadcast, pointwise
from pellucid.kernels.loops.broadcast import Repeated, Strides
from pellucid.kernels.loops.rows import Rows, Sizes
from pellucid.ops.add import Add
from pellucid.ops.arithmetic import Affine, aligned, repeated
from pellucid.ops.base import Shape
from pellucid.ops.div import Div
from pellucid.ops.mul import Mul
from pellucid.ops.relu import ReLU
from pellucid.ops.sub import Sub


@dataclass(frozen=True)
class Operand:
    """A tensor, an array of the model or a number, with the public shape of what lies there."""

    block: Block | None
    shape: Shape = ()

    @property
    def name(self) -> str:
        """Of the block."""
        assert self.block is not None
        return self.block.name

    def at(self, output: Shape) -> Repeated:
        """How it is read, or written, where outputs of this shape are made: by 0 along axes where it is repeated."""
        steps = [0 if size == 1 else step for step, size in zip(self.steps, self.shape, strict=True)]
        return Repeated(self.block, Strides(*_five([0] * (len(output) - len(steps)) + steps, 0)))

    @property
    def steps(self) -> Sequence[int]:
        """How far apart neighbours along its public axes are."""
        if not isinstance(self.block, Tensor):
            return weights.strides(self.shape)
        image, *spatial, pixel = self.block.strides
        first = 5 - max(2, len(self.shape))
        return (image, 1, *(*spatial, pixel)[first:])[: len(self.shape)]


def _five(public: Sequence[int], absent: int) -> tuple[int, int, int, int, int]:
    """One number for each of the axes N D H W C, from those of the public axes N C …."""
    images, channels = (*public[:2], absent, absent)[:2]
    depth, height, width = (absent, absent, absent, *public[2:])[-3:]
    return images, depth, height, width, channels


def _merged(width: int, channels: int, read: Sequence[Repeated]) -> tuple[int, int, list[Repeated]]:
    """The pixels and channels of a row; as one axis where all tensors are read alike along both."""
    strides = [one.strides for one in read]
    if channels == 1:
        width, channels = 1, width
        strides = [s._replace(pixel=0, channel=s.pixel) for s in strides]
    elif all(s.pixel == channels * s.channel for s in strides):
        width, channels = 1, width * channels
        strides = [s._replace(pixel=0) for s in strides]
    return width, channels, [one._replace(strides=s) for one, s in zip(read, strides, strict=True)]


def operand(plan: Plan, step: Step, name: str) -> Operand:
    """What a step reads in this role."""
    return Operand(plan.read(step, name), step.reads[name].shape)


def walked(shape: Shape, read: Sequence[Operand]) -> tuple[int, Rows, int, list[Repeated]]:
    """How many chunks there are, the rows of a tensor of this shape, their pixels, and how tensors are read there."""
    n, d, h, w, c = _five(shape, 1)
    width, length, tensors = _merged(w, c, [x.at(shape) for x in read])
    per_chunk = max(1, n * d * h // CHUNKS)
    return -(-n * d * h // per_chunk), Rows(per_chunk, n, d, h, length), width, tensors


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


@registry.forward(Add)
def add_forward(plan: Plan, step: Step) -> None:
    """y = a + b; of two tensors of one shape also its ReLU, where the two are fused."""
    if not repeats_nothing(step, plan.graph):
        forward(plan, step, broadcast.add)
        return
    a, b, y = plan.read(step, "input"), plan.read(step, "other"), plan.output(step)
    relu = step.carried(ReLU) is not None

    def bind() -> Work:
        chunks, walked = rows(a, b, y)
        return Work(chunks, pointwise.Add(walked, source(a), source(b), target(y), relu))

    plan.loop(step, f"{step.path}.output", pointwise.add, bind)


@registry.forward(Sub)
def sub_forward(plan: Plan, step: Step) -> None:
    """y = a − b."""
    forward(plan, step, broadcast.subtract)


@registry.forward(Mul)
def mul_forward(plan: Plan, step: Step) -> None:
    """y = a·b."""
    forward(plan, step, broadcast.multiply)


@registry.forward(Div)
def div_forward(plan: Plan, step: Step) -> None:
    """y = a/b."""
    forward(plan, step, broadcast.divide)


@registry.backward(Div)
def div_backward(plan: Plan, step: Step) -> None:
    """grad_input from 1/b, grad_other from −y/b, which are made first."""
    divisor = operand(plan, step, "other")
    for role in step.makes:
        numerator, sign = (one(plan), 1) if role == "grad_input" else (operand(plan, step, "output"), -1)
        shape = divisor.shape if role == "grad_input" else numerator.shape
        slope = Operand(plan.tensor(f"{step.path}.slope of {role}", shape), shape)
        combine(plan, step, broadcast.divide, numerator, divisor, slope)
        gradient(plan, step, role, sign, slope)


@registry.backward(Affine)
def backward(plan: Plan, step: Step) -> None:
    """grad_output times the slope that the op says; one that is grad_output itself is passed on as it is."""
    assert isinstance(step.op, Affine)
    for role in step.makes:
        if step.makes[role] not in plan.steps.aliases:
            sign, slope = step.op.slope(role.removeprefix("grad_"))
            gradient(plan, step, role, sign, None if slope is None else operand(plan, step, slope))


def gradient(plan: Plan, step: Step, role: str, sign: int, slope: Operand | None) -> None:
    """The gradient of an operand: Σ sign·grad_output·slope over the outputs that read it."""
    own, output = step.reads[role.removeprefix("grad_")], step.node.output
    base, grad_output = Operand(None), operand(plan, step, "grad_output")
    if own in plan.graph.arrays:
        result = Operand(plan.parameter_gradient(step, role), own.shape)
    else:
        tensor, so_far = plan.gradient(step, role)
        base, result = Operand(so_far, own.shape), Operand(tensor, own.shape)
        if so_far is not None and slope is None and sign == 1 and repeats_nothing(step, plan.graph):
            _add_to(plan, step, so_far, plan.read(step, "grad_output"), tensor)
            return
    images, shape = _five(output.shape, 1)[0], aligned(own.shape, output.ndim)
    made = _Sum(output.shape, sign, grad_output, slope or one(plan), base, result, max(1, images // CHUNKS))
    if made.chunks == 1 or 0 not in repeated(own.shape, output.shape):
        made.lower(plan, step, role)
        return
    shape = (made.chunks, *shape[1:])
    parts = Operand(plan.tensor(f"{result.name} in parts", shape), shape)
    replace(made, result=parts, in_parts=True).lower(plan, step, role)
    _Sum(shape, 1, parts, one(plan), Operand(None), result, made.chunks, start=-0.0).lower(plan, step, role)


def one(plan: Plan) -> Operand:
    """The number 1."""
    return Operand(External("one", np.ones(1, plan.dtype)))


@dataclass(frozen=True)
class _Sum:
    """Σ sign·grad_output·slope, after a base or a number that sums start with.

    Attributes:
        shape: of grad_output.
        per_part: how many images a chunk takes.
        in_parts: whether each chunk leaves a sum of its own, an image of the result.
    """

    shape: Shape
    sign: int
    grad_output: Operand
    slope: Operand
    base: Operand
    result: Operand
    per_part: int
    start: float = 0.0
    in_parts: bool = False

    @property
    def chunks(self) -> int:
        """How many there are."""
        return max(1, -(-_five(self.shape, 1)[0] // self.per_part))

    def lower(self, plan: Plan, step: Step, role: str) -> None:
        """Append the loop."""
        order = {role: {"images_per_part": self.per_part}} if self.in_parts else None
        plan.loop(step, f"{self.result.name} by {step.path}", broadcast.gradient, self._bind, order=order)

    def _bind(self) -> Work:
        n, d, h, w, c = _five(self.shape, 1)
        read = [x.at(self.shape) for x in (self.grad_output, self.slope, self.base, self.result)]
        width, length, (grad_output, slope, base, out) = _merged(w, c, read)
        part = out.strides.image if self.in_parts else 0
        strides = out.strides._replace(image=0) if self.in_parts else out.strides
        own = [size if step else 1 for size, step in zip((n, d, h, width, length), strides, strict=True)]
        table = broadcast.Summed(
            sizes=Sizes(n, d, h, width, length),
            own=Sizes(*own),
            images=self.per_part,
            sign=float(self.sign),
            grad_output=grad_output,
            slope=slope,
            base=base,
            begins=base.numbers is not None,
            start=self.start,
            out=out.numbers,
            strides=strides,
            part=part,
        )
        return Work(self.chunks, table)


def _add_to(plan: Plan, step: Step, so_far: Tensor, grad_output: Tensor, out: Tensor) -> None:
    """One more contribution to the gradient of a tensor that is not repeated."""

    def bind() -> Work:
        chunks, walked = rows(so_far, grad_output, out)
        table = pointwise.Add(walked, source(so_far), source(grad_output), target(out), relu=False)
        return Work(chunks, table)

    plan.loop(step, f"{out.name} by {step.path}", pointwise.add, bind)
