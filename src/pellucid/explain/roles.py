"""The ops by name, and the roles of arrays: what an op makes, what it reads, and what it cannot do without."""

from __future__ import annotations

from pellucid.explain.source import Maker
from pellucid.geometry import size_of
from pellucid.ops.adam import Adam
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.add import Add
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Op, Shape
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.dropout import Dropout
from pellucid.ops.flatten import Flatten
from pellucid.ops.gelu import GELU
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.linear import Linear
from pellucid.ops.log_softmax import LogSoftmax
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.relu import ReLU
from pellucid.ops.sgd import SGD
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.softmax import Softmax
from pellucid.ops.tanh import Tanh

_KINDS: tuple[type[Maker], ...] = (
    *(
        AdaptiveAvgPool,
        Add,
        AvgPool,
        BatchNorm,
        Conv,
        ConvTranspose,
        CrossEntropy,
        Dropout,
        Flatten,
        GELU,
        LeakyReLU,
        Linear,
    ),
    *(LogSoftmax, MaxPool, MSELoss, ReLU, Sigmoid, SiLU, Softmax, Tanh, SGD, Adam),
)
OPS: dict[str, type[Maker]] = {kind.__name__: kind for kind in _KINDS}


def statistics(op: Maker, input: Shape) -> dict[str, Shape]:
    """What an op's forward leaves for its backward, and its shape."""
    if isinstance(op, BatchNorm):
        return {"mean": input[1:2], "istd": input[1:2]}
    if isinstance(op, CrossEntropy):
        return {"losses": (size_of(input) // max(1, size_of(input[1:2])),), "count": ()}
    return {}


def results(op: Maker) -> tuple[str, ...]:
    """What an array of this op can be."""
    if isinstance(op, Op):
        running = ("running_mean", "running_var") if isinstance(op, BatchNorm) else ()
        gradients = (f"grad_{argument}" for argument in op.differentiable)
        return ("output", *gradients, *running, *statistics(op, ()))
    return ("parameter", *_states(op))


def _states(rule: SGD | Adam) -> tuple[str, ...]:
    if isinstance(rule, Adam):
        return "mean", "variance"
    return ("velocity",) if rule.momentum else ()


def arguments(op: Maker) -> tuple[str, ...]:
    """The operands that an array of this op can have."""
    if isinstance(op, Op):
        return (*op.arguments, "grad_output", *statistics(op, ()))
    states = _states(op)
    return ("parameter", "gradient", *states, *(f"{state} before" for state in states))


def required(op: Maker, of: str) -> tuple[str, ...]:
    """Those that it must have. A loss is the root of all gradients and needs no grad_output."""
    if not isinstance(op, Op):
        states = _states(op)
        now = states if of == "parameter" else ()
        return ("parameter", "gradient", *(f"{state} before" for state in states), *now)
    given = tuple(argument for argument in op.arguments if argument in ("input", "weight", "other", "target"))
    optional = ("weight",) if isinstance(op, BatchNorm | CrossEntropy) else ()
    root = isinstance(op, CrossEntropy | MSELoss) or not of.startswith("grad_")
    own = tuple(
        key for key in statistics(op, ()) if key != of and key != "losses" and of not in ("losses", "count")
    )
    gradient = () if root else ("grad_output",)
    return (*(argument for argument in given if argument not in optional), *gradient, *own)
