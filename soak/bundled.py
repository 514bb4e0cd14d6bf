"""Digests of the bundled networks' first 20 steps, which every machine must have: `tests/digests.json`.

    python soak/bundled.py                  # compares, exit code 1 where they differ
    make digests                            # python soak/bundled.py --write, after the edition has been raised

Images and labels are whole numbers that a formula gives, so nothing but the engine decides what comes out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import pellucid as pc
from pellucid.edition import ARITHMETIC
from pellucid.nn.models import input_shape

FILE = Path(__file__).parents[1] / "tests" / "digests.json"
STEPS = 20
# Batches of several sizes: with one part, with several, with parts of unequal size.
BATCHES = {"lenet5": 33, "mnist_cnn": 16, "vgg_small": 9, "resnet20": 20}
RULES = {
    "lenet5": pc.SGD(lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True),
    "mnist_cnn": pc.Adam(lr=1e-3),
    "vgg_small": pc.SGD(lr=0.02, momentum=0.9),
    "resnet20": pc.AdamW(lr=1e-3),
}


def whole(count: int, first: int) -> np.ndarray[Any, Any]:
    """Numbers from 0 to 255 that look like chance."""
    return ((np.arange(first, first + count, dtype=np.uint64) * 2654435761 >> 13) % 256).astype(np.int64)


def batches(model: pc.Module, size: int) -> Iterator[tuple[Any, Any]]:
    """Images and labels, another batch for each step."""
    shape = (size, *input_shape(model))
    count = int(np.prod(shape))
    for i in range(STEPS):
        images = whole(count, i * count).reshape(shape)
        yield (images / 256).astype(np.float32), whole(size, 7 * i) % 10


def digests() -> dict[str, Any]:
    """Of each network's losses and of all it has learned."""
    found: dict[str, Any] = {"edition": ARITHMETIC}
    for name, size in BATCHES.items():
        pc.seed(1)
        model = getattr(pc.models, name)()
        step = pc.TrainStep(model, RULES[name], seed=2)
        losses = [step(x, y) for x, y in batches(model, size)]
        state = b"".join(array.tobytes() for array in model.state_dict().values())
        found[name] = {
            "losses": hashlib.sha256(np.array(losses).tobytes()).hexdigest(),
            "state": hashlib.sha256(state).hexdigest(),
            "last loss": losses[-1],
        }
    return found


def main() -> int:
    """Compare or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    now = digests()
    if parser.parse_args().write:
        FILE.write_text(json.dumps(now, indent=4) + "\n")
        return 0
    kept = json.loads(FILE.read_text())
    differ = [name for name in now if now[name] != kept.get(name)]
    print(f"edition {ARITHMETIC}: {', '.join(differ) or 'nothing'} differs")
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main())
