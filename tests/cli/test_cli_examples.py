"""Every command's help ends with examples, in both languages, and they do what they say."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

from pellucid.cli.app import app
from pellucid.cli.examples import EXAMPLES
from pellucid.data import Dataset, datasets
from pellucid.data.sets import opening
from pellucid.formats import load_saved
from pellucid.language import text

PROGRAM = typer.main.get_command(app)
LINES = list(dict.fromkeys(line for lines in EXAMPLES.values() for line in lines))


def commands(command=PROGRAM, name="pellucid"):
    """Every command by its name as it is typed, groups of commands as well."""
    yield name
    for word, one in getattr(command, "commands", {}).items():
        yield from commands(one, f"{name} {word}")


def test_every_command_has_examples_of_its_own():
    assert set(EXAMPLES) == set(commands())
    for name, lines in EXAMPLES.items():
        assert 1 <= len(lines) <= 2, name
        assert all(line.startswith(f"{name} ") for line in lines), name


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_help_ends_with_them(name, lang, run, monkeypatch):
    monkeypatch.setenv("PELLUCID_LANG", lang)
    code, out, err = run(*name.split()[1:], "--help")
    assert (code, err) == (0, "")
    told = "".join(f"\n   {line}\n     {text(key, lang)}\n" for line, key in EXAMPLES[name].items())
    assert out.endswith(f"\n {text('usage.examples', lang)}\n{told}\n")


@pytest.mark.parametrize("line", LINES)
def test_they_can_be_parsed(line):
    """By the options and arguments that the command has, whose values are in range."""
    words, command = shlex.split(line), PROGRAM
    context = None
    while words:
        name, *words = words
        group = getattr(command, "commands", None)
        context = command.make_context(name, list(words), parent=context, allow_interspersed_args=not group)
        if not group:
            break
        command = group[words[0]]


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """Be in a folder with what the examples take: photos, and one by itself; and MNIST, but short."""
    random = np.random.default_rng(0)
    for name in ("photo.png", *(f"photos/{kind}/{i}.png" for kind in ("ants", "bees") for i in range(5))):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (20, 30, 3), np.uint8)).save(path)
    train, test = datasets.mnist()
    parts = Dataset(train.images[:130], train.labels[:130]), Dataset(test.images[:50], test.labels[:50])
    monkeypatch.setattr(opening, "mnist", lambda: parts)
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_they_work(begun, run):
    """One after the other: what one writes another one reads. Only the bench is left out, which takes its time."""
    for line in LINES:
        words = shlex.split(line)
        if words[1] == "bench":
            continue
        code, out, err = run(*words[1:])
        assert (code, err) == (0, ""), line
        assert out, line
        for option in {"--out", "--report", "--csv", "-o"}.intersection(words):
            assert Path(words[words.index(option) + 1]).stat().st_size, line
    assert load_saved("mine.safetensors").classes == ("ants", "bees")
