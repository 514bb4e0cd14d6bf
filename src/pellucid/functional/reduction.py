"""One number of all numbers along axes."""

from __future__ import annotations

from pellucid.engine.expressions import method
from pellucid.errors import ArgumentError
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.amax import Amax
from pellucid.ops.amin import Amin
from pellucid.ops.checks import flag
from pellucid.ops.mean import Mean
from pellucid.ops.sum import Sum
from pellucid.ops.var import Var


@method
@function
def amax(input: Tensor, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Call:
    """The largest number over the axes `dim`, over all without any; they go, or stay with size 1. Any shape.

    NaN wins. Numbers that tie share the gradient evenly.

    Raises: ArgumentError when there is no such axis, or one is named twice; ShapeError when there are no numbers.

    Example:
        >>> amax([[1.0, 3.0], [5.0, 4.0]], 1), amax_backward([8.0], [[3.0, 1.0, 3.0]], 1)
        (array([3., 5.]), (array([[4., 0., 4.]]),))
    """
    return Call(Amax(dim, keepdim), (input,))


amax_backward = gradient(amax)


@method
@function
def amin(input: Tensor, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Call:
    """The smallest number over the axes `dim`, over all without any; they go, or stay with size 1. Any shape.

    NaN wins. Numbers that tie share the gradient evenly.

    Raises: ArgumentError when there is no such axis, or one is named twice; ShapeError when there are no numbers.

    Example:
        >>> amin([[1.0, 3.0], [5.0, 4.0]], 1)
        array([1., 4.])
    """
    return Call(Amin(dim, keepdim), (input,))


amin_backward = gradient(amin)


@method
@function
def mean(input: Tensor, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Call:
    """The mean over the axes `dim`, over all without any; they go, or stay with size 1. NaN of no numbers. Any shape.

    Raises: ArgumentError when there is no such axis, or one is named twice.

    Example:
        >>> mean([[1.0, 2.0], [3.0, 6.0]]).item(), mean([[1.0, 2.0], [3.0, 6.0]], 1, keepdim=True)
        (3.0, array([[1.5],
               [4.5]]))
    """
    return Call(Mean(dim, keepdim), (input,))


mean_backward = gradient(mean)


@method
@function
def sum(input: Tensor, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Call:
    """The sum over the axes `dim`, over all without any; they go, or stay with size 1. Any shape.

    Raises: ArgumentError when there is no such axis, or one is named twice.

    Example:
        >>> sum([[1.0, 2.0], [3.0, 4.0]]).item(), sum([[1.0, 2.0], [3.0, 4.0]], 0)
        (10.0, array([4., 6.]))
    """
    return Call(Sum(dim, keepdim), (input,))


sum_backward = gradient(sum)


@method
@function
def var(
    input: Tensor,
    dim: int | tuple[int, ...] | bool | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Call:
    """Σ (input − mean)²/(size − correction) over the axes `dim`, over all without any; they go, or stay with size 1.

    `unbiased=False` is another name for `correction=0`; without either the correction is 1. Any shape.

    Raises: ArgumentError when there is no such axis, or one is named twice, and for both a correction and `unbiased`.

    Example:
        >>> var([1.0, 2.0, 3.0, 6.0], correction=0).item(), var([[1.0, 5.0], [2.0, 2.0]], 1)
        (3.5, array([8., 0.]))
    """
    if isinstance(dim, bool):  # var(input, unbiased), as PyTorch has it
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        rule = "correction and unbiased say the same: give one of them"
        raise ArgumentError("var", rule, got=f"correction={correction!r}, unbiased={unbiased!r}")
    if correction is None:
        correction = 1 if unbiased is None else int(flag("var", "unbiased", unbiased))
    return Call(Var(dim, keepdim, correction), (input,))


var_backward = gradient(var)
