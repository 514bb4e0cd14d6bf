"""Products of matrices."""

from __future__ import annotations

from pellucid.engine.expressions import method
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.matmul import MatMul


@method
@function
def matmul(input: Tensor, other: Tensor) -> Call:
    """output[b,m,n] = Σ_k input[b,m,k]·other[b,k,n], as `input @ other` in a network's forward.

    b stands for any number of axes, which broadcast. With one axis the input is a row, the other a column.

    Shapes: input (…,M,K), other (…,K,N) → (…,M,N).
    Raises: ShapeError when shapes disagree.

    Example:
        >>> matmul([[1, 2], [3, 4]], [[1, 0, 1], [0, 1, 1]])
        array([[1., 2., 3.],
               [3., 4., 7.]])
        >>> matmul([1, 2], [3, 4])
        array(11.)
    """
    return Call(MatMul(), (input, other))


matmul_backward = gradient(matmul)


@method
@function
def bmm(input: Tensor, mat2: Tensor) -> Call:
    """output[b,m,n] = Σ_k input[b,m,k]·mat2[b,k,n]: matrix by matrix, nothing broadcasts.

    Shapes: input (B,M,K), mat2 (B,K,N) → (B,M,N).
    Raises: ShapeError when shapes disagree.

    Example:
        >>> bmm([[[1, 2]], [[3, 4]]], [[[1], [1]], [[10], [1]]])
        array([[[ 3.]],
        <BLANKLINE>
               [[34.]]])
    """
    return Call(MatMul(3), (input, mat2))


bmm_backward = gradient(bmm)


@method
@function
def mm(input: Tensor, mat2: Tensor) -> Call:
    """output[m,n] = Σ_k input[m,k]·mat2[k,n].

    Shapes: input (M,K), mat2 (K,N) → (M,N).
    Raises: ShapeError when shapes disagree.

    Example:
        >>> mm([[1, 2], [3, 4]], [[1], [10]])
        array([[21.],
               [43.]])
    """
    return Call(MatMul(2), (input, mat2))


mm_backward = gradient(mm)
