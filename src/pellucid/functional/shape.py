"""The numbers of a tensor with other axes."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.engine.expressions import method, spread_method
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.flatten import Flatten
from pellucid.ops.movedim import Movedim
from pellucid.ops.permute import Permute
from pellucid.ops.reshape import Reshape
from pellucid.ops.squeeze import Squeeze
from pellucid.ops.transpose import Transpose
from pellucid.ops.unflatten import Unflatten
from pellucid.ops.unsqueeze import Unsqueeze


@method
@function
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Call:
    """Make the axes from `start_dim` to `end_dim` one; the numbers keep their row-major order.

    Raises: ArgumentError when there are no such axes or they come in the wrong order.

    Example:
        >>> flatten([[[1.0, 2.0], [3.0, 4.0]]], start_dim=1)
        array([[1., 2., 3., 4.]])
    """
    return Call(Flatten(start_dim, end_dim), (input,))


flatten_backward = gradient(flatten)


@spread_method
@function
def reshape(input: Tensor, shape: Sequence[int]) -> Call:
    """The numbers in another shape, in their row-major order; −1 stands for what is left.

    In a network also `x.view(…)`.

    Raises: ShapeError when the shape holds another number of elements; ArgumentError when it is none.

    Example:
        >>> reshape([1.0, 2.0, 3.0, 4.0], (2, -1))
        array([[1., 2.],
               [3., 4.]])
    """
    return Call(Reshape(shape), (input,))  # type: ignore[arg-type]  # the op gives it its canonical form


reshape_backward = gradient(reshape)
spread_method(reshape, name="view")


@method
@function
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Call:
    """Make one axis several; −1 stands for what is left. The inverse of `flatten`.

    Raises: ShapeError when the sizes hold another number of elements; ArgumentError when there is no such axis.

    Example:
        >>> unflatten([[1.0, 2.0, 3.0, 4.0]], 1, (2, -1))
        array([[[1., 2.],
                [3., 4.]]])
    """
    return Call(Unflatten(dim, sizes), (input,))  # type: ignore[arg-type]


unflatten_backward = gradient(unflatten)


@method
@function
def squeeze(input: Tensor, dim: int | Sequence[int] | None = None) -> Call:
    """Leave out axes of size 1: all of them, or those named; named ones of another size stay.

    Raises: ArgumentError when there are no such axes.

    Example:
        >>> squeeze([[[1.0], [2.0]]]), squeeze([[[1.0], [2.0]]], 0)
        (array([1., 2.]), array([[1.],
               [2.]]))
    """
    return Call(Squeeze(dim), (input,))  # type: ignore[arg-type]


squeeze_backward = gradient(squeeze)


@method
@function
def unsqueeze(input: Tensor, dim: int) -> Call:
    """Put in an axis of size 1.

    Raises: ArgumentError when there is no such place.

    Example:
        >>> unsqueeze([1.0, 2.0], -1)
        array([[1.],
               [2.]])
    """
    return Call(Unsqueeze(dim), (input,))


unsqueeze_backward = gradient(unsqueeze)


@spread_method
@function
def permute(input: Tensor, dims: Sequence[int]) -> Call:
    """The axes in another order: (N,C,H,W) → (N,H,W,C) with dims (0, 2, 3, 1).

    Raises: ArgumentError when `dims` does not name every axis once.

    Example:
        >>> permute([[1.0, 2.0], [3.0, 4.0]], (1, 0))
        array([[1., 3.],
               [2., 4.]])
    """
    return Call(Permute(dims), (input,))  # type: ignore[arg-type]


permute_backward = gradient(permute)


@method
@function
def transpose(input: Tensor, dim0: int, dim1: int) -> Call:
    """Let two axes change places.

    Raises: ArgumentError when there are no such axes.

    Example:
        >>> transpose([[1.0, 2.0], [3.0, 4.0]], 0, 1)
        array([[1., 3.],
               [2., 4.]])
    """
    return Call(Transpose(dim0, dim1), (input,))


transpose_backward = gradient(transpose)


@method
@function
def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Call:
    """Axes go to other places; those that are not named keep their order.

    Raises: ArgumentError when there are no such axes.

    Example:
        >>> movedim([[[1.0], [2.0]]], 0, -1)
        array([[[1.]],
        <BLANKLINE>
               [[2.]]])
    """
    return Call(Movedim(source, destination), (input,))  # type: ignore[arg-type]


movedim_backward = gradient(movedim)
