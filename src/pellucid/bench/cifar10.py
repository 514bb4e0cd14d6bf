"""Training steps of `examples/cifar10_fast.py` beside PyTorch: the same network, loss, optimiser and first losses.

    python -m pellucid.bench.cifar10 --example examples/cifar10_fast.py [--data cifar10.zip] [--steps N] [--rounds N]

A round is a stretch of steps for each engine, in turns; who does not run sleeps. PyTorch has a fused optimiser,
flush-to-zero, an allocator that keeps memory, both memory formats, and its compiler. Without `--data` pictures are
noise.
"""

from __future__ import annotations

import argparse
import runpy
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import nn
from pellucid.bench import turns
from pellucid.bench.machine import describe, fma_peak_gflops
from pellucid.bench.report import Table
from pellucid.bench.turns import Turns
from pellucid.data import datasets
from pellucid.data.augment import Augment
from pellucid.data.dataset import Dataset
from pellucid.kernels.tape import set_num_threads
from pellucid.train import CrossEntropyLoss, TrainStep

Array = NDArray[Any]
Step = Callable[[], float]
ENGINES = ("pellucid", "torch-eager", "torch-channels_last", "torch-compile")
BATCHES = 4  # different ones, taken in turn
AGREE = 1e-4  # of the first loss
_BATCHES = "batches.npz"


def recipe(example: Path) -> dict[str, Any]:
    """What the example defines."""
    return runpy.run_path(str(example))


def model_of(made: dict[str, Any]) -> nn.Module:
    """The example's network with its first values."""
    nn.seed(0)
    model: nn.Module = made["network"]()
    return model


def first_of(model: nn.Module) -> nn.Conv2d:
    """The convolution that whitens."""
    return next(layer for _, layer in model.named_modules() if isinstance(layer, nn.Conv2d))


def write_batches(made: dict[str, Any], data: Path | None, folder: Path) -> None:
    """Batches as the example trains on them, or noise, and the first layer's weight."""
    size = made["BATCH"]
    rng = np.random.default_rng(0)
    if data is None:
        images = rng.integers(0, 256, (BATCHES * size, 3, 32, 32), np.uint8)
        pictures = Dataset(images, np.arange(len(images)) % 10)
    else:
        pictures, _ = datasets.open(str(data))
    scales = {}
    if (taken := pictures.preprocessing) and taken.mean:
        scales = {"scale": taken.scale, "shift": taken.shift}
    augment: Augment = made["AUGMENT"]
    chosen = rng.permutation(len(pictures))[: BATCHES * size]
    x = augment.batch(pictures.images, chosen, seed=0, epoch=0, **scales)
    np.savez(folder / _BATCHES, x=x, y=pictures.labels[chosen], first=made["whitening"](x))


def batches_of(folder: Path, size: int) -> tuple[list[tuple[Array, Array]], Array]:
    """What `write_batches` wrote."""
    with np.load(folder / _BATCHES) as file:
        x, y, first = file["x"], file["y"], file["first"]
    edges = range(0, len(x) + 1, size)
    return [(x[start:stop], y[start:stop]) for start, stop in pairwise(edges)], first


def pellucid(made: dict[str, Any], folder: Path, threads: int) -> Step:
    """A step of this package."""
    set_num_threads(threads)
    batches, first = batches_of(folder, made["BATCH"])
    model = model_of(made)
    first_of(model).weight[:] = first
    step = TrainStep(model, made["optimizer"](), made["LOSS"])
    return lambda: step(*batches[step.steps % len(batches)])


def twin(model: nn.Module) -> Any:
    """The same layers in PyTorch, with the same numbers; what is frozen stays frozen."""
    import torch
    from torch import nn as kit

    def made(layer: nn.Module) -> Any:
        match layer:
            case nn.Conv2d():
                sizes = layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding
                return kit.Conv2d(*sizes, bias=layer.bias is not None)
            case nn.BatchNorm2d():
                return kit.BatchNorm2d(layer.num_features, layer.eps, layer.momentum)
            case nn.ZeroPad2d():
                return kit.ZeroPad2d(layer.padding)
            case nn.MaxPool2d():
                return kit.MaxPool2d(layer.kernel_size, layer.stride)
            case nn.AdaptiveMaxPool2d():
                return kit.AdaptiveMaxPool2d(layer.output_size)
            case nn.Linear():
                return kit.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
            case nn.ReLU():
                return kit.ReLU()
            case nn.Flatten():
                return kit.Flatten()
        sys.exit(f"the bench has no twin of {type(layer).__name__}")

    network = kit.Sequential(*map(made, model))
    network.load_state_dict({name: torch.from_numpy(a) for name, a in model.state_dict().items()})
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name not in frozen)
    return network


def pytorch(made: dict[str, Any], folder: Path, threads: int, kind: str) -> Step:
    """A step of PyTorch."""
    import torch

    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    layout = torch.contiguous_format if kind == "torch-eager" else torch.channels_last
    batches, first = batches_of(folder, made["BATCH"])
    model = model_of(made)
    first_of(model).weight[:] = first
    network = twin(model).to(memory_format=layout)
    tensors = [(torch.from_numpy(x).to(memory_format=layout), torch.from_numpy(y)) for x, y in batches]
    ours = made["optimizer"]()
    loss: CrossEntropyLoss = made["LOSS"]
    optimizer = torch.optim.SGD(
        [parameter for parameter in network.parameters() if parameter.requires_grad],
        ours.lr,
        ours.rule.momentum,
        weight_decay=ours.rule.weight_decay,
        nesterov=ours.rule.nesterov,
        fused=True,
    )

    def loss_of(x: Any, y: Any) -> Any:
        smoothing = loss.label_smoothing
        return torch.nn.functional.cross_entropy(network(x), y, label_smoothing=smoothing)

    forward = torch.compile(loss_of) if kind == "torch-compile" else loss_of
    count = 0

    def step() -> float:
        nonlocal count
        optimizer.zero_grad(set_to_none=True)
        result = forward(*tensors[count % len(tensors)])
        result.backward()
        optimizer.step()
        count += 1
        return float(result.item())

    return step


def engine(name: str, made: dict[str, Any], folder: Path, threads: int) -> Step:
    """An engine's step, ready for its first call."""
    if name == "pellucid":
        return pellucid(made, folder, threads)
    return pytorch(made, folder, threads, name)


def serve(name: str, made: dict[str, Any], folder: Path, threads: int) -> None:
    """Be an engine: call n is a stretch of n steps."""

    def prepare(number: int) -> turns.Call:
        step = engine(name, made, folder, threads)
        for _ in range(2):  # the first ones compile, and take memory
            step()
        return partial(_stretch, step, number)

    turns.serve(prepare)


def _stretch(step: Step, steps: int) -> None:
    for _ in range(steps):
        step()


def check(made: dict[str, Any], folder: Path, threads: int) -> float:
    """How far the first losses of both are apart; more than `AGREE` ends the program."""
    ours, theirs = (engine(name, made, folder, threads)() for name in ENGINES[:2])
    if not abs(ours - theirs) <= AGREE:
        sys.exit(f"the first losses differ: {ours} and {theirs}")
    return abs(ours - theirs)


def measure(found: dict[str, list[float]], steps: int) -> Table:
    """Milliseconds of a step in the median stretch, and the others' over Pellucid's."""
    medians = {name: statistics.median(times) / steps for name, times in found.items()}
    ours = medians["pellucid"]
    rows = [
        (
            name,
            f"{ms:.1f}",
            f"{min(found[name]) / steps:.1f}–{max(found[name]) / steps:.1f}",
            f"{ms / ours:.2f}",
        )
        for name, ms in medians.items()
    ]
    return Table("CIFAR-10", ("engine", "ms per step", "lowest–highest", "ratio of medians"), rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--example", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--serve", choices=ENGINES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    made = recipe(options.example)
    if options.serve:
        serve(options.serve, made, options.folder, options.threads)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_batches(made, options.data, folder)
        apart = check(made, folder, options.threads)
        machine, peak = describe(), fma_peak_gflops()
        print(f"{machine['processor']}, {options.threads} threads, load at the beginning {machine['load']}.")
        print(f"Measured peak {peak:.0f} GFLOP/s. The first losses differ by {apart:.1e}.\n")
        given = ["--example", str(options.example), "--folder", name]
        with Turns("pellucid.bench.cifar10", ENGINES, options.threads, given) as contenders:
            found = contenders.times_ms(options.steps, options.rounds)
    print(measure(found, options.steps).markdown())


if __name__ == "__main__":
    main()
