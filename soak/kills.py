"""Saves that are killed at any moment: the file is always one of the whole versions, and nothing stays behind.

    python soak/kills.py [--count N] [--seed S]

A process saves one network after the other over one good file until SIGKILL ends it. Then the file must load, and be
one of those that were saved; the next save must leave no temporary file.
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

import pellucid as pc

_VERSIONS = 4
_LONGEST_SECONDS = 0.3  # from the first save to the kill
_SAVES = """
import sys
from itertools import cycle
import pellucid as pc
models = []
for seed in range(int(sys.argv[2])):
    pc.seed(seed)
    models.append(pc.models.mnist_cnn())
print("saving", flush=True)
for model in cycle(models):
    pc.save_model(sys.argv[1], "mnist_cnn", {}, model)
"""


def versions(path: Path) -> set[bytes]:
    """All that the file may hold."""
    contents = set()
    for seed in range(_VERSIONS):
        pc.seed(seed)
        pc.save_model(path, "mnist_cnn", {}, pc.models.mnist_cnn())
        contents.add(path.read_bytes())
    return contents


def killed(path: Path, seconds: float) -> None:
    """Let a process save until it is killed."""
    line = [sys.executable, "-c", _SAVES, path, str(_VERSIONS)]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as saving:
        assert saving.stdout is not None
        saving.stdout.readline()
        time.sleep(seconds)
        saving.send_signal(signal.SIGKILL)


def main() -> int:
    """Kill, look, save, look."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice, found = random.Random(options.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        whole = versions(path)
        for _ in range(options.count):
            killed(path, dice.uniform(0, _LONGEST_SECONDS))
            found["left a temporary file"] += len(os.listdir(folder)) > 1
            found["broken"] += path.read_bytes() not in whole
            model = pc.load_model(path)
            pc.save_model(path, "mnist_cnn", {}, model)
            found["not cleaned"] += os.listdir(folder) != [path.name]
    print(
        f"{options.count} saves killed: {found['broken']} broken files, {found['left a temporary file']} with a "
        f"temporary file left, {found['not cleaned']} of which were there after the next save"
    )
    return int(found["broken"] + found["not cleaned"] > 0)


if __name__ == "__main__":
    sys.exit(main())
