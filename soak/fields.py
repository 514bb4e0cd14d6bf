"""Receptive fields of random stacks: summary, recordings and PyTorch's gradients must agree.

    python soak/fields.py [--count N] [--seed S]

A stack of layers of every kind with a field, drawn with distinct sizes, kernels, strides, dilations and paddings along
every axis, is built twice. The elements of the input that `rec.field` says an output depends on must be those where
PyTorch's gradient of the output is not 0, one by one and at borders, too. Far from the borders the first and the last
of them must be where the summary's field says, and its size the most that any position sees.

Three things stand in for PyTorch's layers, which hide what an output depends on: for max pooling, whose gradient goes
to the winner alone, a weighted sum over the same windows; for norms that mix positions nothing, since fields are those
with statistics held; for activations that are flat somewhere others that are not.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch

import pellucid as pc
from pellucid import nn
from pellucid.engine.compose import lower, plan_of
from pellucid.engine.graph import trace
from pellucid.explain.catalogue import catalogue
from pellucid.explain.recording import Recording
from pellucid.nn.receptive import Fields, ReceptiveField, receptive_fields

_MOST = {1: 4000, 2: 9000, 3: 30000}  # positions of an input, by its axes
_DEPTH = {1: 5, 2: 4, 3: 2}
Sizes = tuple[int, ...]
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Layer:
    """One layer twice, and how far along each axis a border's influence reaches in positions of its input."""

    kind: str
    ours: nn.Module
    theirs: torch.nn.Module
    reach: Sizes


class Sum(nn.Module):
    """Two ways that meet."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        self.first, self.second = first, second

    def forward(self, x: Any) -> Any:
        """first(x) + second(x)."""
        return self.first(x) + self.second(x)


class TheirSum(torch.nn.Module):
    """The same."""

    def __init__(self, first: torch.nn.Module, second: torch.nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Any) -> Any:
        """first(x) + second(x)."""
        return self.first(x) + self.second(x)


class Windows(torch.nn.Module):
    """A weighted sum over every window of a max pooling, channel by channel."""

    def __init__(self, pool: Any, dims: int) -> None:
        super().__init__()
        self.pool, self.dims = pool, dims

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N,C,…) → the pooling's output."""
        pool, shape = self.pool, x.shape
        outputs = pool(torch.empty_like(x, device="meta")).shape[2:]
        pads = []
        for d in reversed(range(self.dims)):
            end = (outputs[d] - 1) * pool.stride[d] + pool.dilation[d] * (pool.kernel_size[d] - 1) + 1
            pads += [pool.padding[d], end - pool.padding[d] - shape[d + 2]]
        x = torch.nn.functional.pad(x, pads)
        weight = torch.rand(shape[1], 1, *pool.kernel_size, dtype=x.dtype) + 0.5
        convolve = getattr(torch.nn.functional, f"conv{self.dims}d")
        output: torch.Tensor = convolve(x, weight, None, pool.stride, 0, pool.dilation, shape[1])
        return output


class Draw:
    """Random layers over so many axes."""

    def __init__(self, rng: random.Random, dims: int) -> None:
        self.rng, self.dims = rng, dims

    def each(self, least: int, most: int) -> Sizes:
        """A number for each axis."""
        return tuple(self.rng.randint(least, most) for _ in range(self.dims))

    def both(self, name: str, *arguments: Any, **settings: Any) -> tuple[nn.Module, torch.nn.Module]:
        """A layer of one name on either side."""
        return getattr(nn, name)(*arguments, **settings), getattr(torch.nn, name)(*arguments, **settings)

    def layer(self, channels: int) -> tuple[Layer, int]:
        """One that takes and, behind it, gives so many channels."""
        kinds: list[Callable[[int], tuple[Layer, int]]] = [
            self.conv, self.conv, self.conv_transpose, self.conv_transpose, self.pool, self.pool,
            self.upsample, self.pad, self.norm, self.activation, self.branches,
        ]  # fmt: skip
        return self.rng.choice(kinds)(channels)

    def conv(self, channels: int) -> tuple[Layer, int]:
        """Any convolution."""
        k, s, d, p = self.each(1, 4), self.each(1, 3), self.each(1, 3), self.each(0, 3)
        groups, out = self.rng.choice([1, 1, 2]), self.rng.choice([2, 4])
        pair = self.both(f"Conv{self.dims}d", channels, out, k, s, p, d, groups)
        return Layer("conv", *pair, self._reach(k, s, d, p)), out

    def conv_transpose(self, channels: int) -> tuple[Layer, int]:
        """Any transposed convolution; the kernel may be smaller than the stride."""
        k, s, d = self.each(1, 4), self.each(1, 4), self.each(1, 4)
        p = tuple(self.rng.randint(0, min(3, e * (n - 1))) for e, n in zip(d, k, strict=True))
        more = tuple(self.rng.randint(0, max(a, b) - 1) for a, b in zip(s, d, strict=True))
        groups, out = self.rng.choice([1, 1, 2]), self.rng.choice([2, 4])
        pair = self.both(f"ConvTranspose{self.dims}d", channels, out, k, s, p, more, groups, True, d)
        return Layer("conv_transpose", *pair, self._reach(k, s, d, p)), out

    def pool(self, channels: int) -> tuple[Layer, int]:
        """Max, average or power-average pooling."""
        kind, k, s = self.rng.choice(["Max", "Avg", "LP"]), self.each(2, 4), self.each(1, 3)
        p = tuple(self.rng.randint(0, n // 2) for n in k)
        d, ceil = self.each(1, 3) if kind == "Max" else (1,) * self.dims, self.rng.random() < 0.5
        name = f"{kind}Pool{self.dims}d"
        if kind == "LP":
            k, s = (k[0], s[0]) if self.dims == 1 else (k, s)  # type: ignore[assignment]
            ours, theirs = self.both(name, 2, k, s, ceil_mode=ceil)
            k, s, p = (k, s, (0,) * self.dims) if self.dims > 1 else ((k,), (s,), (0,))  # type: ignore[assignment]
        elif kind == "Max":
            ours, theirs = self.both(name, k, s, p, d, ceil_mode=ceil)
            theirs = Windows(theirs, self.dims)
        else:
            ours, theirs = self.both(name, k, s, p, ceil_mode=ceil)
        return Layer(f"{kind}Pool", ours, theirs, self._reach(k, s, d, p)), channels

    def upsample(self, channels: int) -> tuple[Layer, int]:
        """By whole factors."""
        linear = ("linear", "bilinear", "trilinear")[self.dims - 1]
        mode, factor = self.rng.choice(["nearest", linear]), tuple(map(float, self.each(1, 3)))
        return Layer(mode, *self.both("Upsample", None, factor, mode), (3,) * self.dims), channels

    def pad(self, channels: int) -> tuple[Layer, int]:
        """Any padding; constants may crop."""
        kind = self.rng.choice(["Constant", "Reflection", "Replication", "Circular"])
        widths = [self.rng.randint(-1 if kind == "Constant" else 0, 3) for _ in range(2 * self.dims)]
        value = (0.7,) if kind == "Constant" else ()
        pair = self.both(f"{kind}Pad{self.dims}d", tuple(widths), *value)
        return Layer(kind, *pair, (4,) * self.dims), channels

    def norm(self, channels: int) -> tuple[Layer, int]:
        """Those that mix positions do so by statistics alone."""
        ours, theirs = self.rng.choice(
            [
                self.both(f"BatchNorm{self.dims}d", channels),
                self.both("LocalResponseNorm", 2),
                (nn.GroupNorm(2, channels), torch.nn.Identity()),
                (getattr(nn, f"InstanceNorm{self.dims}d")(channels), torch.nn.Identity()),
            ]
        )
        return Layer(type(ours).__name__, ours, theirs, (0,) * self.dims), channels

    def activation(self, channels: int) -> tuple[Layer, int]:
        """What leaves positions alone."""
        smooth = torch.nn.Softplus()
        name = self.rng.choice(["ReLU", "GELU", "SiLU", "LeakyReLU", "Sigmoid", "Tanh", "Softmax"])
        if name in ("ReLU", "GELU", "SiLU"):
            ours, theirs = getattr(nn, name)(), smooth
        else:
            ours, theirs = self.both(name, *((1,) if name == "Softmax" else ()))
        return Layer(name, ours, theirs, (0,) * self.dims), channels

    def branches(self, channels: int) -> tuple[Layer, int]:
        """A sum of two convolutions with windows of different width."""
        half, d = self.each(0, 2), self.each(1, 3)
        k, p = tuple(2 * h + 1 for h in half), tuple(h * e for h, e in zip(half, d, strict=True))
        wide = self.both(f"Conv{self.dims}d", channels, channels, k, 1, p, d)
        narrow = self.both(f"Conv{self.dims}d", channels, channels, 1)
        reach = self._reach(k, (1,) * self.dims, d, p)
        return Layer("sum", Sum(wide[0], narrow[0]), TheirSum(wide[1], narrow[1]), reach), channels

    def _reach(self, k: Sizes, s: Sizes, d: Sizes, p: Sizes) -> Sizes:
        return tuple(d * (k - 1) + 1 + s + p for k, s, d, p in zip(k, s, d, p, strict=True))


@dataclass(frozen=True)
class Stack:
    """Layers, the input's sizes, and how far the borders' influence reaches into the input."""

    layers: list[Layer]
    shape: Sizes
    margin: Sizes

    @property
    def ours(self) -> nn.Module:
        """The network whose fields are asked for."""
        return nn.Sequential(*(layer.ours for layer in self.layers))

    @property
    def theirs(self) -> torch.nn.Module:
        """PyTorch's."""
        return torch.nn.Sequential(*(layer.theirs for layer in self.layers)).double().eval()

    def __str__(self) -> str:
        return f"{self.shape} {self.ours}"


def fields_of(model: nn.Module, shape: Sizes) -> tuple[Fields | None, Sizes]:
    """The fields of a model's output, and its shape."""
    arrays = dict(model.named_arrays())
    graph = trace(model.trace_forward, {"input": (shape, model.dtype)}, arrays, training=False)
    return receptive_fields(graph).get(graph.output), graph.output.shape


def unfilled(model: nn.Module, shape: Sizes) -> Recording:
    """A recording of inference without its numbers: what outputs depend on is in its entries, and needs no run."""
    arrays = dict(model.named_arrays())
    graph = trace(model.trace_forward, {"input": (shape, model.dtype)}, arrays, training=False)
    entries = [listed.entry for listed in catalogue(lower(plan_of(graph, model.dtype, keep=True)), {}, None)]
    return Recording(entries, {}.__getitem__, {}, None)


def drawn(rng: random.Random) -> Stack | None:
    """A stack with an input so large that some output is far from all borders; None where that is too large."""
    dims = rng.choice([1, 2, 2, 3, 3, 3])
    draw, layers, channels = Draw(rng, dims), list[Layer](), 2
    provisional, margin = (1, 2, *(9973,) * dims), [0] * dims
    fields: Fields | None = (ReceptiveField(),) * dims
    for _ in range(rng.randint(1, _DEPTH[dims])):
        layer, channels = draw.layer(channels)
        assert fields is not None
        margin = [
            m + -(-r * f.advance // len(f.spans)) for m, r, f in zip(margin, layer.reach, fields, strict=True)
        ]
        layers.append(layer)
        fields, _ = fields_of(nn.Sequential(*(each.ours for each in layers)), provisional)
    assert fields is not None
    space = [2 * m + f.size + 2 * f.advance + rng.randint(1, 9) for m, f in zip(margin, fields, strict=True)]
    sizes = tuple(size + d for d, size in enumerate(space))
    if prod(sizes) > _MOST[dims]:
        return None
    if rng.random() < 0.3:
        layers.append(last(draw, fields_of(Stack(layers, (), ()).ours, (1, 2, *sizes))[1]))
    return Stack(layers, (1, 2, *sizes), tuple(margin))


def last(draw: Draw, shape: Sizes) -> Layer:
    """What sees all of a tensor, or a part of it that depends on its size."""
    kind, dims = draw.rng.choice(["adaptive", "dense", "softmax"]), draw.dims
    if kind == "adaptive":
        sizes = tuple(draw.rng.randint(1, min(size, 5)) for size in shape[2:])
        pair = draw.both(f"AdaptiveAvgPool{dims}d", sizes if dims > 1 else sizes[0])
    else:
        mixing = draw.both("Softmax", 1) if kind == "softmax" else draw.both("Linear", prod(shape[1:]), 3)
        pair = nn.Sequential(nn.Flatten(), mixing[0]), torch.nn.Sequential(torch.nn.Flatten(), mixing[1])
    return Layer(kind, *pair, (0,) * dims)


def faults_of(stack: Stack, rng: random.Random) -> tuple[list[str], int]:
    """What does not agree, and how many outputs were far from all borders."""
    model = stack.ours
    fields, shape = fields_of(model, stack.shape)
    row = nn.summary(model, stack.shape).rows[-1]
    assert fields is not None
    faults, inside = [], 0
    if row.receptive_field != tuple(field.size for field in fields):
        faults.append(f"the summary says {row.receptive_field}")
    recording = unfilled(model, stack.shape)
    x = torch.randn(stack.shape, dtype=torch.float64, requires_grad=True)
    outputs = stack.theirs(x)
    if tuple(outputs.shape) != shape:
        return [f"PyTorch's output is {tuple(outputs.shape)}, ours {shape}"], 0
    for index in indices(fields, shape, rng):
        (gradient,) = torch.autograd.grad(outputs[index], x, retain_graph=True)
        support = (gradient != 0).numpy()
        region = recording.field(f"{row.path}.output[{','.join(map(str, index))}]").input
        mask = region.mask if region.name == "input" else np.zeros_like(support)
        if not np.array_equal(mask, support):
            faults.append(f"{index}: rec.field {extent(mask)}, gradient {extent(support)}")
        y = index[2:] or (0,) * len(fields)
        if all(map(far, fields, y, stack.shape[2:], stack.margin)):
            inside += 1
            spans = tuple(map(ReceptiveField.at, fields, y))
            if extent(support) != (() if None in spans else spans):
                faults.append(f"{index}: the summary's field {spans}, gradient {extent(support)}")
    return faults, inside


def indices(fields: Fields, shape: Sizes, rng: random.Random) -> list[Sizes]:
    """The output that sees most, as far from the borders as may be, two beside it and two anywhere."""
    if len(shape) == 2:
        return [(0, rng.randrange(shape[1]))]
    middle = []
    for field, size in zip(fields, shape[2:], strict=True):
        period = len(field.spans)
        lengths = [-1 if span is None else span[1] - span[0] for span in field.spans]
        turn = max(0, (size - period) // 2) // period
        middle.append(min(size - 1, turn * period + lengths.index(max(lengths))))
    places = [tuple(middle), *(tuple(map(rng.randrange, shape[2:])) for _ in range(2))]
    places += [tuple(max(0, m - rng.randint(0, 2)) for m in middle) for _ in range(2)]
    return [(0, rng.randrange(shape[1]), *place) for place in places]


def far(field: ReceptiveField, y: int, size: int, margin: int) -> bool:
    """Whether all that y and the other positions of its period see is as far from the borders as these reach."""
    seen = [span for span in field.spans if span is not None]
    shift = y // len(field.spans) * field.advance
    if not seen or field.advance == 0:
        return False
    return margin <= min(a for a, _ in seen) + shift and max(b for _, b in seen) + shift < size - margin


def extent(mask: Array) -> tuple[tuple[int, int], ...]:
    """The first and the last position along every spatial axis; nothing where there is none."""
    places = np.argwhere(mask)[:, 2:]
    return (
        tuple((int(a), int(b)) for a, b in zip(places.min(0), places.max(0), strict=True))
        if len(places)
        else ()
    )


def report(count: int, seed: int) -> int:
    """Draw so many stacks, tell what does not agree; the number of stacks that are at fault."""
    rng, start = random.Random(seed), time.monotonic()
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    pc.seed(seed)
    kinds, outputs, wrong = Counter[str](), 0, 0
    for _ in range(count):
        stack = next(found for found in iter(lambda: drawn(rng), ...) if found)
        faults, inside = faults_of(stack, rng)
        kinds.update(layer.kind for layer in stack.layers)
        outputs += inside
        if faults:
            wrong += 1
            print(stack, *faults, sep="\n  ", flush=True)
    print(", ".join(f"{kind} {times}" for kind, times in sorted(kinds.items())))
    took = time.monotonic() - start
    print(f"{count} stacks, {outputs} outputs far from borders: {wrong} at fault, {took:.0f} s")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sys.exit(report(arguments.count, arguments.seed) > 0)
