"""Model files: they come back bit for bit, and files that lie are refused."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save
from tests.support.containers import header_of, sealed, with_header

from pellucid.edition import ARITHMETIC
from pellucid.errors import ArgumentError, FormatError, NumericError
from pellucid.formats import checkpoint, load_model, save_model
from pellucid.nn import seed
from pellucid.nn.models import MODELS, lenet5

SMALL = {"in_channels": 2, "num_classes": 3}
SMALLER = {"alexnet": {"image_size": 63}}


@pytest.mark.parametrize(
    ("name", "dtype"),
    [(name, "float32") for name in MODELS] + [("lenet5", "float64"), ("resnet20", "float64")],
)
def test_models_come_back(tmp_path, name, dtype):
    path = tmp_path / "model.safetensors"
    settings = SMALL | SMALLER.get(name, {})
    model = MODELS[name](**settings).astype(dtype)
    save_model(path, name, settings, model)
    seed(1)
    other = load_model(path)
    after = MODELS["lenet5"]()
    seed(1)
    assert np.array_equal(after.conv1.weight, lenet5().conv1.weight)  # loading draws no random numbers
    assert type(other) is type(model)
    assert other.dtype == dtype
    ours, theirs = model.state_dict(), other.state_dict()
    assert list(ours) == list(theirs)
    assert all(np.array_equal(ours[key], theirs[key]) for key in ours)
    assert {key: array.dtype for key, array in load_file(path).items()} == {
        key: a.dtype for key, a in ours.items()
    }


def test_a_file_is_a_function_of_its_model(tmp_path):
    model, path = lenet5(), tmp_path / "model.safetensors"
    contents = set()
    for _ in range(8):
        save_model(path, "lenet5", {}, model)
        contents.add(path.read_bytes())
    (content,) = contents
    texts = header_of(content)["__metadata__"]
    checksum = texts.pop("sha256")
    assert texts == {
        "format": "pellucid",
        "version": "2",
        "edition": str(ARITHMETIC),
        "model": "lenet5",
        "settings": '{"in_channels": 1, "num_classes": 10, "image_size": 28}',
    }
    blank = content.replace(checksum.encode(), b"0" * 64)
    assert hashlib.sha256(blank).hexdigest() == checksum


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path, model = tmp_path / "model.safetensors", lenet5()
    save_model(path, "lenet5", {}, model)
    old = path.read_bytes()

    def fail(self, target):
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(FormatError, match=r"cannot be written. Got no space left"):
        save_model(path, "lenet5", {}, lenet5())
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("name", "settings", "text"),
    [
        ("lenet6", {}, "model: there is no such model. Expected one of lenet5, mnist_cnn"),
        (
            "lenet5",
            {"depth": 3},
            "there is no such setting. Expected one of in_channels, num_classes, image_size. Got 'depth'",
        ),
        ("lenet5", {"num_classes": 2.5}, "lenet5: a setting is a whole number ≥ 1. Got num_classes=2.5"),
        ("lenet5", {"num_classes": True}, "Got num_classes=True"),
        ("lenet5", {"num_classes": 3}, "fc3.weight"),
        ("lenet5", {"num_classes": 10**9}, "larger than its file"),
        ("mnist_cnn", {}, "larger than its file"),
    ],
)
def test_only_what_can_be_loaded_is_saved(tmp_path, name, settings, text):
    with pytest.raises((ArgumentError, ValueError)) as caught:
        save_model(tmp_path / "model", name, settings, lenet5())
    assert text in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_missing(tmp_path):
    with pytest.raises(FormatError, match=r"cannot be written"):
        save_model(tmp_path / "none" / "model", "lenet5", {}, lenet5())


def metadata(**changes):
    given = {"format": "pellucid", "version": "1", "model": "lenet5", "settings": "{}", **changes}
    return {key: value for key, value in given.items() if value is not None}


def refusal(path, content=None):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        load_model(path)
    assert str(caught.value).startswith(f"model file '{path}': ")
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"format": None}, "this is not a model that Pellucid wrote"),
        ({"format": "pt"}, "Expected format pellucid, version 1 or 2. Got format pt, version 1."),
        ({"version": "2"}, "a file of version 2 must have a checksum."),
        ({"edition": "banana"}, "the edition must be a whole number. Got 'banana'."),
        ({"edition": ""}, "the edition must be a whole number. Got ''."),
        ({"version": "3"}, "Got format pellucid, version 3."),
        ({"version": "9" * 1000}, "version 999"),
        ({"model": None}, "there is no such model"),
        ({"model": "os.system"}, "there is no such model"),
        ({"model": "__class__"}, "there is no such model"),
        ({"settings": None}, "description is broken"),
        ({"settings": "[]"}, "settings map names to whole numbers"),
        ({"settings": "[" * 100_000}, "description is broken"),
        ({"settings": '{"in_channels": "1"}'}, "a setting is a whole number"),
        ({"settings": '{"in_channels": 1e9}'}, "a setting is a whole number"),
        ({"settings": '{"in_channels": NaN}'}, "description is broken. Got NaN is no number"),
        ({"settings": '{"in_channels": 1, "in_channels": 2}'}, "the key 'in_channels' stands twice"),
        ({"settings": '{"in_channels": ' + "9" * 9000 + "}"}, "description is broken"),
        ({"settings": '{"in_channels": 1000000000}'}, "larger than its file"),
        ({"settings": '{"num_classes": 4}'}, "fc3.weight: the shape must stay"),
        ({"model": "vgg_small", "settings": '{"image_size": 100000}'}, "larger than its file"),
        ({"model": "vgg_small", "settings": '{"image_size": 1}'}, "image_size"),
        ({"model": "resnet20"}, "missing: "),
    ],
)
def test_descriptions_that_lie_are_refused(tmp_path, changes, text):
    content = save(lenet5().state_dict(), metadata(**changes))
    assert text in refusal(tmp_path / "model", content)


def test_wrong_arrays_are_refused(tmp_path):
    path, state = tmp_path / "model", lenet5().state_dict()
    missing = {key: array for key, array in state.items() if key != "fc1.bias"}
    assert "missing: fc1.bias" in refusal(path, save(missing, metadata()))
    more = {**state, "x": np.zeros(3, np.float32)}
    assert "unexpected: x" in refusal(path, save(more, metadata()))
    transposed = {**state, "fc1.weight": np.ascontiguousarray(state["fc1.weight"].T)}
    assert "fc1.weight: the shape must stay. Expected (120, 400). Got (400, 120)" in refusal(
        path, save(transposed, metadata())
    )
    half = {**state, "fc1.bias": state["fc1.bias"].astype(np.float16)}
    text = "cannot be read as safetensors. Got 'fc1.bias' of type 'F16'; known are F32, F64, I64."
    assert text in refusal(path, save(half, metadata()))
    mixed = {**state, "fc1.bias": state["fc1.bias"].astype(np.float64)}
    assert "all float32 or all float64. Got F32, F64." in refusal(path, save(mixed, metadata()))
    whole = {**state, "fc1.bias": state["fc1.bias"].astype(np.int64)}
    assert "'fc1.bias' must be float32. Got int64." in refusal(path, save(whole, metadata()))


def test_broken_files_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "model"
    assert "there is no such file" in refusal(path)
    assert "this is not a file" in refusal(tmp_path)
    good = save(lenet5().state_dict(), metadata())
    header = int.from_bytes(good[:8], "little")
    for broken in (b"", b"PK", good[:100], good[:-1], good + b"\0", b"\x80\x04" + good):
        refusal(path, broken)
    assert "the header is too large" in refusal(path, (2**40).to_bytes(8, "little") + good[8:])
    assert "cannot be read as safetensors" in refusal(path, good[:8] + b"[" * header + good[8 + header :])
    lying = good.replace(b'"data_offsets":[0,', b'"data_offsets":[9,')
    assert "cannot be read as safetensors" in refusal(path, lying)
    monkeypatch.setattr(checkpoint, "LIMITS", replace(checkpoint.LIMITS, file_bytes=1000))
    assert "the file is too large for a model. Expected at most 1000 bytes" in refusal(path, good)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A model file as it is written."""
    path = tmp_path_factory.mktemp("whole") / "model"
    seed(0)
    save_model(path, "lenet5", SMALL, lenet5(**SMALL))
    return path.read_bytes()


def test_every_flipped_bit_is_told(tmp_path, whole):
    """All of the header, and of the numbers some."""
    header, random = 8 + int.from_bytes(whole[:8], "little"), np.random.default_rng(0)
    places = [*random.choice(8 * header, 400, False), *random.integers(8 * header, 8 * len(whole), 100)]
    for bit in (*range(64), *places):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        refusal(tmp_path / "model", content)


def test_damage_is_called_damage(tmp_path, whole):
    damaged = whole[:-1] + bytes([whole[-1] ^ 1])
    text = "the file is damaged: its numbers do not give its checksum."
    assert refusal(tmp_path / "model", damaged).endswith(text)
    described = {"format": "pellucid", "version": "2", "model": "lenet5", "settings": "{}"}
    (tmp_path / "model").write_bytes(sealed(lenet5().state_dict(), described))
    load_model(tmp_path / "model")


def entry(**changes):
    return lambda header: header["conv1.bias"].update(changes)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (entry(dtype="F128"), "'conv1.bias' of type 'F128'; known are F32, F64, I64"),
        (entry(dtype=["F32"]), "'conv1.bias' of type ['F32']; known are F32, F64, I64"),
        (entry(shape=[1] * 9), "'conv1.bias' of shape [1, 1, 1, 1, 1, 1, 1, 1, 1]"),
        (entry(shape=[-6]), "'conv1.bias' of shape [-6]"),
        (entry(shape=[6.0]), "'conv1.bias' of shape [6.0]"),
        (entry(shape=[2**62, 2**62]), "'conv1.bias' of shape [4611686018427387904, 4611686018427387904]"),
        (entry(shape=[2**40]), "'conv1.bias' of 4398046511104 bytes in 24"),
        (entry(data_offsets=[0]), "'conv1.bias' at [0]"),
        (entry(data_offsets=[24, 0]), "'conv1.bias' of 24 bytes in -24"),
        (entry(data_offsets=[8, 32]), "not where the array before it ends"),
        (entry(more=1), "'conv1.bias' without dtype, shape and data_offsets"),
        (lambda header: header.pop("conv1.bias"), "'conv1.weight' not where the array before it ends"),
        (lambda header: header.pop("fc3.weight"), "bytes of numbers for arrays of"),
        (lambda header: header["__metadata__"].update(more=1), "metadata that is no mapping of texts"),
        (lambda header: header.update(__metadata__=[]), "metadata that is no mapping of texts"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path, whole, change, text):
    changed = with_header(whole, change) if "metadata" not in text else with_plain_header(whole, change)
    found = refusal(tmp_path / "model", changed)
    assert "the file cannot be read as safetensors. Got " in found
    assert text in found


def with_plain_header(content, change):
    header = header_of(content)
    change(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + int.from_bytes(content[:8], "little") :]


@pytest.mark.parametrize(
    "text", [b'{"a":{},"a":{}}', b'{"__metadata__":{"b":"","b":""}}', b'{"a":{"dtype":"F32","dtype":"F32"}}']
)
def test_a_key_that_stands_twice_is_refused(tmp_path, text):
    content = len(text).to_bytes(8, "little") + text
    assert " stands twice." in refusal(tmp_path / "model", content)


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff", b"[" * 100_000, b"9" * 10_000, b"NaN", b'{"a":1} x'])
def test_a_header_that_is_no_mapping_is_refused(tmp_path, text):
    content = len(text).to_bytes(8, "little") + text
    assert "the file cannot be read as safetensors. Got a " in refusal(tmp_path / "model", content)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_file_is_refused_at_once(tmp_path):
    """Nobody writes into the pipe: who waits for that waits forever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("gone")
    assert refusal(tmp_path / "pipe").endswith("this is not a file.")
    assert refusal(tmp_path / "link").endswith("this is not a file.")
    assert refusal(tmp_path / "loop").endswith(
        "the file cannot be read. Got Too many levels of symbolic links."
    )
    assert refusal(tmp_path / "dangling").endswith("there is no such file.")
    assert refusal(tmp_path / ("n" * 300)).endswith("the file cannot be read. Got File name too long.")
    assert refusal(tmp_path / "a\0b").endswith("the file cannot be read. Got embedded null byte.")


def test_numbers_that_are_not_finite_are_kept_only_when_asked_for(tmp_path):
    path, model = tmp_path / "model", lenet5()
    save_model(path, "lenet5", {}, model)
    old = path.read_bytes()
    model.conv2.weight[3, 1, 2, 2:4] = np.nan, np.inf
    with pytest.raises(NumericError) as caught:
        save_model(path, "lenet5", {}, model)
    assert str(caught.value) == (
        f"model file '{path}': nothing was written, since 'conv2.weight' must hold finite numbers. "
        "Got 2 of 2400 numbers that are NaN or infinite. "
        "Hint: --allow-nonfinite, in Python allow_nonfinite=True, saves them."
    )
    assert path.read_bytes() == old
    save_model(path, "lenet5", {}, model, allow_nonfinite=True)
    assert refusal(path) == (
        f"model file '{path}': 'conv2.weight' must hold finite numbers. "
        "Got 2 of 2400 numbers that are NaN or infinite. Hint: pc.load_model takes allow_nonfinite=True."
    )
    again = load_model(path, allow_nonfinite=True)
    assert np.array_equal(again.conv2.weight, model.conv2.weight, equal_nan=True)


SPARSE = """
import re, sys
from pathlib import Path
import pellucid as pc
def peak():  # of this process alone: getrusage begins with its parent's
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
path, before = sys.argv[1], peak()
try:
    pc.load_model(path)
except pc.errors.FormatError as error:
    print(str(error).removeprefix(f"model file '{path}': "))
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_numbers_of_another_model_are_not_read(tmp_path):
    numbers = 2**27  # half a gigabyte of them
    item = {"dtype": "F32", "shape": [numbers], "data_offsets": [0, 4 * numbers]}
    text = json.dumps({"__metadata__": metadata(), "conv1.weight": item}).encode()
    with (tmp_path / "sparse").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + 4 * numbers)
    done = subprocess.run(
        [sys.executable, "-c", SPARSE, tmp_path / "sparse"], capture_output=True, text=True, check=True
    )
    said, kilobytes = done.stdout.splitlines()
    assert said.startswith("the arrays are not those of the model it names. Got LeNet5.load_state_dict: ")
    assert int(kilobytes) < 2**16
