"""The ops by name, and the roles of arrays: what an op's results read, and what is kept on the way."""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.explain.source import Entry, Maker
from pellucid.ops.adam import Adam
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.add import Add
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Op, Shape
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.columns import Columns
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.dropout import Dropout
from pellucid.ops.flatten import Flatten
from pellucid.ops.fold import Fold
from pellucid.ops.gelu import GELU
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.interpolate import Interpolate
from pellucid.ops.layer_norm import LayerNorm
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.linear import Linear
from pellucid.ops.local_response_norm import LocalResponseNorm
from pellucid.ops.log_softmax import LogSoftmax
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_indices import AdaptiveMaxPoolIndices, MaxPoolIndices
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.max_unpool import MaxUnpool
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.pad import Pad
from pellucid.ops.relu import ReLU
from pellucid.ops.resampling import Resampling
from pellucid.ops.sgd import SGD
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.softmax import Softmax
from pellucid.ops.tanh import Tanh
from pellucid.ops.unfold import Unfold

_KINDS: tuple[type[Maker], ...] = (
    *(
        AdaptiveAvgPool,
        AdaptiveMaxPool,
        AdaptiveMaxPoolIndices,
        Add,
        AvgPool,
        BatchNorm,
        Conv,
        ConvTranspose,
        CrossEntropy,
        Dropout,
        Flatten,
        Fold,
        GELU,
        GroupNorm,
        Interpolate,
        LayerNorm,
        LeakyReLU,
        Linear,
    ),
    *(LocalResponseNorm, LogSoftmax, LpPool, MaxPool, MaxPoolIndices, MaxUnpool, MSELoss, Pad, ReLU),
    *(Sigmoid, SiLU, Softmax, Tanh, Unfold),
    *(SGD, Adam),
)
OPS: dict[str, type[Maker]] = {kind.__name__: kind for kind in _KINDS}


_FACTORS = {  # of the results of a sum of products
    "output": ("input", "weight", "bias"),
    "grad_input": ("grad_output", "weight"),
    "grad_weight": ("grad_output", "input"),
    "grad_bias": ("grad_output",),
}
_NORM = {  # of a norm's results; of a batch norm's in training
    "output": ("input", "mean", "istd", "weight", "bias"),
    "mean": ("input",),
    "var": ("input", "mean"),
    "istd": ("var",),
    "running_mean": ("running_mean", "mean"),
    "running_var": ("running_var", "var"),
    "grad_bias": ("grad_output",),
    "grad_weight": ("grad_output", "input", "mean", "istd"),
    "grad_istd": ("grad_output", "input", "mean", "weight"),
    "grad_var": ("istd", "grad_istd"),
    "grad_mean": ("grad_output", "istd", "weight"),
    "grad_input": ("grad_output", "istd", "weight", "input", "mean", "grad_mean", "grad_var"),
}
_RUNNING = {
    "mean": ("running_mean",),
    "istd": ("running_var",),
    "grad_input": ("grad_output", "istd", "weight"),
}
_STATISTICS = ("mean", "var", "istd", "grad_mean", "grad_var", "grad_istd")
_CROSS_ENTROPY = {
    "output": ("losses", "count"),
    "losses": ("input", "target"),
    "count": ("target",),
    "grad_input": ("grad_output", "input", "target", "count"),
}
_LINEAR = (
    AdaptiveAvgPool,
    AvgPool,
    Add,
    Columns,
    Dropout,
    Flatten,
    Resampling,
)  # ops whose gradients read no operands


def reads(op: Maker, of: str) -> tuple[str, ...]:
    """The operands that a result's elements read, as far as they are there.

    Example:
        >>> reads(Linear(), "grad_weight"), reads(SGD(momentum=0.9), "parameter")
        (('grad_output', 'input'), ('parameter', 'velocity'))
    """
    if isinstance(op, Conv | ConvTranspose | Linear):
        return _FACTORS[of]
    if isinstance(op, BatchNorm):
        return _NORM[of] if op.training else {**_NORM, **_RUNNING}[of]
    if isinstance(op, GroupNorm | LayerNorm):
        return _NORM[of]
    if isinstance(op, CrossEntropy):
        return _CROSS_ENTROPY[of]
    if not isinstance(op, Op):
        return _update_reads(op, of)
    if of == "output":
        return op.arguments
    if isinstance(op, MaxUnpool):
        return "grad_output", "indices"
    return ("grad_output",) if isinstance(op, _LINEAR) else ("grad_output", *op.arguments)


def _update_reads(rule: SGD | Adam, of: str) -> tuple[str, ...]:
    decays = rule.weight_decay and not (isinstance(rule, Adam) and rule.decoupled)
    gradient = ("gradient", "parameter") if decays else ("gradient",)
    if of != "parameter":
        return (f"{of} before", *gradient)
    if isinstance(rule, Adam):
        return ("parameter", "mean", "variance")
    if not rule.momentum:
        return ("parameter", *gradient)
    return ("parameter", "velocity", *(gradient if rule.nesterov else ()))


def statistics(op: Maker, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What an op computes on the way to its output and its gradients, always in float64, and the shapes."""
    input = shapes.get("input", ())
    if isinstance(op, BatchNorm):
        return dict.fromkeys(_STATISTICS, input[1:2])
    if isinstance(op, GroupNorm):
        return dict.fromkeys(_STATISTICS, (*input[:1], *map(op.groups, input[1:2])))
    if isinstance(op, LayerNorm):
        return dict.fromkeys(_STATISTICS, input[: len(input) - len(op.normalized_shape)])
    if isinstance(op, CrossEntropy):
        return {"losses": shapes.get("target", ()), "count": ()}
    return {}


def arguments(op: Maker) -> tuple[str, ...]:
    """The operands that an array of this op can have."""
    if isinstance(op, Op):
        return (*op.arguments, "grad_output", *statistics(op, {}))
    return ("parameter", "gradient", *states(op), *(f"{state} before" for state in states(op)))


def states(rule: SGD | Adam) -> tuple[str, ...]:
    """What an optimiser's rule keeps of each parameter."""
    if isinstance(rule, Adam):
        return "mean", "variance"
    return ("velocity",) if rule.momentum else ()


def frozen(entries: Mapping[str, Entry]) -> set[str]:
    """The parameters that a recorded step has made no gradient of; none in a recording of inference."""
    if not any(name.startswith("grad(") for name in entries):
        return set()
    outputs = (e.source for e in entries.values() if e.source is not None and e.source.of == "output")
    read = {
        source.operands[argument]
        for source in outputs
        if isinstance(source.op, Op)
        for argument in source.op.differentiable
        if argument in source.operands
    }
    return {name for name in read if name in entries and f"grad({name})" not in entries}
