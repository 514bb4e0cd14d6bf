"""IDX files of a folder and alone, also broken ones."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pytest
from tests.support.picture_sets import put, refusal

from pellucid.data import datasets
from pellucid.data.preprocessing import Preprocessing
from pellucid.errors import ArgumentError, DataError, FormatError

RNG = np.random.default_rng(5)
CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}


def packed(data: bytes) -> bytes:
    """Without the time of day, which would be in the names of tests."""
    return gzip.compress(data, mtime=0)


def content(array, kind="u1"):
    sizes = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, CODES[kind], array.ndim]) + sizes + array.astype(kind).tobytes()


IMAGES = [RNG.integers(0, 256, (count, 5, 3), np.uint8) for count in (7, 4)]
LABELS = [np.array([0, 1, 2, 0, 1, 2, 11]), np.array([3, 0, 1, 1])]


def files(names, pack=lambda data: data, label_kind="u1"):
    arrays = (IMAGES[0], LABELS[0], IMAGES[1], LABELS[1])
    kinds = ("u1", label_kind) * 2
    return {name: pack(content(array, kind)) for name, array, kind in zip(names, arrays, kinds, strict=True)}


PLAIN = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.mark.parametrize(
    "names",
    [
        PLAIN,
        [name.replace("t10k", "test").replace("-idx", ".idx") for name in PLAIN],
        [f"emnist-letters-{name.replace('t10k', 'test')}.gz" for name in PLAIN],
        [f"{name}.gz" for name in PLAIN],
    ],
)
@pytest.mark.parametrize("kind", ["u1", "i1", ">i2", ">i4"])
def test_four_files_of_a_folder(tmp_path, names, kind):
    root = put(tmp_path, files(names, packed if names[0].endswith("gz") else bytes, kind))
    for read in (datasets.idx, lambda path: datasets.open(str(path))):
        parts = read(root)
        for part, images, labels in zip(parts, IMAGES, LABELS, strict=True):
            assert part.images.dtype == np.uint8
            assert (part.images[:, 0] == images).all()
            assert part.labels.tolist() == labels.tolist()
            assert part.classes == tuple(map(str, range(12)))
            assert part.preprocessing == Preprocessing(1, 5, 3).learned([IMAGES[0][:, np.newaxis]])


def test_two_files(tmp_path):
    floats = RNG.normal(size=(6, 4, 5, 3)).astype(np.float32)
    put(tmp_path, {"x": content(floats, ">f4"), "y.gz": packed(content(np.arange(6)))})
    data = datasets.idx(images=tmp_path / "x", labels=str(tmp_path / "y.gz"))
    assert data.images.dtype == np.float32
    assert (data.images == floats.transpose(0, 3, 1, 2)).all()
    assert data.labels.tolist() == list(range(6))
    for arguments in ({}, {"images": "x"}, {"path": "x", "labels": "y"}):
        text = refusal(ArgumentError, datasets.idx, **arguments)
        assert text == "idx: idx takes a folder, or a file of images and one of labels."


def test_the_file_that_is_not_compressed_counts(tmp_path):
    put(tmp_path, files(PLAIN) | {f"{name}.gz": b"nothing" for name in PLAIN})
    assert len(datasets.idx(tmp_path)[0]) == 7


def test_folders_that_hold_more_or_less(tmp_path):
    where = f"data set '{tmp_path}'"
    put(tmp_path, files([f"a-{name}" for name in PLAIN]))
    (tmp_path / "a-t10k-labels-idx1-ubyte").unlink()
    expected = "Expected train-images-idx3-ubyte, t10k-labels-idx1-ubyte, …"
    text = refusal(DataError, datasets.idx, tmp_path)
    assert text == f"{where}: files are missing. {expected}. Got no test-labels."
    put(tmp_path, files([f"b-{name}" for name in PLAIN]))
    assert refusal(DataError, datasets.idx, tmp_path) == (
        f"{where}: there must be one data set in the folder. Got 'a-', 'b-'. "
        "Hint: name the files: idx(images=…, labels=…)."
    )
    missing = "no train-images, train-labels, test-images, test-labels"
    text = refusal(DataError, datasets.idx, put(tmp_path / "empty", {"x": b""}))
    assert text.endswith(f"files are missing. {expected}. Got {missing}.")
    assert "the folder cannot be read. Got No such file or directory" in refusal(
        DataError, datasets.idx, tmp_path / "none"
    )


WHOLE = content(IMAGES[0])


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        (b"", "this is no IDX file. Expected two zeros, a type, 1 to 4 axes. Got nothing"),
        (
            b"\0\0\x07\3" + WHOLE[4:],
            "this is no IDX file. Expected two zeros, a type, 1 to 4 axes. Got 00 00 07 03",
        ),
        (
            b"\0\0\x08\5" + WHOLE[4:],
            "this is no IDX file. Expected two zeros, a type, 1 to 4 axes. Got 00 00 08 05",
        ),
        (WHOLE[:15], "the header is cut off"),
        (WHOLE[:-1], "the file has another length. Expected 121 bytes for (7, 5, 3). Got 120 bytes"),
        (WHOLE + b"x", "the file has another length. Expected 121 bytes for (7, 5, 3). Got 122 bytes"),
        (
            packed(WHOLE[:-1]),
            "the file has another length. Expected 121 bytes for (7, 5, 3). Got 120 bytes",
        ),
        (
            packed(WHOLE + b"xyz"),
            "the file has another length. Expected 121 bytes for (7, 5, 3). Got 122 or more",
        ),
        (
            b"\0\0\x08\3" + b"\xff" * 12,
            f"the file has another length. Expected {(2**32 - 1) ** 3 + 16} bytes",
        ),
        (packed(b"\0\0\x08\3" + b"\xff" * 12), "the file has another length. Expected"),
        (packed(WHOLE)[:-3], "the file cannot be read. Got Compressed file ended"),
        (packed(WHOLE)[:-8] + bytes(8), "the file cannot be read. Got CRC check failed"),
        (b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 99, "the file cannot be read. Got Error -3"),
    ],
)
def test_files_that_are_broken(tmp_path, broken, text):
    put(tmp_path, {"x": broken, "y": content(LABELS[0])})
    with pytest.raises((FormatError, DataError)) as caught:
        datasets.idx(images=tmp_path / "x", labels=tmp_path / "y")
    assert str(caught.value).startswith(f"file '{tmp_path / 'x'}': {text}")


@pytest.mark.slow
def test_truncated_everywhere(tmp_path):
    put(tmp_path, files(PLAIN, packed))
    for name in PLAIN:
        path = tmp_path / name
        whole = path.read_bytes()
        for length in range(0, len(whole), max(1, len(whole) // 40)):
            path.write_bytes(whole[:length])
            with pytest.raises((FormatError, DataError)):
                datasets.idx(tmp_path)
        path.write_bytes(whole)


def test_a_bomb_takes_no_memory(tmp_path):
    bomb = packed(content(np.zeros((3, 5, 3), np.uint8)) + bytes(30 << 20))
    lying = packed(b"\0\0\x08\3" + np.array([10_000, 100, 100], ">u4").tobytes())
    put(tmp_path, {"bomb": bomb, "lying": lying, "y": content(LABELS[0])})
    for name in ("bomb", "lying"):
        tracemalloc.start()
        assert "the file has another length" in refusal(
            FormatError, datasets.idx, images=tmp_path / name, labels=tmp_path / "y"
        )
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("images", "labels", "text"),
    [
        (
            IMAGES[0],
            LABELS[1],
            "labels must be one whole number per image. Expected whole numbers (7,). Got uint8 (4,)",
        ),
        (LABELS[0], LABELS[0], "there must be images, grey or of three colours."),
        (
            IMAGES[0].reshape(7, 5, 3, 1)[..., [0, 0]],
            LABELS[0],
            "there must be images, grey or of three colours.",
        ),
        (IMAGES[0][:0], LABELS[0][:0], "there must be images, grey or of three colours."),
        (IMAGES[0], LABELS[0] - 1, "labels must be numbers of classes. Expected 0, 1, 2, …. Got -1"),
        (IMAGES[0], LABELS[0] + 2**20, "there are too many classes. Expected at most 65536. Got 1048588"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, images, labels, text):
    kind = "u1" if labels.min(initial=0) >= 0 and labels.max(initial=0) < 256 else ">i4"
    put(tmp_path, {"x": content(images), "y": content(labels, kind)})
    found = refusal(DataError, datasets.idx, images=tmp_path / "x", labels=tmp_path / "y")
    assert found.startswith(f"file '{tmp_path / 'x'}': {text}")


def test_images_are_bytes_or_floats(tmp_path):
    put(tmp_path, {"x": content(IMAGES[0], ">i4"), "y": content(LABELS[0])})
    assert "images must be of 8 or 16 bits or floating. Got int32" in refusal(
        DataError, datasets.idx, images=tmp_path / "x", labels=tmp_path / "y"
    )
    assert "there is no such file" in refusal(DataError, datasets.idx, images="none", labels="none")
    assert "this is not a file" in refusal(DataError, datasets.idx, images=tmp_path, labels=tmp_path)


def test_both_parts_must_fit_together(tmp_path):
    put(tmp_path, files(PLAIN) | {PLAIN[2]: content(IMAGES[1][:, :4])})
    text = refusal(DataError, datasets.idx, tmp_path)
    assert text == (
        f"data set '{tmp_path}': images of both parts must have one shape and type. "
        "Got uint8 (7, 1, 5, 3), uint8 (4, 1, 4, 3)."
    )
