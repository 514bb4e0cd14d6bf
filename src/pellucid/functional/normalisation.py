"""Normalisation: channels brought to a common mean and variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.engine.graph import Symbol
from pellucid.errors import ArgumentError
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.batch_norm import BatchNorm


@dataclass(frozen=True)
class BatchNormCall(Call):
    """Batch normalisation, which in training also moves the running statistics."""

    op: BatchNorm

    def forward(self) -> Tensor:
        """The output; then, on arrays and in training, the running statistics are updated in place."""
        output = super().forward()
        running = self.optional[:2]
        if isinstance(output, Symbol) or not self.op.training or running[0] is None:
            return output
        for name, array in zip(self.op.arguments[1:3], running, strict=True):
            if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
                rule = f"{name} must be an array of floats, because training updates it in place"
                raise ArgumentError(
                    self.op.name, rule, got=str(getattr(array, "dtype", type(array).__name__))
                )
        (input, mean, var, *_), _ = self.arrays()
        mean[...], var[...] = self.op.updated_statistics(input, mean, var)
        return output


@function
def batch_norm(
    input: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor = None,
    bias: Tensor = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Call:
    """(input − mean)/√(var + eps)·weight + bias, channel by channel.

    mean and var are the running ones, or in training the batch's own; then the running ones (or None) are
    updated in place: running = (1 − momentum)·running + momentum·batch, with the unbiased variance.
    Shapes: input (N,C,…), the others (C,) → (N,C,…).
    Raises: ShapeError when shapes disagree or training has one value per channel; ArgumentError when running
        statistics are missing outside training.

    Example:
        >>> batch_norm([[1.0], [3.0]], None, None, training=True, eps=1e-12).round(6)
        array([[-1.],
               [ 1.]])
    """
    op = BatchNorm(training, momentum, eps)
    return BatchNormCall(op, (input,), (running_mean, running_var, weight, bias))


batch_norm_backward = gradient(batch_norm)
