"""Tensors that broadcast: how one is read, or written, where tensors of another shape are walked row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.engine import weights
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.plan import CHUNKS, Plan
from pellucid.engine.steps import Step
from pellucid.kernels.loops.broadcast import Repeated, Strides
from pellucid.kernels.loops.rows import Rows
from pellucid.ops.base import Shape
from pellucid.sizes import size_of


@dataclass(frozen=True)
class Operand:
    """A tensor, an array of the model or a number, with the public shape of what lies there."""

    block: Block | None
    shape: Shape = ()

    @property
    def name(self) -> str:
        """Of the block."""
        assert self.block is not None
        return self.block.name

    def at(self, output: Shape) -> Repeated:
        """How it is read, or written, where outputs of this shape are made: by 0 along axes where it is repeated."""
        steps = [0 if size == 1 else step for step, size in zip(self.steps, self.shape, strict=True)]
        return Repeated(self.block, Strides(*five_axes([0] * (len(output) - len(steps)) + steps, 0)))

    @property
    def steps(self) -> Sequence[int]:
        """How far apart neighbours along its public axes are."""
        if not isinstance(self.block, Tensor):
            return weights.strides(self.shape)
        image, slice_, row, pixel = self.block.strides
        deep = self.shape[2:-2]  # of more than three spatial axes the first ones lie one in another along D
        slices = [slice_ * size_of(deep[d + 1 :]) for d in range(len(deep))]
        return (image, 1, *(*slices, row, pixel)[2 - len(self.shape) :])[: len(self.shape)]


def five_axes(public: Sequence[int], absent: int) -> tuple[int, int, int, int, int]:
    """One number for each of the axes N D H W C, from those of the public axes N C …."""
    images, channels = (*public[:2], absent, absent)[:2]
    depth, height, width = (absent, absent, absent, *public[2:])[-3:]
    return images, depth, height, width, channels


def merged(width: int, channels: int, read: Sequence[Repeated]) -> tuple[int, int, list[Repeated]]:
    """The pixels and channels of a row; as one axis where all tensors are read alike along both.

    The last tensor is written, one number beside the other along the inner axis.
    """
    strides = [one.strides for one in read]
    if channels == 1 and strides[-1].pixel <= 1:
        width, channels = 1, width
        strides = [s._replace(pixel=0, channel=s.pixel) for s in strides]
    elif all(s.pixel == channels * s.channel for s in strides):
        width, channels = 1, width * channels
        strides = [s._replace(pixel=0) for s in strides]
    return width, channels, [one._replace(strides=s) for one, s in zip(read, strides, strict=True)]


def operand(plan: Plan, step: Step, name: str) -> Operand:
    """What a step reads in this role."""
    return Operand(plan.read(step, name), step.reads[name].shape)


def walked(shape: Shape, read: Sequence[Operand]) -> tuple[int, Rows, int, list[Repeated]]:
    """How many chunks there are, the rows of a tensor of this shape, their pixels, and how tensors are read there."""
    n, d, h, w, c = five_axes(shape, 1)
    width, length, tensors = merged(w, c, [x.at(shape) for x in read])
    per_chunk = max(1, n * d * h // CHUNKS)
    return -(-n * d * h // per_chunk), Rows(per_chunk, n, d, h, length), width, tensors
