"""What ops read whose positions meet by a geometry or a table: convolution, pooling, resampling, columns, unpooling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.explain.paths.reading import Reading
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
from pellucid.geometry import Geometry, Meeting
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.adaptive_pool import AdaptivePool
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Shape
from pellucid.ops.columns import Columns
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.max_unpool import MaxUnpool
from pellucid.ops.resampling import Resampling
from pellucid.ops.unfold import Unfold
from pellucid.sizes import size_of


def conv(asked: Reading) -> Relation:
    """Window, kernel position and output meet by the geometry, in each group."""
    op, weight = asked.source.op, asked.shapes["weight"]
    assert isinstance(op, Conv)
    geometry = op.geometry(asked.input, weight)
    (i, k, y), sizes, links = _space(geometry)
    if op.flip:
        links = tuple(map(_flipped, links, geometry.kernel))
    sizes |= {"n": asked.input[0], "g": op.groups, "o": weight[0] // op.groups, "c": weight[1]}
    labels = {
        "input": ("n", "g", "c", *i),
        "weight": ("g", "o", "c", *k),
        "bias": ("g", "o"),
        "output": ("n", "g", "o", *y),
    }
    return asked.between(labels, sizes, links)


def _flipped(met: Sequence[Meeting], kernel: int) -> tuple[Meeting, ...]:
    """What meets at the window's positions, told by the weight's."""
    return tuple({**m, "k": slice(kernel - m["k"].stop, kernel - m["k"].start)} for m in met)


def conv_transpose(asked: Reading) -> Relation:
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


def pool(asked: Reading) -> AnyRelation:
    """A window of its channel; backwards by way of what the window decides."""
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


def resampling(asked: Reading) -> Relation:
    """The positions with a weight, axis by axis."""
    op = asked.source.op
    assert isinstance(op, Resampling)
    (i, _, y), sizes = _places(asked.input[2:], (), asked.output[2:])
    links = tuple(pairs(spread.rows) for spread in op.spreads(asked.input))
    labels = {"input": ("p", *i), "output": ("p", *y)}
    return asked.between(labels, sizes | {"p": size_of(asked.input[:2])}, links)


def columns(asked: Reading) -> AnyRelation:
    """Each element of the columns is one of the image, or padding."""
    op = asked.source.op
    assert isinstance(op, Columns)
    image = asked.input if isinstance(op, Unfold) else asked.output
    numbers = np.arange(1, size_of(image) + 1).reshape(image)  # 0 is padding's
    copies = Routes(op.unfolded(numbers, op.geometry(asked.input)) - 1, image)
    return Turned(copies) if isinstance(op, Unfold) == (asked.of == "output") else copies


def max_unpool(asked: Reading) -> AnyRelation:
    """Each element goes to one position, where the last one stays."""
    op, indices = asked.source.op, asked.read(asked.source.operands["indices"])
    assert isinstance(op, MaxUnpool)
    starts = np.arange(size_of(asked.input[:2])).reshape(*asked.input[:2], *(1,) * op.dims)
    if asked.backward:
        if asked.argument == "indices":
            return asked.alike()
        places = np.where(op.stays(indices, asked.output), starts * size_of(asked.output[2:]) + indices, -1)
        return Turned(Routes(places, asked.output))
    number = op.sources(indices, asked.output)
    places = np.where(number < 0, -1, starts * size_of(asked.input[2:]) + number)
    return Turned(Routes(places, asked.input))
