"""All numbers of whole training steps, certified, each with a replay that has its bits.

    python soak/certified.py [NETWORK …]

The networks are those of `digests.py`, or the named ones: every op, one to three dimensions, SGD, Adam and AdamW, with
the direct algorithm. Of the bundled ones only LeNet-5 and mnist_cnn are taken, with small batches. A number counts when
it lies within its bound and its replay has the same bits; an array without a replay is named, unless its numbers are
copies, which must be exact.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

import pellucid as pc
from soak.digests import RULES, Build, Shape, networks

BATCHES = {"lenet5": 2, "mnist_cnn": 1}
LARGE = ("vgg_small", "resnet20", "resnet18", "alexnet")


def recorded(build: Build, shape: Shape, index: int) -> Any:
    """The second step of a network's training."""
    pc.seed(7)
    model, random = build(), np.random.default_rng(index)
    x = random.standard_normal(shape).astype(np.float32)
    output = model(x)
    classes = output.ndim == 2
    y = random.integers(0, output.shape[1], len(x)) if classes else random.standard_normal(output.shape)
    step = pc.TrainStep(model, RULES[index % len(RULES)], "cross_entropy" if classes else "mse_loss", seed=3)
    targets = y if classes else y.astype(np.float32)
    step(x, targets)
    return step.record(x, targets)


def faults(rec: Any) -> Iterator[str]:
    """What is not certified, and what no replay was compared with."""
    for array in rec.certify().arrays:
        if array.failures or array.replay_mismatches:
            yield f"{array.name}: {array.failures} not certified, {array.replay_mismatches} unlike their replay"
        first = ",".join("0" * rec[array.name].ndim)
        if (
            array.kind != "select"
            and rec.explain(f"{array.name}[{first}]" if first else array.name).replay is None
        ):
            yield f"{array.name}: no replay"


def main(arguments: Sequence[str] | None = None) -> int:
    """A line for each network; exit code 1 where there is a fault."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    wanted = parser.parse_args(arguments).networks
    count, numbers, wrong = 0, 0, 0
    for index, (name, build, shape) in enumerate(networks()):
        if name in wanted if wanted else name not in LARGE:
            start = time.monotonic()
            with pc.algorithm("direct"):
                rec = recorded(build, (BATCHES.get(name, shape[0]), *shape[1:]), index)
                found = list(faults(rec))
            made = sum(entry.size for entry in (rec[n] for n in rec.names()))
            count, numbers, wrong = count + 1, numbers + made, wrong + len(found)
            print(
                f"{name}: {made:,} numbers in {time.monotonic() - start:.0f} s",
                *found,
                sep="\n  ",
                flush=True,
            )
    print(f"{count} networks, {numbers:,} numbers: {wrong} arrays at fault")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
