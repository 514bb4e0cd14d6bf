"""Damaged checkpoints, models and settings: a run goes on with the bytes of one that was left alone, or says why not.

    python soak/damage.py [--flips N] [--seed S]

Files are cut off at every hundredth of their length, bits are flipped, bytes appended, blocks zeroed as a crash leaves
holes. A run whose newest checkpoint is damaged, or its newest two, must say so, go on from the one before and end with
the bytes of a whole run; afterwards no damaged file is left. Where all are damaged there is one error, and the folder
stays as it is. A damaged model is refused. Every so many-th is tried by the command line, too.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this is run as a script

import numpy as np

import pellucid as pc
from pellucid.errors import FormatError
from pellucid.formats.run import load_run
from soak.hostile import run as command

_EVERY = 10  # so many-th damage is tried on several checkpoints, and by a command line
_IN_PROCESSES = 20  # so many-th command line has a process of its own
_BLOCK = 4096  # bytes that a file system writes at once
_LAST = 13  # steps behind which the run was ended
_GOES_ON = "Training goes on from the checkpoint before it."
_TRAIN = [
    *(
        "train",
        "--data",
        "data.npz",
        "--model",
        "conv 4 k3; bn; relu; flatten; dense",
        "--epochs",
        "4",
        "--batch-size",
        "9",
        "--lr",
        "0.1",
    ),
    *("--schedule", "one-cycle", "--ema", "0.9", "--augment", "crop 1; flip", "--quiet"),
]

Arrays = dict[str, bytes]


def damages(good: bytes, dice: random.Random, flips: int) -> Iterator[tuple[str, bytes]]:
    """What may become of a file, and how it is called."""
    for percent in range(100):
        yield f"cut at {percent} %", good[: len(good) * percent // 100]
    for more in (b"\0", b"\n", b"x" * 4096, bytes(_BLOCK), good):
        yield f"{len(more)} bytes more", good + more
    for start in range(0, len(good), max(_BLOCK, len(good) // 40 // 512 * 512)):
        for length in (512, _BLOCK, len(good)):
            holed = good[:start] + bytes(min(length, len(good) - start)) + good[start + length :]
            if holed != good:
                yield f"{length} zeros at {start}", holed
    for _ in range(flips):
        content = bytearray(good)
        head = 8 + int.from_bytes(good[:8], "little")
        place = dice.choice((dice.randrange(len(good)), dice.randrange(min(head, len(good)))))
        content[place] ^= 1 << dice.randrange(8)
        yield f"a flipped bit in byte {place}", bytes(content)


def images(seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Some that a network can tell apart, and their labels."""
    rng, labels = np.random.default_rng(seed), np.arange(40) % 3
    pixels = np.clip(rng.normal(60 + 70 * labels[:, None, None, None], 40, (40, 2, 7, 8)), 0, 255)
    return pixels.astype(np.uint8), labels


class _EndedError(Exception):
    """A run was ended."""


def trained(
    folder: Path | None, *, end: int | None = None, resume: bool = False
) -> tuple[Arrays, list[float]]:
    """A run with all that a checkpoint may hold; its numbers and losses. `end`: behind so many steps it is ended."""
    pc.seed(1)
    model, data = pc.Sequential(
        pc.Conv2d(2, 4, 3, padding=1), pc.BatchNorm2d(4), pc.ReLU(), pc.Flatten(), pc.Linear(224, 3)
    ), pc.Dataset(*images(0))  # fmt: skip
    seen: list[Any] = []

    def count(event: Any) -> None:
        seen.append(event)
        if sum(isinstance(some, pc.Progress) for some in seen) == end:
            raise _EndedError

    history = pc.fit(
        model, data, data[:9], optimizer=pc.AdamW(1e-2), epochs=3, batch_size=7, seed=2, schedule="cosine",
        augment="crop 1; flip", clip_norm=1.0, ema=0.9, early_stopping=3, callbacks=[count], resume=resume,
        checkpoint=None if folder is None else pc.Checkpoints(folder, every_s=0),
    )  # fmt: skip
    return {name: array.tobytes() for name, array in model.state_dict().items()}, history.losses


class Runs:
    """Runs in Python whose checkpoints are damaged."""

    def __init__(self, place: Path) -> None:
        self._place, self._good = place / "run", place / "good"
        self._whole = trained(None)
        with suppress(_EndedError):
            trained(self._good, end=_LAST)
        self._paths = [path.name for path in pc.Checkpoints(self._good).paths().values()][-3:]
        self.newest = (self._good / self._paths[-1]).read_bytes()

    def fault(self, content: bytes, damaged: int) -> str | None:
        """What is wrong with how a run goes on whose newest checkpoints have this content; None when nothing is."""
        shutil.rmtree(self._place, ignore_errors=True)
        self._place.mkdir()
        for number, name in enumerate(reversed(self._paths)):
            if number < damaged:
                (self._place / name).write_bytes(content)
            else:
                shutil.copy(self._good / name, self._place)
        before = {path.name: path.read_bytes() for path in self._place.iterdir()}
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                found = trained(self._place, resume=True)
        except FormatError:
            after = {path.name: path.read_bytes() for path in self._place.iterdir()}
            if damaged < len(self._paths):
                return "refused, although a checkpoint was sound"
            return None if after == before else "the folder has changed"
        if damaged == len(self._paths):
            return "begun anew in silence"
        if [str(one.message).endswith(_GOES_ON) for one in told] != [True] * damaged:
            return f"told {[str(one.message) for one in told]}"
        if found != self._whole:
            return "other bytes"
        for path in pc.Checkpoints(self._place).paths().values():
            load_run(path)
        strange = [path.name for path in self._place.iterdir() if path.suffix != ".safetensors"]
        return f"left {strange}" if strange else None


class Lines:
    """The same by the command line, with models and settings."""

    def __init__(self, place: Path) -> None:
        pixels, labels = images(1)
        np.savez(place / "data.npz", images=pixels[:, :1], labels=labels)
        self._place, self._count = place, 0
        with chdir(place):
            for line in ([*_TRAIN, "--out", "whole"], [*_TRAIN, "--checkpoint", "kept"]):
                code, _, said = command(line, own_process=False)
                assert code == 0, said
            self.whole = Path("whole").read_bytes()
            [*_, before, newest, finished] = pc.Checkpoints("kept").paths().values()
            finished.unlink()
        self._before, self._newest = before.name, newest.name
        self.newest = (place / newest).read_bytes()
        self.settings = (place / "kept" / "config.toml").read_bytes()

    def _said(self, line: list[str]) -> tuple[object, str]:
        self._count += 1
        with chdir(self._place):
            code, _, said = command(line, own_process=self._count % _IN_PROCESSES == 0)
        return code, said

    def _resumed(self) -> tuple[object, str]:
        (self._place / "out").unlink(missing_ok=True)
        line = [
            "train",
            "--config",
            "run/config.toml",
            "--checkpoint",
            "run",
            "--resume",
            "--out",
            "out",
            "--quiet",
        ]
        return self._said(line)

    def _fresh(self) -> Path:
        folder = self._place / "run"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._place / "kept", folder)
        return folder

    def _written(self) -> bytes | None:
        out = self._place / "out"
        return out.read_bytes() if out.exists() else None

    def resumed(self, content: bytes) -> str | None:
        """What is wrong with a run whose newest checkpoint has this content."""
        (self._fresh() / self._newest).write_bytes(content)
        code, said = self._resumed()
        good = code == 0 and said.startswith("warning: ") and said.endswith(f"{_GOES_ON}\n")
        return None if good and self._written() == self.whole else f"exit code {code}, {said[:300]!r}"

    def configured(self, content: bytes) -> str | None:
        """What is wrong with a run whose settings have this content."""
        (self._fresh() / "config.toml").write_bytes(content)
        code, said = self._resumed()
        if code == 0:
            return None if self._written() == self.whole else "other bytes"
        return (
            None if refused(code, said) and self._written() is None else f"exit code {code}, {said[:300]!r}"
        )

    def predicted(self, content: bytes) -> str | None:
        """What is wrong with how a model of this content is met."""
        (self._place / "model").write_bytes(content)
        code, said = self._said(["predict", "model", "mnist:1"])
        return None if refused(code, said) else f"exit code {code}, {said[:300]!r}"


def refused(code: object, said: str) -> bool:
    """Whether a command line ended in one error."""
    return code == 2 and said.startswith("error: ") and said.count("\n") == 1


def model_fault(path: Path, content: bytes) -> str | None:
    """What is wrong with how a model of this content is loaded."""
    path.write_bytes(content)
    try:
        pc.load_model(path)
    except FormatError:
        return None
    return "believed"


def main() -> int:
    """Damage everything, and say what was met badly."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--every", type=int, default=1, help="try only every so many-th damage")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice, met, wrong = random.Random(options.seed), Counter[str](), 0

    def meet(kind: str, what: str, fault: str | None) -> None:
        nonlocal wrong
        met[kind] += 1
        if fault:
            wrong += 1
            print(f"{kind}, {what}: {fault}")

    def chosen(good: bytes, flips: int = options.flips) -> Iterator[tuple[int, str, bytes]]:
        some = [*damages(good, dice, flips)][dice.randrange(options.every) :: options.every]
        yield from ((number, *one) for number, one in enumerate(some))

    with tempfile.TemporaryDirectory(prefix="pellucid-damage-") as folder:
        place = Path(folder)
        runs, lines = Runs(place), Lines(place)
        for number, what, content in chosen(runs.newest):
            meet("newest checkpoints", what, runs.fault(content, 1))
            if number % _EVERY == 0:
                meet("newest two", what, runs.fault(content, 2))
                meet("all checkpoints", what, runs.fault(content, 3))
        for number, what, content in chosen(lines.newest):
            if number % _EVERY == 0:
                meet("lines that resume", what, lines.resumed(content))
        for number, what, content in chosen(lines.whole):
            meet("models", what, model_fault(place / "model", content))
            if number % _EVERY == 0:
                meet("lines that predict", what, lines.predicted(content))
        for number, what, content in chosen(lines.settings):
            if number % _EVERY == 0:
                meet("settings", what, lines.configured(content))
    print(f"{met.total()} damages ({', '.join(f'{n} {kind}' for kind, n in met.items())}): {wrong} met badly")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
