"""Model files: they come back bit for bit, and files that lie are refused."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from pellucid.errors import ArgumentError, FormatError
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
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert header["__metadata__"] == {
        "format": "pellucid",
        "version": "1",
        "model": "lenet5",
        "settings": '{"in_channels": 1, "num_classes": 10}',
    }


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
            "there is no such setting. Expected one of in_channels, num_classes. Got 'depth'",
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
        ({"format": "pt"}, "Expected format pellucid, version 1. Got format pt, version 1."),
        ({"version": "2"}, "Got format pellucid, version 2."),
        ({"model": None}, "there is no such model"),
        ({"model": "os.system"}, "there is no such model"),
        ({"model": "__class__"}, "there is no such model"),
        ({"settings": None}, "description is broken"),
        ({"settings": "[]"}, "settings map names to whole numbers"),
        ({"settings": "[" * 100_000}, "description is broken"),
        ({"settings": '{"in_channels": "1"}'}, "a setting is a whole number"),
        ({"settings": '{"in_channels": 1e9}'}, "a setting is a whole number"),
        ({"settings": '{"in_channels": NaN}'}, "a setting is a whole number"),
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
    turned = {**state, "fc1.weight": np.ascontiguousarray(state["fc1.weight"].T)}
    assert "fc1.weight: the shape must stay. Expected (120, 400). Got (400, 120)" in refusal(
        path, save(turned, metadata())
    )
    half = {**state, "fc1.bias": state["fc1.bias"].astype(np.float16)}
    assert "all float32 or all float64. Got F16, F32." in refusal(path, save(half, metadata()))
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
    generator = np.random.default_rng(0)
    for position in generator.integers(0, 8 + header, 60):  # a flipped byte either is harmless or is noticed
        content = bytearray(good)
        content[position] ^= 1 << generator.integers(8)
        path.write_bytes(content)
        with suppress(FormatError):
            load_model(path)
    monkeypatch.setattr(checkpoint, "MAX_FILE_BYTES", 1000)
    assert "the file is too large for a model. Expected at most 1000 bytes" in refusal(path, good)
