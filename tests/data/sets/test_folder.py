"""Data sets of folders: classes, split, sizes, colours, memory, pictures that cannot be read."""

from __future__ import annotations

import io
import os
import tarfile
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.support.picture_sets import pets, picture, png, put, refusal, tarred, zipped

import pellucid as pc
from pellucid.data import Dataset, datasets, read_image
from pellucid.data.dataset import Pictures
from pellucid.data.preprocessing import Preprocessing
from pellucid.data.sets import tree
from pellucid.errors import ArgumentError, DataError


def same(a: Dataset | None, b: Dataset | None) -> bool:
    if a is None or b is None:
        return a is b
    arrays = np.array_equal(a.read(np.arange(len(a))), b.read(np.arange(len(b))))
    return arrays and np.array_equal(a.labels, b.labels) and (a.classes, a.names) == (b.classes, b.names)


# Classes and their pictures


def test_a_folder_for_each_class(tmp_path):
    root = put(
        tmp_path, pets() | {"cat/deep/er/9.PNG": png(picture(99)), ".git/1.png": b"", "cat/notes.txt": b"no"}
    )
    put(tmp_path, {"ant/.hidden.png": b"", "empty/readme.md": b""})
    train, validation = datasets.folder(root, (5, 4))
    assert train.classes == validation.classes == ("ant", "cat")
    names = train.names + validation.names
    assert sorted(names) == sorted([*pets(), "cat/deep/er/9.PNG"])
    for part in (train, validation):
        assert part.images.dtype == np.uint8
        for name, image, label in zip(part.names, part.images, part.labels, strict=True):
            assert part.classes[label] == name.split("/")[0]
            assert (image == np.asarray(Image.open(root / name)).transpose(2, 0, 1)).all()
    assert (len(train), len(validation)) == (9, 2)
    assert list(train.names) == sorted(train.names)
    assert train.preprocessing == validation.preprocessing
    assert train.preprocessing == Preprocessing(3, 5, 4).learned([train.images])


def test_classes_that_are_whole_numbers_are_sorted_as_numbers(tmp_path):
    files = {f"{digit}/a.png": png(picture(digit)) for digit in (10, 9, 1)}
    train, validation = datasets.folder(put(tmp_path, files), validation=0)
    assert train.classes == ("1", "9", "10")
    assert validation is None


@pytest.mark.parametrize("name", ["val", "valid", "validation", "test"])
def test_folders_say_which_pictures_are_for_validation(tmp_path, name):
    files = {f"set/train/{name}": content for name, content in pets(3).items()}
    files |= {f"set/{name}/cat/x.png": png(picture(50)), "set/notes.txt": b""}
    train, validation = datasets.folder(put(tmp_path, files), validation=0.9)
    assert [len(train), len(validation)] == [6, 1]
    assert validation.names == (f"set/{name}/cat/x.png",)
    assert validation.labels.tolist() == [1]
    assert validation.classes == ("ant", "cat")


def test_val_counts_before_test_and_a_class_may_be_called_train(tmp_path):
    files = {f"{part}/cat/{part}.png": png(picture(1)) for part in ("train", "test", "val")}
    train, validation = datasets.folder(put(tmp_path / "three", files))
    assert train.names + validation.names == ("train/cat/train.png", "val/cat/val.png")
    vehicles = {f"{name}/1.png": png(picture(1)) for name in ("train", "bus")}
    assert datasets.folder(put(tmp_path / "vehicles", vehicles))[0].classes == ("bus", "train")


@pytest.mark.slow
@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("kind", ["zip", "stored", "tar", "gz", "bz2", "xz"])
def test_archives_are_read_in_place_as_the_folder_would_be(tmp_path, kind, depth):
    files = pets() | {"ant/.x.png": b"", "__MACOSX/ant/1.png": b"", "README": b"pets"}
    files = {"top/" * depth + name: content for name, content in files.items()}
    inside = {
        name: content for name, content in files.items() if "MACOSX" not in name and "README" not in name
    }
    expected = datasets.folder(put(tmp_path / "folder", inside), (6, 3), seed=4)
    path = tmp_path / "pets.data"
    if kind in ("zip", "stored"):
        zipped(path, files, zipfile.ZIP_STORED if kind == "stored" else zipfile.ZIP_DEFLATED)
    else:
        tarred(path, files, kind.removeprefix("tar"))
    found = datasets.folder(path, (6, 3), seed=4)
    assert all(map(same, expected, found))
    assert expected[0].preprocessing == found[0].preprocessing


def test_long_names_and_dots_before_names_of_tar(tmp_path):
    long = "very" * 60
    files = {f"./{long}/{long}.png": png(picture(1)), "./가/나.png": png(picture(2))}
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        path = tmp_path / "long.tar"
        with tarfile.open(path, "w", format=form) as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        train, _ = datasets.folder(path)
        assert train.names == (f"{long}/{long}.png", "가/나.png")


def test_links_in_folders_are_followed(tmp_path):
    put(tmp_path / "real", pets(2))
    (tmp_path / "data" / "bee").mkdir(parents=True)
    os.symlink(tmp_path / "real" / "cat", tmp_path / "data" / "cat")
    os.symlink(tmp_path / "real" / "ant" / "0.png", tmp_path / "data" / "bee" / "0.png")
    os.symlink(tmp_path / "nowhere", tmp_path / "data" / "notes")
    assert datasets.folder(tmp_path / "data", validation=0)[0].names == (
        "bee/0.png",
        "cat/0.png",
        "cat/1.png",
    )
    os.symlink(tmp_path / "nowhere", tmp_path / "data" / "cat" / "2.png")
    assert f"Got image '{tmp_path / 'data/cat/2.png'}': there is no such file." in refusal(
        DataError, datasets.folder, tmp_path / "data"
    )
    os.symlink(tmp_path / "data", tmp_path / "data" / "bee" / "again")
    text = refusal(DataError, datasets.folder, tmp_path / "data")
    assert text == f"folder '{tmp_path / 'data/bee/again'}': a folder must not contain itself."


# The split


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    validation=st.floats(0, 1, exclude_max=True),
    seed=st.integers(0, 2**63 - 1),
)
def test_of_every_class_the_share_is_held_out_and_one_stays(labels, validation, seed):
    labels = np.array(labels)
    held = tree.held_out(labels, validation, seed)
    assert (held == tree.held_out(labels, validation, seed)).all()
    for label in set(labels.tolist()):
        count, chosen = int((labels == label).sum()), held[labels == label]
        assert chosen.sum() == min(int(np.floor(validation * count + 0.5)), count - 1)
        alone = tree.held_out(labels[labels == label], validation, seed)
        assert (alone == chosen).all()  # other classes and the order of images do not matter


CHOSEN = {"ant": (13, 17, 6, 7), "cat": (11, 15, 5, 8)}  # of 20 each


def test_the_split_is_a_function_of_the_seed_and_the_names(tmp_path):
    root = put(tmp_path, pets(20, height=2, width=2))
    names = [datasets.folder(root, 2, seed=seed)[1].names for seed in (0, 0, 1)]
    assert names[0] == names[1] != names[2]
    assert names[0] == tuple(f"{a}/{i}.png" for a, chosen in CHOSEN.items() for i in chosen)


# Sizes and colours


def test_sizes_and_fits(tmp_path):
    wide = np.zeros((4, 8, 3), np.uint8)
    wide[:, 4:] = 200
    root = put(tmp_path, {"a/1.png": png(wide)})
    found = {
        fit: datasets.folder(root, 4, validation=0, fit=fit)[0].images[0, 0]
        for fit in ("crop", "pad", "stretch")
    }
    assert (found["crop"] == wide[:, 2:6, 0]).all()
    assert (found["pad"][[0, 3]] == 0).all()
    assert (found["pad"][1:3, [0, 3]] == [0, 200]).all()
    assert (found["stretch"] == found["stretch"][0]).all()
    assert (read_image(root / "a/1.png", (3, 4, 4))[0] * np.float32(255)).round().tolist() == found[
        "stretch"
    ].tolist()
    assert datasets.folder(root, (6, 2), 1, validation=0)[0].images.shape == (1, 1, 6, 2)


def test_without_a_size_or_channels_the_pictures_decide(tmp_path):
    def shape(name, *pictures, **settings):
        root = put(tmp_path / name, {f"a/{i}.png": png(p) for i, p in enumerate(pictures)})
        images = datasets.open(str(root), validation=0, **settings)[0].images
        assert len(images) == len(pictures)
        return images.shape[1:]

    grey, other, colour = picture(1, 7, 9, 1), picture(2, 9, 7, 1), picture(3, 7, 9)
    assert shape("grey", grey, grey) == (1, 7, 9)
    assert shape("colour", grey, grey, colour) == (3, 7, 9)
    assert shape("mixed", grey, other) == (1, 32, 32)
    assert shape("both", grey, colour, other) == (3, 32, 32)
    assert shape("asked", grey, other, size=5, channels=3) == (3, 5, 5)
    assert shape("mixed then 32", grey, np.zeros((32, 32), np.uint8)) == (1, 32, 32)
    assert shape("large", np.zeros((2, 257), np.uint8)) == (1, 32, 32)
    with_alpha = np.zeros((7, 9, 2), np.uint8)
    assert shape("alpha", grey, with_alpha) == (1, 7, 9)


def test_pixels_of_all_kinds_become_8_bits():
    p = Preprocessing(3, 1, 3)
    deep = np.array([[0, 32768, 65535]], np.uint16)
    assert p.picture(deep).tolist() == [[[0, 128, 255]]] * 3
    glass = np.dstack([np.full((1, 3), 100, np.uint8)] * 3 + [np.array([[0, 255, 255]], np.uint8)])
    assert p.picture(glass).tolist() == [[[255, 100, 100]]] * 3
    assert Preprocessing(1, 1, 3).picture(glass[..., :3]).tolist() == [[[100] * 3]]
    assert refusal(DataError, p.picture, np.array([[-1.0, 0, 2]])) == (
        "image: floats must lie between 0, black, and 1, white. Got -1 to 2. Hint: divide them by what is white."
    )


@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from(["crop", "pad"]),
)
def test_any_picture_fits_any_size(height, width, down, across, fit):
    image = Preprocessing(1, down, across, fit).picture(np.full((height, width), 9, np.uint8))
    assert image.shape == (1, down, across)
    inside = image[0] if fit == "crop" else image[0][image[0] > 0]
    assert inside.size
    assert (inside == 9).all()


# Memory


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
@pytest.mark.parametrize("room", [0, 300, 10_000])
def test_pictures_without_room_are_read_again(tmp_path, kind, room):
    expected = datasets.folder(put(tmp_path / "folder", pets()), (5, 4), seed=1)
    path = tmp_path / "pets"
    if kind == "folder":
        path = tmp_path / "folder"
    else:
        zipped(path, pets()) if kind == "zip" else tarred(path, pets())
    found = datasets.folder(path, (5, 4), seed=1, memory_bytes=room)
    assert isinstance(found[0].images, Pictures) == (room < 600)
    assert all(map(same, expected, found))
    assert expected[0].preprocessing == found[0].preprocessing
    some = np.array([3, 0, 3])
    assert same(found[0].take(some), expected[0].take(some))
    assert same(found[0][1:3], expected[0][1:3])
    for ours, theirs in zip(found[0].batches(3), expected[0].batches(3), strict=True):
        assert (ours[0] == theirs[0]).all()
    assert found[0].images.shape == expected[0].images.shape


def test_a_compressed_archive_must_fit(tmp_path):
    path = tarred(tmp_path / "pets.tar.gz", pets(), "gz")
    assert refusal(DataError, datasets.folder, path, (5, 4), memory_bytes=599) == (
        f"data set '{path}': pictures of a compressed archive must fit in memory. Expected at most 599 bytes. "
        "Got 600 bytes. Hint: unpack it and give the folder."
    )
    assert datasets.folder(path, (5, 4), memory_bytes=600)[0].images.shape == (8, 3, 5, 4)


def test_files_that_change_or_go_are_named(tmp_path):
    root = put(tmp_path / "folder", pets())
    train, _ = datasets.folder(root, validation=0, memory_bytes=0)
    os.utime(root / "cat/1.png", (1, 1))
    (root / "ant/0.png").unlink()
    chosen = [train.names.index(name) for name in ("cat/1.png", "ant/0.png")]
    changed = "the file has changed since the data set was opened."
    assert refusal(DataError, train.read, np.array(chosen[:1])) == f"image '{root / 'cat/1.png'}': {changed}"
    assert (
        refusal(DataError, train.read, np.array(chosen[1:]))
        == f"image '{root / 'ant/0.png'}': there is no such file."
    )
    train.read(np.array([train.names.index("cat/2.png")]))
    for path in (zipped(tmp_path / "p.zip", pets()), tarred(tmp_path / "p.tar", pets())):
        train, _ = datasets.folder(path, memory_bytes=0)
        path.write_bytes(path.read_bytes()[::-1])
        os.utime(path, (1, 1))
        assert refusal(DataError, train.read, np.array([0])) == f"data set '{path}': {changed}"
        path.unlink()
        assert refusal(DataError, train.read, np.array([0])) == f"data set '{path}': there is no such file."


def test_the_number_of_threads_does_not_matter(tmp_path, monkeypatch):
    root = put(tmp_path, pets(80, height=3, width=2))
    several = datasets.folder(root, seed=2, memory_bytes=200_000)
    monkeypatch.setattr("pellucid.data.sets.reading._THREADS", 1)
    one = datasets.folder(root, seed=2, memory_bytes=200_000)
    assert all(map(same, several, one))
    assert several[0].preprocessing == one[0].preprocessing


# Pictures that cannot be read


def test_bad_pictures_are_counted_and_the_first_is_named(tmp_path):
    root = put(
        tmp_path, pets(3) | {"cat/00.png": b"no picture", "ant/9.jpg": b"", "cat/2.png": png(picture(1))[:50]}
    )
    text = refusal(DataError, datasets.folder, root)
    assert text == (
        f"data set '{root}': 3 of 8 pictures cannot be read. Got image '{root / 'ant/9.jpg'}': this is no image, or of "
        "an unknown kind. Expected one of PNG, JPEG, GIF, BMP, WEBP, TIFF, PPM. Hint: skip_bad=True, on the command "
        "line --skip-bad, leaves them out."
    )
    warning = r"^pictures left out, since they cannot be read: 3 \(ant/9.jpg, cat/00.png, cat/2.png\)$"
    with pytest.warns(UserWarning, match=warning):
        train, validation = datasets.folder(root, (5, 4), skip_bad=True)
    assert train.skipped == validation.skipped == ("ant/9.jpg", "cat/00.png", "cat/2.png")
    assert len(train) + len(validation) == 5
    for bad in ("ant/9.jpg", "cat/00.png", "cat/2.png"):
        (root / bad).unlink()
    assert all(map(same, (train, validation), datasets.folder(root, (5, 4))))


def test_a_class_needs_a_picture_that_can_be_read(tmp_path):
    root = put(tmp_path, pets(2) | {"bee/1.png": b"", "bee/2.png": b""})
    assert refusal(DataError, datasets.folder, root, skip_bad=True) == (
        f"data set '{root}': each class must have a picture to train with. Got 'bee'."
    )
    none = put(tmp_path / "none", {"bee/1.png": b"", "ant/2.png": b""})
    assert "2 of 2 pictures cannot be read. Got" in refusal(DataError, datasets.folder, none, skip_bad=True)
    assert "2 of 2 pictures cannot be read. Got" in refusal(DataError, datasets.open, str(none))


def test_warnings_are_hushed_by_all_threads_and_set_back(tmp_path):
    before = list(warnings.filters)
    datasets.folder(put(tmp_path, pets(9)), memory_bytes=0)
    assert warnings.filters == before


def test_libtiff_is_silent_about_files_in_archives(tmp_path, capfd):
    file = io.BytesIO()
    Image.fromarray(picture(1, 40, 40)).save(file, "TIFF", compression="tiff_adobe_deflate")
    broken = file.getvalue()
    broken = broken[:400] + bytes(400) + broken[800:]
    path = zipped(tmp_path / "a.zip", {"a/1.tif": broken})
    assert "1 of 1 pictures cannot be read" in refusal(DataError, datasets.folder, path)
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_training_does_not_know_where_images_are(tmp_path):
    root = put(tmp_path, pets(8))
    losses = []
    for room in (0, None):
        train, validation = datasets.folder(root, (5, 4), memory_bytes=room)
        pc.seed(0)
        model = pc.Sequential(pc.Flatten(), pc.Linear(60, 2))
        pc.fit(model, train, validation, optimizer=pc.SGD(lr=0.1), epochs=2, batch_size=5)
        losses.append((pc.evaluate(model, validation), model.state_dict()["1.weight"].tolist()))
    assert losses[0] == losses[1]


# Settings


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"size": 0}, "size must be an integer, or one integer per axis. Expected 2 values ≥ 1. Got size=0."),
        ({"size": (4, 70_000)}, "size is too large. Expected at most 65536 pixels. Got size=(4, 70000)."),
        ({"channels": 2}, "channels must be one of these. Expected 1 or 3. Got channels=2."),
        ({"validation": 1}, "validation must be a share. Expected 0 ≤ validation < 1. Got validation=1."),
        (
            {"validation": "all"},
            "validation must be a share. Expected 0 ≤ validation < 1. Got validation='all'.",
        ),
        ({"seed": -1}, "seed must be a whole number. Expected 0 ≤ seed < 2⁶³. Got seed=-1."),
        ({"fit": "zoom"}, "there is no such way to fit. Expected crop or pad or stretch. Got 'zoom'."),
        (
            {"memory_bytes": -1},
            "memory_bytes must be a whole number. Expected memory_bytes ≥ 0. Got memory_bytes=-1.",
        ),
    ],
)
def test_settings_that_are_none(tmp_path, settings, text):
    assert refusal(ArgumentError, datasets.folder, tmp_path, **settings) == f"folder: {text}"


# Folders that say nothing clear

HINT = " Hint: a folder for each class, with its pictures, and around them train and val if you like."


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({}, f"there must be pictures.{HINT}"),
        ({"notes.txt": b""}, f"there must be pictures.{HINT}"),
        (
            {"1.png": b"", "a/1.png": b""},
            f"each picture must lie in the folder of its class. Got '1.png'.{HINT}",
        ),
        (
            {"1.png": b"", "2.png": b""},
            f"each picture must lie in the folder of its class. Got '1.png'.{HINT}",
        ),
        (
            {"train/a/1.png": b"", "val/1.png": b""},
            f"each picture must lie in the folder of its class. Got 'val/1.png'.{HINT}",
        ),
        (
            {"train/a/1.png": b"", "val/b/1.png": b""},
            "validation must have no other classes than training. Got 'b'.",
        ),
        (
            {"Cat/1.png": b"", "cat/2.png": b""},
            "names of classes must differ in more than upper and lower case. Got 'Cat', 'cat'.",
        ),
    ],
)
def test_folders_that_are_not_clear(tmp_path, files, text):
    put(tmp_path, files)
    assert refusal(DataError, datasets.folder, tmp_path) == f"data set '{tmp_path}': {text}"


def test_what_is_no_folder(tmp_path):
    text = "folder: data must be a folder, or a zip or tar archive. Got"
    path = tmp_path / "none"
    assert refusal(DataError, datasets.folder, path) == f"{text} no such file or folder: '{path}'."
    path.write_bytes(b"hello")
    assert refusal(DataError, datasets.folder, path) == f"{text} file '{path}'."
    path.unlink()
    os.mkfifo(path)
    assert refusal(DataError, datasets.folder, path) == f"{text} file '{path}'."


def test_folders_that_cannot_be_read(tmp_path, monkeypatch):
    put(tmp_path, pets(1))
    scandir = os.scandir

    def forbidden(path):
        if str(path).endswith("cat"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    text = refusal(DataError, datasets.folder, tmp_path)
    assert text == f"folder '{tmp_path / 'cat'}': the folder cannot be read. Got Permission denied."


def test_names_that_are_no_utf8(tmp_path):
    put(tmp_path, pets(1))
    with open(os.fsencode(tmp_path) + b"/cat/\xff.png", "wb"):
        pass
    text = refusal(DataError, datasets.folder, tmp_path)
    assert text == f"data set '{tmp_path}': names of files must be UTF-8. Got 'cat/\\udcff.png'."


@pytest.mark.slow
def test_thousands_of_classes(tmp_path, monkeypatch):
    content = png(picture(1, 1, 1, 1))
    path = zipped(tmp_path / "many.zip", {f"{i:04}/a.png": content for i in range(3000)})
    train, validation = datasets.folder(path, 1, 1)
    assert (len(train.classes), train.labels[-1], validation) == (3000, 2999, None)
    monkeypatch.setattr(tree, "MAX_CLASSES", 2999)
    assert "there are too many classes. Expected at most 2999. Got 3000." in refusal(
        DataError, datasets.folder, path
    )


def test_folders_in_archives_that_lie_deep(tmp_path):
    deep = "a/" * 1200 + "1.png"
    path = zipped(tmp_path / "deep.zip", {deep: png(picture(1)), deep.replace("1.", "2."): png(picture(2))})
    assert datasets.folder(path)[0].classes == ("a",)
