"""MNIST, batches and image files, also files that want to do harm."""

from __future__ import annotations

import copy
import gzip
import hashlib
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pellucid as pc
from pellucid.data import Dataset, datasets, mnist, read_image
from pellucid.data.pictures import file as picture_file
from pellucid.errors import ArgumentError, DataError

# MNIST


def test_mnist_is_mnist():
    train, test = datasets.mnist()
    assert train.images.shape == (60000, 1, 28, 28)
    assert test.images.shape == (10000, 1, 28, 28)
    assert train.images.dtype == np.uint8
    assert (len(train), len(test)) == (60000, 10000)
    assert train.labels.dtype == test.labels.dtype == np.int64
    assert train.labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert test.labels[:8].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]
    assert np.bincount(train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert train.images.mean() == pytest.approx(33.3184, abs=1e-4)
    assert datasets.mnist()[0] is train
    for array in (train.images, train.labels, test.images, test.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_dataset_says_what_it_holds():
    assert repr(datasets.mnist()[0]) == "Dataset(60000 images (1, 28, 28) uint8, labels int64)"


def test_a_part_of_a_dataset_is_one():
    train, _ = datasets.mnist()
    for part in (slice(100), slice(-5, None), slice(1, 50, 7), slice(3, 3)):
        some = train[part]
        assert isinstance(some, Dataset)
        assert np.shares_memory(some.images, train.images) == (len(some) > 0)
        np.testing.assert_array_equal(some.images, train.images[part])
        np.testing.assert_array_equal(some.labels, train.labels[part])


@pytest.mark.parametrize("part", [0, np.int64(3), [1, 2], "a"])
def test_a_dataset_is_cut_by_slices_only(part):
    with pytest.raises(ArgumentError) as caught:
        datasets.mnist()[0][part]
    assert str(caught.value) == (
        "Dataset: a part of the data is taken with a slice. Expected such as data[:100]. "
        f"Got {part!r}. Hint: one image is data.images[i], its class data.labels[i]."
    )


def idx(shape, values, magic=b"\0\0\x08"):
    return magic + bytes([len(shape)]) + np.array(shape, ">u4").tobytes() + bytes(values)


GOOD = idx((2, 3), range(6))


def zipped(data: bytes) -> bytes:
    """Without the time of day, which would be in the names of tests, and another one for each worker."""
    return gzip.compress(data, mtime=0)


def read(folder: Path, packed: bytes, shape=(2, 3)):
    path = folder / "digits.gz"
    path.write_bytes(packed)
    return mnist.read_idx(path, shape, hashlib.sha256(GOOD).hexdigest())


def test_idx_files_are_read(tmp_path):
    assert read(tmp_path, zipped(GOOD)).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        (zipped(idx((2, 4), range(8))), "digits.gz: the header is another one. Expected 00000802"),
        (zipped(idx((2, 3), range(6), b"\0\0\x0d")), "the header is another one"),
        (zipped(idx((6,), range(6))), "the header is another one"),
        (zipped(b""), "the header is another one"),
        (zipped(GOOD[:-1]), "another length. Expected 6 values. Got 5."),
        (zipped(GOOD + bytes(9)), "another length. Expected 6 values. Got 7 or more."),
        (zipped(idx((2, 3), range(1, 7))), "the file has been changed. Expected SHA-256"),
        (zipped(GOOD)[:-9], "the file cannot be read"),
        (zipped(GOOD)[:-8] + bytes(8), "the file cannot be read"),
        (GOOD, "the file cannot be read. Got Not a gzipped file"),
        (b"", "the header is another one"),
    ],
)
def test_broken_idx_files_are_refused(tmp_path, packed, text):
    with pytest.raises(DataError) as caught:
        read(tmp_path, packed)
    assert text in str(caught.value)


def test_a_missing_idx_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"^none.gz: the file cannot be read"):
        mnist.read_idx(tmp_path / "none.gz", (2,), "")


# Batches


def numbered(count):
    return Dataset(np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1), np.arange(count))


def test_every_sample_comes_once_in_an_order_of_seed_and_epoch():
    data = numbered(23)

    def order(**settings):
        batches = list(data.batches(5, **settings))
        assert [len(labels) for _, labels in batches] == [5, 5, 5, 5, 3]
        labels = np.concatenate([labels for _, labels in batches])
        pictures = np.concatenate([pictures for pictures, _ in batches])
        assert pictures.dtype == np.float32
        assert np.array_equal(pictures.ravel(), labels.astype(np.float32) / np.float32(255))
        assert sorted(labels) == list(range(23))
        return labels.tolist()

    assert order(seed=1, epoch=2) == order(seed=1, epoch=2)
    assert len({tuple(order(seed=seed, epoch=epoch)) for seed in range(3) for epoch in range(3)}) == 9
    assert order(shuffle=False) == list(range(23))


def test_batches_scale_bytes_only():
    assert next(iter(Dataset(np.full((1, 2), 255, np.uint8), np.zeros(1, int)).batches(1)))[0].max() == 1
    given = np.array([[0.5, 3.0]])
    batch, _ = next(iter(Dataset(given, np.zeros(1, np.int32)).batches(4)))
    assert batch.tolist() == given.tolist()
    assert batch.dtype == np.float32
    assert list(Dataset(np.zeros((0, 1)), np.zeros(0, int)).batches(4)) == []


@pytest.mark.parametrize("name", ["batch_size", "seed", "epoch"])
@pytest.mark.parametrize("value", [-1, 1.5, "2", None, True])
def test_batches_need_whole_numbers(name, value):
    with pytest.raises(ArgumentError, match=f"batches: {name} must be a whole number"):
        numbered(3).batches(**{"batch_size": 2, name: value})


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [
        (np.zeros((3, 1)), np.zeros(2, int)),
        (np.zeros((3, 1)), np.zeros((3, 1), int)),
        (np.zeros((3, 1)), np.zeros(3)),
        (np.zeros(3), np.zeros(3, int)),
        (np.zeros((3, 1), complex), np.zeros(3, int)),
        (np.zeros((3, 1), np.int64), np.zeros(3, int)),
        ("pictures", "labels"),
    ],
)
def test_a_dataset_must_fit_together(pictures, labels):
    with pytest.raises(DataError, match=r"^Dataset: "):
        Dataset(pictures, labels)


# Image files


@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_images_are_scaled_by_whatever_reads_data_and_refused_elsewhere(dtype, white):
    """So no two of them can take the same array for different numbers."""
    pc.seed(0)
    model = pc.Sequential(pc.Flatten(), pc.Linear(6, 4), pc.BatchNorm1d(4))
    images = np.random.default_rng(0).integers(0, white, (7, 1, 2, 3), dtype=dtype)
    labels, scaled = np.arange(7) % 4, images / white
    assert (next(Dataset(images, labels).batches(7, shuffle=False))[0] == scaled.astype(np.float32)).all()
    assert (pc.predict(model, images) == pc.predict(model, scaled)).all()
    assert pc.evaluate(model, (images, labels)) == pc.evaluate(model, (scaled, labels))
    fitted = [copy.deepcopy(model) for _ in range(2)]
    for each, data in zip(fitted, (images, scaled), strict=True):
        pc.fit(each, (data, labels), optimizer=pc.SGD(lr=0.1), epochs=2, batch_size=4)
    assert (fitted[0](scaled) == fitted[1](scaled)).all()
    step = pc.TrainStep(model, pc.SGD(lr=0.1))
    refused = {
        "Sequential: input": lambda: model(images),
        "TrainStep: x": lambda: step(images, labels),
        "TrainStep: x ": lambda: step.record(images, labels),
        "record: x": lambda: pc.record(model, images),
        "record: x ": lambda: pc.record(model, images, labels, optimizer=pc.SGD(lr=0.1)),
    }
    for told, call in refused.items():
        with pytest.raises(pc.ArgumentError) as error:
            call()
        name = told.split()[-1]
        assert str(error.value) == (
            f"{told.rstrip()} must be scaled to numbers from 0 to 1. Expected floats. Got {np.dtype(dtype)} "
            f"(7, 1, 2, 3). Hint: use {name} / {white}, as batches, fit, evaluate and predict do by themselves."
        )
    assert step.steps == 0


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.int16, np.int32, np.uint32, np.int64, np.float16])
def test_other_inputs_count_as_what_they_are(dtype):
    model = pc.Sequential(pc.Conv2d(1, 2, 1), pc.Flatten())
    x = (np.arange(6).reshape(1, 1, 2, 3) % 3).astype(dtype)
    assert (model(x) == model(x.astype(np.float32))).all()
    losses = [pc.TrainStep(copy.deepcopy(model), pc.SGD(lr=0.1))(a, [1]) for a in (x, x.astype(np.float32))]
    assert losses[0] == losses[1]


GREY = np.array([[0, 50, 100], [150, 200, 255]], np.uint8)


def saved(folder, array, name="picture.png", **settings):
    path = folder / name
    (array if isinstance(array, Image.Image) else Image.fromarray(array)).save(path, **settings)
    return path


def test_images_of_the_right_size_keep_their_values(tmp_path):
    path = saved(tmp_path, GREY)
    picture = read_image(path, (1, 2, 3))
    assert picture.dtype == np.float32
    assert picture.flags.c_contiguous
    assert np.array_equal(picture, GREY[np.newaxis] / np.float32(255))
    assert np.array_equal(read_image(str(path), (1, 2, 3), invert=True), 1 - picture)
    assert np.array_equal(read_image(path, (3, 2, 3)), np.repeat(picture, 3, axis=0))
    colours = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    path = saved(tmp_path, colours)
    assert np.array_equal(read_image(path, (3, 4, 5)), colours.transpose(2, 0, 1) / np.float32(255))
    assert read_image(path, (1, 4, 5)).shape == (1, 4, 5)


def test_other_sizes_are_averaged(tmp_path):
    stripes = np.zeros((40, 60), np.uint8)
    stripes[:, ::2] = 200
    small = read_image(saved(tmp_path, stripes), (1, 4, 6))
    assert small.shape == (1, 4, 6)
    assert np.allclose(small, 100 / 255, atol=0.03)  # without antialiasing it would be 0 or 200


def test_what_transparent_and_turned_and_deep_pictures_look_like(tmp_path):
    glass = Image.new("RGBA", (3, 2), (0, 0, 0, 0))
    assert (read_image(saved(tmp_path, glass), (1, 2, 3)) == 1).all()
    palette = Image.fromarray(GREY).convert("P")
    assert np.array_equal(read_image(saved(tmp_path, palette), (1, 2, 3))[0], GREY / np.float32(255))
    deep = np.array([[0, 32768, 65535]], np.uint16)
    for name in ("deep.png", "deep.tiff", "deep.pgm"):
        assert np.array_equal(read_image(saved(tmp_path, deep, name), (1, 1, 3))[0], deep / np.float32(65535))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90°
    turned = read_image(saved(tmp_path, GREY, exif=exif), (1, 3, 2))
    assert np.array_equal(turned[0], np.rot90(GREY, -1) / np.float32(255))
    assert read_image(saved(tmp_path, Image.new("CMYK", (4, 4)), "print.jpg"), (3, 4, 4)).min() == 1
    assert read_image(saved(tmp_path, Image.new("1", (4, 4)), "bits.gif"), (1, 4, 4)).max() == 0


def refusal(path):
    with pytest.raises(DataError) as caught:
        read_image(path, (1, 28, 28))
    assert str(caught.value).startswith(f"image '{path}': ")
    return str(caught.value)


def test_files_that_are_no_images_are_refused(tmp_path, monkeypatch):
    assert "there is no such file" in refusal(tmp_path / "none.png")
    assert "this is not a file" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "this is not a file" in refusal(tmp_path / "pipe")
    path = tmp_path / "text.png"
    for content in (b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"):
        path.write_bytes(content)
        assert "this is no image, or of an unknown kind. Expected one of PNG, JPEG" in refusal(path)
    good = saved(tmp_path, np.zeros((50, 50), np.uint8)).read_bytes()
    for broken in (good[:40], good[:60], good.replace(b"IDAT", b"IDXT"), good[:-30] + bytes(30)):
        path.write_bytes(broken)
        refusal(path)
    monkeypatch.setattr(picture_file, "MAX_FILE_BYTES", 10)
    assert "the file is too large. Expected at most 10 bytes" in refusal(tmp_path / "picture.png")


def test_large_images_are_refused_before_decoding(tmp_path):
    path = tmp_path / "bomb.png"
    content = bytearray(saved(tmp_path, np.zeros((8, 8), np.uint8)).read_bytes())
    for side, text in ((11_000, "too large"), (13_000, "too large"), (50_000, "")):
        content[16:24] = side.to_bytes(4, "big") * 2
        content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
        path.write_bytes(content)
        assert text in refusal(path)


@pytest.mark.parametrize("shape", [(2, 28, 28), (28, 28), (1, 0, 28), (1, 28, 2.5), ()])
def test_the_shape_is_that_of_one_image(tmp_path, shape):
    with pytest.raises(ArgumentError, match=r"shape must be \(C,H,W\)"):
        read_image(saved(tmp_path, GREY), shape)
