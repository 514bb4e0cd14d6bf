"""Disks that are full, read-only or gone while a network learns: the last good checkpoint stands, nothing else is left.

    python soak/disks.py [--count N] [--seed S]

A run writes a checkpoint behind every step. At some step there is room for so many bytes of it and no more: a limit on
files' sizes is met at any byte, a small file system of its own (tmpfs, where mounting is allowed) by blocks, or without
inodes. Training must end with one error and no half-written file; with room again it must end with the bytes of a whole
run. The same with a file system that becomes read-only, with a folder that is removed or becomes a file, and with the
command line, whose network must not be lost when `--out` has no room.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this is run as a script

import numpy as np

import pellucid as pc
from pellucid.errors import FormatError
from pellucid.formats.run import load_run

_BLOCK, _DISK_BYTES = 4096, 4 << 20
_STEPS = 12
_UNWRITTEN = "the file cannot be written. Got "
_CHILD = "import sys; from pellucid.cli import main; main(sys.argv[1:])"


def trained(
    folder: Path | None, at: int = 0, act: Callable[[], None] = lambda: None, *, resume: bool = False
) -> Any:
    """A run's numbers; before the checkpoint behind step `at` something happens."""
    rng, labels = np.random.default_rng(0), np.arange(28) % 3
    pixels = np.clip(rng.normal(60 + 70 * labels[:, None, None, None], 40, (28, 2, 7, 8)), 0, 255)
    data = pc.Dataset(pixels.astype(np.uint8), labels)
    pc.seed(1)
    model = pc.Sequential(pc.Conv2d(2, 4, 3, padding=1), pc.ReLU(), pc.Flatten(), pc.Linear(224, 3))
    steps = 0

    def count(event: Any) -> None:
        nonlocal steps
        steps += isinstance(event, pc.Progress)
        if steps == at and isinstance(event, pc.Progress):
            act()

    pc.fit(
        model, data, data[:9], optimizer=pc.SGD(0.05, 0.9), epochs=3, batch_size=7, seed=2, ema=0.9,
        schedule="cosine", callbacks=[count], resume=resume,
        checkpoint=None if folder is None else pc.Checkpoints(folder, every_s=0),
    )  # fmt: skip
    return {name: array.tobytes() for name, array in model.state_dict().items()}


@contextmanager
def mounted(folder: Path, options: str = f"size={_DISK_BYTES}") -> Iterator[None]:
    """A file system of its own at a folder.

    Raises: PermissionError where that is not allowed.
    """
    folder.mkdir(exist_ok=True)
    if not _mount("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder):
        raise PermissionError("no file system can be mounted here")
    try:
        yield
    finally:
        _mount("umount", folder)


def _mount(*line: str | Path) -> bool:
    with suppress(OSError):
        return subprocess.run(line, capture_output=True, check=False).returncode == 0
    return False


def can_mount() -> bool:
    """Whether file systems can be mounted here."""
    with tempfile.TemporaryDirectory(prefix="pellucid-disks-") as place:
        try:
            with mounted(Path(place, "disk")):
                return True
        except PermissionError:
            return False


def fill(disk: Path, room: int) -> None:
    """Leave room for so many bytes, rounded down to blocks."""
    free = os.statvfs(disk)
    blocks = free.f_bavail * free.f_frsize // _BLOCK - room // _BLOCK
    (disk / "ballast").write_bytes(bytes(blocks * _BLOCK))


@dataclass(frozen=True)
class Place:
    """Where a run is, and what takes its room and gives it back."""

    folder: Path
    take: Callable[[], None]
    give: Callable[[], None]


def fault(place: Place, at: int, whole: Any, expected: str) -> str | None:
    """What is wrong with a run from which the room is taken behind a step; None when nothing is."""
    folder = place.folder
    try:
        trained(folder, at, place.take)
    except FormatError as error:
        said = str(error)
    else:
        return "it did not end"
    finally:
        place.give()
    if _UNWRITTEN + expected not in said:
        return f"it said {said}"
    if folder.is_dir():
        names = sorted(path.name for path in folder.iterdir())
        strange = [name for name in names if not name.endswith(".safetensors")]
        if strange:
            return f"it left {strange}"
        for name in names:
            load_run(folder / name)
        if names and names[-1] < f"step-{at - 1:09}.safetensors":
            return f"the last checkpoint is {names[-1]}"
    else:
        folder.unlink(missing_ok=True)
    return None if trained(folder, resume=True) == whole else "other bytes"


def limited(place: Path, size: int, dice: random.Random) -> Iterator[tuple[str, Place, str]]:
    """Limits on files' sizes, at any byte of a checkpoint."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    while True:
        limit = dice.choice((dice.randrange(1, 64), dice.randrange(1, size), size - 1))
        yield (
            f"a limit of {limit} bytes",
            Place(
                place / "run",
                lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard)),
                lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)),
            ),
            "File too large",
        )


def full(disk: Path, size: int, dice: random.Random) -> Iterator[tuple[str, Place, str]]:
    """A disk with room for a part of a checkpoint."""
    while True:
        room = dice.randrange(size)
        yield (
            f"a disk with room for {room} bytes",
            Place(disk / "run", lambda room=room: fill(disk, room), (disk / "ballast").unlink),
            "No space left on device",
        )


def without_inodes(disk: Path) -> Place:
    """A disk that takes no more files."""

    def take() -> None:
        with suppress(OSError):
            for number in range(1 << 16):
                (disk / f"small{number}").touch()

    def give() -> None:
        for path in disk.glob("small*"):
            path.unlink()

    return Place(disk / "run", take, give)


def read_only(disk: Path) -> Place:
    """A disk that is written to no more, for root neither."""

    def become(how: str) -> None:
        if not _mount("mount", "-o", f"remount,{how}", disk):
            raise PermissionError(how)

    return Place(disk / "run", lambda: become("ro"), lambda: become("rw"))


def removed(folder: Path) -> Place:
    """A folder that goes."""
    return Place(folder, lambda: shutil.rmtree(folder), lambda: None)


def replaced(folder: Path) -> Place:
    """A folder in whose place there is a file."""

    def take() -> None:
        shutil.rmtree(folder)
        folder.write_bytes(b"no folder")

    return Place(folder, take, lambda: None)


def lines(place: Path, disk: Path) -> Iterator[tuple[str, str | None]]:
    """The command line, whose disk fills up behind its first checkpoint."""
    for what, checkpoints, out, temporary in (
        ("a full disk under --out", place, disk, place),
        ("a full disk under --checkpoint", disk, place, place),
        ("a full disk under both", disk, disk, place),
        ("a full disk under all, the temporary folder, too", disk, disk, disk),
    ):
        home = place / "home"
        home.mkdir()
        yield (
            what,
            _line_fault(checkpoints / "run", out / "network", {"TMPDIR": str(temporary), "HOME": str(home)}),
        )
        for path in [*place.iterdir(), *disk.iterdir()]:
            if path != disk:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _line_fault(run: Path, out: Path, environment: dict[str, str]) -> str | None:
    line = [
        *(
            sys.executable,
            "-W",
            "ignore",
            "-c",
            _CHILD,
            "train",
            "--model",
            "conv 8 k3; relu; flatten; dense",
        ),
        *("--epochs", "3", "--quiet", "--checkpoint", run, "--out", out),
    ]
    disk = next(path for path in (run.parent, out.parent) if path.is_mount())
    temporary = Path(environment["TMPDIR"])
    cache = {"PELLUCID_CACHE_DIR": str(Path.home() / ".cache" / "pellucid")}
    with subprocess.Popen(
        line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**cache, **os.environ, **environment}, cwd=environment["HOME"],
    ) as training:  # fmt: skip
        while not any(run.glob("step-*")) and training.poll() is None:
            time.sleep(0.01)
        fill(disk, _BLOCK if temporary == disk else 0)
        _, said = training.communicate()
    (disk / "ballast").unlink()
    folders = {out.parent, temporary, Path(environment["HOME"])}
    found = [path for folder in folders for path in folder.iterdir() if path.is_file()]
    if training.returncode != 2 or "Traceback" in said:
        return f"exit code {training.returncode}: {said[:400]!r}"
    if len(found) != 1 or str(found[0]) not in said:
        return f"networks {found}: {said[:400]!r}"
    if run.parent == disk and f"error: run '{run}/" not in said:
        return f"it did not tell of the checkpoint: {said[:400]!r}"
    pc.load_model(found[0])
    left = [path for folder in {run, *folders} for path in folder.glob(".pellucid-*")]
    if left:
        return f"it left {left}"
    for path in pc.Checkpoints(run).paths().values():
        load_run(path)
    return None


def main() -> int:
    """Take room from all, and say what was met badly."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100, help="limits, and as many full disks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-lines", action="store_true", help="leave out the command line")
    options = parser.parse_args()
    dice, met, wrong = random.Random(options.seed), Counter[str](), 0
    whole = trained(None)

    def meet(kind: str, what: str, found: str | None) -> None:
        nonlocal wrong
        met[kind] += 1
        if found:
            wrong += 1
            print(f"{what}: {found}")

    def attack(kind: str, what: str, place: Place, expected: str) -> None:
        at = dice.randrange(2, _STEPS + 1)
        meet(kind, f"{what}, behind step {at}", fault(place, at, whole, expected))
        shutil.rmtree(place.folder, ignore_errors=True)

    with tempfile.TemporaryDirectory(prefix="pellucid-disks-") as folder:
        place, disk = Path(folder), Path(folder, "disk")
        trained(place / "run")
        # of the smallest behind a step, a little less: they hold times, whose digits vary
        size = min(path.stat().st_size for path in [*pc.Checkpoints(place / "run").paths().values()][1:]) - 64
        shutil.rmtree(place / "run")
        for _, case in zip(range(options.count), limited(place, size, dice), strict=False):
            attack("limits", *case)
        for _ in range(3):
            attack("folders removed", "a folder removed", removed(place / "run"), "No such file or directory")
            attack("folders replaced", "a folder replaced", replaced(place / "run"), "Not a directory")
        if can_mount():
            with mounted(disk):
                for _, case in zip(range(options.count), full(disk, size, dice), strict=False):
                    attack("full disks", *case)
                for _ in range(3):
                    attack("read-only disks", "a read-only disk", read_only(disk), "Read-only file system")
                if not options.no_lines:
                    for what, found in lines(place, disk):
                        meet("command lines", what, found)
            with mounted(disk, f"size={_DISK_BYTES},nr_inodes=32"):
                for _ in range(3):
                    attack(
                        "disks without inodes", "no inodes", without_inodes(disk), "No space left on device"
                    )
        else:
            print("file systems cannot be mounted here: limits and folders only")
    print(
        f"{met.total()} times no room ({', '.join(f'{n} {kind}' for kind, n in met.items())}): {wrong} met badly"
    )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
