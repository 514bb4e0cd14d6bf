"""CIFAR's archives, small ones of the same form; pickles that are programs."""

from __future__ import annotations

import io
import os
import pickle
import pickletools
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.picture_sets import put, refusal, tarred, zipped

from pellucid.data import datasets
from pellucid.data.preprocessing import Preprocessing
from pellucid.data.sets import pickles
from pellucid.data.sets.cifar_names import COARSE, FINE, TEN
from pellucid.data.sets.pickles import bytes_of, read_pickle
from pellucid.errors import ArgumentError, DataError, FormatError, PellucidError

RNG = np.random.default_rng(11)
PIXELS = RNG.integers(0, 256, (6, 4, 3072), np.uint8)  # five batches for training, one for tests
LABELS = RNG.integers(0, 10, (6, 4))
COARSE_LABELS = LABELS + 10
NAMES = [f"name {i}" for i in range(10)]
BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


def records(pixels, *labels):
    return np.column_stack([*labels, pixels]).astype(np.uint8).tobytes()


def old_text(text: bytes) -> bytes:
    """As Python 2 wrote a short string."""
    return b"U" + bytes([len(text)]) + text


def old_array(array: np.ndarray) -> bytes:
    """As Python 2 and the NumPy of then wrote an array of bytes, in protocol 2."""
    dtype = (
        b"cnumpy\ndtype\n"
        + old_text(b"u1")
        + b"K\0K\1\x87R(K\3"
        + old_text(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
    )
    content = b"T" + len(array.tobytes()).to_bytes(4, "little") + array.tobytes()
    shape = b"(" + b"".join(b"M" + n.to_bytes(2, "little") for n in array.shape) + b"t"
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + old_text(b"b") + b"\x87R"
    return made + b"(K\1" + shape + dtype + b"\x89" + content + b"tb"


def old_dict(**items: bytes) -> bytes:
    inside = b"".join(old_text(key.encode()) + value for key, value in items.items())
    return b"\x80\2}q\0(" + inside + b"u."


def old_list(values) -> bytes:
    return b"](" + b"".join(v if isinstance(v, bytes) else b"K" + bytes([v]) for v in values) + b"e"


def ten_in_python(**other: bytes) -> dict[str, bytes]:
    files = {
        name: old_dict(batch_label=old_text(b"one"), labels=old_list(labels), data=old_array(pixels), **other)
        for name, pixels, labels in zip(BATCHES, PIXELS, LABELS.tolist(), strict=True)
    }
    names = old_list([old_text(name.encode()) for name in NAMES])
    return files | {"batches.meta": old_dict(label_names=names), "readme.html": b""}


def ten_in_binary() -> dict[str, bytes]:
    files = {f"{name}.bin": records(PIXELS[i], LABELS[i]) for i, name in enumerate(BATCHES)}
    return files | {"batches.meta.txt": "\n".join(NAMES).encode().replace(b" ", b"_") + b"\n\n"}


def hundred_in_python() -> dict[str, bytes]:
    def part(of):
        return old_dict(
            filenames=old_list([old_text(b"a.png")] * 4),
            fine_labels=old_list(LABELS[of].tolist()),
            coarse_labels=old_list(COARSE_LABELS[of].tolist()),
            data=old_array(PIXELS[of]),
        )

    return {"train": part(0), "test": part(5), "file.txt~": b""}


def check(parts, classes, train=slice(5), labels=LABELS):
    training, testing = parts
    assert (training.images == PIXELS[train].reshape(-1, 3, 32, 32)).all()
    assert (testing.images == PIXELS[5].reshape(-1, 3, 32, 32)).all()
    assert training.labels.tolist() == labels[train].ravel().tolist()
    assert testing.labels.tolist() == labels[5].tolist()
    assert training.classes == testing.classes == classes
    assert (
        training.preprocessing == testing.preprocessing == Preprocessing(3, 32, 32).learned([training.images])
    )


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "gz", "xz"])
@pytest.mark.parametrize("files", [ten_in_python, ten_in_binary])
def test_cifar10(tmp_path, kind, files):
    inside = {f"cifar-10/{name}": content for name, content in files().items()}
    path = tmp_path / "cifar"
    if kind == "folder":
        put(path, inside)
    else:
        zipped(path, inside) if kind == "zip" else tarred(path, inside, kind.removeprefix("tar"))
    names = tuple(NAMES if files is ten_in_python else [name.replace(" ", "_") for name in NAMES])
    check(datasets.cifar10(path), names)
    check(datasets.open(str(path)), names)


def test_names_are_known_where_no_file_has_them(tmp_path):
    files = {name: content for name, content in ten_in_binary().items() if "meta" not in name}
    check(datasets.cifar10(put(tmp_path, files)), TEN)
    assert (len(TEN), len(COARSE), len(FINE)) == (10, 20, 100)


def test_cifar100(tmp_path):
    python = put(tmp_path / "python", hundred_in_python())
    files = {
        f"{part}.bin": records(PIXELS[i], COARSE_LABELS[i], LABELS[i])
        for part, i in (("train", 0), ("test", 5))
    }
    binary = put(tmp_path / "binary", files)
    for path in (python, binary):
        check(datasets.cifar100(path), FINE, slice(1))
        check(datasets.cifar100(path, labels="coarse"), COARSE, slice(1), COARSE_LABELS)
        check(datasets.open(str(path)), FINE, slice(1))
    text = refusal(ArgumentError, datasets.cifar100, python, labels="some")
    assert text == "cifar100: there are no such labels. Expected coarse or fine. Got 'some'."


def test_files_that_are_missing_or_wrong(tmp_path):
    files = ten_in_binary()
    where = f"data set '{tmp_path / 'a'}'"
    root = put(tmp_path / "a", files | {"data_batch_3.bin": b"x" * 3074})
    text = refusal(FormatError, datasets.cifar10, root)
    path = root / "data_batch_3.bin"
    expected = "Expected a multiple of 3073 bytes. Got 3074 bytes."
    assert text == f"file '{path}': the file has another length. {expected}"
    path.unlink()
    assert refusal(DataError, datasets.cifar10, root).startswith(
        f"{where}: files are missing. Expected data_batch_1, "
    )
    put(root, files | {"copy/test_batch.bin": b""})
    text = refusal(DataError, datasets.cifar10, root)
    assert text == f"{where}: there must be one file of a name. Got 'copy/test_batch.bin', 'test_batch.bin'."
    root = put(tmp_path / "b", files | {"data_batch_3.bin": records(PIXELS[0], LABELS[0] + 8)})
    highest = int(LABELS[0].max()) + 8
    text = refusal(DataError, datasets.cifar10, root)
    assert text == f"data set '{root}': labels must be numbers of classes. Expected 0 to 9. Got {highest}."
    put(root, files | {"batches.meta.txt": b"one two"})
    assert "'label_names' must be there. Expected 10 names." in refusal(FormatError, datasets.cifar10, root)


@pytest.mark.parametrize("name", ["zip", "tar.xz"])
def test_archives_that_are_damaged(tmp_path, name):
    path = tmp_path / f"cifar.{name}"
    whole = (
        zipped(path, ten_in_binary()) if name == "zip" else tarred(path, ten_in_binary(), "xz")
    ).read_bytes()
    for place in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with suppress(PellucidError):
            datasets.cifar10(path)


@pytest.mark.parametrize(
    ("batch", "text"),
    [
        (old_dict(labels=old_list([1] * 4)), "'data' must be there. Expected an array of bytes (N,3072)."),
        (
            old_dict(labels=old_list([1] * 4), data=old_array(PIXELS[0, :, :3071])),
            "'data' must be there. Expected an array of bytes (N,3072).",
        ),
        (
            old_dict(labels=old_list([1] * 3), data=old_array(PIXELS[0])),
            "'labels' must be there. Expected a list of 4 whole numbers.",
        ),
        (
            old_dict(labels=old_list([1, 2, 3, old_text(b"4")]), data=old_array(PIXELS[0])),
            "'labels' must be there. Expected a list of 4 whole numbers.",
        ),
        (b"\x80\2].", "'data' must be there. Expected an array of bytes (N,3072)."),
    ],
)
def test_pickles_without_what_is_needed(tmp_path, batch, text):
    root = put(tmp_path, ten_in_python() | {"data_batch_2": batch})
    assert refusal(FormatError, datasets.cifar10, root) == f"file '{root / 'data_batch_2'}': {text}"


# Pickles as data


@pytest.mark.parametrize("protocol", range(5))
def test_python_reads_the_same(protocol):
    value = {
        "a": [1, -2, 70_000, 2**40, True, None],
        "b": ("x", ("y",), (), (1, 2), (1, 2, 3, 4)),
        "가": {},
        "e": [],
    }
    again = pickle.dumps([value, value], protocol)
    assert read_pickle("p", again) == [value, value]
    assert read_pickle("p", pickletools.optimize(again)) == [value, value]


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_of_bytes(protocol):
    array = PIXELS[0, :3, :5].copy()
    if protocol > 2:
        assert (bytes_of(read_pickle("p", pickle.dumps(array, protocol))) == array).all()
    assert (bytes_of(read_pickle("p", old_array(array) + b".")) == array).all()
    for other in (array.astype(np.int16), array.T, 3, "x", array.astype(object)):
        if protocol > 2:
            assert bytes_of(read_pickle("p", pickle.dumps(other, protocol))) is None


class Evil:
    def __reduce__(self):
        return os.system, ("echo broken into",)


NOTHING_BUT = "a pickle must hold nothing but arrays, numbers, texts, lists and dicts"


@pytest.mark.parametrize(
    ("content", "got"),
    [
        *((pickle.dumps(Evil(), protocol), "'posix system'") for protocol in range(5)),
        (b"cbuiltins\neval\n(S'1+1'\ntR.", "'builtins eval'"),
        (b"(S'echo'\nios\nsystem\n.", "INST"),
        (b"cnumpy\nload\n.", "'numpy load'"),
        (b"\x80\2\x82\1.", "EXT1"),
        (b"Pid\n.", "PERSID"),
        (b"\x80\2K\1Q.", "BINPERSID"),
        (pickle.dumps({1}, 4), "EMPTY_SET"),
        (pickle.dumps(1.5, 2), "BINFLOAT"),
        (pickle.dumps(Ellipsis, 4), "'builtins Ellipsis'"),
        (b"\x80\2cnumpy\ndtype\n)\x81.", "NEWOBJ"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the module of os.system is called otherwise")
def test_programs_are_refused_and_not_run(content, got, capfd):
    assert refusal(FormatError, read_pickle, "p", content) == f"p: {NOTHING_BUT}. Got {got}."
    assert capfd.readouterr().out == ""


BROKEN = [
    b"", b".", b"h\5.", b"K\1a.", b"(K\1", b"K\1R.", b"K\1K\2R.", b"(K\1K\2u.", b"}(K\1K\2u.", b"}(U\1au.", b"K\1b.",
    b"0.", b"]K\1b.", b"e.", b"\x87.", b"T\xff\xff\xff\x7fab.", b"I12x\n.", b"L9" + b"9" * 5000 + b"L\n.", b"\xff",
]  # fmt: skip


@pytest.mark.parametrize("content", BROKEN)
def test_pickles_that_are_broken(content):
    text = refusal(FormatError, read_pickle, "p", content)
    assert text.startswith(("p: the pickle is broken. Got", f"p: {NOTHING_BUT}"))


def test_too_many_steps(monkeypatch):
    monkeypatch.setattr(pickles, "_MOST_STEPS", 100)
    assert "Got more than 100 steps." in refusal(FormatError, read_pickle, "p", b"(" + b"N" * 200 + b"l.")


def test_lists_of_lists_take_no_memory():
    deep = (
        b"]("
        + b"".join(
            b"]r" + i.to_bytes(4, "little") + b"(" + b"j" + i.to_bytes(4, "little") * 1 + b"e"
            for i in range(500)
        )
        + b"e."
    )
    tracemalloc.start()
    read_pickle("p", deep)  # each holds itself
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@given(st.data())
def test_any_bytes_are_a_value_or_one_error(data):
    whole = bytearray(ten_in_python()["test_batch"][:200] + b"e.")
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(FormatError):
        bytes_of(read_pickle("p", bytes(whole[: data.draw(st.integers(0, len(whole)))])))


def test_truncated_everywhere(tmp_path):
    root = put(tmp_path, hundred_in_python())
    whole = (root / "train").read_bytes()
    for length in range(0, len(whole), len(whole) // 50):
        (root / "train").write_bytes(whole[:length])
        with pytest.raises(PellucidError):
            datasets.cifar100(root)


def test_the_official_form_is_pythons_own():
    """What these tests write is what Python 3 reads as such a batch."""
    value = pickle.load(io.BytesIO(ten_in_python()["test_batch"]), encoding="bytes")
    assert (value[b"data"] == PIXELS[5]).all()
    assert value[b"labels"] == LABELS[5].tolist()
