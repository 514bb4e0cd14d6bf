"""Losses: how far predictions are from their targets."""

from __future__ import annotations

from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.mse_loss import MSELoss


@function
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Call:
    """−log softmax(input)[target], over the classes of axis 1; the mean is weighted by `weight[target]`.

    Shapes: logits input (N,C,…) or (C,), integer target (N,…) or (), weight (C,) → (), or target's with
    reduction="none".
    Raises: ShapeError when shapes disagree; ArgumentError for a target that is no class.

    Example:
        >>> cross_entropy([[0.0, 0.0]], [1]).round(6)
        np.float64(0.693147)
    """
    return Call(CrossEntropy(ignore_index, reduction, label_smoothing), (input, target), (weight,))


cross_entropy_backward = gradient(cross_entropy)


@function
def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Call:
    """The mean of (input − target)². Two equal shapes → (), or the same shape with reduction="none".

    Raises: ShapeError when the shapes differ; ArgumentError for another reduction.

    Example:
        >>> float(mse_loss([1.0, 2.0], [1.0, 4.0]))
        2.0
    """
    return Call(MSELoss(reduction), (input, target))


mse_loss_backward = gradient(mse_loss)
