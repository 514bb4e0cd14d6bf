"""What ops share that move numbers and change none: every output is an element of an operand.

Such an op says of each operand how its elements meet those of the output, one to one (`Rearranging.pattern`): its axes
and the output's are split up into the same labels, in another order, where a label i of the operand may stand against a
label y of the output, linked by runs of positions. Everything else follows from that: the output, the gradient, the
terms, and the copy of the kernels (`engine/lowering/rearranging.py`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.geometry import Axis
from pellucid.ops.base import Array, Gradients, Op, Rows, Shape, Terms
from pellucid.ops.reduction import Reduction
from pellucid.ops.relation import Each, IndexPattern, Labels, Run, Runs, Sliding, stretch


class Rearranging(Op):
    """An op whose outputs are its operands' elements, each of which goes to one place or to none."""

    is_linear: ClassVar[bool] = True

    @abstractmethod
    def pattern(self, name: str, *shapes: Shape | None) -> IndexPattern:
        """How the elements of the operand of this name meet those of the output: one meets one, or none."""

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern | Each:
        """As the patterns say."""
        names, ordered = self.counted(self.arguments, shapes), self.ordered(shapes)
        patterns = {name: self.pattern(name, *ordered) for name in names}
        return Each(patterns) if self.variadic else patterns["input"]

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The element itself."""
        names = self.names(len(shapes))
        links = self.pattern(names[0], *shapes).links
        other = "i" if of == "output" else "y"
        factors = names if of == "output" else ("grad_output",)
        return Reduction("copy", factors, skips=tuple(f"{other}{n}" for n in range(len(links))))

    def origins(self, at: NDArray[np.int64], *shapes: Shape | None) -> tuple[NDArray[np.int64], Rows]:
        """For each output, whose index is a row of `at`, the number of its operand, and where there it comes from."""
        members = np.zeros(len(at), np.int64)
        output, found = self.infer(*shapes), np.zeros((0, len(at)), np.int64)
        for number, (name, shape) in enumerate(self.named(shapes).items()):
            assert shape is not None
            rows, there = met(self.pattern(name, *shapes), ("output", output), (name, shape), at)
            members[there] = number
            found = np.where(there, rows, found) if number else rows
        return members, tuple(found)

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """The one element of the other array that an element is, or none."""
        name, output = of.removeprefix("grad_"), self.infer(*shapes)
        if of == "output":
            _, rows = self.origins(at, *shapes)
            return Terms((("input", tuple(row[:, None] for row in rows)),))
        shape = self.named(shapes)[name]
        assert shape is not None
        found, there = met(self.pattern(name, *shapes), (name, shape), ("output", output), at)
        return Terms((("grad_output", tuple(row[:, None] for row in found)),), present=there[:, None])

    def forward(self, *operands: Array) -> Array:
        """Each element to its place."""
        shapes = [operand.shape for operand in operands]
        output = np.empty(self.infer(*shapes), operands[0].dtype)
        for name, operand in self.named(operands).items():
            for source, target in views(self.pattern(name, *shapes), name, operand, output):
                target[...] = source
        return output

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Each gradient from its place; 0 where an element went nowhere."""
        shapes, gradients = [operand.shape for operand in operands], []
        for name, operand in self.named(operands).items():
            gradient = np.zeros(operand.shape, grad_output.dtype)
            for target, source in views(self.pattern(name, *shapes), name, gradient, grad_output):
                target[...] = source
            gradients.append(gradient)
        return tuple(gradients)

    def sliding(self, *shapes: Shape | None) -> Sliding | None:
        """Where each spatial axis stays what it is, windows of one position; none where axes meet others."""
        input, output = shapes[0], self.infer(*shapes)
        if self.variadic or input is None or not 2 < len(input) == len(output):
            return None
        pattern = self.pattern("input", *shapes)
        spatial = [labels_of(pattern, name, shape) for name, shape in (("input", input), ("output", output))]
        if None in spatial:
            return None
        axes = []
        for size, mine, theirs in zip(input[2:], *(labels[2:] for labels in spatial if labels), strict=True):
            if mine == theirs:
                axes.append(Axis(size, 1))
            elif len(mine) == len(theirs) == 1 and mine[0][1:] == theirs[0][1:] and mine[0][0] == "i":
                found = _window(pattern.links[int(mine[0][1:])], size)
                if found is None:
                    return None
                axes.append(found)
            else:
                return None
        return Sliding(tuple(axes))

    def keeps_images(self, *shapes: Shape | None) -> bool:
        """Whether the first axis stays the images', so that what is made of one depends on no other."""
        output = self.infer(*shapes)
        for name, shape in self.named(shapes).items():
            pattern = self.pattern(name, *shapes)
            if not shape or not output or shape[0] != output[0]:
                return False
            mine, theirs = labels_of(pattern, name, shape), labels_of(pattern, "output", output)
            if mine is None or theirs is None:
                if pattern.links or pattern.labels[name] != pattern.labels["output"]:
                    return False
            elif mine[0] != theirs[0]:
                return False
        return True


def views(pattern: IndexPattern, name: str, operand: Array, output: Array) -> Iterator[tuple[Array, Array]]:
    """Parts of an operand and of the output that meet element by element, as views of the two."""
    mine, theirs = pattern.labels[name], pattern.labels["output"]
    partners = [partner(label, mine) for label in theirs]
    source = operand.reshape([pattern.sizes[label] for label in mine])
    source = source.transpose([mine.index(label) for label in partners])
    target = output.reshape([pattern.sizes[label] for label in theirs])
    for pieces in product(*(runs_of(pattern, label) for label in theirs)):
        at = tuple(slice(None) if run is None else stretch(run.i, run.length, run.step) for run in pieces)
        to = tuple(slice(None) if run is None else stretch(run.y, run.length) for run in pieces)
        yield source[at], target[to]


def met(
    pattern: IndexPattern, source: tuple[str, Shape], target: tuple[str, Shape], at: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where elements of one array, whose indices are rows of `at`, lie in the other, and which lie there at all.

    There is a row for each axis, with −1 for what lies nowhere.
    """
    mine, theirs, sizes = pattern.labels[source[0]], pattern.labels[target[0]], pattern.sizes
    given = dict(zip(mine, _split(at, source[1], [sizes[label] for label in mine]), strict=True))
    there, places = np.ones(len(at), np.bool_), np.zeros((len(at), len(theirs)), np.int64)
    for column, label in enumerate(theirs):
        own = partner(label, mine)
        place = given[own] if own == label else positions(pattern, own, label)[given[own]]
        there &= place >= 0
        places[:, column] = place.clip(0)
    found = np.array(_split(places, [sizes[label] for label in theirs], target[1]), np.int64)
    return np.where(there, found.reshape(len(target[1]), len(at)), -1), there


def _split(at: NDArray[np.int64], shape: Sequence[int], other: Sequence[int]) -> Sequence[NDArray[np.int64]]:
    """Indices in one shape, a row each, as indices in another one of as many numbers: a row for each axis."""
    number = np.ravel_multi_index(tuple(at.T), tuple(shape)) if shape else np.zeros(len(at), np.int64)
    return np.unravel_index(number, tuple(other)) if other else ()


def positions(pattern: IndexPattern, source: str, target: str) -> NDArray[np.int64]:
    """For each position along one label of a link that which it meets along the other; −1 for none."""
    found = np.full(pattern.sizes[source], -1, np.int64)
    numbers = np.arange(pattern.sizes[target])
    for meeting in pattern.links[int(source[1:])].meetings:
        found[meeting[source[0]]] = numbers[meeting[target[0]]]
    return found


def partner(label: str, others: Sequence[str]) -> str:
    """The label of another array that meets this one: the same, or that at the other end of its link."""
    return label if label in others else {"i": "y", "y": "i"}[label[0]] + label[1:]


def runs_of(pattern: IndexPattern, label: str) -> Sequence[Run | None]:
    """The runs by which a label of the output is linked to one of the operand; None where the two are the same."""
    if label[0] != "y":
        return (None,)
    link = pattern.links[int(label[1:])]
    assert isinstance(link, Runs)
    return link.runs


def labels_of(pattern: IndexPattern, name: str, shape: Shape) -> list[Labels] | None:
    """The labels of each axis of an array, without those of one position; None where labels reach over several axes."""
    labels, found = [label for label in pattern.labels[name] if pattern.sizes[label] != 1], list[Labels]()
    for size in shape:
        mine: list[str] = []
        held = 1
        while held < size and labels:
            mine.append(labels.pop(0))
            held *= pattern.sizes[mine[-1]]
        if held != size:
            return None
        found.append(tuple(mine))
    return found


def linked(sizes: Mapping[str, int], links: Sequence[Runs], input: Labels, output: Labels) -> IndexPattern:
    """The pattern of an op with one operand."""
    return IndexPattern({"input": input, "output": output}, sizes, tuple(links))


def _window(link: Any, size: int) -> Axis | None:
    """Runs as windows of one position, where there is one that ascends."""
    (first, *others) = link.runs or (Run(0, 0, 0),)
    if others or first.step < 1 or first.y or not first.length:
        return None
    last = first.i + (first.length - 1) * first.step
    return Axis(size, 1, stride=first.step, before=-first.i, after=last + 1 - size)
