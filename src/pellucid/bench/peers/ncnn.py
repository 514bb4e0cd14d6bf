"""ncnn in float32: Winograd, packed layouts and matrix products on, 16-bit numbers off.

It takes one image at a time. Flush-to-zero is its default.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.bench.cases import Array, Case
from pellucid.bench.peers.ncnn_file import INPUT, LAYERS, OUTPUT, WEIGHTS


def load() -> None:
    """Import it."""
    import ncnn  # noqa: F401


def infer(case: Case, folder: Path, threads: int, *, images_at_once: bool) -> Callable[[int], Array]:
    """Either all threads work on one image after the other, or each on an image of its own."""
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads, net.opt.lightmode = 1 if images_at_once else threads, True
    for setting in ("winograd_convolution", "sgemm_convolution", "packing_layout"):
        setattr(net.opt, f"use_{setting}", True)
    for setting in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(net.opt, f"use_{setting}", False)
    if net.load_param(str(folder / LAYERS)) or net.load_model(str(folder / WEIGHTS)):
        raise RuntimeError("ncnn cannot read the files written for it")
    batches = [[ncnn.Mat(image).clone() for image in x] for x, _ in case.batches()]

    def logits(image: Any) -> Array:
        extractor = net.create_extractor()
        extractor.input(INPUT, image)
        code, output = extractor.extract(OUTPUT)  # without the interpreter's lock
        if code:
            raise RuntimeError(f"ncnn ended with code {code}")
        return np.array(output)

    spread = ThreadPoolExecutor(threads).map if images_at_once else map
    return lambda number: np.stack(list(spread(logits, batches[number % len(batches)])))
