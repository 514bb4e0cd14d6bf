"""Training that is killed at any moment and resumed: it ends with the bytes of a run that was never interrupted.

    python soak/runs.py [--count N] [--seed S]

A run with augmentation, a schedule, clipping and averages writes a checkpoint behind every step, so that many kills
come in the middle of one; every third kill waits for such a moment, and those that leave a half-written file behind are
counted. A run is ended by SIGKILL, sometimes by SIGINT or SIGTERM, at a random moment, and resumed with another number
of threads, until it is done; then the next run begins.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

_CHILD = """
import signal, sys
import numpy as np
import pellucid as pc

def pressed(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, pressed)
signal.signal(signal.SIGINT, signal.default_int_handler)  # which is ignored in the background of a shell
folder, out, threads = sys.argv[1:]
pc.set_num_threads(int(threads))
random = np.random.default_rng(0)
labels = np.arange(48) % 3
images = np.clip(random.normal(60 + 70 * labels[:, None, None, None], 40, (48, 3, 16, 16)), 0, 255)
data = pc.Dataset(images.astype(np.uint8), labels)
pc.seed(1)
model = pc.models.tiny(num_classes=3)
print("training", flush=True)
pc.fit(
    model, data, data[:9], optimizer=pc.SGD(0.05, momentum=0.9, weight_decay=1e-3), epochs=6, batch_size=7, seed=2,
    schedule="one-cycle", augment="crop 2; flip; cutout 4", clip_norm=1.0, ema=0.9,
    checkpoint=pc.Checkpoints(folder, every_s=0), resume=True,
)
pc.save_model(out, "tiny", {"num_classes": 3}, model)
"""
_KILLS = [signal.SIGKILL] * 4 + [signal.SIGINT, signal.SIGTERM]


def run(folder: Path, out: Path, threads: int, kill: tuple[float, signal.Signals, bool] | None) -> int:
    """Train, until the end or so many seconds behind the beginning of training; the exit code.

    The last of `kill`: whether that moment is followed by the next one in which a checkpoint is written.
    """
    line = [sys.executable, "-W", "ignore", "-c", _CHILD, folder, out, str(threads)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as training:
        assert training.stdout is not None
        training.stdout.readline()
        if kill is not None:
            time.sleep(kill[0])
            while kill[2] and not half_written(folder) and training.poll() is None:
                time.sleep(1e-4)  # the processor is the run's
            training.send_signal(kill[1])
        _, said = training.communicate()
    if training.returncode > 0 and b"KeyboardInterrupt" not in said:
        print(said.decode())
    return training.returncode


def half_written(folder: Path) -> bool:
    """Whether a checkpoint is being written, or was when its writer was killed."""
    return folder.is_dir() and any(name.startswith(".pellucid-") for name in os.listdir(folder))


def main() -> int:
    """Kill runs until there were so many kills."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, kills, runs, wrong = random.Random(options.seed), Counter[str](), 0, 0
    written = 0  # kills in the middle of a checkpoint
    with tempfile.TemporaryDirectory(prefix="pellucid-runs-") as place:
        start = time.perf_counter()
        assert run(Path(place, "whole"), Path(place, "whole.safetensors"), 2, None) == 0
        longest = 0.7 * (time.perf_counter() - start)
        whole = Path(place, "whole.safetensors").read_bytes()
        while kills.total() < options.count:
            runs += 1
            folder, out = Path(place, f"run{runs}"), Path(place, f"run{runs}.safetensors")
            while not out.exists():
                kill = rng.uniform(0, longest), rng.choice(_KILLS), rng.random() < 1 / 3
                code = run(folder, out, rng.choice((1, 2, 3)), kill)
                kills[kill[1].name] += code != 0
                written += bool(code) and half_written(folder)
            wrong += out.read_bytes() != whole
    said = ", ".join(f"{count} {name}" for name, count in sorted(kills.items()))
    print(
        f"{kills.total()} kills ({said}), {written} of them while a checkpoint was written, of {runs} runs: "
        f"{wrong} with other bytes"
    )
    return wrong


if __name__ == "__main__":
    sys.exit(main())
