"""One number of all numbers along axes."""

from __future__ import annotations

from pellucid.engine.expressions import method
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.mean import Mean
from pellucid.ops.sum import Sum


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
