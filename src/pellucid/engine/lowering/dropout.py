"""Dropout: the loop is the same forward and backward."""

from __future__ import annotations

from pellucid.engine.buffers import Tensor
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.pointwise import source, stretches, target
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.kernels.loops import dropout, dropout_slices
from pellucid.ops.dropout import Dropout
from pellucid.ops.dropout_slices import DropoutSlices
from pellucid.sizes import size_of


@registry.forward(Dropout, strided=True)
def dropout_forward(plan: Plan, step: Step) -> None:
    """Keep or drop each number."""
    _dropout(plan, step, plan.read(step, "input"), plan.output(step), None)


@registry.backward(Dropout, strided=True)
def dropout_backward(plan: Plan, step: Step) -> None:
    """The same choice again."""
    grad_output = plan.read(step, "grad_output")
    out, base = plan.gradient(step)
    _dropout(plan, step, grad_output, out, base)


def _dropout(plan: Plan, step: Step, x: Tensor, y: Tensor, base: Tensor | None) -> None:
    op = step.op
    assert isinstance(op, Dropout)
    layer = _layer(plan, step)

    def bind() -> Work:
        chunks, walked = stretches(x, y, base)
        channels, plane = x.inner[4], size_of(x.inner[1:4])
        table = dropout.Dropout(
            walked,
            source(x, walked),
            target(y, walked),
            source(base, walked),
            channels=1 if plane == 1 else channels,
            plane=channels if plane == 1 else plane,
            last_word=op.stream(layer=layer).last_word,
            threshold=op.threshold,
            counters=plan.counters,
            scale=float(plan.dtype.type(op.scale)),
        )
        return Work(chunks, table)

    scratch = dropout.SCRATCH_BYTES
    plan.loop(
        step, f"{y.name} by {step.path}", dropout.dropout, bind, order=_order(step, layer), scratch=scratch
    )


def _layer(plan: Plan, step: Step) -> int:
    """Which of the network's dropouts it is."""
    return [other for other in plan.graph.nodes if isinstance(other.op, Dropout)].index(step.node)


def _order(step: Step, layer: int) -> dict[str, dict[str, int]]:
    return {"output" if step.way == "forward" else "grad_input": {"layer": layer}}


@registry.forward(DropoutSlices, strided=True)
def slices_forward(plan: Plan, step: Step) -> None:
    """Keep or drop each slice."""
    _slices(plan, step, plan.read(step, "input"), plan.output(step), None)


@registry.backward(DropoutSlices, strided=True)
def slices_backward(plan: Plan, step: Step) -> None:
    """The same choice again."""
    grad_output = plan.read(step, "grad_output")
    out, base = plan.gradient(step)
    _slices(plan, step, grad_output, out, base)


def _slices(plan: Plan, step: Step, x: Tensor, y: Tensor, base: Tensor | None) -> None:
    op, layer = step.op, _layer(plan, step)
    assert isinstance(op, DropoutSlices)
    by = op.chosen_by(x.shape)
    factors = plan.block(f"{step.path}.factors {step.way}", max(1, op.draws(x.shape)))
    drawn = dropout_slices.Factors(
        size=op.draws(x.shape),
        last_word=op.stream(layer=layer).last_word,
        threshold=op.threshold,
        counters=plan.counters,
        scale=float(plan.dtype.type(op.scale)),
        factors=factors,
    )
    plan.loop(step, factors.name, dropout_slices.factors, lambda: Work(1, drawn))

    def bind() -> Work:
        chunks, walked = stretches(x, y, base)
        channels = x.inner[4]
        table = dropout_slices.Slices(
            walked,
            channels,
            source(x, walked),
            factors,
            image=(0, 1, channels)[by],
            channel=by // 2,
            y=target(y, walked),
            base=source(base, walked),
        )
        return Work(chunks, table)

    name = f"{y.name} by {step.path}"
    plan.loop(step, name, dropout_slices.slices, bind, order=_order(step, layer))
