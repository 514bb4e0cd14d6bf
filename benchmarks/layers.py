"""Where a training step's time goes: each launch of its plan, in the step's own order.

    python benchmarks/layers.py resnet20 [--batch 64] [--threads 2] [--steps 20] [--top 30] [--markdown FILE]

Convolutions and linear layers are given in GFLOP/s (two for each product, products with padding included) and as a
share of the peak that all threads reach in registers alone. The other launches are given in GB/s: the bytes of all
blocks that a launch names, each once. Times are medians over the steps, less the time of a launch that does nothing.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
from machine import copy_gb_per_s, describe, fma_peak_gflops
from peers import LR, MOMENTUM, SHAPES
from rich.console import Console
from rich.table import Table
from training_step import markdown

import pellucid as pc
from pellucid.engine.graph import Graph
from pellucid.engine.plan import Program
from pellucid.geometry import size_of
from pellucid.kernels import tape, tiles
from pellucid.ops.conv import Conv
from pellucid.ops.linear import Linear
from pellucid.ops.relu import ReLU

COLUMNS = ("launch", "kernel", "ms", "% of step", "GFLOP/s", "% of peak", "GB/s")


def products(graph: Graph) -> dict[str, int]:
    """Products of a convolution's or linear layer's launches, by label: the same number in each direction."""
    counts = {}
    for node in graph.nodes:
        if isinstance(node.op, Conv | Linear):
            input, weight, _ = node.operands
            # every output element is a sum over all but the first axis of the weight
            count = size_of(node.output.shape) * size_of(weight.shape[1:])
            gradient = f"grad({weight.name})"
            labels = [f"{node.path}.output", gradient, f"{gradient}, parts"]
            received = [input]
            if input.node is not None and isinstance(input.node.op, ReLU):
                received += input.node.operands  # a gradient that passes the ReLU's gate as well
            labels += [f"grad({symbol.name}) by {node.path}" for symbol in received]
            counts |= dict.fromkeys(labels, count)
    return counts


def sizes_bytes(program: Program) -> list[int]:
    """For each launch the bytes of the blocks that it names in its tables, each once."""
    named = [{block.address: block.size_bytes for block in launch.bind().blocks} for launch in program.steps]
    return [sum(blocks.values()) for blocks in named]


def times_ms(program: Program, steps: int) -> list[float]:
    """Milliseconds of each launch. They are played in order, so that each finds the caches as it does in training."""
    idle = program.launches[:1].copy()
    idle[0, 4] = 0  # no chunks
    overhead = statistics.median(_play_ms(idle) for _ in range(1000))
    rows = [program.launches[i : i + 1] for i in range(len(program.launches))]
    measured = [[_play_ms(row) for row in rows] for _ in range(steps)]
    return [max(0.0, statistics.median(column) - overhead) for column in zip(*measured, strict=True)]


def _play_ms(row: np.ndarray) -> float:
    start = time.perf_counter()
    tape.team.play(row)
    return (time.perf_counter() - start) * 1e3


def program_of(model: str, batch: int) -> tuple[Program, np.ndarray]:
    """A training step's program after some steps, and the input that it goes on reading."""
    pc.seed(0)
    rng = np.random.default_rng(0)
    x, y = rng.random((batch, *SHAPES[model]), np.float32), rng.integers(0, 10, batch)
    step = pc.TrainStep(getattr(pc.models, model)(), pc.SGD(lr=LR, momentum=MOMENTUM))
    for _ in range(3):
        step(x, y)
    return step._training(x, y).program, x


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", choices=SHAPES)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--top", type=int, help="only so many launches, the slowest ones")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there, too")
    arguments = parser.parse_args()

    pc.set_num_threads(arguments.threads)
    peak, copy = fma_peak_gflops(), copy_gb_per_s()
    program, _input = program_of(arguments.model, arguments.batch)
    counts = products(program.plan.graph)
    milliseconds = times_ms(program, arguments.steps)
    total, products_ms, cells = sum(milliseconds), 0.0, []
    for launch, ms, size in zip(program.steps, milliseconds, sizes_bytes(program), strict=True):
        count = counts.get(launch.label) if launch.kernel is tiles.walk_tiles else None
        products_ms += ms if count else 0
        rate = 2 * count / ms / 1e6 if count and ms else None
        cells.append(
            (
                launch.label,
                launch.kernel.name,
                f"{ms:.3f}",
                f"{100 * ms / total:.1f}",
                f"{rate:.0f}" if rate else "",
                f"{100 * rate / peak:.0f}" if rate else "",
                f"{size / ms / 1e6:.1f}" if not rate and ms else "",
            )
        )
    if arguments.top:
        cells = sorted(cells, key=lambda row: -float(row[2]))[: arguments.top]

    settings = f"{arguments.model}, batch {arguments.batch}, {arguments.threads} threads, float32"
    summary = (
        f"{len(program.steps)} launches, {total:.2f} ms, {100 * products_ms / total:.0f} % of it products; "
        f"peak {peak:.0f} GFLOP/s, copy {copy:.0f} GB/s read and written"
    )
    table = Table(
        *COLUMNS, title=f"Launches of a training step: {settings}", caption=f"{summary}\n{describe()}"
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for row in cells:
        table.add_row(*row)
    Console().print(table)
    if arguments.markdown:
        text = f"{markdown(COLUMNS, cells)}\n{settings}: {summary}. {describe()}.\n"
        arguments.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
