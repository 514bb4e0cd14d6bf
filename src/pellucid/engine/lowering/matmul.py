"""Products of matrices: the output, and both gradients, which are such products as well (`matrices.py`)."""

from __future__ import annotations

from pellucid import batch
from pellucid.engine import weights
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.matrices import (
    Matrices,
    Multiplied,
    as_they_lie,
    in_order,
    lie_anyhow,
    matrices,
    with_axis,
)
from pellucid.engine.lowering.packed import fill
from pellucid.engine.lowering.shape import inwards
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.errors import ShapeError, say
from pellucid.ops.base import Shape
from pellucid.ops.matmul import MatMul
from pellucid.sizes import size_of


@registry.forward(MatMul)
def forward(plan: Plan, step: Step) -> None:
    """output = input·other."""
    _check(plan, step)
    a, b = (_read(plan, step, role) for role in ("input", "other"))
    y = plan.output(step)
    shape = step.makes["output"].shape
    out = _room(plan, y, shape)
    Multiplied(plan, step, "output", _batch(step), a, b, _output(step, out)).lower()
    if out.block is not y:
        inwards(plan, step, y.name, out.block, y)


@registry.backward(MatMul)
def backward(plan: Plan, step: Step) -> None:
    """grad_input = grad_output·otherᵀ, grad_other = inputᵀ·grad_output."""
    g = _output(step, matrices(plan, step, plan.read(step, "grad_output"), step.node.output.shape))
    if "grad_input" in step.makes:
        _gradient(plan, step, "grad_input", g, _read(plan, step, "other").turned)
    if "grad_other" in step.makes:
        _gradient(plan, step, "grad_other", _read(plan, step, "input").turned, g)


def _gradient(plan: Plan, step: Step, role: str, left: Matrices, right: Matrices) -> None:
    """One of them, for a tensor or for an array of the model."""
    argument = role.removeprefix("grad_")
    symbol = step.reads[argument]
    base: Tensor | None = None
    result: Block
    if symbol in plan.graph.arrays:
        result = plan.parameter_gradient(step, role)
    else:
        result, base = plan.gradient(step, role)
    out = _room(plan, result, symbol.shape)
    start = None if base is None else _one(argument, matrices(plan, step, base, symbol.shape))
    made = _one(argument, out)
    parts = 1
    if role == "grad_other" and base is None and _images_are_rows(plan, step):
        parts = batch.large_parts(step.reads["input"].shape[0])
    Multiplied(plan, step, role, _batch(step), left, right, made, start, parts).lower()
    if out.block is result:
        return
    if isinstance(result, Tensor):
        inwards(plan, step, f"{result.name} by {step.path}", out.block, result)
    else:
        fill(plan, step, result, out.block, weights.row_major(symbol.shape).argsort())


def _check(plan: Plan, step: Step) -> None:
    """Images are counted by the first axis of the output, as they are by that of each operand that has them."""
    operands, batched = step.node.named, plan.graph.batched
    rank = max(3, *(symbol.ndim for symbol in operands.values()))
    mixed = any(symbol.ndim < rank for symbol in operands.values() if symbol in batched)
    if mixed and not _images_are_rows(plan, step):
        raise ShapeError(
            step.node.op.name,
            "in a network a product must not mix images",
            got=say("{input} and {other}", **{name: symbol.shape for name, symbol in operands.items()}),
            hint="keep the images as the first axis of tensors with three axes or more",
        )


def _images_are_rows(plan: Plan, step: Step) -> bool:
    """Whether the input is a matrix with a row for each image, and the other one of all images."""
    input, other = step.node.operands
    assert input is not None
    assert other is not None
    return input.ndim == 2 >= other.ndim and input in plan.graph.batched and other not in plan.graph.batched


def _room(plan: Plan, result: Block, shape: Shape) -> Matrices:
    """Where a result is made: where it lies, or row by row, to be brought there."""
    if lie_anyhow(result, shape):
        return in_order(plan.block(f"{result.name}, row by row", size_of(shape)), shape)
    return as_they_lie(result, shape)


def _batch(step: Step) -> Shape:
    """The axes that count matrices."""
    assert isinstance(step.op, MatMul)
    return step.op.batch(step.reads["input"].shape, step.reads["other"].shape)


def _read(plan: Plan, step: Step, role: str) -> Matrices:
    return _one(role, matrices(plan, step, plan.read(step, role), step.reads[role].shape))


def _one(role: str, found: Matrices) -> Matrices:
    """An operand with both axes of its matrices."""
    return with_axis(found, None if len(found.shape) > 1 else -2 if role == "input" else -1)


def _output(step: Step, found: Matrices) -> Matrices:
    """The same of the output, which lacks what an operand lacks."""
    if step.reads["other"].ndim == 1:
        found = with_axis(found, -1)
    return with_axis(found, -2) if step.reads["input"].ndim == 1 else found
