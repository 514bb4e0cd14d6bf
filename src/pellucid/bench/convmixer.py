"""Training steps of ConvMixers beside PyTorch: depthwise 7×7, GELU, batch norm, 1×1, on images of 32×32.

    python -m pellucid.bench.convmixer [--rounds N] [--threads N]

PyTorch has a fused optimiser, flush-to-zero, both memory formats, and its compiler. Each is a process of its own; all
take turns, and who does not run sleeps. Source of the network: Trockman and Kolter, Patches Are All You Need?, 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from pellucid import nn
from pellucid.bench import turns
from pellucid.bench.report import Table
from pellucid.bench.turns import Call, Turns

ENGINES = ("pellucid", "torch-eager", "torch-channels_last", "torch-compile")
KERNEL, PATCH, CLASSES = 7, 2, 10


class Size(NamedTuple):
    """Channels, blocks and images of a batch."""

    channels: int
    depth: int
    batch: int

    def __str__(self) -> str:
        return f"ConvMixer {self.channels}×{self.depth}, batch of {self.batch}"

    def data(self) -> tuple[Any, Any]:
        """Noise with labels."""
        images = np.random.default_rng(0).random((self.batch, 3, 32, 32), np.float32)
        return images, np.arange(self.batch) % CLASSES


SIZES = (Size(160, 6, 32), Size(256, 6, 8), Size(256, 6, 32))


class Residual(nn.Module):
    """What a layer makes, and what it was made of."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer = layer

    def forward(self, x: Any) -> Any:
        """The sum of both."""
        return self.layer(x) + x


def layers(size: Size, kit: Any, residual: Callable[[Any], Any]) -> Any:
    """The network, of the layers of this package or of PyTorch."""
    channels = size.channels

    def then(layer: Any) -> Any:
        return kit.Sequential(layer, kit.GELU(), kit.BatchNorm2d(channels))

    def block() -> Any:
        depthwise = kit.Conv2d(channels, channels, KERNEL, padding=KERNEL // 2, groups=channels)
        return kit.Sequential(residual(then(depthwise)), then(kit.Conv2d(channels, channels, 1)))

    first = then(kit.Conv2d(3, channels, PATCH, stride=PATCH))
    last = kit.AdaptiveAvgPool2d(1), kit.Flatten(), kit.Linear(channels, CLASSES)
    return kit.Sequential(first, *(block() for _ in range(size.depth)), *last)


def pellucid(size: Size, threads: int) -> Call:
    """A step of this package."""
    from pellucid.kernels.tape import set_num_threads
    from pellucid.train import SGD, TrainStep

    set_num_threads(threads)
    step = TrainStep(layers(size, nn, Residual), SGD(lr=0.01, momentum=0.9))
    return partial(step, *size.data())


def torch(size: Size, threads: int, kind: str) -> Call:
    """A step of PyTorch."""
    import torch as engine

    class Sum(engine.nn.Module):  # type: ignore[misc]
        def __init__(self, layer: Any) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: Any) -> Any:
            return self.layer(x) + x

    engine.set_num_threads(threads)
    engine.set_flush_denormal(True)
    layout = engine.contiguous_format if kind == "torch-eager" else engine.channels_last
    network = layers(size, engine.nn, Sum).to(memory_format=layout)
    images, labels = map(engine.from_numpy, size.data())
    images = images.to(memory_format=layout)
    optimizer = engine.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, fused=True)
    forward = engine.compile(network) if kind == "torch-compile" else network

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = engine.nn.functional.cross_entropy(forward(images), labels)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def serve(engine: str, threads: int) -> None:
    """Be an engine."""

    def prepare(number: int) -> Call:
        size = SIZES[number]
        call = pellucid(size, threads) if engine == "pellucid" else torch(size, threads, engine)
        for _ in range(2):  # the first ones compile, and take memory
            call()
        return call

    turns.serve(prepare)


def measure(rounds: int, threads: int) -> Table:
    """A row for each size: medians of all engines, and PyTorch's best one over Pellucid's, round by round."""
    rows = []
    with Turns("pellucid.bench.convmixer", ENGINES, threads) as contenders:
        for number, size in enumerate(SIZES):
            rows.append((str(size), *turns.compared(contenders.times_ms(number, rounds))))
    return Table("ConvMixer", ("training step, ms", *ENGINES, "ratio"), rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print Markdown."""
    turns.run(__doc__, arguments, ENGINES, serve, measure)


if __name__ == "__main__":
    main()
