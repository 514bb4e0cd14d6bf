"""A kernel slides over a matrix: one frame for each number of the output, with its products.

Which numbers meet says the op itself (`Op.terms`), in the order in which they are summed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pellucid.errors import ShapeError, say
from pellucid.figures.board import Board, Step, draw
from pellucid.figures.film import Film
from pellucid.figures.numerals import equation
from pellucid.figures.operands import operand
from pellucid.geometry import Axis
from pellucid.language import chosen, text
from pellucid.ops.base import Array
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.sizes import Index, IntOrTuple, PaddingLike

LARGEST = 20  # numbers along an axis; more cannot be read in a picture
_FRAME_MS = 1200


def slide(
    input: ArrayLike,
    kernel: ArrayLike,
    stride: IntOrTuple = 1,
    padding: PaddingLike = 0,
    dilation: IntOrTuple = 1,
    *,
    transposed: bool = False,
    lang: str | None = None,
) -> Film:
    """Show how a kernel slides over a matrix, with every product and sum written in.

        output[y,x] = Σ_{ky,kx} kernel[ky,kx]·input[iy,ix],     iy = y·stride + ky·dilation − padding

    This is what convolution layers compute, without a flip. Transposed, the relation is read backwards: an output
    number is the sum over all inputs that reach it. Shapes: input (H,W), kernel (Kh,Kw); one frame for each output.

    Raises: ShapeError and ArgumentError for what `conv2d` and `conv_transpose2d` refuse, for what is no matrix of
        finite numbers, and for more than 20 numbers along an axis.

    Example:
        >>> film = slide([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]])
        >>> print(*film.captions, sep="\\n")
        output[0,0] = 0×0 + 1×1 + 2×3 + 3×4 = 19
        output[0,1] = 0×1 + 1×2 + 2×4 + 3×5 = 25
        output[1,0] = 0×3 + 1×4 + 2×6 + 3×7 = 37
        output[1,1] = 0×4 + 1×5 + 2×7 + 3×8 = 43
    """
    lang = chosen(lang)
    x, weight = operand("slide", "input", input, 2), operand("slide", "kernel", kernel, 2)
    op = (
        ConvTranspose(2, stride, padding, dilation=dilation)
        if transposed
        else Conv(2, stride, padding, dilation)
    )
    shapes = (1, 1, *x.shape), (1, 1, *weight.shape)
    sizes = op.infer(*shapes, None)[2:]
    axes = (op.conv(*shapes).geometry((), ()) if isinstance(op, ConvTranspose) else op.geometry(*shapes)).axes
    around = tuple((0, 0) if transposed else (axis.before, axis.after) for axis in axes)
    padded = tuple(sum(pair) + size for pair, size in zip(around, x.shape, strict=True))
    _check_sizes(padded, weight.shape, sizes)
    output = op.forward(x[None, None], weight[None, None], None)[0, 0]
    steps = tuple(_step(op, shapes, place) for place in np.ndindex(*output.shape))
    sums = tuple(_sum(step, x, weight, output) for step in steps)
    board = Board(_title(axes, transposed, lang), x, around, weight, output, steps, sums, lang)
    captions = tuple(
        f"output[{step.output[0]},{step.output[1]}] = {' '.join(pieces)}"
        for step, pieces in zip(steps, sums, strict=True)
    )
    return Film(captions, _FRAME_MS, lang, lambda number: draw(board, number))


def _check_sizes(padded: Index, kernel: Index, output: Index) -> None:
    if max(*padded, *kernel, *output) > LARGEST:
        raise ShapeError(
            "slide",
            "so many numbers cannot be read in a picture",
            expected=say("at most {most} along each axis, padding included", most=LARGEST),
            got=say(
                "input {padded}, kernel {kernel}, output {output}",
                padded=padded,
                kernel=kernel,
                output=output,
            ),
        )


def _step(op: Conv | ConvTranspose, shapes: tuple[tuple[int, ...], ...], output: Index) -> Step:
    """One number's products. Those with padding belong to a convolution's window; a transposed one has no such."""
    terms = op.terms("output", np.array([(0, 0, *output)]), *shapes, None)
    rows = dict(terms.factors)
    present = np.True_ if terms.present is None else terms.present
    met = np.broadcast_arrays(*rows["input"][2:], *rows["weight"][2:], present)
    read, weights = [], []
    for iy, ix, ky, kx, there in zip(*(row.ravel().tolist() for row in met), strict=True):
        if there and (isinstance(op, Conv) or _inside((iy, ix), shapes[0][2:])):
            read.append((iy, ix))
            weights.append((ky, kx))
    return Step(output, tuple(read), tuple(weights))


def _inside(position: Index, shape: Index) -> bool:
    return all(0 <= i < size for i, size in zip(position, shape, strict=True))


def _sum(step: Step, x: Array, weight: Array, output: Array) -> tuple[str, ...]:
    values = [x[i] if _inside(i, x.shape) else 0.0 for i in step.read]
    pairs = zip((weight[k] for k in step.weights), values, strict=True)
    return tuple(equation(pairs, output[step.output]))


def _title(axes: tuple[Axis, ...], transposed: bool, lang: str) -> str:
    """What slides how, each setting as short as it allows: one number, one per axis, or a pair per axis."""
    padding = [axis.before if axis.before == axis.after else (axis.before, axis.after) for axis in axes]
    settings = {
        "stride": _pair(*(axis.stride for axis in axes)),
        "padding": _pair(*padding),
        "dilation": _pair(*(axis.dilation for axis in axes)),
    }
    return text("figures.transposed" if transposed else "figures.sliding", lang, **settings)


def _pair(first: Any, second: Any) -> str:
    return f"{first}" if first == second else f"({first}, {second})"
