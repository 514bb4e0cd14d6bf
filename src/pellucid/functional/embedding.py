"""Whole numbers that are looked up as rows of a weight."""

from __future__ import annotations

from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.embedding import Embedding


@function
def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Call:
    """output[n,d] = weight[input[n],d]: each number becomes a row of the weight.

    n stands for all axes of the input. The row `padding_idx` (−1: the last one) has no gradient.

    Shapes: input (…) of whole numbers, weight (V,D) → (…,D).
    Raises: ShapeError for a weight without two axes; ArgumentError for numbers that are no row of it.

    Example:
        >>> embedding([2, 0], [[1, 2], [3, 4], [5, 6]])
        array([[5., 6.],
               [1., 2.]])
    """
    return Call(Embedding(padding_idx), (input, weight))


embedding_backward = gradient(embedding)
