"""Fixtures of the tests, most of them for the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.command_line import said

from pellucid.cli import main
from pellucid.formats import save_model
from pellucid.nn import seed
from pellucid.nn.models import lenet5

COLOURS = {"grass": (40, 160, 60), "sea": (30, 70, 190), "고양이": (200, 150, 90)}


@pytest.fixture
def photos(tmp_path, monkeypatch) -> Path:
    """Pictures of three classes, of other sizes and lights, which a small network can tell apart."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    for name, colour in COLOURS.items():
        folder = Path("photos", name)
        folder.mkdir(parents=True)
        for number in range(12):
            size = (*rng.integers(18, 40, 2), 3)
            pixels = np.clip(rng.normal(colour, 25, size) * rng.uniform(0.7, 1.2), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return Path("photos")


@pytest.fixture
def run(capsys):
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run_line(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return end.value.code, out, said(err)

    return run_line


@pytest.fixture
def saved(tmp_path):
    """The file of a lenet5 with fresh weights."""
    seed(0)
    path = tmp_path / "lenet5.safetensors"
    save_model(path, "lenet5", {}, lenet5())
    return path
