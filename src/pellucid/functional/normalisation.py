"""Normalisation: channels brought to a common mean and variance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from pellucid.engine.graph import Symbol
from pellucid.errors import ArgumentError, PellucidError, ShapeError, say
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.functions.sums import total
from pellucid.numbers import as_array
from pellucid.ops.base import Gradients
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.checks import flag, number
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.ops.local_response_norm import LocalResponseNorm
from pellucid.sizes import is_integer, size_of


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
        _check_running(self.op.name, dict(zip(self.op.arguments[1:3], running, strict=True)))
        (input, mean, var, *_), _, _ = self.arrays()
        mean[...], var[...] = self.op.updated_statistics(input, mean, var)
        return output


def _check_running(op: str, statistics: Mapping[str, object]) -> None:
    """Running statistics are changed in place, so they must be arrays."""
    for name, array in statistics.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            rule = say("{name} must be an array of floats, because training updates it in place", name=name)
            raise ArgumentError(op, rule, got=str(getattr(array, "dtype", type(array).__name__)))
        if not array.flags.writeable:
            rule = say("{name} must be writeable, because training updates it in place", name=name)
            raise ArgumentError(op, rule, got="a read-only array", hint=say("use {name}.copy()", name=name))


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


class GivenStatisticsCall(BatchNormCall):
    """Instance normalisation by running statistics: batch normalisation in inference, under its own name."""

    def forward(self) -> Tensor:
        """The output."""
        with _named_instance_norm():
            return super().forward()

    def backward(self, grad_output: Tensor) -> Gradients:
        """The gradients."""
        with _named_instance_norm():
            return super().backward(grad_output)


@contextmanager
def _named_instance_norm() -> Iterator[None]:
    try:
        yield
    except PellucidError as error:
        raise error.of(error.where.replace("batch_norm", "instance_norm", 1)) from None


@dataclass(frozen=True)
class InstanceNormCall(Call):
    """Instance normalisation, which moves running statistics that it is given."""

    op: GroupNorm
    running: tuple[Tensor, Tensor] | None = None
    momentum: float = 0.1

    def forward(self) -> Tensor:
        """The output; then, on arrays, the running statistics are updated in place."""
        output = super().forward()
        if self.running is None or isinstance(output, Symbol):
            return output
        (input, *_), _, _ = self.arrays()
        number(self.op.name, "momentum", self.momentum)
        statistics = dict(zip(("running_mean", "running_var"), self.running, strict=True))
        _check_running(self.op.name, statistics)
        for name, array in statistics.items():
            if array.shape != input.shape[1:2]:
                rule, got = say("{name} must have one value per channel", name=name), f"{name} {array.shape}"
                raise ShapeError(self.op.name, rule, expected=f"{input.shape[1:2]}", got=got)
        if len(input) == 0:
            return output
        sets = input.reshape(*input.shape[:2], size_of(input.shape[2:])).astype(np.float64)
        images, size = sets.shape[0], sets.shape[-1]
        mean = total(sets, (2,)) / size
        var = total((sets - mean[..., None]) ** 2, (2,)) / (size - 1)
        news = total(mean, (0,)) / images, total(var, (0,)) / images
        for array, new in zip(self.running, news, strict=True):
            array[...] = (1 - self.momentum) * array.astype(np.float64) + self.momentum * new
        return output


@function
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor = None, bias: Tensor = None, eps: float = 1e-5
) -> Call:
    """(input − mean)/√(var + eps)·weight + bias, mean and var of each group of channels of each image.

    Shapes: input (N,C,…), weight and bias (C,) → (N,C,…).
    Raises: ShapeError when shapes disagree; ArgumentError when num_groups does not divide the channels.

    Example:
        >>> group_norm([[[1.0], [3.0], [5.0], [5.0]]], 2, eps=1e-12).round(6).ravel()
        array([-1.,  1.,  0.,  0.])
    """
    if num_groups is None:  # which is the op's word for instance normalisation
        raise ArgumentError("group_norm", "num_groups must be an integer", got="num_groups=None")
    return Call(GroupNorm(num_groups, eps), (input,), (weight, bias))


group_norm_backward = gradient(group_norm)


@function
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor = None,
    bias: Tensor = None,
    eps: float = 1e-5,
) -> Call:
    """(input − mean)/√(var + eps)·weight + bias, mean and var over the last axes.

    Shapes: input (…, *normalized_shape), weight and bias normalized_shape → the input's.
    Raises: ShapeError when shapes disagree.

    Example:
        >>> layer_norm([[1.0, 3.0], [5.0, 5.0]], (2,), eps=1e-12).round(6)
        array([[-1.,  1.],
               [ 0.,  0.]])
    """
    if not isinstance(normalized_shape, Sequence) or not all(map(is_integer, normalized_shape)):
        rule = "normalized_shape must be a sequence of integers"
        got = f"normalized_shape={normalized_shape!r}"
        raise ArgumentError("layer_norm", rule, got=got)
    return Call(LayerNorm(tuple(normalized_shape), eps), (input,), (weight, bias))


layer_norm_backward = gradient(layer_norm)


@function
def instance_norm(
    input: Tensor,
    running_mean: Tensor = None,
    running_var: Tensor = None,
    weight: Tensor = None,
    bias: Tensor = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Call:
    """(input − mean)/√(var + eps)·weight + bias, mean and var of each channel of each image.

    Running statistics, if given, are updated in place by the images' mean ones, as in `batch_norm`; without
    `use_input_stats` they take the place of the images'.
    Shapes: input (N,C,…), the others (C,) → (N,C,…).
    Raises: ShapeError when shapes disagree; ArgumentError when running statistics are missing where they are needed.

    Example:
        >>> instance_norm([[[1.0, 3.0]], [[5.0, 9.0]]], eps=1e-12).round(6).ravel()
        array([-1.,  1., -1.,  1.])
    """
    flag("instance_norm", "use_input_stats", use_input_stats)
    if not use_input_stats:
        if running_mean is None or running_var is None:
            absent = "running_mean" if running_mean is None else "running_var"
            rule = "without use_input_stats it needs running_mean and running_var"
            raise ArgumentError("instance_norm", rule, got=f"{absent}=None")
        op = BatchNorm(False, momentum, eps)
        return GivenStatisticsCall(op, (input,), (running_mean, running_var, weight, bias))
    shape = input.shape if isinstance(input, Symbol) else as_array("instance_norm", "input", input).shape
    if len(shape) >= 2 and size_of(shape[2:]) == 1:
        rule = "an image's own statistics need more than 1 value per channel"
        raise ShapeError("instance_norm", rule, got=f"input {shape}")
    if (running_mean is None) != (running_var is None):
        absent = "running_mean" if running_mean is None else "running_var"
        raise ArgumentError(
            "instance_norm", "running_mean and running_var are given together", got=f"{absent}=None"
        )
    running = None if running_mean is None else (running_mean, running_var)
    return InstanceNormCall(
        GroupNorm(None, eps), (input,), (weight, bias), running=running, momentum=momentum
    )


instance_norm_backward = gradient(instance_norm)


@function
def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Call:
    """input/(k + alpha/size·Σ input²)^beta, the sum over `size` neighbouring channels.

    Shapes: input (N,C,…) → (N,C,…). Raises: ShapeError for fewer than 3 axes; ArgumentError for a setting out of range.

    Example:
        >>> local_response_norm([[[3.0], [4.0]]], 2, alpha=2, beta=0.5, k=0).ravel()
        array([1. , 0.8])
    """
    return Call(LocalResponseNorm(size, alpha, beta, k), (input,))


local_response_norm_backward = gradient(local_response_norm)
