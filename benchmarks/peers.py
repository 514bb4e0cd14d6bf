"""The contenders of a benchmark, each in a long-lived process of its own that steps only when it is told to.

    python benchmarks/peers.py {pellucid,torch,torch channels_last} MODEL --batch N --threads N

The first line on stdout says how starting went, {"first_step_s", …}. Then each line on stdin is a number of steps, and
each line on stdout tells {"step_ms": [one per step], "growth_mb": peak memory now minus that after import}.

PyTorch gets its best settings: the fused optimiser, gradients set to None, flush-to-zero, batches already in its
memory format, and (from `environment`) an allocator that keeps its memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHAPES = {
    "lenet5": (1, 28, 28),
    "mnist_cnn": (1, 28, 28),
    "vgg_small": (3, 32, 32),
    "resnet20": (3, 32, 32),
}
KINDS = ("pellucid", "torch", "torch channels_last")
BATCHES = 4  # different ones, taken in turn
LR, MOMENTUM = 0.01, 0.9
KEEP_MEMORY = {  # glibc: never give pages back, so that no step pays for getting them anew
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
}


class Contender:
    """The other end of the pipe."""

    def __init__(
        self, kind: str, model: str, batch: int, threads: int, environment: Mapping[str, str]
    ) -> None:
        self.kind = kind
        allocator = {} if kind == "pellucid" else KEEP_MEMORY
        settings = ["--batch", str(batch), "--threads", str(threads)]
        self._process = subprocess.Popen(
            [sys.executable, __file__, kind, model, *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), **allocator, **environment},
        )
        self.first_step_s: float = self._answer()["first_step_s"]
        self.growth_mb = 0.0

    def run(self, steps: int) -> list[float]:
        """Make so many steps; milliseconds of each. The process sleeps before and afterwards."""
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.growth_mb = answer["growth_mb"]
        return answer["step_ms"]

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.kind} ended with code {self._process.wait()}")
        return json.loads(line)


def pellucid_step(model: str, batches: list, threads: int) -> Callable[[int], float]:
    """Arrays in, a float out."""
    import pellucid as pc

    pc.set_num_threads(threads)
    pc.seed(0)
    step = pc.TrainStep(getattr(pc.models, model)(), optimizer=pc.SGD(lr=LR, momentum=MOMENTUM))
    return lambda number: step(*batches[number % BATCHES])


def torch_step(model: str, batches: list, threads: int, *, channels_last: bool) -> Callable[[int], float]:
    """The loop of PyTorch's tutorials with every setting that makes it faster."""
    import torch

    from pellucid.bench.twins import twin

    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = twin(model).to(memory_format=layout).train()
    tensors = [(torch.from_numpy(x).to(memory_format=layout), torch.from_numpy(y)) for x, y in batches]
    optimizer = torch.optim.SGD(network.parameters(), lr=LR, momentum=MOMENTUM, fused=True)

    def step(number: int) -> float:
        x, y = tensors[number % BATCHES]
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def serve(kind: str, model: str, batch: int, threads: int) -> None:
    """Be a contender."""
    start = time.perf_counter()
    import numpy as np

    if kind == "pellucid":
        import pellucid

        pellucid.TrainStep  # noqa: B018 - the names are imported when they are asked for
    else:
        import torch  # noqa: F401
    import_s = time.perf_counter() - start

    from machine import peak_mb

    rng = np.random.default_rng(0)
    batches = [
        (rng.random((batch, *SHAPES[model]), np.float32), rng.integers(0, 10, batch)) for _ in range(BATCHES)
    ]
    before_mb = peak_mb()
    start = time.perf_counter()
    if kind == "pellucid":
        step = pellucid_step(model, batches, threads)
    else:
        step = torch_step(model, batches, threads, channels_last=kind != "torch")
    step(0)
    print(json.dumps({"first_step_s": import_s + time.perf_counter() - start}), flush=True)

    number = 0
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step(number)
            times.append((time.perf_counter() - start) * 1e3)
            number += 1
        print(json.dumps({"step_ms": times, "growth_mb": peak_mb() - before_mb}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("model", choices=SHAPES)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    serve(**vars(parser.parse_args()))
