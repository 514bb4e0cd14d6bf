"""What is made element by element by a definition's own text (`ops/curve.py`), as vector code."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from pellucid.engine.beside import Alike
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.broadcast import Operand, walked
from pellucid.engine.lowering.walk import Stage, view
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList
from pellucid.kernels import simd
from pellucid.kernels.loops import written
from pellucid.ops.base import Op, Shape
from pellucid.ops.broadcast import Broadcast
from pellucid.ops.curve import Curve, Written


@registry.forward(Written, strided=True)
def forward(plan: Plan, step: Step) -> None:
    """The output."""
    lower(plan, step, "output", Operand(plan.output(step), step.makes["output"].shape))


@registry.backward(Curve, strided=True)
def backward(plan: Plan, step: Step) -> None:
    """grad_input = grad_output·f′(x), of the input or of the output."""
    own = step.node.named["input"]
    if own in plan.graph.arrays:
        lower(plan, step, "grad_input", Operand(plan.parameter_gradient(step, "grad_input"), own.shape))
        return
    out, base = plan.gradient(step)
    lower(plan, step, "grad_input", Operand(out, own.shape), Operand(base, own.shape))


def seen(op: Op, argument: str, block: Block | None, shape: Shape, output: Shape) -> Operand:
    """An operand with the axes that it is aligned by."""
    return Operand(block, op.seen(argument, shape, len(output)) if isinstance(op, Broadcast) else shape)


def lower(
    plan: Plan,
    step: Step,
    of: str,
    result: Operand,
    base: Operand | None = None,
    *,
    definition: Written | None = None,
    read: Sequence[Operand] = (),
) -> None:
    """Append the loop that makes a result of what it reads, added to a base if there is one.

    The definition is the step's op, and what it reads what the step reads, unless others are given.
    """
    begins = base is not None and base.block is not None
    if definition is None:
        assert isinstance(step.op, Written)
        definition = step.op
        read = [
            seen(definition, name, plan.read(step, name), step.reads[name].shape, result.shape)
            for name in definition.reads(of)
        ]
    nothing, op = [Operand(None)] * (3 - len(read)), definition

    def bind() -> Work:
        every = (*read, *nothing, base or Operand(None), result)
        chunks, rows, width, (a, b, c, start, out) = walked(result.shape, every)
        steps = [one.strides.channel for one in (a, b, c)[: len(read)]]
        beside = (
            out.strides.channel == 1 and (not begins or start.strides.channel == 1) and {*steps} <= {0, 1}
        )
        single = tuple(step == 0 for step in steps) if beside else ()
        code = simd.Curve(plan.bits, op, of, begins, single if any(single) else ())
        run = rows.length if beside else 1
        table = written.Written(rows, width, a, b, c, start, *out, run, simd.address(code))
        return Work(chunks, table)

    plan.loop(step, f"{result.name} by {step.path}" if of != "output" else result.name, written.written, bind)


@registry.beside(Curve)
def beside(op: Op, bits: int, _: Shape) -> Alike:
    """Any shape: each number is one."""
    assert isinstance(op, Curve)
    return Alike(simd.Curve(bits, op), simd.Curve(bits, op, "grad_input"), op.reads("grad_input")[1])


def activated(plan: Plan, step: Step, calls: TileList, made: Tensor, output: Tensor) -> Stage:
    """The calls of a curve behind those that make an image, and the stage that they belong to."""
    assert isinstance(step.op, Curve)
    code, x, y = simd.Curve(plan.bits, step.op), view(made), view(output)
    (d, h, w, c), tensors = made.inner[1:], (made, output)
    sizes, length = [d, h, w], c
    if all(tensor.strides[3] == c for tensor in tensors):
        sizes, length = [d, h, 1], w * c
    if all(tensor.outer == tensor.inner and tensor.strides[3] == c for tensor in tensors):
        sizes, length = [1, 1, 1], d * h * w * c
    calls.stage += 1
    for position in product(*map(range, sizes)):
        calls.add(code, code, a=x.offset(position), out=y.offset(position), count=length)
    return Stage((made, None, output, None), (x.image, 0, y.image, 0))
