"""The same bits on every processor: networks planned for each target, on any number of threads, recorded or fast.

    python soak/targets.py [--networks NAME …] [--targets NAME …]

Every target is a process of its own: those whose vector code this machine runs, and NEON's on an emulated processor,
whose loops without vector code are this machine's. In each, every network of `digests.py` (or those named) is trained
and infers on 1, 2, 3 and 7 threads; its fast steps must leave what recorded ones do. All digests of all targets must be
those of the first.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

import pellucid as pc
from pellucid.kernels import simd
from soak.digests import RULES, Build, Shape, digest, networks

THREADS = (1, 2, 3, 7)
EMULATED = ["neon"] if (sys.platform, platform.machine()) == ("linux", "x86_64") else []
HERE = "--here"  # a process that carries out one target


def results(build: Build, shape: Shape, index: int, *, recorded: bool) -> Iterator[tuple[str, Any]]:
    """Losses, what is learned and outputs, by name."""
    pc.seed(7)
    model, random = build(), np.random.default_rng(index)
    x = random.standard_normal(shape).astype(np.float32)
    output = model(x)
    yield "inference", output
    yield "inference of one", model(x[:1])
    classes = output.ndim == 2
    labels = random.integers(0, output.shape[1], len(x))
    y = labels if classes else random.standard_normal(output.shape).astype(np.float32)
    loss = "cross_entropy" if classes else "mse_loss"
    step = pc.TrainStep(model, RULES[index % len(RULES)], loss, seed=3)
    for i in range(3):
        if recorded:
            rec = step.record(x, y)
            yield f"loss {i}", np.array(rec.loss)
            rec.commit()
        else:
            yield f"loss {i}", np.array(step(x, y))
    yield from model.state_dict().items()
    yield "inference afterwards", model(x)


def digests(wanted: Sequence[str]) -> dict[str, str]:
    """Of each network, once, and what differs within this target."""
    found = {}
    for index, (name, build, shape) in enumerate(networks()):
        if wanted and name not in wanted:
            continue
        for threads in THREADS:
            pc.set_num_threads(threads)
            for recorded in (False, True):
                said = [f"{n} {digest(a)}" for n, a in results(build, shape, index, recorded=recorded)]
                if said != found.setdefault(name, said):
                    way = "recorded" if recorded else "fast"
                    first = next(a for a, b in zip(said, found[name], strict=True) if a != b)
                    raise SystemExit(f"{name} on {threads} threads, {way}: {first} differs")
    return {f"{name}: {line.rpartition(' ')[0]}": line for name, said in found.items() for line in said}


@contextmanager
def running(target: str) -> Iterator[None]:
    """Within, vector code is an emulated processor's, if it is one."""
    if target not in EMULATED:
        yield
        return
    from tests.kernels.arm import Arm

    here: Callable[[simd.Code], int] = simd.address
    simd.address = Arm().address
    try:
        with simd.emitting_for(simd.TARGETS[target]):
            yield
    finally:
        simd.address = here


def carried_out(target: str, wanted: Sequence[str]) -> dict[str, str]:
    """The digests of a target, from a process of its own."""
    native = {} if target in EMULATED else {"PELLUCID_TARGET": target}
    command = [sys.executable, __file__, HERE, target, "--networks", *wanted]
    done = subprocess.run(
        command, env={**os.environ, **native}, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{target}: failed")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main() -> int:
    """Compare the targets; exit code 1 where they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="*", default=[])
    parser.add_argument("--targets", nargs="*", default=[*simd.native(), *EMULATED])
    parser.add_argument(HERE, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        with running(arguments.here):
            print(json.dumps(digests(arguments.networks)))
        return 0
    first, *others = arguments.targets
    expected, wrong = carried_out(first, arguments.networks), 0
    for target in others:
        start = time.monotonic()
        found = carried_out(target, arguments.networks)
        differ = [name for name in expected if expected[name] != found.get(name)]
        wrong += len(differ)
        print("\n".join(f"{target}: {name} differs" for name in differ[:20]), end="\n" * bool(differ))
        print(f"{target}: {len(found)} digests in {time.monotonic() - start:.0f} s", file=sys.stderr)
    count = len({name.partition(":")[0] for name in expected})
    print(
        f"{count} networks, targets {', '.join(arguments.targets)}: {wrong} of {len(expected)} digests differ"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
