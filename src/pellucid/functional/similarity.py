"""Lengths of vectors and the angles between them, and what else is composed of other functions."""

from __future__ import annotations

from pellucid.engine.expressions import method
from pellucid.errors import ShapeError, say
from pellucid.functional._call import Call, Tensor, function
from pellucid.functional._call import gradient as gradient_of_op
from pellucid.functional.activation import softmax
from pellucid.functional.arithmetic import div, mul
from pellucid.functional.composed import composed, gradient
from pellucid.functional.reduction import sum
from pellucid.ops.checks import axis
from pellucid.ops.vector_norm import VectorNorm


@method
@function
def norm(
    input: Tensor, p: float = 2.0, dim: int | tuple[int, ...] | None = None, keepdim: bool = False
) -> Call:
    """(Σ |input|ᵖ)^(1/p) over the axes `dim`, over all without any; they go, or stay with size 1. Any shape.

    Where all numbers are 0, there is no gradient.

    Raises: ArgumentError when p is not a finite number above 0, or there is no such axis.

    Example:
        >>> norm([3.0, 4.0]).item(), norm([[3.0, -4.0], [1.0, 1.0]], 1, dim=1)
        (5.0, array([7., 2.]))
    """
    return Call(VectorNorm(dim, keepdim, p), (input,))


norm_backward = gradient_of_op(norm)


@function
def _divisor(input: Tensor, p: float, dim: int | tuple[int, ...] | None, eps: float, follows: bool) -> Call:
    """The p-norm, at least eps."""
    return Call(VectorNorm(dim, True, p, eps, follows), (input,))


@composed
def normalize(input: Tensor, p: float = 2.0, dim: int | tuple[int, ...] = 1, eps: float = 1e-12) -> Tensor:
    """input/max(‖input‖ₚ, eps), with the p-norm over the axes `dim`. Any shape with these axes.

    Raises: ArgumentError when p is not a finite number above 0, or there is no such axis.

    Example:
        >>> normalize([[3.0, 4.0], [0.0, 0.0]])
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    return div(input, _divisor(input, p, dim, eps, False))


normalize_backward = gradient(normalize)


@composed
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Σ x1·x2/(max(‖x1‖, eps)·max(‖x2‖, eps)) over the axis `dim`: the cosine of the angle between vectors.

    Shapes that broadcast, along other axes; the axis goes. As in PyTorch gradients do not stop at eps.

    Raises: ArgumentError when there is no such axis; ShapeError when the shapes do not broadcast.

    Example:
        >>> cosine_similarity([[3.0, 4.0], [1.0, 0.0]], [[4.0, 3.0], [0.0, 2.0]]).round(4)
        array([0.96, 0.  ])
    """
    rank = max(x1.ndim, x2.ndim)
    last = axis("cosine_similarity", "dim", dim, rank) - rank
    if min(x1.ndim, x2.ndim) < -last or x1.shape[last] != x2.shape[last]:
        rule = "vectors must have one length"
        got = say("x1 {x1}, x2 {x2}, dim={dim}", x1=x1.shape, x2=x2.shape, dim=dim)
        raise ShapeError("cosine_similarity", rule, got=got)
    first, second = (div(x, _divisor(x, 2.0, last, eps, True)) for x in (x1, x2))
    return sum(mul(first, second), last)


cosine_similarity_backward = gradient(cosine_similarity)


@composed
def softmin(input: Tensor, dim: int) -> Tensor:
    """softmax of −input along `dim`: the smallest number has the largest share. Any shape.

    Raises: ArgumentError when there is no axis `dim`.

    Example:
        >>> softmin([0.0, 0.0, 1000.0], 0)
        array([0.5, 0.5, 0. ])
    """
    return softmax(mul(input, -1), dim)


softmin_backward = gradient(softmin)
