"""What each op reads: for a result and one of its operands, the relation between their elements.

A number reads another when its arithmetic takes it up, as a factor, a summand, a candidate or a gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError
from pellucid.explain.relation import AnyRelation, Chained, Labels, Links, Relation, Routes, windows
from pellucid.explain.source import Entry, Maker, Source
from pellucid.geometry import Geometry, size_of
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
from pellucid.ops.linear import Linear
from pellucid.ops.log_softmax import AlongAxis
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.pointwise import Pointwise
from pellucid.ops.sgd import SGD

_FACTORS = {  # of a product's results, the operands that they read
    "output": ("input", "weight", "bias"),
    "grad_input": ("grad_output", "weight"),
    "grad_weight": ("grad_output", "input"),
    "grad_bias": ("grad_output",),
}


@dataclass(frozen=True, eq=False)
class Reading:
    """One result, one operand.

    Attributes:
        source: where the result comes from.
        argument: the operand's role in its op.
        shapes: the shapes of all operands and, as "result", that of the result.
        read: gives any array of the recording by name.
    """

    source: Source
    argument: str
    shapes: dict[str, Shape]
    read: Callable[[str], NDArray[Any]]

    @property
    def of(self) -> str:
        """Which result it is."""
        return self.source.of

    @property
    def backward(self) -> bool:
        """Whether it is a gradient."""
        return self.of.startswith("grad_")

    @property
    def input(self) -> Shape:
        """The shape of the op's input."""
        return self.shapes["input"]

    @property
    def output(self) -> Shape:
        """The shape of the op's output."""
        op = self.source.op
        assert isinstance(op, Op)
        return op.infer(*(self.shapes.get(argument) for argument in op.arguments))

    def alike(self) -> Relation:
        """Element by element, in row-major order."""
        return Relation(("j",), ("j",), {"j": size_of(self.shapes["result"])})

    def between(self, labels: dict[str, Labels], sizes: dict[str, int], links: Links = ()) -> Relation:
        """By the labels of both; a gradient has those of what it is the gradient of."""
        operand, result = (name.removeprefix("grad_") for name in (self.argument, self.of))
        return Relation(labels[operand], labels[result], sizes, links)


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
    for argument, name in source.operands.items():
        relation = relate(Reading(source, argument, {**shapes, "result": entry.shape}, read))
        if relation is not None:
            yield argument, name, relation


def _relation_of(op: Maker) -> Callable[[Reading], AnyRelation | None]:
    for kind, relate in _RELATIONS.items():
        if isinstance(op, kind):
            return relate
    raise ArgumentError("recording", f"it is not known what {op.name} reads")


def _conv(asked: Reading) -> Relation | None:
    op, weight = asked.source.op, asked.shapes["weight"]
    assert isinstance(op, Conv)
    if asked.argument not in _FACTORS[asked.of]:
        return None
    geometry = op.geometry(asked.input, weight)
    (i, k, y), sizes, links = _space(geometry)
    sizes |= {"n": asked.input[0], "g": op.groups, "o": weight[0] // op.groups, "c": weight[1]}
    labels = {
        "input": ("n", "g", "c", *i),
        "weight": ("g", "o", "c", *k),
        "bias": ("g", "o"),
        "output": ("n", "g", "o", *y),
    }
    return asked.between(labels, sizes, links)


def _conv_transpose(asked: Reading) -> Relation | None:
    """The convolution read backwards: its outputs y are the input here."""
    op, weight = asked.source.op, asked.shapes["weight"]
    assert isinstance(op, ConvTranspose)
    if asked.argument not in _FACTORS[asked.of]:
        return None
    (i, k, y), sizes, links = _space(op.conv(asked.input, weight).geometry((), ()))
    sizes |= {"n": asked.input[0], "g": op.groups, "c": weight[0] // op.groups, "o": weight[1]}
    labels = {
        "input": ("n", "g", "c", *y),
        "weight": ("g", "c", "o", *k),
        "bias": ("g", "o"),
        "output": ("n", "g", "o", *i),
    }
    return asked.between(labels, sizes, links)


def _places(*shapes: Shape) -> tuple[tuple[Labels, ...], dict[str, int]]:
    """The labels of input, kernel and output positions, and their sizes."""
    labels = tuple(
        tuple(f"{kind}{d}" for d in range(len(shape))) for kind, shape in zip("iky", shapes, strict=True)
    )
    found = zip(labels, shapes, strict=True)
    return labels, {label: size for some, shape in found for label, size in zip(some, shape, strict=True)}


def _space(geometry: Geometry) -> tuple[tuple[Labels, ...], dict[str, int], Links]:
    """The same for a geometry, with what meets along each axis."""
    links = tuple(axis.meetings for axis in geometry.axes)
    return *_places(geometry.input, geometry.kernel, geometry.output), links


def _linear(asked: Reading) -> Relation | None:
    if asked.argument not in _FACTORS[asked.of]:
        return None
    outputs, inputs = asked.shapes["weight"]
    labels = {"input": ("n", "i"), "weight": ("o", "i"), "bias": ("o",), "output": ("n", "o")}
    return asked.between(labels, {"n": size_of(asked.input[:-1]), "i": inputs, "o": outputs})


def _pool(asked: Reading) -> AnyRelation | None:
    op = asked.source.op
    assert isinstance(op, MaxPool | AvgPool | AdaptiveAvgPool)
    if isinstance(op, AdaptiveAvgPool):
        (i, _, y), sizes = _places(asked.input[2:], (), asked.output[2:])
        links = windows(op.windows(asked.input))
    else:
        (i, _, y), sizes, links = _space(op.geometry(asked.input))
    sizes |= {"p": size_of(asked.input[:2])}
    slides = Relation(("p", *i), ("p", *y), sizes, links)
    if not asked.backward:
        return slides
    back = Relation(slides.result, slides.operand, sizes, links)
    if not isinstance(op, MaxPool):
        return back if asked.argument == "grad_output" else None
    if asked.argument == "input":  # who has won is decided by all in the window
        return Chained(slides, back)
    return _routes(asked, op)


def _routes(asked: Reading, op: MaxPool) -> Routes:
    """Each gradient goes to its window's winner."""
    planes, size = size_of(asked.input[:2]), size_of(asked.input[2:])
    winners = op.indices(asked.read(asked.source.operands["input"])).reshape(planes, -1)
    starts = size * np.arange(planes)[:, None]
    return Routes((starts + winners).reshape(asked.output), asked.input)


def _batch_norm(asked: Reading) -> Relation | None:
    op, of, argument = asked.source.op, asked.of, asked.argument
    assert isinstance(op, BatchNorm)
    if argument not in _norm_reads(op, of):
        return None
    n, c, *space = asked.input
    sizes = {"n": n, "c": c, "s": size_of(space), "m": n, "t": size_of(space)}
    labels: dict[str, Labels] = dict.fromkeys((*op.arguments, "mean", "istd"), ("c",))
    labels |= {"input": ("n", "c", "s"), "output": ("n", "c", "s")}
    if of == "grad_input" and op.training and argument in ("grad_output", "input"):
        labels["input" if argument == "input" else "output"] = ("m", "c", "t")  # through the channel's sums
        return Relation(("m", "c", "t"), ("n", "c", "s"), sizes)
    return asked.between(labels, sizes)


def _norm_reads(op: BatchNorm, of: str) -> tuple[str, ...]:
    """Which operands a batch norm's result reads."""
    if of == "grad_input":
        through_sums = ("input", "mean") if op.training else ()
        return ("grad_output", "istd", "weight", *through_sums)
    return {
        "output": ("input", "mean", "istd", "weight", "bias"),
        "mean": ("input",) if op.training else ("running_mean",),
        "istd": ("input",) if op.training else ("running_var",),
        "running_mean": ("running_mean", "mean"),
        "running_var": ("running_var", "input"),
        "grad_weight": ("grad_output", "input", "mean", "istd"),
        "grad_bias": ("grad_output",),
    }[of]


def _along_axis(asked: Reading) -> Relation:
    """Everything along the axis goes into each probability, and every gradient there into each gradient."""
    op = asked.source.op
    assert isinstance(op, AlongAxis)
    dim, shape = op.dim % len(asked.input), asked.input
    sizes = {"a": size_of(shape[:dim]), "d": shape[dim], "e": shape[dim], "b": size_of(shape[dim + 1 :])}
    return Relation(("a", "d", "b"), ("a", "e", "b"), sizes)


def _cross_entropy(asked: Reading) -> Relation | None:
    op, argument = asked.source.op, asked.argument
    assert isinstance(op, CrossEntropy)
    n, c, *space = asked.input if len(asked.input) > 1 else (1, *asked.input)
    sizes = {"n": n, "c": c, "d": c, "s": size_of(space)}
    position = ("n", "s")
    labels: dict[str, Labels] = {
        "input": ("n", "d", "s"),
        "weight": ("d",),
        "target": position,
        "losses": position,
        "count": (),
        "output": position if op.reduction == "none" else (),
    }
    reads = {
        "losses": ("input", "target", "weight"),
        "count": ("target", "weight"),
        "output": ("losses", "count") if "losses" in asked.shapes else ("input", "target", "weight", "count"),
    }.get(asked.of, ("input", "target", "weight", "count", "grad_output"))
    if argument not in reads:
        return None
    result = ("n", "c", "s") if asked.backward else labels[asked.of]
    return Relation(labels[argument.removeprefix("grad_")], result, sizes)


def _mse_loss(asked: Reading) -> Relation:
    op = asked.source.op
    assert isinstance(op, MSELoss)
    labels: dict[str, Labels] = {"input": ("j",), "target": ("j",)}
    labels["output"] = ("j",) if op.reduction == "none" else ()
    return asked.between(labels, {"j": size_of(asked.input)})


def _alike(asked: Reading) -> Relation | None:
    """Each element by itself; the gradient of what is linear reads no input."""
    linear = isinstance(asked.source.op, Add | Dropout | Flatten)
    return None if linear and asked.backward and asked.argument != "grad_output" else asked.alike()


def _update(asked: Reading) -> Relation | None:
    rule, argument = asked.source.op, asked.argument
    assert isinstance(rule, SGD | Adam)
    decays = rule.weight_decay and not (isinstance(rule, Adam) and rule.decoupled)
    decayed = ("gradient", "parameter") if decays else ("gradient",)
    if asked.of != "parameter":
        reads = (f"{asked.of} before", *decayed)
    elif isinstance(rule, Adam):
        reads = ("parameter", "mean", "variance")
    elif rule.momentum:
        reads = ("parameter", "velocity", *(decayed if rule.nesterov else ()))
    else:
        reads = ("parameter", *decayed)
    return asked.alike() if argument in reads else None


_RELATIONS: dict[type[Maker], Callable[[Reading], AnyRelation | None]] = {
    Conv: _conv,
    ConvTranspose: _conv_transpose,
    Linear: _linear,
    MaxPool: _pool,
    AvgPool: _pool,
    AdaptiveAvgPool: _pool,
    BatchNorm: _batch_norm,
    AlongAxis: _along_axis,
    CrossEntropy: _cross_entropy,
    MSELoss: _mse_loss,
    Pointwise: _alike,
    Add: _alike,
    Dropout: _alike,
    Flatten: _alike,
    SGD: _update,
    Adam: _update,
}
