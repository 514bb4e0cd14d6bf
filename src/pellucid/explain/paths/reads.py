"""What each op reads: for a result and one of its operands, the relation between their elements.

A number reads another when its arithmetic takes it up, as a factor, a summand, a candidate or a gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError
from pellucid.explain import roles
from pellucid.explain.paths import positions
from pellucid.explain.paths.reading import Reading
from pellucid.explain.paths.relation import (
    AnyRelation,
    Chained,
    Labels,
    Relation,
    windows,
)
from pellucid.explain.source import Entry, Maker
from pellucid.ops.adam import Adam
from pellucid.ops.adaptive_pool import AdaptivePool
from pellucid.ops.add import Add
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Shape
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.columns import Columns
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.dropout import Dropout
from pellucid.ops.flatten import Flatten
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.layer_norm import LayerNorm
from pellucid.ops.linear import Linear
from pellucid.ops.local_response_norm import LocalResponseNorm
from pellucid.ops.log_softmax import AlongAxis
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.max_unpool import MaxUnpool
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.pointwise import Pointwise
from pellucid.ops.resampling import Resampling
from pellucid.ops.sgd import SGD
from pellucid.sizes import size_of


def readings(
    entry: Entry, shape_of: Callable[[str], Shape], read: Callable[[str], NDArray[Any]]
) -> Iterator[tuple[str, str, AnyRelation]]:
    """All that an array reads: the operand's argument and name, and the relation to it.

    A gradient so far is the argument "base", the contribution of one use "part".
    """
    source = entry.source
    if source is None:
        return
    alike = Relation(("j",), ("j",), {"j": size_of(entry.shape)})
    if source.parts:
        for part in source.parts:
            yield "part", part, alike
        return
    if source.base is not None:
        yield "base", source.base, alike
    shapes = {argument: shape_of(name) for argument, name in source.operands.items()}
    relate = _relation_of(source.op)
    for argument in roles.reads(source.op, source.of):
        if argument in source.operands:
            yield argument, source.operands[argument], relate(Reading(source, argument, shapes, read))


def _relation_of(op: Maker) -> Callable[[Reading], AnyRelation]:
    for kind, relate in _RELATIONS.items():
        if isinstance(op, kind):
            return relate
    raise ArgumentError("recording", f"it is not known what {op.name} reads")


def _linear(asked: Reading) -> Relation:
    outputs, inputs = asked.shapes["weight"]
    labels = {"input": ("n", "i"), "weight": ("o", "i"), "bias": ("o",), "output": ("n", "o")}
    return asked.between(labels, {"n": size_of(asked.input[:-1]), "i": inputs, "o": outputs})


def _batch_norm(asked: Reading) -> Relation:
    n, c, *space = asked.input
    labels: dict[str, Labels] = dict.fromkeys((*roles.arguments(asked.source.op), "var"), ("c",))
    labels |= {"input": ("n", "c", "s"), "output": ("n", "c", "s")}
    return asked.between(labels, {"n": n, "c": c, "s": size_of(space)})


def _sets(asked: Reading) -> Relation:
    """Numbers, the statistics of each set, and weights that go with numbers of all sets."""
    op, shape = asked.source.op, asked.input
    if isinstance(op, GroupNorm):
        numbers: Labels = ("n", "g", "c", "s")
        sets, weights = numbers[:2], numbers[1:3]
        groups = op.groups(shape[1])
        sizes = {"n": shape[0], "g": groups, "c": shape[1] // groups, "s": size_of(shape[2:])}
    else:
        assert isinstance(op, LayerNorm)
        numbers = ("n", "j")
        sets, weights = numbers[:1], numbers[1:]
        count = size_of(op.normalized_shape)
        sizes = {"n": size_of(shape[: len(shape) - len(op.normalized_shape)]), "j": count}
    labels: dict[str, Labels] = dict.fromkeys(roles.statistics(op, {}), sets)
    labels |= dict.fromkeys(("input", "output"), numbers) | dict.fromkeys(("weight", "bias"), weights)
    return asked.between(labels, sizes)


def _neighbours(asked: Reading) -> AnyRelation:
    """Channels around; backwards also those that these have around them."""
    op, (n, c, *space) = asked.source.op, asked.input
    assert isinstance(op, LocalResponseNorm)
    first = np.arange(c) - op.size // 2
    links = windows((np.stack([first.clip(0), (first + op.size).clip(max=c)], axis=1),))
    sizes = {"n": n, "i0": c, "y0": c, "s": size_of(space)}
    around = Relation(("n", "i0", "s"), ("n", "y0", "s"), sizes, links)
    if not asked.backward:
        return around
    back = Relation(around.result, around.operand, sizes, links)
    return back if asked.argument == "grad_output" else Chained(around, back)


def _along_axis(asked: Reading) -> Relation:
    """Everything along the axis goes into each probability, and every gradient there into each gradient."""
    op = asked.source.op
    assert isinstance(op, AlongAxis)
    dim, shape = op.dim % len(asked.input), asked.input
    sizes = {"a": size_of(shape[:dim]), "d": shape[dim], "e": shape[dim], "b": size_of(shape[dim + 1 :])}
    return Relation(("a", "d", "b"), ("a", "e", "b"), sizes)


def _cross_entropy(asked: Reading) -> Relation:
    """Every logit of a position goes into its loss, and into the gradients of all of them."""
    op = asked.source.op
    assert isinstance(op, CrossEntropy)
    n, c, *space = asked.input if len(asked.input) > 1 else (1, *asked.input)
    position = ("n", "s")
    labels: dict[str, Labels] = {
        "input": ("n", "d", "s"),
        "target": position,
        "losses": position,
        "count": (),
        "output": position if op.reduction == "none" else (),
    }
    result = ("n", "c", "s") if asked.backward else labels[asked.of]
    sizes = {"n": n, "c": c, "d": c, "s": size_of(space)}
    return Relation(labels[asked.argument.removeprefix("grad_")], result, sizes)


def _mse_loss(asked: Reading) -> Relation:
    op = asked.source.op
    assert isinstance(op, MSELoss)
    labels: dict[str, Labels] = {"input": ("j",), "target": ("j",)}
    labels["output"] = ("j",) if op.reduction == "none" else ()
    return asked.between(labels, {"j": size_of(asked.input)})


_RELATIONS: dict[type[Maker], Callable[[Reading], AnyRelation]] = {
    Conv: positions.conv,
    ConvTranspose: positions.conv_transpose,
    Linear: _linear,
    MaxPool: positions.pool,
    AvgPool: positions.pool,
    LpPool: positions.pool,
    AdaptivePool: positions.pool,
    Columns: positions.columns,
    MaxUnpool: positions.max_unpool,
    Resampling: positions.resampling,
    BatchNorm: _batch_norm,
    GroupNorm: _sets,
    LayerNorm: _sets,
    LocalResponseNorm: _neighbours,
    AlongAxis: _along_axis,
    CrossEntropy: _cross_entropy,
    MSELoss: _mse_loss,
    Pointwise: Reading.alike,
    Add: Reading.alike,
    Dropout: Reading.alike,
    Flatten: Reading.alike,
    SGD: Reading.alike,
    Adam: Reading.alike,
}
