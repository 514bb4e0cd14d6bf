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
from pellucid.explain import roles
from pellucid.explain.paths.relation import (
    AnyRelation,
    Chained,
    Labels,
    Links,
    Relation,
    Routes,
    Turned,
    pairs,
    windows,
)
from pellucid.explain.source import Entry, Maker, Source
from pellucid.geometry import Geometry, size_of
from pellucid.ops.adam import Adam
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.adaptive_pool import AdaptivePool
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
from pellucid.ops.unfold import Unfold


@dataclass(frozen=True, eq=False)
class Reading:
    """One result, one operand.

    Attributes:
        source: where the result comes from.
        argument: the operand's role in its op.
        shapes: the shapes of all operands.
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
    for argument in roles.reads(source.op, source.of):
        if argument in source.operands:
            yield argument, source.operands[argument], relate(Reading(source, argument, shapes, read))


def _relation_of(op: Maker) -> Callable[[Reading], AnyRelation]:
    for kind, relate in _RELATIONS.items():
        if isinstance(op, kind):
            return relate
    raise ArgumentError("recording", f"it is not known what {op.name} reads")


def _conv(asked: Reading) -> Relation:
    op, weight = asked.source.op, asked.shapes["weight"]
    assert isinstance(op, Conv)
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


def _conv_transpose(asked: Reading) -> Relation:
    """The convolution read backwards: its outputs y are the input here."""
    op, weight = asked.source.op, asked.shapes["weight"]
    assert isinstance(op, ConvTranspose)
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


def _linear(asked: Reading) -> Relation:
    outputs, inputs = asked.shapes["weight"]
    labels = {"input": ("n", "i"), "weight": ("o", "i"), "bias": ("o",), "output": ("n", "o")}
    return asked.between(labels, {"n": size_of(asked.input[:-1]), "i": inputs, "o": outputs})


def _pool(asked: Reading) -> AnyRelation:
    op = asked.source.op
    assert isinstance(op, MaxPool | AvgPool | LpPool | AdaptivePool)
    if isinstance(op, AdaptivePool):
        (i, _, y), sizes = _places(asked.input[2:], (), asked.output[2:])
        links = windows(op.windows(asked.input))
    else:
        windowed = op.mean if isinstance(op, LpPool) else op
        (i, _, y), sizes, links = _space(windowed.geometry(asked.input))
    sizes |= {"p": size_of(asked.input[:2])}
    slides = Relation(("p", *i), ("p", *y), sizes, links)
    if not asked.backward:
        return slides
    back = Relation(slides.result, slides.operand, sizes, links)
    if asked.argument == "input":  # who has won, and the norm, is decided by all in the window
        return Chained(slides, back)
    if not isinstance(op, MaxPool | AdaptiveMaxPool):
        return back
    return _routes(asked, op)


def _routes(asked: Reading, op: MaxPool | AdaptiveMaxPool) -> Routes:
    """Each gradient goes to its window's winner."""
    planes, size = size_of(asked.input[:2]), size_of(asked.input[2:])
    winners = op.indices(asked.read(asked.source.operands["input"])).reshape(planes, -1)
    starts = size * np.arange(planes)[:, None]
    return Routes((starts + winners).reshape(asked.output), asked.input)


def _resampling(asked: Reading) -> Relation:
    op = asked.source.op
    assert isinstance(op, Resampling)
    (i, _, y), sizes = _places(asked.input[2:], (), asked.output[2:])
    links = tuple(pairs(spread.rows) for spread in op.spreads(asked.input))
    labels = {"input": ("p", *i), "output": ("p", *y)}
    return asked.between(labels, sizes | {"p": size_of(asked.input[:2])}, links)


def _columns(asked: Reading) -> AnyRelation:
    """Each element of the columns is one of the image, or padding."""
    op = asked.source.op
    assert isinstance(op, Columns)
    image = asked.input if isinstance(op, Unfold) else asked.output
    numbers = np.arange(1, size_of(image) + 1).reshape(image)  # 0 is padding's
    copies = Routes(op.unfolded(numbers, op.geometry(asked.input)) - 1, image)
    return Turned(copies) if isinstance(op, Unfold) == (asked.of == "output") else copies


def _max_unpool(asked: Reading) -> AnyRelation:
    """Each element goes to one position, where the last one stays."""
    op, indices = asked.source.op, asked.read(asked.source.operands["indices"])
    assert isinstance(op, MaxUnpool)
    starts = np.arange(size_of(asked.input[:2])).reshape(*asked.input[:2], *(1,) * op.dims)
    if asked.backward:
        if asked.argument == "indices":
            return _alike(asked)
        places = starts * size_of(asked.output[2:]) + indices
        return Turned(Routes(places, asked.output))
    number = op.sources(indices, asked.output)
    places = np.where(number < 0, -1, starts * size_of(asked.input[2:]) + number)
    return Turned(Routes(places, asked.input))


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


def _alike(asked: Reading) -> Relation:
    """Each element by itself."""
    size = size_of(asked.shapes[asked.argument])
    return Relation(("j",), ("j",), {"j": size})


_RELATIONS: dict[type[Maker], Callable[[Reading], AnyRelation]] = {
    Conv: _conv,
    ConvTranspose: _conv_transpose,
    Linear: _linear,
    MaxPool: _pool,
    AvgPool: _pool,
    LpPool: _pool,
    AdaptivePool: _pool,
    Columns: _columns,
    MaxUnpool: _max_unpool,
    Resampling: _resampling,
    BatchNorm: _batch_norm,
    GroupNorm: _sets,
    LayerNorm: _sets,
    LocalResponseNorm: _neighbours,
    AlongAxis: _along_axis,
    CrossEntropy: _cross_entropy,
    MSELoss: _mse_loss,
    Pointwise: _alike,
    Add: _alike,
    Dropout: _alike,
    Flatten: _alike,
    SGD: _alike,
    Adam: _alike,
}
