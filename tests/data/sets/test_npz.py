"""NumPy's archives, also those that lie."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from tests.support.picture_sets import refusal, zipped

from pellucid.data import datasets
from pellucid.data.preprocessing import Preprocessing
from pellucid.data.sets.npy import opened
from pellucid.errors import DataError, FormatError, NumericError, PellucidError

RNG = np.random.default_rng(13)
IMAGES = RNG.integers(0, 256, (10, 3, 5, 4), np.uint8)
LABELS = np.array([0, 1] * 5)


def saved(path, compressed=False, **arrays):
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path


def npy(array, **settings):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **settings)
    return file.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_share_is_held_out(tmp_path, compressed):
    path = saved(tmp_path / "a.npz", compressed, images=IMAGES, labels=LABELS, classes=["ant", "가"])
    for train, validation in (
        datasets.npz(path, 0.4, seed=3),
        datasets.open(str(path), validation=0.4, seed=3),
    ):
        assert (len(train), len(validation)) == (6, 4)
        assert train.classes == validation.classes == ("ant", "가")
        both = np.concatenate([train.images, validation.images])
        assert sorted(image.tobytes() for image in both) == sorted(image.tobytes() for image in IMAGES)
        assert (
            train.preprocessing == validation.preprocessing == Preprocessing(3, 5, 4).learned([train.images])
        )
    assert datasets.npz(path, 0)[1] is None


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (IMAGES, IMAGES),
        (IMAGES.transpose(0, 2, 3, 1), IMAGES),
        (np.asfortranarray(IMAGES), IMAGES),
        (IMAGES[:, 0], IMAGES[:, :1]),
        (IMAGES[:, :1].transpose(0, 2, 3, 1), IMAGES[:, :1]),
        (IMAGES[:, :, :3, :3], IMAGES[:, :, :3, :3]),  # both ways
        (IMAGES.astype(">u2"), IMAGES.astype(np.uint16)),
        (IMAGES.astype(np.float16), IMAGES.astype(np.float16)),
        (IMAGES.astype(np.float64) - 100, IMAGES.astype(np.float64) - 100),
    ],
)
def test_layouts(tmp_path, images, expected):
    train, _ = datasets.npz(saved(tmp_path / "a.npz", images=images, labels=LABELS[:, np.newaxis]), 0)
    assert train.images.dtype == expected.dtype
    assert train.images.flags.c_contiguous
    assert (train.images == expected).all()
    assert train.classes == ("0", "1")


@pytest.mark.parametrize(
    ("train", "validation"),
    [
        ("images labels", "val_images val_labels"),
        ("train_images train_labels", "test_images test_labels"),
        ("x_train y_train", "x_test y_test"),
    ],
)
def test_parts_by_name(tmp_path, train, validation):
    names = [*train.split(), *validation.split()]
    arrays = (IMAGES, LABELS, IMAGES[:3], LABELS[:3].astype(np.uint8))
    parts = datasets.npz(saved(tmp_path / "a.npz", **dict(zip(names, arrays, strict=True))), 0.9)
    assert [len(part) for part in parts] == [10, 3]


LENGTH = "the file has another length. Expected"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (npy(IMAGES)[:-1], f"{LENGTH} 600 bytes for (10, 3, 5, 4). Got 599 bytes."),
        (npy(IMAGES) + b"x", f"{LENGTH} 600 bytes for (10, 3, 5, 4). Got 601 bytes."),
        (npy(IMAGES).replace(b"(10, 3", b"(91, 3"), f"{LENGTH} 5460 bytes for (91, 3, 5, 4). Got 600 bytes."),
        *(
            (
                npy(IMAGES, version=v),
                f"the array must be of a version that is read here. Expected (1, 0). Got {v}.",
            )
            for v in ((2, 0), (3, 0))
        ),
        (npy(np.array([{}])), "the array must hold numbers or texts. Got object."),
        (
            npy(np.zeros(3, "i4,f4")),
            "the array must hold numbers or texts. Got [('f0', '<i4'), ('f1', '<f4')].",
        ),
    ],
)
def test_arrays_that_are_broken(tmp_path, content, text):
    path = zipped(tmp_path / "a.npz", {"images.npy": content, "labels.npy": npy(LABELS)})
    found = refusal(FormatError, datasets.npz, path)
    assert found == f"file '{path}', array 'images': {text}"


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", npy(IMAGES)[:40], npy(IMAGES).replace(b"{'descr", b"os.exit"), b"x" * 99]
)
def test_headers_that_are_broken(tmp_path, content):
    path = zipped(tmp_path / "a.npz", {"images.npy": content, "labels.npy": npy(LABELS)})
    assert refusal(FormatError, datasets.npz, path).startswith(
        f"file '{path}': the file cannot be read. Got "
    )


class Evil:
    def __reduce__(self):
        return os.system, ("echo broken into",)


def test_nothing_is_unpickled(tmp_path, capfd):
    path = saved(tmp_path / "a.npz", images=np.array([Evil()]), labels=LABELS)
    assert "the array must hold numbers or texts. Got object." in refusal(FormatError, datasets.npz, path)
    assert capfd.readouterr().out == ""


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_are_none(tmp_path):
    path = tmp_path / "a.npz"
    where = f"file '{path}'"
    assert refusal(DataError, datasets.npz, path) == f"{where}: there is no such file."
    assert "this is not a file" in refusal(DataError, datasets.npz, tmp_path)
    path.write_bytes(b"nothing")
    text = "this is no archive of arrays as np.savez writes."
    assert refusal(FormatError, datasets.npz, path) == f"{where}: {text}"
    saved(path, pictures=IMAGES, labels=LABELS)
    expected = "Expected 'images', 'labels'. Got pictures, labels."
    assert refusal(DataError, datasets.npz, path) == f"{where}: arrays are missing. {expected}"
    with zipfile.ZipFile(path, "w") as archive:
        for _ in range(2):
            archive.writestr("images.npy", npy(IMAGES))
    text = "an archive must not hold a file twice. Got 'images.npy'."
    assert refusal(FormatError, datasets.npz, path) == f"{where}: {text}"
    zipped(path, {"images.npy": npy(IMAGES), "labels.npy": npy(LABELS)}, zipfile.ZIP_BZIP2)
    assert "files in an archive must be stored or deflated. Got 12." in refusal(
        FormatError, datasets.npz, path
    )
    saved(path, images=IMAGES, labels=LABELS)
    path.write_bytes(path.read_bytes().replace(IMAGES.tobytes()[:50], bytes(50)))
    assert "Bad CRC-32" in refusal(FormatError, datasets.npz, path)


def test_truncated_everywhere(tmp_path):
    path = saved(tmp_path / "a.npz", True, images=IMAGES, labels=LABELS)
    whole = path.read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        with pytest.raises(PellucidError):
            datasets.npz(path)


def test_bombs(tmp_path, monkeypatch):
    huge = npy(IMAGES).replace(b"(10, 3, 5, 4), }  ", b"(10, 3, 5, 4<<40)}"[:18])
    lies = npy(IMAGES).replace(b"(10, 3, 5, 4), }        ", b"(10, 3, 5, 4000000000)}!"[:23] + b" ")
    for content in (huge, lies):
        path = zipped(tmp_path / "a.npz", {"images.npy": content, "labels.npy": npy(LABELS)})
        tracemalloc.start()
        with pytest.raises(FormatError):
            datasets.npz(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
        tracemalloc.stop()
    zeros = np.zeros((1 << 13, 1, 64, 64), np.uint8)
    path = saved(tmp_path / "a.npz", True, images=zeros, labels=np.zeros(1 << 13, int))
    monkeypatch.setattr("pellucid.memory.available_bytes", lambda: 1 << 20)
    text = refusal(NumericError, datasets.npz, path)
    assert "array 'images': the array must fit in memory. Expected at most 1,048,576 bytes" in text


ONE_EACH = "labels must be one whole number per image. Expected whole numbers (10,). Got"
NUMBERS = "labels must be numbers of classes. Expected"
COLOURS = "there must be images, grey or of three colours. Expected (N,H,W), (N,C,H,W) or (N,H,W,C), C=1 or C=3. Got"


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"labels": LABELS[:3]}, f"{ONE_EACH} int64 (3,)."),
        ({"labels": LABELS + 0.5}, f"{ONE_EACH} float64 (10,)."),
        ({"labels": LABELS - 1}, f"{NUMBERS} 0, 1, 2, …. Got -1."),
        ({"labels": LABELS.astype(np.uint64) + 2**63}, f"{NUMBERS} 0, 1, 2, …. Got {2**63 + 1}."),
        ({"classes": ["a"]}, f"{NUMBERS} 0 to 0. Got 1."),
        ({"images": IMAGES.astype(int)}, "images must be of 8 or 16 bits or floating. Got int64."),
        ({"images": IMAGES > 9}, "images must be of 8 or 16 bits or floating. Got bool."),
        ({"images": IMAGES[..., 0, 0]}, f"{COLOURS} (10, 3)."),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, arrays, text):
    path = saved(tmp_path / "a.npz", **{"images": IMAGES, "labels": LABELS, **arrays})
    assert refusal(DataError, datasets.npz, path) == f"file '{path}': {text}"


def test_names_of_classes_are_texts(tmp_path):
    path = saved(tmp_path / "a.npz", images=IMAGES, labels=LABELS, classes=[[1, 2]])
    text = "names of classes must be texts (N,). Got int64 (1, 2)."
    assert refusal(DataError, datasets.npz, path) == f"file '{path}': {text}"
    saved(path, images=IMAGES, labels=LABELS, classes=np.array([b"a", "가".encode()]))
    assert datasets.npz(path)[0].classes == ("a", "가")
    saved(path, images=IMAGES, labels=LABELS, classes=np.array([b"a", b"\xff"]))
    text = "the file cannot be read. Got UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: "
    assert refusal(FormatError, datasets.npz, path) == f"file '{path}': {text}invalid start byte."


def test_a_mistake_of_the_reader_is_no_broken_file(tmp_path):
    path = saved(tmp_path / "a.npz", images=IMAGES)
    for mistake in (ZeroDivisionError, PermissionError):
        with pytest.raises(mistake), opened("a", path):
            raise mistake


def test_no_memory_is_no_broken_file(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.npz", images=IMAGES, labels=LABELS)

    def refused(*_, **__):
        raise MemoryError

    monkeypatch.setattr("pellucid.data.sets.npy.fill", refused)
    text = "the arrays must fit in memory. Hint: use a smaller batch or input."
    assert refusal(NumericError, datasets.npz, path) == f"file '{path}': {text}"


def test_floats_that_are_not_finite(tmp_path):
    images = IMAGES.astype(np.float32)
    images[0, 0, 0, 0] = np.nan
    path = saved(tmp_path / "a.npz", images=images, labels=LABELS)
    assert refusal(DataError, datasets.npz, path, 0) == "Preprocessing: images must be finite numbers."


def test_more_names_of_classes_than_anybody_has_make_no_network_of_that_size(tmp_path):
    names = np.array([str(i) for i in range(70_000)])
    np.savez(tmp_path / "a.npz", images=np.zeros((4, 2, 2), np.uint8), labels=np.arange(4), classes=names)
    assert refusal(DataError, datasets.npz, tmp_path / "a.npz") == (
        f"file '{tmp_path / 'a.npz'}': there are too many classes. Expected at most 65536. Got 70000."
    )
