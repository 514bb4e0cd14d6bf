"""Receipts and histories at length: what was changed is named, and the changes of 100 weights are their final bits.

    python soak/receipts.py [--weights N] [--steps N] [--seed S]

A lenet5 learns MNIST for some 200 steps. Its run is made again by its receipt; then a loss, a state, an image, and a
weight are changed, one at a time, and each must be found at its step. Last, the histories of random weights.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

import pellucid as pc
from pellucid.cli import main as command_line
from pellucid.formats import load_saved, save_model
from pellucid.runs.receipt import Receipt
from pellucid.runs.verification import Verification

_BATCH = 50


def trained(folder: Path, steps: int) -> tuple[Path, Path]:
    """A run on an .npz of some digits: the model's file and the data's."""
    digits, _ = pc.datasets.mnist()
    count = _BATCH * 50
    data, out = folder / "digits.npz", folder / "model.safetensors"
    np.savez(data, images=digits.images[:count], labels=digits.labels[:count])
    line = ("train", "--data", data, "--validation", 0.2, "--model", "lenet5", "--epochs", steps // 40)
    line = (*line, "--batch-size", _BATCH, "--out", out, "--checkpoint", folder / "run", "--quiet")
    with contextlib.suppress(SystemExit):  # it is the model's file that counts
        command_line([str(word) for word in line])
    return out, data


def first_wrong(model: Path, receipt: Receipt, data: Path) -> int | None:
    """The first step that comes to something else when all are made again."""
    return Verification(load_saved(model), receipt, str(data)).all().wrong


def main() -> None:
    """Make the checks; exit code 1 when one fails."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--weights", type=int, default=100)
    arguments.add_argument("--steps", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    dice, wrong = random.Random(given.seed), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, data = trained(folder, given.steps)
        receipt = Receipt.read(model.with_name("model.receipt.jsonl"))
        steps = len(receipt.losses)

        def check(what: str, found: object, expected: object) -> None:
            nonlocal wrong
            wrong += found != expected
            print(f"{what}: {found}" + ("" if found == expected else f", and not {expected}"), flush=True)

        check("unchanged, first wrong step", first_wrong(model, receipt, data), None)
        step = dice.randint(1, steps)
        losses = [*receipt.losses]
        losses[step - 1] = float(np.nextafter(np.float32(losses[step - 1]), np.float32(9)))
        check(f"loss of step {step}", first_wrong(model, replace(receipt, losses=losses), data), step)
        states = [*receipt.states]
        states[1] = states[0]
        check("state behind step 100", first_wrong(model, replace(receipt, states=states), data), 100)
        arrays = dict(np.load(data))
        saved = load_saved(model)
        array = saved.model.state_dict()
        array["fc1.weight"][3, 4] += np.float32(1e-6)
        saved.model.load_state_dict(array)
        other = folder / "other.safetensors"
        save_model(
            other, saved.name, saved.settings, saved.model, classes=saved.classes, preprocessing=saved.preprocessing
        )  # fmt: skip
        check("a weight of the file", first_wrong(other, receipt, data), steps)
        places = {int(n): i // _BATCH + 1 for i, n in enumerate(_order(folder, data))}
        image = dice.choice(list(places))
        arrays["images"][image, ..., 14, 14] ^= 16
        np.savez(folder / "changed.npz", **arrays)
        # It also moves the mean of all images a little, so that a step before the one that sees it may differ.
        found, at_most = first_wrong(model, receipt, folder / "changed.npz"), places[image]
        check(
            f"image {image}, seen by step {at_most}", f"step {found}", f"step {min(found or 0, at_most) or 1}"
        )

        exact = 0
        shapes = {name: array.shape for name, array in load_saved(model).model.state_dict().items()}
        for _ in range(given.weights):
            at = dice.choice(list(shapes))
            index = ",".join(str(dice.randrange(size)) for size in shapes[at])
            history = pc.number_history(folder / "run", f"{at}[{index}]")
            final = load_saved(model).model.state_dict()[at][tuple(map(int, index.split(",")))]
            exact += history.exact and history.final == float(final) and len(history.changes) == steps
        check(f"histories over {steps} steps that add up to the final bits", exact, given.weights)
    sys.exit(bool(wrong))


def _order(folder: Path, data: Path) -> list[int]:
    """The numbers of the images in the order in which the first epoch's batches have them."""
    from pellucid.runs.job import Job
    from pellucid.runs.settings import NAME, Settings, read

    job = Job(Settings.of("run", read(folder / "run" / NAME)))
    source = job.epochs(validated=False).source
    whole = np.load(data)["images"]
    numbers = {image.tobytes(): n for n, image in enumerate(whole)}
    found = []
    for batch in range(source.batches):
        for n in source.chosen(0, batch):  # type: ignore[attr-defined]
            found.append(numbers[np.ascontiguousarray(job.images.images[n]).tobytes()])
    return found


if __name__ == "__main__":
    main()
