"""Losses: how far predictions are from their targets."""

from __future__ import annotations

from pellucid.engine.graph import is_symbolic
from pellucid.errors import ArgumentError
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.numbers import as_array
from pellucid.ops.binary_cross_entropy import BinaryCrossEntropy
from pellucid.ops.binary_cross_entropy_with_logits import BinaryCrossEntropyWithLogits
from pellucid.ops.checks import is_number
from pellucid.ops.class_loss import ClassLoss
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.huber_loss import HuberLoss
from pellucid.ops.kl_div import KLDiv
from pellucid.ops.l1_loss import L1Loss
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.nll_loss import NLLLoss
from pellucid.ops.smooth_l1_loss import SmoothL1Loss
from pellucid.ops.soft_cross_entropy import SoftCrossEntropy


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
    """The cross-entropy between logits and classes, over the classes of axis 1.

    The target has a class for each position, or a probability for each class of each position (floating, with the
    input's shape). With w the class weights, 1 without any, and C the number of classes:

        losses[n] = −Σ_c q[n,c]·log softmax(input)[n,c]
        q[n,c] = w[c]·((1 − label_smoothing)·h[n,c] + label_smoothing/C),   h[n,c] = [c = target[n]] or target[n,c]

    "sum" adds the losses up. "mean" divides that by Σ_n w[target[n]] for classes, by the number of positions for
    probabilities. A position whose class is `ignore_index` takes no part; the mean over nothing is NaN.

    Shapes: logits input (N,C,…) or (C,); target (N,…) or () of integers, or as the input; weight (C,) → (), or one loss
    for each position with reduction="none". The gradients are those of the input and of probabilities.
    Raises: ShapeError when shapes disagree; ArgumentError for a target that is no class, and for an `ignore_index` ≥ 0
    with probabilities.

    Example:
        >>> cross_entropy([[0.0, 0.0]], [1]).round(6)
        np.float64(0.693147)
        >>> cross_entropy([[0.0, 0.0]], [[0.25, 0.75]]).round(6)
        np.float64(0.693147)
    """
    op: ClassLoss
    if _are_probabilities(input, target):
        if is_number(ignore_index) and ignore_index >= 0:
            rule = "class probabilities have no class to ignore"
            got = f"ignore_index={ignore_index!r}"
            raise ArgumentError("cross_entropy", rule, expected="ignore_index=-100", got=got)
        op = SoftCrossEntropy(reduction, label_smoothing)
    else:
        op = CrossEntropy(reduction, label_smoothing, ignore_index)
    return Call(op, (input, target), (weight,))


def _are_probabilities(input: Tensor, target: Tensor) -> bool:
    """Whether a target is floating and has the shape of the logits."""
    symbolic = is_symbolic(input), is_symbolic(target)
    if not any(symbolic):
        input, target = (as_array("cross_entropy", n, x) for n, x in (("input", input), ("target", target)))
    elif not all(symbolic):
        return False
    return bool(target.dtype.kind == "f" and target.shape == input.shape)


cross_entropy_backward = gradient(cross_entropy)


@function
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Call:
    """The negative log-likelihood of classes, of log-probabilities over the classes of axis 1.

    With w the class weights, 1 without any:

        losses[n] = −w[target[n]]·input[n,target[n]]

    "sum" adds the losses up, and "mean" divides that by Σ_n w[target[n]]. A position whose class is `ignore_index`
    takes no part; the mean over nothing is NaN. Behind `log_softmax` that is `cross_entropy`.

    Shapes: input (N,C,…) or (C,); target (N,…) or () of integers; weight (C,) → (), or one loss for each position with
    reduction="none". The gradient is that of the input.
    Raises: ShapeError when shapes disagree; ArgumentError for a target that is no class.

    Example:
        >>> float(nll_loss([[-0.5, -1.0], [-2.0, -0.25]], [0, 1]))
        0.375
        >>> nll_loss([[-0.5, -1.0], [-2.0, -0.25]], [0, 1], reduction="none")
        array([0.5 , 0.25])
    """
    return Call(NLLLoss(reduction, ignore_index), (input, target), (weight,))


nll_loss_backward = gradient(nll_loss)


@function
def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Call:
    """The mean of (input − target)², or with reduction="sum" their sum.

    Shapes: two equal ones → (), or the same shape with reduction="none".

    Raises: ShapeError when the shapes differ; ArgumentError for another reduction.

    Example:
        >>> float(mse_loss([1.0, 2.0], [1.0, 4.0]))
        2.0
    """
    return Call(MSELoss(reduction), (input, target))


@function
def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Call:
    """The mean of |input − target|, or with reduction="sum" their sum. Where the two are equal the gradient is 0.

    Shapes: two equal ones → (), or the same shape with reduction="none".

    Raises: ShapeError when the shapes differ; ArgumentError for another reduction.

    Example:
        >>> float(l1_loss([1.0, 2.0], [1.0, 4.0]))
        1.0
    """
    return Call(L1Loss(reduction), (input, target))


@function
def smooth_l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0) -> Call:
    """The mean, or with reduction="sum" the sum, of a loss of d = input − target that is a square near 0.

        d²/(2·beta) where |d| < beta, else |d| − beta/2

    Shapes: two equal ones → (), or the same shape with reduction="none".

    Raises: ShapeError when the shapes differ; ArgumentError for another reduction, and for a beta below 0.

    Example:
        >>> smooth_l1_loss([1.0, 2.0], [1.5, 4.0], reduction="none")
        array([0.125, 1.5  ])
    """
    return Call(SmoothL1Loss(reduction, beta), (input, target))


@function
def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Call:
    """The mean, or with reduction="sum" the sum, of a loss of d = input − target that is a square near 0.

        d²/2 where |d| ≤ delta, else delta·(|d| − delta/2)

    Shapes: two equal ones → (), or the same shape with reduction="none".

    Raises: ShapeError when the shapes differ; ArgumentError for another reduction, and for a delta that is not above 0.

    Example:
        >>> huber_loss([1.0, 2.0], [1.5, 4.0], reduction="none", delta=0.5)
        array([0.125, 0.875])
    """
    return Call(HuberLoss(reduction, delta), (input, target))


@function
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor = None, *, reduction: str = "mean"
) -> Call:
    """The mean, or with reduction="sum" the sum, of the cross-entropies between probabilities and targets from 0 to 1.

        −weight·(target·log(input) + (1 − target)·log(1 − input))

    A logarithm below −100 counts as −100.

    Shapes: input and target equal, weight broadcasts to them → (), or the same shape with reduction="none". The
    gradients are those of input and target.

    Raises: ShapeError when shapes disagree; ArgumentError for another reduction, and on arrays for an input that is no
        probability.

    Example:
        >>> binary_cross_entropy([0.5, 0.75], [1.0, 0.0], reduction="none").round(3)
        array([0.693, 1.386])
    """
    return Call(BinaryCrossEntropy(reduction), (input, target), (weight,))


@function
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor = None,
) -> Call:
    """The mean, or with reduction="sum" the sum, of the cross-entropies between σ(input) and targets from 0 to 1.

        −weight·(pos_weight·target·log σ(input) + (1 − target)·log(1 − σ(input)))

    Shapes: input and target equal, weight and pos_weight broadcast to them → (), or the same shape with
    reduction="none". The gradients are those of input and target.

    Raises: ShapeError when shapes disagree; ArgumentError for another reduction.

    Example:
        >>> binary_cross_entropy_with_logits([0.0, 2.0], [1.0, 0.0], reduction="none").round(3)
        array([0.693, 2.127])
    """
    return Call(BinaryCrossEntropyWithLogits(reduction), (input, target), (weight, pos_weight))


@function
def kl_div(input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False) -> Call:
    """The Kullback–Leibler divergence of target probabilities from an input of log-probabilities.

        target·(log(target) − input), with `log_target` exp(target)·(target − input)

    "sum" adds these up, "mean" divides that by their number, "batchmean" by the size of axis 0, as the divergence is
    defined. A target of 0 has none.

    Shapes: two equal ones → (), or the same shape with reduction="none".

    Raises: ShapeError when the shapes differ; ArgumentError for another reduction.

    Example:
        >>> import numpy as np
        >>> float(kl_div(np.log([[0.25, 0.75]]), [[0.5, 0.5]], reduction="batchmean").round(4))
        0.1438
    """
    return Call(KLDiv(reduction, log_target), (input, target))


mse_loss_backward = gradient(mse_loss)
l1_loss_backward = gradient(l1_loss)
smooth_l1_loss_backward = gradient(smooth_l1_loss)
huber_loss_backward = gradient(huber_loss)
binary_cross_entropy_backward = gradient(binary_cross_entropy)
binary_cross_entropy_with_logits_backward = gradient(binary_cross_entropy_with_logits)
kl_div_backward = gradient(kl_div)
