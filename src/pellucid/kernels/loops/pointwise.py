"""Element by element: rectifiers, their gradients, sums."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import call_tile, element_address, rounded
from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.rows import Rows, Source, Target, add_base, first_row, last_row, row_at


class Pointwise(NamedTuple):
    """A function of each number."""

    rows: Rows
    x: Source
    y: Target
    setting: float  # a number of x's type


class PointwiseGradient(NamedTuple):
    """The gradient of such a function, made of its input, or of its output `x`."""

    rows: Rows
    grad_output: Source
    x: Source
    grad_input: Target
    base: Source
    setting: float


class Emitted(NamedTuple):
    """Vector code that goes along the rows of its operands; it may leave something in scratch memory meanwhile."""

    rows: Rows
    a: Source
    b: Source
    out: Target
    base: Source
    code: int  # its address
    unit: int  # numbers that it counts as one


class Add(NamedTuple):
    """The sum of two tensors; with `relu`, its ReLU."""

    rows: Rows
    a: Source
    b: Source
    y: Target
    relu: int


@kernel
def relu(t: Pointwise, chunk):
    """y = 0 where x < 0, else x, so that NaN stays."""
    x, y = t.x.numbers, t.y.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r)
        for i in range(t.rows.length):
            y[to + i] = 0 if x[at + i] < 0 else x[at + i]


@kernel
def relu_gradient(t: PointwiseGradient, chunk):
    """grad_input = base + (0 where output = 0, else grad_output); here `x` is the output."""
    g, y, out = t.grad_output.numbers, t.x.numbers, t.grad_input.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        grads, values = row_at(t.rows, t.grad_output, r), row_at(t.rows, t.x, r)
        to = row_at(t.rows, t.grad_input, r)
        for i in range(t.rows.length):
            if y[values + i] != 0:
                out[to + i] = g[grads + i]
            else:
                out[to + i] = 0
        add_base(t.rows, t.grad_input, t.base, r)


@kernel
def emitted(t: Emitted, chunk, scratch):
    """out = base + what the code makes of a and b."""
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        call_tile(
            t.code,
            element_address(t.a.numbers, row_at(t.rows, t.a, r)),
            element_address(t.b.numbers, row_at(t.rows, t.b, r)),
            element_address(t.out.numbers, row_at(t.rows, t.out, r)),
            element_address(t.base.numbers, row_at(t.rows, t.base, r)),
            scratch,
            t.rows.length // t.unit,
        )


@kernel
def add(t: Add, chunk):
    """y = a + b; then its ReLU, where the table says so."""
    a, b, y = t.a.numbers, t.b.numbers, t.y.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        first, second = row_at(t.rows, t.a, r), row_at(t.rows, t.b, r)
        to = row_at(t.rows, t.y, r)
        if t.relu != 0:
            for i in range(t.rows.length):
                total = a[first + i] + b[second + i]
                y[to + i] = 0 if total < 0 else total
        else:
            for i in range(t.rows.length):
                y[to + i] = a[first + i] + b[second + i]


@kernel
def leaky_relu(t: Pointwise, chunk):
    """y = x where x > 0, else slope·x; the setting is the slope."""
    x, y = t.x.numbers, t.y.numbers
    slope = rounded(t.setting, x)
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r)
        for i in range(t.rows.length):
            y[to + i] = x[at + i] if x[at + i] > 0 else slope * x[at + i]


@kernel
def leaky_relu_gradient(t: PointwiseGradient, chunk):
    """grad_input = base + (grad_output where x > 0, else slope·grad_output)."""
    g, x, out = t.grad_output.numbers, t.x.numbers, t.grad_input.numbers
    slope = rounded(t.setting, x)
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        grads, values = row_at(t.rows, t.grad_output, r), row_at(t.rows, t.x, r)
        to = row_at(t.rows, t.grad_input, r)
        for i in range(t.rows.length):
            out[to + i] = g[grads + i] if x[values + i] > 0 else slope * g[grads + i]
        add_base(t.rows, t.grad_input, t.base, r)
