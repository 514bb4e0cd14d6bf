"""What kind of data set a path is, is found by looking."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.picture_sets import pets, put, refusal, tarred, zipped

from pellucid.data import datasets
from pellucid.data.preprocessing import Preprocessing
from pellucid.errors import ArgumentError, DataError

KINDS = (
    "Expected mnist, a folder or archive (zip, tar, tar.gz, tar.bz2, tar.xz) with a folder for each class, a folder of "
    "IDX files, CIFAR-10 or CIFAR-100, an .npz or a .csv file."
)


def test_mnist_is_as_it_is_unless_something_else_is_asked_for(monkeypatch):
    assert datasets.open("mnist") == datasets.mnist()
    assert datasets.open("mnist", size=28, channels=1) == datasets.mnist()
    small = tuple(part[:20] for part in datasets.mnist())
    monkeypatch.setattr("pellucid.data.sets.opening.mnist", lambda: small)
    train, test = datasets.open("mnist", size=(32, 30), channels=3, fit="pad")
    assert train.images.shape == test.images.shape == (20, 3, 32, 30)
    assert (train.images[:, 2, 1:31] == Preprocessing(1, 30, 30).picture(small[0].images[0, 0])[0]).any()
    assert (train.images[:, :, 0] == 0).all()
    assert train.labels.tolist() == small[0].labels.tolist()
    assert (
        train.preprocessing == test.preprocessing == Preprocessing(3, 32, 30, "pad").learned([train.images])
    )


def test_folders_and_archives(tmp_path):
    files = pets(6)
    paths = [
        put(tmp_path / "folder", files),
        zipped(tmp_path / "a.zip", files),
        zipped(tmp_path / "a", files),
        tarred(tmp_path / "a.tar", files),
        tarred(tmp_path / "a.tgz", files, "gz"),
        tarred(tmp_path / "a.tar.bz2", files, "bz2"),
    ]
    for path in paths:
        train, validation = datasets.open(str(path), validation=0.5, seed=1)
        assert (train.images.shape, validation.images.shape) == ((6, 3, 5, 4), (6, 3, 5, 4))
        expected, _ = datasets.folder(path, (5, 4), 3, 0.5, 1)
        assert (train.images == expected.images).all()


def test_a_folder_that_is_called_mnist(tmp_path, monkeypatch):
    put(tmp_path / "mnist", pets(2))
    monkeypatch.chdir(tmp_path)
    assert datasets.open("./mnist")[0].classes == ("ant", "cat")


def test_arrays_are_resized_when_asked(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (6, 5, 4, 3), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(6) % 2)
    train, validation = datasets.open(
        str(tmp_path / "a.npz"), size=(2, 3), channels=1, validation=0, fit="stretch"
    )
    assert validation is None
    p = Preprocessing(1, 2, 3, "stretch")
    assert (train.images == np.stack([p.picture(image) for image in images])).all()
    for wrong in (images * 2.0, np.where(images == images[3, 1, 2, 0], np.nan, images / 255)):
        np.savez(tmp_path / "a.npz", images=wrong, labels=np.arange(6) % 2)
        assert "floats must lie between 0, black, and 1, white" in refusal(
            DataError, datasets.open, str(tmp_path / "a.npz"), size=2
        )


@pytest.mark.parametrize("name", ["none", "none.csv", "none.npz", "none.zip", "imagenet"])
def test_nothing(tmp_path, name):
    path = tmp_path / name
    assert (
        refusal(DataError, datasets.open, str(path))
        == f"data set '{path}': there is no such data set. {KINDS}"
    )


def test_something_else(tmp_path):
    put(tmp_path, {"text": b"hello", "folder/notes.txt": b"", "empty.bin": b""})
    zipped(tmp_path / "a.zip", {"notes.txt": b""})
    for name in ("text", "folder", "empty.bin", "a.zip"):
        text = refusal(DataError, datasets.open, str(tmp_path / name))
        assert text == f"data set '{tmp_path / name}': this is no data set. {KINDS}"
    assert refusal(ArgumentError, datasets.open, "mnist", size="big").startswith(
        "open: size must be an integer"
    )
    for call in (datasets.open, datasets.folder, datasets.csv, datasets.npz, datasets.idx, datasets.cifar10):
        for path in (3, b"data", "a\0b"):
            text = refusal(ArgumentError, call, path)
            assert text == f"{call.__name__}: a path must be a text. Got {path!r}."
