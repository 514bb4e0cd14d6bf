"""Files of plain weights: what other programs write is read bit for bit, and files that lie are refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
import safetensors
import safetensors.numpy
from tests.support.containers import header_of, sealed, with_header

import pellucid as pc
from pellucid.data.preprocessing import Preprocessing
from pellucid.formats import reader, weights

CLASSES = ("고양이", 'a "dog"', "c")
TAKEN = Preprocessing(3, 8, 6, "pad", (0.5, 0.25, 0.125), (1.0, 2.0, 3.0))
HINT = "Hint: in PyTorch, safetensors.torch.save_file(net.state_dict(), 'weights.safetensors') writes such a file."
PICKLES = "weights are read from safetensors and npz files, and never from pickles."


def state():
    pc.seed(2)
    return pc.Sequential(pc.Conv2d(2, 3, (2, 1)), pc.BatchNorm2d(3), pc.Linear(5, 4)).state_dict()


def said(call):
    with pytest.raises(pc.PellucidError) as caught:
        call()
    return str(caught.value)


def refused(path, content=None):
    if content is not None:
        path.write_bytes(content)
    message = said(lambda: pc.load_weights(path))
    where = f"weights '{path}'"
    assert message.startswith(where)
    return message[len(where) :].removeprefix(": ")


def same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert array.dtype == theirs[name].dtype
        assert array.shape == theirs[name].shape
        assert array.tobytes() == theirs[name].tobytes()


@pytest.mark.parametrize("ending", [".safetensors", ".npz", ".NPZ"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_come_back_and_others_read_them(tmp_path, ending, dtype):
    path, arrays = tmp_path / f"w{ending}", pc.models.tiny(2, 3).astype(dtype).state_dict()
    contents = set()
    for _ in range(2):
        pc.save_weights(path, dict(reversed(arrays.items())), classes=CLASSES, preprocessing=TAKEN)
        contents.add(path.read_bytes())
    assert len(contents) == 1
    same(pc.load_weights(path), arrays)
    assert os.listdir(tmp_path) == [path.name]
    if ending == ".safetensors":
        same(safetensors.numpy.load_file(path), arrays)
        with safetensors.safe_open(path, "numpy") as file:
            texts = file.metadata()
        assert len(texts.pop("sha256")) == 64
        assert texts.pop("format") == "pt"
    else:
        with np.load(path, allow_pickle=False) as archive:
            same(dict(archive), arrays)
        with zipfile.ZipFile(path) as archive:
            texts = json.loads(archive.comment)
    assert texts.pop("producer") == "pellucid"
    assert json.loads(texts.pop("classes")) == list(CLASSES)
    assert Preprocessing(**json.loads(texts.pop("preprocessing"))) == TAKEN
    assert texts == {}


def test_model_files_are_weights_too(tmp_path):
    model = pc.models.tiny(2, 3)
    pc.save_model(tmp_path / "m", "tiny", {"in_channels": 2, "num_classes": 3}, model)
    same(pc.load_weights(tmp_path / "m"), model.state_dict())


NUMBERS = np.array([[0.0, -0.0, 1.5], [np.nan, -np.inf, 3e-5]])
KINDS = {
    "float16": (NUMBERS.astype(np.float16), np.float16),
    "bfloat16": (NUMBERS.astype(ml_dtypes.bfloat16), np.float32),
    "float32": (NUMBERS.astype(np.float32), np.float32),
    "float64": (NUMBERS, np.float64),
    "bool": (NUMBERS > 0, np.bool_),
    **{
        np.dtype(kind).name: (np.array([0, 1, np.iinfo(kind).max], kind), kind)
        for kind in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
    },
    "empty": (np.zeros((3, 0), np.float32), np.float32),
    "single": (np.array(7), np.int64),
}


def test_numbers_of_every_type_are_read_exactly(tmp_path):
    arrays = {name: array for name, (array, _) in KINDS.items()}
    safetensors.numpy.save_file(arrays, tmp_path / "w", {"sha256": "0" * 64, "format": "np"})
    found = pc.load_weights(tmp_path / "w")  # the checksum is somebody's, not ours
    assert found.keys() == KINDS.keys()
    for name, (array, dtype) in KINDS.items():
        assert found[name].dtype == dtype
        assert found[name].tobytes() == array.astype(dtype).tobytes()
    plain = {name: array for name, array in arrays.items() if name != "bfloat16"}
    plain["swapped"], plain["columns"] = NUMBERS.astype(">f4"), np.asfortranarray(NUMBERS)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "w.npz", **plain)
        found = pc.load_weights(tmp_path / "w.npz")
        assert list(found) == list(plain)
        for name, array in plain.items():
            assert found[name].dtype == array.dtype.newbyteorder("=")
            assert np.array_equal(found[name], array, equal_nan=array.dtype.kind == "f")


def test_every_flipped_bit_of_our_own_is_told(tmp_path):
    path = tmp_path / "w.safetensors"
    pc.save_weights(path, state(), classes=CLASSES)
    whole, random = path.read_bytes(), np.random.default_rng(0)
    at = whole.index(b'"producer"')
    for bit in random.integers(0, 8 * len(whole), 300):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        if not at <= bit // 8 < at + len('"producer":"pellucid"'):  # without it, it is somebody else's
            refused(path, content)
    path = tmp_path / "w.npz"
    pc.save_weights(path, state())
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("2.weight.npy")
    start = whole.index(b"\x93NUMPY", info.header_offset)
    for bit in random.integers(8 * start, 8 * (start + info.compress_size), 60):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        refused(path, content)


class Touch:
    """What a pickle can do."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def zipped(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return content.getvalue()


def as_npy(array, **settings):
    content = io.BytesIO()
    np.save(content, array, **settings)
    return content.getvalue()


def test_pickles_are_refused_and_not_run(tmp_path):
    harm = pickle.dumps({"weight": Touch(tmp_path / "harm")}, 2)
    path = tmp_path / "w"
    assert refused(path, harm) == f"{PICKLES} Got {harm[:8]!r}. {HINT}"
    assert refused(path, zipped(data__pkl=harm, version=b"3")) == f"{PICKLES} Got data.pkl, version. {HINT}"
    objects = np.array([Touch(tmp_path / "harm")], object)
    assert refused(path, zipped(weight__npy=as_npy(objects, allow_pickle=True))) == (
        ", array 'weight': the array must hold numbers or texts. Got object."
    )
    assert os.listdir(tmp_path) == ["w"]


def test_what_is_no_such_file_is_refused(tmp_path):
    path = tmp_path / "w"
    assert refused(path) == "there is no such file."
    assert refused(tmp_path) == "this is not a file."
    assert refused(path, b"") == "the file cannot be read as safetensors. Got a header that is cut off."
    assert refused(path, b"\x89HDF\r\n\x1a\n" + bytes(90)).startswith(f"{PICKLES} Got b'\\x89HDF")
    assert refused(path, zipped()) == f"{PICKLES} {HINT}"
    assert refused(path, b"PK\3\4" + bytes(90)).startswith("the file cannot be read. Got BadZipFile: ")
    assert refused(path, zipped(w__npy=as_npy(np.array(["text"])))) == (
        "'w' must hold real numbers. Got <U4."
    )
    assert refused(path, zipped(w__npy=as_npy(np.zeros(3, complex)))).endswith("Got complex128.")
    assert refused(path, zipped(w__npy=as_npy(np.zeros(3, ml_dtypes.bfloat16)))).endswith("Got |V2.")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")  # nobody writes into it
        assert refused(tmp_path / "pipe") == "this is not a file."


def test_archives_that_lie_are_refused(tmp_path):
    path = tmp_path / "w"
    long = as_npy(np.zeros(2**20))
    assert "another length" in refused(path, zipped(w__npy=long[:-8]))
    header = as_npy(np.zeros(3)).replace(b"(3,), }", b"(3000000000000,), }".ljust(7))
    assert refused(path, zipped(w__npy=header[:128] + bytes(24))) != ""
    many = zipped(w__npy=as_npy(np.zeros(3)))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", many)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("w.npy", many)
    assert refused(path) == "an archive must not hold a file twice. Got 'w.npy'."


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda h: h["0.bias"].update(dtype="F8_E4M3"), "'0.bias' of type 'F8_E4M3'; known are F32, F64, I64,"),
        (lambda h: h["0.bias"].update(shape=[2**40]), "'0.bias' of 4398046511104 bytes in 12"),
        (lambda h: h["0.bias"].update(dtype="F16"), "'0.bias' of 6 bytes in 12"),
        (lambda h: h["0.bias"].update(data_offsets=[0, 12]), "not where the array before it ends"),
    ],
)  # fmt: skip
def test_headers_that_lie_are_refused(tmp_path, change, text):
    content = with_header(sealed(state(), {"format": "pt", "producer": "pellucid"}), change)
    assert text in refused(tmp_path / "w", content)
    assert "__metadata__" in header_of(content)


LARGE = """
import sys
import pellucid as pc
from pellucid import limits
limits.process = lambda: 2**26
try:
    pc.load_weights(sys.argv[1])
except pc.NumericError as error:
    print(error)
"""


@pytest.mark.parametrize("kind", ["F32", "BF16"])
def test_numbers_without_room_are_not_read(tmp_path, kind):
    numbers = 2**25 - 2**22  # of 4 bytes, in a file that takes no room
    item = {"dtype": kind, "shape": [numbers], "data_offsets": [0, numbers * (4 if kind == "F32" else 2)]}
    text = json.dumps({"w": item}).encode()
    with (tmp_path / "w").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + item["data_offsets"][1])
    done = subprocess.run(
        [sys.executable, "-c", LARGE, tmp_path / "w"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(
        f"weights '{tmp_path / 'w'}': the arrays must fit in memory. Expected at most "
    )


ODD = {
    "name": (
        lambda: pc.save_weights("w.pt", {}),
        "weights 'w.pt': the file's name must say its format. Expected .safetensors or .npz. Got 'w.pt'.",
    ),
    "no mapping": (
        lambda: pc.save_weights("w.npz", [1]),
        "weights 'w.npz': a state dict maps names to arrays. Got list.",
    ),
    "no array": (
        lambda: pc.save_weights("w.npz", {"a": "text"}),
        "weights 'w.npz': a must be an array of real numbers. Got str. "
        "Hint: pass a NumPy array or nested lists of numbers.",
    ),
    "type": (
        lambda: pc.save_weights("w.safetensors", {"a": np.zeros(3, np.float16)}),
        "save: arrays of files are float32, float64 or int64, and have names of their own. Got float16 for 'a'.",
    ),
    "classes": (
        lambda: pc.save_weights("w.npz", {"a": 1.0}, classes=["x" * 70_000]),
        "weights 'w.npz': class names have no room in an archive. Expected at most 65535 bytes. Got 70045 bytes. "
        "Hint: --format safetensors.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_what_cannot_be_written_is_told(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    call, message = ODD[name]
    assert said(call) == message
    assert os.listdir(tmp_path) == []


def test_files_that_are_too_long_are_neither_written_nor_read(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    pc.save_weights(path, state())
    monkeypatch.setattr(weights, "LIMITS", weights.container.Limits("weights file", 100, 100))
    assert refused(path).startswith(
        "the header is too large for a weights file. Expected at most 100 bytes."
    ) or (refused(path).startswith("the file is too large for a weights file. Expected at most 100 bytes."))
    for ending in (".npz", ".safetensors"):
        message = said(lambda ending=ending: pc.save_weights(tmp_path / f"w{ending}", state()))
        assert "is too large for a weights file. Expected at most 100 bytes." in message


def test_archives_have_the_same_limit(tmp_path, monkeypatch):
    path = tmp_path / "w.npz"
    monkeypatch.setattr(weights, "LIMITS", weights.container.Limits("weights file", 208, 100))
    pc.save_weights(path, {"w": np.zeros(10)})  # 128 bytes of header
    assert pc.load_weights(path)["w"].shape == (10,)
    assert said(lambda: pc.save_weights(path, {"w": np.zeros(11)})) == (
        f"weights '{path}': the file is too large for a weights file. Expected at most 208 bytes. Got 216 bytes."
    )
    zeros = zipped(**{"w.npy": as_npy(np.zeros(11))})
    assert refused(path, zeros) == (
        "the file is too large for a weights file. Expected at most 208 bytes. Got 216 bytes."
    )


@pytest.mark.parametrize("checked", [True, False])
def test_what_has_no_checksum_of_ours_is_not_hashed(tmp_path, monkeypatch, checked):
    hashed = []
    path = tmp_path / "w.safetensors"
    safetensors.numpy.save_file({"w": np.arange(3.0)}, path, {"sha256": "no checksum of ours"})
    monkeypatch.setattr(
        reader, "hashlib", SimpleNamespace(sha256=lambda head: hashed.append(head) or hashlib.sha256(head))
    )
    with reader.opened("w", path, weights.LIMITS) as file:
        if checked:
            with pytest.raises(pc.FormatError, match="do not give its checksum"):
                list(file.arrays())
        else:
            assert [array.tolist() for _, array in file.arrays(checked=False)] == [[0, 1, 2]]
    assert len(hashed) == checked


def test_what_a_model_is_not_is_told(tmp_path):
    """Plain weights in a model's place: how they become a model; an archive: that it is one."""
    pc.save_weights(tmp_path / "w.safetensors", state())
    assert said(lambda: pc.load_model(tmp_path / "w.safetensors")).endswith(
        "Got format pt, version None. Hint: model.load_state_dict(pc.load_weights(path)) takes plain weights, and "
        "pc.save_model keeps the model."
    )
    pc.save_weights(tmp_path / "w.npz", state())
    assert said(lambda: pc.load_model(tmp_path / "w.npz")).endswith(
        "the file cannot be read as safetensors. Got an archive, as np.savez and torch.save write."
    )
