"""The linear layer on samples (N,features) as lists of tiles. (Formulas and orders: `ops/linear.py`.)

With more axes it is another product (`linear_positions.py`).

The weight (c, o) is often the largest thing there is, so it is read where it lies, and as seldom as can be:

    direction     rows               columns            taps × run         A        B
    forward       samples n          output features o  input features c   input    weight
    grad_input    input features c   samples n          output features o  weight   grad_output, transposed to (o, n)
    grad_weight   input features c   output features o  samples n          input    grad_output

Forward, a thread takes a range of output features. Backward, it takes a block of input features and does all that is
to do for them while their rows of the weight are in its cache: the input gradient, as (c, n) in scratch memory and then
transposed; and the gradient of those rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from pellucid import batch
from pellucid.engine.buffers import Block
from pellucid.engine.loops import Orders, Work
from pellucid.engine.lowering import linear_positions, registry
from pellucid.engine.lowering.walk import Stage, walk
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.engine.tiling import TileList, alike, blocks, split
from pellucid.kernels import simd
from pellucid.kernels.loops import tiles
from pellucid.kernels.simd import End, Start, Tile, Transpose
from pellucid.ops.linear import Linear
from pellucid.ops.relu import ReLU

# Rows of a matrix often lie a multiple of a page apart and compete for the same places in a cache. What a thread reads
# again and again is therefore small: a stretch of the sums, of some samples, spanning so many numbers of the weight.
_RUN, _SAMPLES, _SPAN = 512, 64, 1 << 18
_RANGES = 8  # of output features
_BASE, _PRODUCT, _BACK, _WEIGHT = range(4)  # stages of the backward walk


@registry.forward(Linear)
def forward(plan: Plan, step: Step) -> None:
    """output = bias + Σ input·weight, and its ReLU where the two are fused."""
    if step.reads["input"].ndim > 2:
        linear_positions.forward(plan, step)
        return
    relu, output = step.carried(ReLU) is not None, plan.output(step)
    input, weight, bias = (plan.read(step, role) for role in ("input", "weight", "bias"))
    layer = _layer(plan, step)
    before = (layer.inputs - 1) // layer.run  # stretches before the last, which the ReLU follows

    def sums(starts: tuple[Start, Start], stretches: int, c: int, run: int, relu: bool) -> Work:
        list_ = layer.forward(starts, c, run, relu=relu)
        stage = Stage((input, weight, output, bias), (run, run * layer.outputs, 0, 0))
        adds_to = (output,) if starts[0] == "out" else ()
        return walk(plan, list_, [stage], range(stretches), stretches, adds_to)

    begin: Start = "zero" if bias is None else "bias"
    c, label = before * layer.run, f"{step.path}.output"
    if before:
        bind = partial(sums, (begin, "out"), before, 0, layer.run, relu=False)
        name, products = f"{label}, but for the last stretch", layer.samples * layer.outputs * c
        touches = {input: layer.samples * c, weight: c * layer.outputs}
        plan.loop(step, name, tiles.walk_tiles, bind, touches=touches, multiply_adds=products)
    last: Start = "out" if before else begin
    bind = partial(sums, (last, last), 1, c, layer.inputs - c, relu=relu)
    rest = layer.inputs - c
    touches = {input: layer.samples * rest, weight: rest * layer.outputs}
    if before and bias is not None:
        touches[bias] = 0  # which the first stretch has begun with
    products = layer.samples * layer.outputs * rest
    plan.loop(step, label, tiles.walk_tiles, bind, touches=touches, multiply_adds=products)


@registry.backward(Linear)
def backward(plan: Plan, step: Step) -> None:
    """All the gradients that somebody wants."""
    if step.reads["input"].ndim > 2:
        linear_positions.backward(plan, step)
        return
    layer, mask = _layer(plan, step), plan.read(step, "mask")
    grad_output, x, w = (plan.read(step, role) for role in ("grad_output", "input", "weight"))
    gradient, base, transposed = None, None, None
    if "grad_input" in step.makes:
        gradient, base = plan.gradient(step)
        transposed = plan.block(f"{grad_output.name}, transposed", layer.samples * layer.outputs)
    grad_weight, grad_bias = (
        plan.parameter_gradient(step, role) if role in step.makes else None
        for role in ("grad_weight", "grad_bias")
    )
    scratch = layer.height * layer.samples * plan.dtype.itemsize

    def by_outputs() -> Work:
        list_ = layer.by_outputs(transpose=transposed is not None, bias=grad_bias is not None)
        stages = [
            Stage((grad_output, grad_output, out, None), (0, 0, 0, 0)) for out in (transposed, grad_bias)
        ]
        return walk(plan, list_, stages, range(1))

    def by_inputs(first: int, rows: int, blocks_: int) -> Work:
        list_, size = TileList(), rows * layer.outputs
        if gradient:
            layer.add_grad_input(list_, first, rows, base=base is not None, mask=mask is not None)
        if grad_weight:
            layer.add_grad_weight(list_, first, rows)
        stages = {
            _BASE: Stage((base, None, None, None), (rows, 0, 0, 0)),
            _PRODUCT: Stage((w, transposed, None, None), (size, 0, 0, 0)),
            _BACK: Stage((None, None, gradient, mask), (0, 0, rows, rows)),
            _WEIGHT: Stage((x, grad_output, grad_weight, None), (rows, 0, size, 0)),
        }
        return walk(plan, list_, [stages[i] for i in sorted(stages)], range(blocks_), 1)

    if transposed or grad_bias:
        label = f"{grad_output.name}, transposed and summed"
        plan.loop(step, label, tiles.walk_tiles, by_outputs, order=layer.order("grad_bias", grad_bias))
    for first, rows, blocks_ in layer.blocks if grad_weight or gradient else ():
        label, bind = f"gradients by {step.path}", partial(by_inputs, first, rows, blocks_)
        gradients = (gradient is not None) + (grad_weight is not None)
        products = gradients * blocks_ * rows * layer.outputs * layer.samples
        touches = {block: layer.samples * blocks_ * rows for block in (x, gradient, base, mask) if block}
        touches |= {block: layer.outputs * blocks_ * rows for block in (w, grad_weight) if block}
        plan.loop(
            step,
            label,
            tiles.walk_tiles,
            bind,
            order=layer.order("grad_weight", grad_weight),
            scratch=scratch,
            touches=touches,
            multiply_adds=products,
        )


def _layer(plan: Plan, step: Step) -> _Linear:
    input, weight = step.reads["input"], step.reads["weight"]
    return _Linear(plan.bits, input.shape[0], weight.shape[1], weight.shape[0])


@dataclass(frozen=True)
class _Linear:
    """A layer's sizes, and the calls for its directions."""

    bits: int
    samples: int
    inputs: int
    outputs: int

    @property
    def parts(self) -> int:
        """In which sums over the samples are made."""
        return batch.large_parts(self.samples)

    def order(self, role: str, made: Block | None) -> Orders:
        """What a loop says of a sum over the samples, if it makes one."""
        return {} if made is None else {role: {"parts": self.parts}}

    @property
    def columns(self) -> list[tuple[int, int]]:
        """Output features in blocks."""
        return blocks(self.outputs, simd.column_tile(self.bits))

    @property
    def run(self) -> int:
        """Input features of a stretch of the output's sums."""
        return min(self.inputs, max(16, min(_RUN, _SPAN // self.outputs)))

    @property
    def height(self) -> int:
        """Input features of a block: more for many samples, which each block reads anew, if enough blocks are left."""
        return 16 * max(1, min(4, self.samples // 32, self.inputs // (16 * CHUNKS)))

    @property
    def blocks(self) -> list[tuple[int, int, int]]:
        """Input features in blocks: the first of them, how many a block has, how many blocks; what is left at last."""
        whole, rest = divmod(self.inputs, self.height)
        found = [(0, self.height, whole), (self.inputs - rest, rest, 1)]
        return [(first, rows, count) for first, rows, count in found if rows * count]

    def forward(self, starts: tuple[Start, Start], c: int, run: int, *, relu: bool) -> TileList:
        """A stretch of the sums from input feature `c` on: for each range of output features, all samples.

        The sums of the first stretch and of those after it begin with `starts`. The first tile of a block of columns
        brings what the next block reads of the weight into the cache meanwhile.
        """
        list_, columns = TileList(), self.columns
        ranges = split(len(columns), -(-len(columns) // _RANGES))
        for (top, samples), (first, count) in product(split(self.samples, _SAMPLES), ranges):
            mine = columns[first : first + count]
            following = [*(o for o, _ in mine[1:]), mine[0][0] + run * self.outputs]
            for (o, width), then in zip(mine, following, strict=True):
                for n, rows in split(samples, simd.register_tile(self.bits, width)):
                    code = Tile(
                        self.bits,
                        _steps(rows, self.inputs),
                        width,
                        1,
                        self.outputs,
                        run,
                        _steps(rows, self.outputs),
                        starts[0],
                        relu=relu,
                        ahead=0 if n else then - o,
                    )
                    a, out = (top + n) * self.inputs + c, (top + n) * self.outputs + o
                    rest = replace(code, start=starts[1])
                    list_.add(code, rest, a=a, b=c * self.outputs + o, out=out, start=o)
            list_.cut()
        return list_

    def by_outputs(self, *, transpose: bool, bias: bool) -> TileList:
        """grad_output as (o, n), and the bias gradient: that of the weight of an input which is 1 everywhere."""
        list_ = TileList()
        for o, width in self.columns:
            if transpose:
                list_.stage = 0
                code = Transpose(self.bits, self.samples, width, self.outputs, self.samples)
                list_.add(code, code, a=o, out=o * self.samples)
            if bias:
                list_.stage = 1
                ones = Tile(self.bits, (None,), width, 0, self.outputs, self.samples, (0,), parts=self.parts)
                list_.add(ones, ones, a=0, b=o, out=o)
            list_.cut()
        return list_

    def add_grad_input(self, list_: TileList, first: int, rows: int, *, base: bool, mask: bool) -> None:
        """The input gradient of a block of input features: as (c, n) in scratch memory, then transposed."""
        if base:
            list_.stage = _BASE
            transpose = Transpose(self.bits, self.samples, rows, self.inputs, self.samples)
            list_.add(transpose, transpose, a=first, out=0)
        list_.stage = _PRODUCT
        for n, width in blocks(self.samples, simd.column_tile(self.bits)):
            for r, count in split(rows, simd.register_tile(self.bits, width)):
                reads, to = _steps(count, self.outputs), _steps(count, self.samples)
                start: Start = "out" if base else "zero"
                code = Tile(self.bits, reads, width, 1, self.samples, self.outputs, to, start)
                list_.add(code, code, a=(first + r) * self.outputs, b=n, out=r * self.samples + n)
        list_.stage = _BACK
        end: End = "mask" if mask else "nothing"
        transpose = Transpose(self.bits, rows, self.samples, self.samples, self.inputs, end, self.inputs)
        list_.add(transpose, transpose, a=0, out=first, start=first)

    def add_grad_weight(self, list_: TileList, first: int, rows: int) -> None:
        """The weight's gradient for a block of input features."""
        list_.stage, widest = _WEIGHT, simd.column_tile(self.bits)
        for o, width, of_columns in alike(blocks(self.outputs, widest // min(2, self.parts))):
            # two parts lie side by side in the registers
            most = simd.register_tile(self.bits, width if self.parts == 1 else widest)
            for r, count, of_rows in alike(split(rows, most)):
                code = Tile(
                    self.bits,
                    _steps(count, 1),
                    width,
                    self.inputs,
                    self.outputs,
                    self.samples,
                    _steps(count, self.outputs),
                    repeats=((of_columns, 0, width, width), (of_rows, count, 0, count * self.outputs)),
                    parts=self.parts,
                )
                list_.add(code, code, a=first + r, b=o, out=(first + r) * self.outputs + o)


def _steps(count: int, step: int) -> tuple[int, ...]:
    return tuple(range(0, count * step, step))
