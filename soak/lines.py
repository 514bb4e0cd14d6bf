"""Hostile command lines: every command, its options with odd values, files that are none. Each must end in order.

    python soak/lines.py [--count N] [--seed S]

In order is: exit code 0, 1 of `certify`, or 2 with one line on stderr; never a traceback, never more memory than a
line may take. What the commands and their options are, their own functions say. A line that would go on for long is
interrupted, as Ctrl-C does it.
"""

from __future__ import annotations

import argparse
import inspect
import os
import random
import re
import resource
import shlex
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

sys.path.insert(0, str(Path(__file__).parents[1]))  # where this is run as a script

import pellucid as pc
from pellucid.cli import INTERRUPTED, main
from pellucid.cli.app import app
from pellucid.cli.show import show
from pellucid.data import datasets
from pellucid.formats import save_model
from soak import pictures

SECONDS, ADDRESSES = 3.0, 6 << 30  # that a line may take, and bytes of addresses for all of them
# fmt: off
NUMBERS = (
    "1", "2", "3", "7", "16", "0", "-1", "+1", "-0", "1.5", "1e3", "0x10", "", " ", "nan", "inf", "-inf", "1e400",
    "1e-400", "1e308", "-1e-30", "0.01", "2147483648", "9223372036854775807", "9223372036854775808", "9" * 400,
    "9" * 5000, "1,2", "1_000", "１２", "∞", "--", "1025", "65536", "1000000000", "None", "true", "3x8x8", "1,28,28",
)
TEXTS = (
    *NUMBERS, "en", "ko", "EN", "de", "same", "box", "gaussian", "sobel", "triangle", "ramp", "torch", "mnist:3",
    "mnist:-1", "mnist:10000", "mnist:", "mnist:１７", "lenet5", "resnet20", "mnist_cnn", "alexnet", "nothing",
    "a" * 10_000, "conv1.output[0,0,0,0]", "conv1.output[", "loss", "grad(conv1.weight)[5,0,2,2]", "grad(grad(x))[0]",
    "input[0,0,0,99999999999999999999]", "updated(fc1.bias)[3]", "fc3.output[-1,-1]", "[", "[[[[", "]", "()",
    "\x1b[31mred", "[bold]x[/bold]", "[/]", "line\nbreak", "tab\t", "💥", "\udcff", "{}", "%s", "../..", "/", "~",
    "0 1; 2 3", "0 1 2; 3 4 5; 6 7 8", "1 2; 3", "nan 1; 2 3", "1e999 1", ";", ";;;;", "1 " * 5000, "1;" * 3000,
    "input 1x28x28; conv 6 k5; relu; pool k2; flatten; dense 10", "input 3x8x8; conv 999999 k999999 p999999",
    "input 999999x999999x999999; flatten; dense 999999", "input 1x1; conv", "input 1x8; " + "relu; " * 3000,
    "input", "input 0x0x0", "input 1x28x28; conv -1 k0", "vgg16", "1x28x28", "28x28x28x28", "0x0x0", "3x224x224",
)
# fmt: on


@dataclass(frozen=True)
class Outcome:
    """How a command line ended."""

    line: list[str]
    code: object
    err: str

    @property
    def fault(self) -> str:
        """What is wrong with that, or nothing."""
        said = [line for line in self.err.splitlines() if not line.startswith("pellucid: compil")]
        if "Traceback" in self.err or self.code not in (0, 1, 2, INTERRUPTED):
            return "a crash"
        if self.code == 1 and self.line[0] != "certify":
            return "an exit code of its own"
        if self.code == 2 and "--json" in self.line:  # which puts all that is said meanwhile on stderr, too
            said = said[-1:]
        if self.code == 2 and (len(said) != 1 or not said[0].startswith("error: ")):
            return f"{len(said)} lines on stderr"
        return ""

    def __str__(self) -> str:
        return f"{self.fault}: {self.code} from pellucid {shlex.join(self.line)[:400]}\n{self.err[-1500:]}"


class Lines:
    """Command lines drawn by chance."""

    def __init__(self, rng: random.Random, folder: Path) -> None:
        self.rng = rng
        commands = [(command.callback, []) for command in app.registered_commands]
        commands += [(command.callback, ["show"]) for command in show.registered_commands]
        self.commands: list[tuple[Callable[..., Any], list[str]]] = commands
        found = pictures.write(folder, rng)
        model = folder / "model.safetensors"
        pc.seed(0)
        save_model(model, "lenet5", {}, pc.models.lenet5())
        content = bytearray(model.read_bytes())
        (folder / "cut.safetensors").write_bytes(content[:5000])
        content[rng.randrange(400)] ^= 4
        (folder / "flipped.safetensors").write_bytes(content)
        outputs = [
            folder / f"out.{end}" for end in ["png", "gif", "svg", "jpg", "html", "safetensors", "md", "exe"]
        ]
        odd = [
            folder,
            folder / "gone",
            folder / "gone" / "far.png",
            folder / ("n" * 300),
            folder / "\udcff.png",
        ]
        # all of them in the folder: lines write to any, and a device must not be replaced
        self.files = [str(path) for path in (model, model, *folder.glob("*.safetensors"), *outputs, *odd)]
        self.pictures = [str(path) for path in found]

    def draw(self) -> list[str]:
        """A command, all that it must have and some of what it may, each value good or odd, and now and then a word."""
        callback, before = self.rng.choice(self.commands)
        words: list[str] = []
        hints = get_type_hints(callback, include_extras=True)
        for parameter in inspect.signature(callback).parameters.values():
            if not get_args(hints[parameter.name]):
                continue  # Typer's context
            kind, info = get_args(hints[parameter.name])
            if parameter.default is inspect.Parameter.empty:
                if self.rng.random() < 0.95:
                    words += self._given(parameter.name, kind, info)
            elif self.rng.random() < 0.2:
                words += self._given(parameter.name, kind, info)
        if self.rng.random() < 0.03:
            words.insert(self.rng.randrange(len(words) + 1), self.rng.choice(TEXTS))
        return [*before, callback.__name__, *words]

    def _given(self, name: str, kind: Any, info: Any) -> list[str]:
        value = self._value(kind, info.help)
        if "Argument" in type(info).__name__:
            return [value]
        option = next(iter(info.param_decls or ()), f"--{name.replace('_', '-')}")
        return [option] if kind is bool else [option, value]

    def _value(self, kind: Any, told: str) -> str:
        """What an option or argument of this kind is given; its own help has good examples of texts."""
        kinds = [kind, *get_args(kind)]
        enums = [one for one in kinds if isinstance(one, type) and issubclass(one, Enum)]
        if enums and self.rng.random() < 0.9:
            return str(self.rng.choice(list(enums[0])))
        if int in kinds or float in kinds:
            return self.rng.choice(NUMBERS if self.rng.random() < 0.5 else NUMBERS[:5])
        if Path in kinds:
            return self.rng.choice(self.rng.choice([self.files, self.pictures]))
        examples = re.findall(r'(?<=").+?(?=")|[\w:-]+', told)
        pools = [examples, examples, self.files[:1], self.pictures, self.files, ["lenet5"], TEXTS]
        return self.rng.choice(self.rng.choice(pools))


def outcome(line: list[str]) -> Outcome:
    """Run a command line in this process, with files in the place of stdout and stderr."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with _instead(out, err), _at_most(SECONDS):
            try:
                main(line)
            except SystemExit as end:
                code: object = end.code
            except BaseException as error:
                code = f"Traceback: {type(error).__name__}: {error}"
        err.seek(0)
        return Outcome(line, code, err.read().decode(errors="replace"))


@contextmanager
def _instead(*files: Any) -> Iterator[None]:
    """Let descriptors 1 and 2 and Python's streams be these files."""
    streams, kept = (sys.stdout, sys.stderr), [os.dup(1), os.dup(2)]
    for number, file in enumerate(files, 1):
        os.dup2(file.fileno(), number)
    try:
        with (
            open(1, "w", closefd=False, encoding="utf-8") as sys.stdout,
            open(2, "w", closefd=False, encoding="utf-8") as sys.stderr,
        ):
            yield
    finally:
        sys.stdout, sys.stderr = streams
        for number, before in enumerate(kept, 1):
            os.dup2(before, number)
            os.close(before)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def few_digits() -> Iterator[None]:
    """Let MNIST be small: it is not what is looked at."""
    whole, (train, test) = datasets.mnist, datasets.mnist()
    datasets.mnist = lambda: (train[:128], test[:64])
    try:
        yield
    finally:
        datasets.mnist = whole


def soak(count: int, seed: int) -> Iterator[Outcome]:
    """So many command lines, the same for the same seed, in a folder of their own."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, chdir(folder), few_digits():
        lines = Lines(rng, Path(folder))
        for _ in range(count):
            yield outcome(lines.draw())
            pc.set_num_threads(2)


def report(count: int, seed: int) -> int:
    """Run them, tell what is wrong; the number of faults."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    codes: Counter[tuple[str, object]] = Counter()
    faults = 0
    for ended in soak(count, seed):
        codes[ended.line[0], ended.code] += 1
        if ended.fault:
            faults += 1
            print(ended, flush=True)
    for (command, code), times in sorted(codes.items(), key=str):
        print(f"{command:10} exit code {code}: {times}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{count} command lines, {faults} faults, at most {peak:,} MiB")
    return faults


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sys.exit(report(arguments.count, arguments.seed) > 0)
