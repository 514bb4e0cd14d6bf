"""A network that has been trained is not lost when its path turns out to be none."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile

import pytest

from pellucid.cli import train as learning
from pellucid.data import Dataset, datasets
from pellucid.data.sets import opening
from pellucid.formats import load_model
from pellucid.train import Checkpoints

UNSAVED = "The trained network is not saved yet: model file '{0}': the file cannot be written. Got {1}."
ASK = "Save it as (end of input: a temporary file): "
GONE = "No such file or directory"


@pytest.fixture
def out(tmp_path, monkeypatch):
    """A path whose folder goes while the network learns."""
    train, test = datasets.mnist()
    folder = tmp_path / "folder"
    folder.mkdir()

    parts = Dataset(train.images[:64], train.labels[:64]), Dataset(test.images[:4], test.labels[:4])
    learn = learning._learn

    def learn_and_go(*given):
        folder.rmdir()
        return learn(*given)

    monkeypatch.setattr(opening, "mnist", lambda: parts)
    monkeypatch.setattr(learning, "_learn", learn_and_go)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return folder / "network"


def answer(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_another_path_is_asked_for_until_one_can_be_written(run, out, tmp_path, monkeypatch):
    other = tmp_path / "other ö"
    answer(
        monkeypatch, b"\n" + os.fsencode(out.parent / "again") + b"\n  " + os.fsencode(other) + b"\nrest\n"
    )
    code, said, err = run("train", "--epochs", 1, "--out", out)
    assert (code, said.splitlines()[-1]) == (0, f"saved in {other}")
    again = UNSAVED.format(out.parent / "again", GONE)
    assert err == f"{UNSAVED.format(out, GONE)}\n{ASK}{ASK}{again}\n{ASK}"
    load_model(other)
    assert sorted(os.listdir(tmp_path)) == [other.name, f"{other.name}.receipt.jsonl"]


@pytest.mark.parametrize("closed", [False, True])
def test_at_the_end_of_input_it_goes_to_a_temporary_file(run, out, tmp_path, monkeypatch, closed):
    if closed:
        monkeypatch.setattr(sys, "stdin", None)
    else:
        answer(monkeypatch, b"")
    code, _, err = run("train", "--epochs", 1, "--out", out)
    assert code == 2
    (path,) = tmp_path.iterdir()
    load_model(path)
    unsaved, said = err.splitlines()[0], err.splitlines()[-1]
    assert unsaved == UNSAVED.format(out, GONE)
    assert said == f"THE TRAINED NETWORK IS IN {path}: move it before the system clears its temporary folder"
    assert path.stat().st_mode & 0o077 == 0


def test_where_there_is_no_temporary_folder_it_goes_home(run, out, tmp_path, monkeypatch):
    answer(monkeypatch, b"")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    monkeypatch.setenv("HOME", str(home))
    code, _, err = run("train", "--epochs", 1, "--out", out)
    (path,) = home.iterdir()
    assert (code, err.splitlines()[-1]) == (2, f"THE TRAINED NETWORK IS IN {path}")
    load_model(path)


def test_a_checkpoint_that_cannot_be_written_is_told_with_where_the_network_is(run, tmp_path, monkeypatch):
    train, test = datasets.mnist()
    parts = Dataset(train.images[:64], train.labels[:64]), Dataset(test.images[:4], test.labels[:4])
    monkeypatch.setattr(opening, "mnist", lambda: parts)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder, network = tmp_path / "run", tmp_path / "network"
    save = Checkpoints.save

    def save_and_go(checkpoints, steps, state):
        if steps:
            shutil.rmtree(folder, ignore_errors=True)
        save(checkpoints, steps, state)

    monkeypatch.setattr(Checkpoints, "save", save_and_go)
    line = ("train", "--epochs", 1, "--checkpoint", folder, "--out")
    code, _, err = run(*line, network)
    error = f"error: run '{folder}/step-000000001.safetensors': the file cannot be written. Got {GONE}."
    told = f"Training has ended early; the network as it was left is saved in {network}."
    assert (code, err.splitlines()) == (2, [told, error])
    load_model(network)
    answer(monkeypatch, b"")
    monkeypatch.setattr(learning, "_check_room", lambda *_: (tmp_path / "disk").rmdir())
    (tmp_path / "disk").mkdir()
    code, _, err = run(*line, tmp_path / "disk" / "network")
    assert (code, err.splitlines()[-1]) == (2, error)
    assert err.count("\n") == 4


def test_it_speaks_korean(run, out, tmp_path, monkeypatch):
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    answer(monkeypatch, b"")
    _, _, err = run("train", "--epochs", 1, "--out", out)
    assert err.startswith(f"학습한 신경망을 아직 저장하지 못했습니다: 모델 파일 '{out}'")
    (path,) = tmp_path.iterdir()
    assert f"학습한 신경망을 다음 임시 파일에 저장했습니다: {path}" in err


def test_a_network_that_is_not_finite_replaces_nothing(run, monkeypatch, tmp_path):
    train, test = datasets.mnist()
    parts = Dataset(train.images[:64], train.labels[:64]), Dataset(test.images[:4], test.labels[:4])
    monkeypatch.setattr(opening, "mnist", lambda: parts)
    good = tmp_path / "good"
    assert run("train", "--epochs", 1, "--out", good)[0] == 0
    old = good.read_bytes()
    code, _, err = run("train", "--lr", 1e38, "--epochs", 1, "--out", good)
    assert code == 2
    assert err == (
        "error: evaluate: the network's output must be finite. Got [nan, nan, nan, nan, nan, nan, nan, nan, nan, nan] "
        "for image 0. Hint: pellucid.record(model, x).overview() shows where the first NaN or infinity is.\n"
    )
    assert good.read_bytes() == old
    assert sorted(os.listdir(tmp_path)) == ["good", "good.receipt.jsonl"]
    line = ("train", "--lr", 1e38, "--epochs", 1, "--out", good, "--allow-nonfinite")
    assert run(*line)[0] == 2
    assert good.read_bytes() != old
