"""What a few hundred pictures can teach: `tiny` from nothing, and resnet20 of the zoo, fine-tuned.

    python soak/photos.py cifar10.zip [--seed S]

Makes 300 pictures of four classes, of other sizes, lights and backgrounds: planes and dogs from CIFAR-10's test
pictures, which the zoo's network has not learned from, houses and trees that are drawn. Both commands are run, with
their time; the accuracy is that of the fifth that is held out.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance

_EACH = 75
_TAKEN = {"plane": "airplane", "dog": "dog"}  # our name: CIFAR's
_LINES = {
    "tiny from nothing": (
        *("--model", "tiny", "--size", "32", "--epochs", "40", "--batch-size", "16", "--lr", "0.1"),
        *("--augment", "crop 4; flip; brightness 0.2; contrast 0.2"),
    ),
    "resnet20 of the zoo": (
        *("--from", "zoo:resnet20", "--freeze", "conv1*", "--freeze", "layer1*", "--epochs", "12"),
        *("--batch-size", "16", "--lr", "0.02", "--augment", "crop 4; flip; brightness 0.2; contrast 0.2"),
    ),
}


def make(folder: Path, archive: Path, dice: random.Random) -> None:
    """The pictures, in a folder for each class."""
    with zipfile.ZipFile(archive) as pictures:
        names = [name for name in pictures.namelist() if name.endswith((".jpg", ".jpeg", ".png"))]
        for ours, theirs in _TAKEN.items():
            found = [name for name in names if f"test/{theirs}/" in name]
            for i, name in enumerate(dice.sample(found, _EACH)):
                photo = Image.open(io.BytesIO(pictures.read(name))).convert("RGB")
                _save(folder / ours, i, _framed(photo, dice), dice)
    for kind, draw in {"house": _house, "tree": _tree}.items():
        for i in range(_EACH):
            canvas = _ground(dice, dice.randint(48, 140), dice.randint(48, 140))
            draw(ImageDraw.Draw(canvas), *canvas.size, dice)
            _save(folder / kind, i, canvas, dice)


def _save(folder: Path, number: int, picture: Image.Image, dice: random.Random) -> None:
    """In another light."""
    folder.mkdir(parents=True, exist_ok=True)
    lit = ImageEnhance.Brightness(picture).enhance(dice.uniform(0.6, 1.4))
    ImageEnhance.Contrast(lit).enhance(dice.uniform(0.7, 1.2)).save(folder / f"{number}.jpg", quality=90)


def _ground(dice: random.Random, width: int, height: int) -> Image.Image:
    """A background that changes from one colour to another."""
    corners = Image.new("RGB", (2, 2))
    corners.putdata([tuple(dice.randint(0, 255) for _ in range(3)) for _ in range(4)])
    return corners.resize((width, height), Image.Resampling.BILINEAR)


def _framed(photo: Image.Image, dice: random.Random) -> Image.Image:
    """A photo somewhere on a larger background."""
    side = dice.randint(40, 100)
    canvas = _ground(dice, side + dice.randint(0, 30), side + dice.randint(0, 30))
    place = tuple(dice.randint(0, size - side) for size in canvas.size)
    canvas.paste(photo.resize((side, side), Image.Resampling.BICUBIC), place)
    return canvas


def _house(pen: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    left, right = width * dice.uniform(0.1, 0.3), width * dice.uniform(0.7, 0.9)
    roof, floor = height * dice.uniform(0.4, 0.6), height * dice.uniform(0.8, 0.95)
    wall, tiles, door = (tuple(dice.randint(0, 255) for _ in range(3)) for _ in range(3))
    pen.rectangle((left, roof, right, floor), fill=wall)
    pen.polygon(
        [(left, roof), (right, roof), ((left + right) / 2, height * dice.uniform(0.1, 0.3))], fill=tiles
    )
    pen.rectangle((left * 0.6 + right * 0.4, (roof + floor) / 2, (left + right) / 2, floor), fill=door)


def _tree(pen: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    x, top = width * dice.uniform(0.35, 0.65), height * dice.uniform(0.3, 0.45)
    trunk, leaves = (tuple(dice.randint(0, 255) for _ in range(3)) for _ in range(2))
    pen.rectangle((x - width / 25, top, x + width / 25, height * 0.95), fill=trunk)
    for _ in range(dice.randint(3, 6)):
        cx, cy, r = (
            x + dice.gauss(0, width / 10),
            top + dice.gauss(0, height / 12),
            width * dice.uniform(0.1, 0.2),
        )
        pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=leaves)


def main() -> None:
    """Train both, and say how well they do."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("archive", type=Path)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "photos", given.archive, random.Random(given.seed))
        for what, options in _LINES.items():
            start = time.perf_counter()
            program = "import sys; from pellucid.cli import main; main(sys.argv[1:])"
            line = [sys.executable, "-c", program, "train", "--data", folder / "photos", *options]
            line += ["--seed", str(given.seed), "--quiet", "--json", "--out", folder / "model.safetensors"]
            done = subprocess.run([*map(str, line)], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr)
            accuracy = json.loads(done.stdout)["epochs"][-1]["test_accuracy"]
            print(f"{what}: {accuracy:.1%} (chance 25 %) in {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
