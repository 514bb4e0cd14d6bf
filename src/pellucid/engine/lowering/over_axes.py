"""Sums, means, variances, norms and largest numbers over axes: units of a tensor (`units.py`), and their way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pellucid.engine.buffers import Block
from pellucid.engine.loops import Work
from pellucid.engine.lowering import registry
from pellucid.engine.lowering.broadcast import Operand, five_axes, operand
from pellucid.engine.lowering.units import Units
from pellucid.engine.plan import Plan
from pellucid.engine.steps import Step
from pellucid.kernels.jit import Kernel
from pellucid.kernels.loops import over_axes as loops
from pellucid.kernels.loops import over_axes_gradient as gradient
from pellucid.kernels.loops.broadcast import Repeated, Strides
from pellucid.ops.amax import Amax
from pellucid.ops.sum import Sum
from pellucid.ops.var import Var
from pellucid.ops.vector_norm import VectorNorm


@dataclass(frozen=True)
class Folding:
    """A step that makes units of its input, or whose gradient comes from such."""

    plan: Plan
    step: Step

    @property
    def op(self) -> Any:
        """What is made."""
        return self.step.op

    @property
    def input(self) -> Operand:
        """What it is made of."""
        return operand(self.plan, self.step, "input")

    @property
    def units(self) -> Units:
        """The units."""
        return Units.of(self.op, self.input.shape)

    def block(self, name: str) -> Block:
        """Room for units."""
        return self.plan.block(f"{self.step.path}.{name}", self.units.size, "float64")

    def at(self, tensor: Operand) -> Repeated:
        """How a tensor of the output's shape is read, or written, where units are walked."""
        shape, steps = self.input.shape, list(tensor.steps)
        if len(steps) < len(shape):
            gone, left = self.op.axes(shape), iter(steps)
            steps = [0 if axis in gone else next(left) for axis in range(len(shape))]
        kept = self.op.kept(shape)
        return Repeated(
            tensor.block,
            Strides(*five_axes([0 if n == 1 else step for n, step in zip(kept, steps, strict=True)], 0)),
        )

    def make(
        self, kernel: Kernel, beside: Block | None = None, setting: float = 1.0, role: str | None = "output"
    ) -> Block:
        """Units of the input, of all shares; `role` is whose order of sums that is, if it is one."""
        units, x = self.units, self.input
        made = self.plan.block(f"{self.step.path}.{kernel.name}, parts", units.size * units.shares, "float64")
        order = {role: {"parts": units.parts}} if role and units.parts > 1 else None
        self.plan.loop(
            self.step,
            made.name,
            kernel,
            lambda: units.made(x.at(x.shape), beside, made, setting),
            order=order,
            scratch=units.scratch,
        )
        return made

    def finish(
        self,
        made: Block,
        units: Block | None = None,
        *,
        factor: float = 1.0,
        divisor: float = 1.0,
        kernel: Kernel = loops.finish,
    ) -> None:
        """The whole of them, as units, or else as the output; of a norm as both."""
        y = None
        if units is None or isinstance(self.op, VectorNorm):
            y = Operand(self.plan.output(self.step), self.step.makes["output"].shape)
        name = made.name if y is None else y.name

        def bind() -> Work:
            return self.units.finished(made, units, None if y is None else self.at(y), factor, divisor)

        self.plan.loop(self.step, name, kernel, bind)

    def share(
        self,
        role: str = "grad_output",
        *,
        divisors: Block | None = None,
        factor: float = 1.0,
        divisor: float = 1.0,
    ) -> Block:
        """Units of what is read that has the output's shape: each number multiplied and divided."""
        shares, g = self.block(f"units of {role}"), operand(self.plan, self.step, role)
        self.plan.loop(
            self.step,
            shares.name,
            gradient.shares,
            lambda: self.units.shared(self.at(g), shares, divisors, factor, divisor),
        )
        return shares

    def spread(
        self, kernel: Kernel, units: Block, beside: Block | None = None, exponent: float | None = None
    ) -> None:
        """The input's gradient; an exponent is what its numbers are raised to."""
        out, so_far = self.plan.gradient(self.step)
        shape = self.input.shape
        result, base = Operand(out, shape), Operand(so_far, shape)
        x = Operand(None) if beside is None and exponent is None else self.input

        def bind() -> Work:
            return self.units.spread(
                units, beside, x.at(shape), base.at(shape), result.at(shape), exponent or 0.0
            )

        self.plan.loop(self.step, f"{out.name} by {self.step.path}", kernel, bind)


@registry.forward(Sum)
def sum_forward(plan: Plan, step: Step) -> None:
    """The sum, divided."""
    found = Folding(plan, step)
    found.finish(found.make(loops.sums), divisor=found.op.divisor(found.input.shape))


@registry.backward(Sum)
def sum_backward(plan: Plan, step: Step) -> None:
    """To each number its share."""
    found = Folding(plan, step)
    found.spread(gradient.spread_sums, found.share(divisor=found.op.divisor(found.input.shape)))


@registry.forward(Amax)
def largest_forward(plan: Plan, step: Step) -> None:
    """The largest, or with the signs changed the smallest."""
    found = Folding(plan, step)
    sign = float(found.op.sign)
    found.finish(found.make(loops.largest, setting=sign, role=None), factor=sign, kernel=loops.finish_largest)


@registry.backward(Amax)
def largest_backward(plan: Plan, step: Step) -> None:
    """To each of those that tie its share."""
    found = Folding(plan, step)
    output, ties = found.share("output"), found.block("ties")
    found.finish(found.make(loops.ties, output, role=None), ties)
    found.spread(gradient.spread_among_ties, found.share(divisors=ties), output)


@registry.forward(Var)
def var_forward(plan: Plan, step: Step) -> None:
    """First the mean, then the squares around it."""
    found = Folding(plan, step)
    mean = plan.compact(step, "mean")
    found.finish(found.make(loops.sums, role="mean"), mean, divisor=found.op.count(found.input.shape))
    found.finish(found.make(loops.squares, mean), divisor=found.op.divisor(found.input.shape))


@registry.backward(Var)
def var_backward(plan: Plan, step: Step) -> None:
    """To each number its share, times its distance to the mean."""
    found = Folding(plan, step)
    shares = found.share(factor=2.0, divisor=found.op.divisor(found.input.shape))
    found.spread(gradient.spread_from_means, shares, plan.read(step, "mean"))


@registry.forward(VectorNorm)
def norm_forward(plan: Plan, step: Step) -> None:
    """A root of the sum of powers, and what does not fall below the least."""
    found, length = Folding(plan, step), plan.compact(step, "length")
    made = found.make(loops.powers, setting=found.op.p, role="length")
    found.finish(made, length, factor=1 / found.op.p, divisor=found.op.least, kernel=loops.finish_powers)


@registry.backward(VectorNorm)
def norm_backward(plan: Plan, step: Step) -> None:
    """To each number its share, times its own power."""
    found = Folding(plan, step)
    op, shares, g = found.op, found.block("shares"), operand(plan, step, "grad_output")
    lengths, least = plan.read(step, "length"), 0.0 if op.follows else op.least

    def bind() -> Work:
        return found.units.length_shares(found.at(g), lengths, shares, op.p - 1, least)

    plan.loop(step, shares.name, gradient.length_shares, bind)
    found.spread(gradient.spread_lengths, shares, exponent=op.p - 1)
