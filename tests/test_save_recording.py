"""Recordings in files: they come back as they were, and files that lie are refused."""

from __future__ import annotations

import json
import os
import pkgutil
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save
from tests.containers import arrays_of, header_of, sealed, with_header
from tests.recorded import normal, recording, run

import pellucid as pc
import pellucid.ops
from pellucid import functional as F
from pellucid.errors import ArgumentError, FormatError
from pellucid.explain import Recording
from pellucid.explain.files import storage
from pellucid.explain.roles import OPS
from pellucid.explain.source import Entry
from pellucid.ops.base import Op

MARKS = {"format": "pellucid recording", "version": "2"}


def model() -> pc.Module:
    pc.seed(0)
    return pc.Sequential(
        pc.Conv2d(2, 4, (3, 2), padding=((1, 0), (1, 1)), groups=2),
        pc.BatchNorm2d(4),
        pc.ReLU(),
        pc.MaxPool2d(3, 2, 1),
        pc.LeakyReLU(0.2),
        pc.AvgPool2d(2, 1, ceil_mode=True),
        pc.Dropout(0.25),
        pc.AdaptiveAvgPool2d((2, None)),
        pc.Flatten(),
        pc.Linear(16, 3),
    )


OPTIMIZERS = {
    "sgd": lambda: pc.SGD(lr=0.05),
    "momentum": lambda: pc.SGD(lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True),
    "adam": lambda: pc.Adam(betas=(0.8, 0.99)),
    "adamw": lambda: pc.AdamW(lr=np.float32(0.25)),
}


def step(optimizer: str = "sgd", dtype: str = "float32") -> Recording:
    x = np.random.default_rng(1).standard_normal((3, 2, 6, 5)).astype(dtype)
    train = pc.TrainStep(model().astype(dtype), OPTIMIZERS[optimizer](), seed=2**40)
    train(x, np.array([0, 2, 1]))
    return train.record(x, np.array([0, 2, 1]))


def same(ours: Recording, theirs: Recording) -> None:
    assert theirs.entries == ours.entries
    assert theirs.aliases == ours.aliases
    assert theirs.names() == ours.names()
    for name in ours:
        assert theirs[name].dtype == ours[name].dtype
        assert theirs[name].shape == ours[name].shape
        assert theirs[name].tobytes() == ours[name].tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_comes_back(tmp_path: Path, optimizer: str, dtype: str) -> None:
    rec, path = step(optimizer, dtype), tmp_path / "step.safetensors"
    rec.save(path)
    loaded = pc.load_recording(path)
    same(rec, loaded)
    assert loaded.loss == rec.loss
    assert repr(loaded) == f"Recording(loss={rec.loss:.6g}, {len(rec)} arrays)"
    assert loaded.certify().to_dict() == rec.certify().to_dict()
    for address in ("0.output[1,2,3,4]", "grad(0.weight)[3,0,1,1]", "9.output[2,1]"):
        assert loaded.explain(address).to_dict() == rec.explain(address).to_dict()
        assert str(loaded.why(address)) == str(rec.why(address))
        assert loaded.uses(address).to_dict() == rec.uses(address).to_dict()
    assert str(loaded.field("3.output[2,3,1,0]")) == str(rec.field("3.output[2,3,1,0]"))
    with pytest.raises(ArgumentError) as caught:
        loaded.commit()
    assert str(caught.value) == (
        "commit: a recording that was loaded from a file has no update to carry out. "
        "Hint: commit the recording that step.record returns."
    )
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()  # a file is a function of its recording
    assert {name: array.tobytes() for name, array in load_file(path).items()} == {
        name: rec[name].tobytes() for name in rec
    }
    rec.commit()


def test_other_recordings_come_back(tmp_path: Path) -> None:
    def shared(s: Any, w: Any) -> Any:
        return F.softmax(F.conv3d(F.conv3d(s, w, padding="same") + s, w, padding=1), 1)

    programs = [
        run(shared, normal(2, 2, 3, 4, 2), {"w": normal(2, 2, 1, 3, 3)}),
        run(lambda s, w: F.log_softmax(F.gelu(F.conv1d(s, w)), -2), normal(1, 3, 9), {"w": normal(2, 3, 2)}),
        run(lambda s, w: F.silu(F.tanh(F.sigmoid(F.linear(s, w)))), normal(4, 3), {"w": normal(2, 3)}),
        run(
            lambda s, w: F.conv2d(s, w, padding=1),
            normal(2, 32, 12, 12),
            {"w": normal(32, 32, 3, 3)},
        ),
    ]
    recordings = [recording(program) for program in programs]
    assert any("winograd_additions" in e.source.facts for e in recordings[3].entries.values() if e.source)
    x = np.random.default_rng(1).standard_normal((3, 2, 6, 5)).astype(np.float32)
    mse = pc.TrainStep(pc.Sequential(pc.Flatten(), pc.Linear(60, 3)), pc.SGD(lr=0.1), loss="mse_loss")
    recordings += [
        pc.record(model(), x),
        mse.record(x, np.zeros((3, 3), np.float32)),
    ]
    empty = {"x": np.zeros((0, 3), np.float32), "y": np.float32(2.5).reshape(())}
    recordings.append(Recording([Entry(k, a.shape) for k, a in empty.items()], empty.__getitem__, {}, None))
    for number, rec in enumerate(recordings):
        rec.save(tmp_path / str(number))
        loaded = pc.load_recording(str(tmp_path / str(number)))
        same(rec, loaded)
        assert loaded.certify(20).to_dict() == rec.certify(20).to_dict()


def test_every_op_has_a_name() -> None:
    networks = set()
    for module in pkgutil.iter_modules(pellucid.ops.__path__):
        for value in vars(import_module(f"pellucid.ops.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Op) and not value.__abstractmethods__:
                networks.add(value.__name__)
    from pellucid.engine.lowering import FORWARD

    assert {op.__name__ for op in FORWARD} <= OPS.keys() <= networks | {"SGD", "Adam"}


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, rec = tmp_path / "step", step()
    rec.save(path)
    old = path.read_bytes()

    def fail(self: Path, target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(FormatError) as caught:
        step("adam").save(path)
    assert str(caught.value) == f"recording file '{path}': the file cannot be written. Got no space left."
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == [path.name]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("saved") / "step"
    step("momentum").save(path)
    return path.read_bytes()


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        pc.load_recording(path)
    start = f"recording file '{path}': "
    assert str(caught.value).startswith(start)
    return str(caught.value)[len(start) :]


def rewritten(content: bytes, change: Any) -> bytes:
    """The file with a description and arrays that somebody has changed."""
    description, arrays = json.loads(header_of(content)["__metadata__"]["description"]), arrays_of(content)
    entries = {entry["name"]: entry for entry in description["entries"]}
    change(description, entries, arrays)
    return sealed(arrays, {**MARKS, "description": json.dumps(description)})


def source(name: str, **changes: Any) -> Any:
    return lambda d, entries, arrays: entries[name]["source"].update(changes)


def settings(name: str, **changes: Any) -> Any:
    return lambda d, entries, arrays: entries[name]["source"]["settings"].update(changes)


def facts(name: str, **changes: Any) -> Any:
    return lambda d, entries, arrays: entries[name]["source"]["facts"].update(changes)


def operands(name: str, **changes: Any) -> Any:
    return lambda d, entries, arrays: entries[name]["source"]["operands"].update(changes)


def without(name: str, key: str) -> Any:
    return lambda d, entries, arrays: entries[name]["source"]["operands"].pop(key)


def array(name: str, change: Any) -> Any:
    return lambda d, entries, arrays: arrays.update({name: change(arrays[name])})


def renamed(old: str, new: Any) -> Any:
    return lambda d, entries, arrays: entries[old].update(name=new)


BROKEN = "the description is broken. Got "
LIES: dict[str, tuple[Any, str]] = {
    "entry twice": (
        lambda d, e, a: d["entries"].append(e["input"]), "entries: names are given once. Got 'input'",
    ),
    "array without entry": (
        lambda d, e, a: d["entries"].pop(0),
        "entries: entries and arrays have the same names. Got 'input'",
    ),
    "stray array": (
        lambda d, e, a: a.update(stray=np.zeros(2)),
        "entries: entries and arrays have the same names. Got 'stray'",
    ),
    "entry without array": (
        lambda d, e, a: a.pop("target"), "entries: entries and arrays have the same names. Got 'target'",
    ),
    "name with brackets": (
        renamed("input", "in[put"), "entry: a name is text without brackets. Got 'in[put'",
    ),
    "name that is no text": (renamed("input", 5), "entry: a name is text without brackets. Got 5"),
    "name with line break": (
        renamed("input", "in\nput"), "entry: a name is text without brackets. Got 'in\\nput'",
    ),
    "other keys": (
        lambda d, e, a: d.update(path="/etc/passwd"),
        "description: the keys are aliases, entries. Got 'path'",
    ),
    "no aliases": (lambda d, e, a: d.pop("aliases"), "description: the keys are aliases, entries. Got 'aliases'"),
    "entries no list": (lambda d, e, a: d.update(entries={}), "entries: expected a list. Got {}"),
    "entry no mapping": (lambda d, e, a: d.update(entries=[3]), "entry: expected name, source. Got 3"),
    "alias of nothing": (
        lambda d, e, a: d.update(aliases={"lost": "x"}), "aliases: an alias is the name of an array. Got 'lost'",
    ),
    "alias of an array": (
        lambda d, e, a: d.update(aliases={"loss": "input"}),
        "aliases: an alias stands for another name. Got 'input'",
    ),
    "unknown op": (source("0.output", op="os.system"), "entry '0.output': there is no such op. Got 'os.system'"),
    "op no name": (source("0.output", op=["Conv"]), "entry '0.output': there is no such op. Got ['Conv']"),
    "unknown result": (
        source("0.output", of="grad_input2"), "entry '0.output': conv2d has no such result. Got 'grad_input2'",
    ),
    "result no name": (source("0.output", of=[]), "entry '0.output': conv2d has no such result. Got []"),
    "unknown setting": (
        settings("0.output", evil=1),
        "entry '0.output', Conv: the keys are dims, stride, padding, dilation, groups, flip. Got 'evil'",
    ),
    "setting of another type": (
        settings("0.output", dims="2"),
        "entry '0.output', Conv: dims is not of the type of this setting. Got dims='2'",
    ),
    "truth value": (
        settings("0.output", groups=True),
        "entry '0.output', Conv: groups is not of the type of this setting. Got groups=True",
    ),
    "huge setting": (
        settings("0.output", groups=2**31),
        "entry '0.output', Conv: groups is not of the type of this setting. Got groups=2147483648",
    ),
    "nested setting": (
        settings("0.output", padding=[[[1]]]),
        "entry '0.output', Conv: padding is not of the type of this setting. Got padding=[[[1]]]",
    ),
    "setting that its op refuses": (
        settings("0.output", groups=3),
        "conv2d: output channels must be a positive multiple of groups. Got weight (4, 1, 3, 2), groups=3",
    ),
    "dims that do not fit": (settings("0.output", dims=7), "conv7d: input must have 9 axes. "
        "Expected (N,C,D,H,W). Got input (3, 2, 6, 5)"),
    "window without end": (
        settings("3.output", kernel_size=2**30, padding=2**29, stride=2**30),
        "entry '3.output': a window has at most 16777216 positions. Got 1152921504606846976",
    ),
    "momentum out of range": (
        settings("updated(0.weight)", momentum=-1.0),
        "sgd: momentum must be a number in [0, inf). Got momentum=-1.0",
    ),
    "unknown operand": (
        operands("0.output", other="input"), "entry '0.output': conv2d has no such operand. Got 'other'",
    ),
    "operand that is not there": (
        operands("0.output", input="x"), "entry '0.output': operands are arrays of the recording. Got 'x'",
    ),
    "operand of another shape": (
        operands("grad(0.weight)", grad_output="input"),
        "entry 'grad(0.weight)': grad_output must have the shape (3, 4, 5, 6). Got (3, 2, 6, 5)",
    ),
    "operand no name": (operands("0.output", input=None), "entry '0.output': operands are names. Got None"),
    "missing operand": (
        without("0.output", "weight"),
        "entry '0.output': output of conv2d needs all its operands. Got missing=['weight']",
    ),
    "missing grad_output": (
        without("grad(0.weight)", "grad_output"),
        "entry 'grad(0.weight)': grad_weight of conv2d needs all its operands. Got missing=['grad_output']",
    ),
    "missing velocity": (
        without("updated(0.weight)", "velocity"),
        "entry 'updated(0.weight)': parameter of sgd needs all its operands. Got missing=['velocity']",
    ),
    "operands no mapping": (
        source("0.output", operands=[]), "entry '0.output': operands map arguments to names. Got []",
    ),
    "base of another shape": (
        source("grad(input)", base="0.output"),
        "entry 'grad(input)': contributions have the gradient's shape. Got '0.output'",
    ),
    "base no name": (source("grad(input)", base=3), "entry 'grad(input)': base is a name. Got 3"),
    "parts no list": (source("grad(input)", parts="ab"), "entry 'grad(input)': expected a list. Got 'ab'"),
    "one part": (
        source("grad(input)", parts=["input"]), "entry 'grad(input)': a sum has several parts. Got ['input']",
    ),
    "part that is not there": (
        source("grad(input)", parts=["input", "x"]),
        "entry 'grad(input)': operands are arrays of the recording. Got 'x'",
    ),
    "unknown fact": (facts("0.output", x=1), "entry '0.output': there is no such fact. Got x=1"),
    "fact out of range": (
        facts("grad(0.weight)", images_per_part=0),
        "entry 'grad(0.weight)': there is no such fact. Got images_per_part=0",
    ),
    "fact of no number": (
        facts("updated(0.weight)", lr="0.1"),
        "entry 'updated(0.weight)': there is no such fact. Got lr='0.1'",
    ),
    "missing fact": (
        source("updated(0.weight)", facts={}),
        "entry 'updated(0.weight)': parameter of sgd needs all its facts. Got missing=['lr', 'step']",
    ),
    "step before the first": (
        facts("updated(0.weight)", step=0),
        "entry 'updated(0.weight)': an optimiser's steps count from 1. Got step=0",
    ),
    "rate of many digits": (
        facts("updated(0.weight)", lr=10**400),
        f"entry 'updated(0.weight)': there is no such fact. Got lr=1{'0' * 75}…",
    ),
    "batch norm without its order": (
        source("1.mean", facts={"in_tiles": 0}),
        "entry '1.mean': mean of batch_norm needs all its facts. "
        "Got missing=['images_per_part', 'pixels_side_by_side']",
    ),
    "dropout without its draw": (
        source("6.output", facts={"seed": 1}),
        "entry '6.output': output of dropout needs all its facts. Got missing=['step', 'layer']",
    ),
    "uneven lanes": (
        facts("1.mean", pixels_side_by_side=7),
        "entry '1.mean': pixels side by side divide every part of a sum. Got pixels_side_by_side=7",
    ),
    "Winograd with other kernels": (
        facts("0.output", winograd_additions=3),
        "entry '0.output': Winograd's algorithm has 3×3 kernels of stride 1 or 2. Got [(3, 1, 1), (2, 1, 1)]",
    ),
    "array of another shape": (
        array("0.output", lambda x: x[:, :, :, :5].copy()),
        "entry '0.output': output of conv2d must have the shape (3, 4, 5, 6). Got (3, 4, 5, 5)",
    ),
    "statistics of another shape": (
        array("1.mean", lambda x: x[:3].copy()),
        "entry '1.mean': mean of batch_norm must have the shape (4,). Got (3,)",
    ),
    "mixed types": (
        array("0.output", lambda x: x.astype(np.float64)),
        "arrays: all are of one float type. Got 'F32, F64'",
    ),
    "narrow statistics": (
        array("1.mean", lambda x: x.astype(np.float32)), "arrays: '1.mean' must be F64. Got 'F32'",
    ),
    "float target": (
        array("target", lambda x: x.astype(np.float32)), "arrays: 'target' must be I64. Got 'F32'",
    ),
    "class that is none": (
        array("target", lambda x: x + 1),
        "entry 'cross_entropy.losses': targets are class numbers, or -100. Got 3",
    ),
    "large empty array": (
        array("input", lambda x: np.zeros((0, 2**13, 2**13), np.float32)),
        "entry 'input': an empty array has no large axes. Got (0, 8192, 8192)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_lies_are_refused(tmp_path: Path, content: bytes, lie: str) -> None:
    change, text = LIES[lie]
    assert refusal(tmp_path / "f", rewritten(content, change)) == f"{BROKEN}{text}."


def test_nothing_changed_is_accepted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(rewritten(content, lambda *_: None))
    assert len(pc.load_recording(tmp_path / "f")) == len(step("momentum"))


FACTS = (
    "images_per_part",
    "pixels_side_by_side",
    "in_tiles",
    "winograd_additions",
    "seed",
    "step",
    "layer",
    "lr",
)
VALUES = (None, -1, 0, 1, 2, 7, 2**31 - 1, 2**62, 10**400, 0.5, 1e-300, 1e308, True, "1", [1], {})


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "adamw"])
def test_any_fact_is_refused_or_explained(tmp_path: Path, optimizer: str) -> None:
    """Whatever a fact says: the file is refused, or every number can be asked about, without a warning."""
    step(optimizer).save(tmp_path / "good")
    content, outcomes = (tmp_path / "good").read_bytes(), set()
    names = "updated(0.weight)", "1.mean", "grad(1.weight)", "6.output", "grad(0.weight)"
    cases = [(n, k, v) for n in names for k in FACTS for v in (*VALUES, "dropped")]
    for name, key, value in cases:
        change = facts(name, **{key: value})
        if value == "dropped":
            change = lambda d, e, a, n=name, k=key: e[n]["source"]["facts"].pop(k, 0)  # noqa: E731
        (tmp_path / "f").write_bytes(rewritten(content, change))
        try:
            loaded = pc.load_recording(tmp_path / "f")
        except FormatError:
            outcomes.add("refused")
        else:
            index = (0,) * loaded[name].ndim
            outcomes.add(str(loaded.explain(f"{name}[{','.join(map(str, index))}]").certified))
    assert outcomes == {"refused", "True", "False"}


def test_batch_norm_in_tiles_has_two_dimensions(tmp_path: Path) -> None:
    model = pc.Sequential(pc.Conv1d(2, 4, 3), pc.BatchNorm1d(4), pc.Flatten(), pc.Linear(24, 3))
    x = normal(2, 2, 8)
    pc.TrainStep(model, pc.SGD(lr=0.1)).record(x, np.array([0, 2])).save(tmp_path / "good")
    content = rewritten((tmp_path / "good").read_bytes(), facts("1.mean", in_tiles=1))
    assert refusal(tmp_path / "f", content) == (
        f"{BROKEN}entry '1.mean': tiles lie in two dimensions. Got in_tiles=1."
    )


@pytest.mark.parametrize("name", ["conv[0]", "[", "a]b", "two\nlines", " before", "x" * 301])
def test_names_that_no_address_can_hold_are_not_recorded(name: str) -> None:
    class Odd(pc.Module):
        def __init__(self) -> None:
            super().__init__()
            setattr(self, name, pc.Linear(3, 2))

        def forward(self, x: Any) -> Any:
            return getattr(self, name)(x)

    x, rule = (
        np.zeros((2, 3), np.float32),
        "names of layers and parameters must be printable, short and without brackets",
    )
    for record in (
        lambda: pc.record(Odd(), x),
        lambda: pc.TrainStep(Odd(), pc.SGD(lr=0.1)).record(x, np.array([0, 1])),
    ):
        with pytest.raises(ArgumentError) as caught:
            record()
        assert str(caught.value) == (
            f"record: {rule}. Got {f'{name}.weight'!r:.80}. Hint: rename the model's attribute."
        )


def test_files_of_other_kinds_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f"
    end = 8 + int.from_bytes(content[:8], "little")
    assert refusal(path, content[:-1]).startswith("the file cannot be read as safetensors. Got ")
    assert refusal(path, content + b"x").startswith("the file cannot be read as safetensors. Got ")
    for cut in (0, 4, 8, 100, end - 1, end):
        assert refusal(path, content[:cut]).startswith("the file cannot be read as safetensors. Got ")
    huge = (2**24 + 1).to_bytes(8, "little") + content[8:]
    assert refusal(path, huge) == (
        "the header is too large for a recording. Expected at most 16777216 bytes. Got 16777217 bytes."
    )
    wrong = "this is not a recording that Pellucid wrote. Expected format pellucid recording, version 2. Got "
    for metadata, got in (
        ({}, "format None, version None."),
        (
            {**MARKS, "version": "1"},
            "format pellucid recording, version 1. "
            "Hint: a recording of version 1 says too little to be trusted; record the step anew.",
        ),
        ({**MARKS, "format": "pellucid"}, "format pellucid, version 2."),
    ):
        assert refusal(path, save({"x": np.zeros(2)}, metadata)) == wrong + got
    for text, got in (
        ("", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)."),
        ("[" * 10**5, "RecursionError: "),
        ('{"entries":NaN}', "ValueError: NaN is no number of a description."),
        ('{"entries":Infinity}', "ValueError: Infinity is no number of a description."),
        ("[]", "description: expected aliases, entries. Got []."),
    ):
        found = refusal(path, sealed({"x": np.zeros(2)}, {**MARKS, "description": text}))
        assert found.startswith(BROKEN + got)
    described = {**MARKS, "description": "{}"}
    assert refusal(path, save({"x": np.zeros(2, np.int8)}, described)) == (
        "the file cannot be read as safetensors. Got 'x' of type 'I8'; known are F32, F64, I64."
    )
    with pytest.raises(FormatError, match=r"there is no such file\.$"):
        pc.load_recording(tmp_path / "none")
    with pytest.raises(FormatError, match=r"this is not a file\.$"):
        pc.load_recording(tmp_path)
    with pytest.raises(FormatError, match=r"cannot be written"):
        step().save(tmp_path / "none" / "f")


def test_a_shape_without_its_numbers_allocates_nothing(tmp_path: Path, content: bytes) -> None:
    for shape in ([2**40, 2**10], [2**62, 2**62], [-1], [2**70], [1] * 9, [True], [2.0], "2"):
        lie = with_header(content, lambda header, shape=shape: header["input"].update(shape=shape))
        assert refusal(tmp_path / "f", lie).startswith("the file cannot be read as safetensors. Got ")


def test_sizes_are_looked_at_first(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LIMITS", replace(storage.LIMITS, file_bytes=1000))
    assert refusal(tmp_path / "f", content) == (
        f"the file is too large for a recording. Expected at most 1000 bytes. Got {len(content)} bytes."
    )


def test_any_damaged_byte_of_the_header_is_told_or_harmless(tmp_path: Path, content: bytes) -> None:
    random, path = np.random.default_rng(0), tmp_path / "f"
    end = 8 + int.from_bytes(content[:8], "little")
    for place in random.integers(0, end, 300):
        damaged = bytearray(content)
        damaged[place] = random.integers(0, 256)
        path.write_bytes(damaged)
        with suppress(FormatError):
            pc.load_recording(path).names()


@pytest.mark.parametrize("path", ["", 5, None, "/"])
def test_paths_that_name_no_file_are_refused(path: Any) -> None:
    with pytest.raises(ArgumentError) as caught:
        pc.record(pc.Linear(3, 2), np.ones((2, 3), np.float32)).save(path)
    assert str(caught.value) == f"save: the path must name a file. Got {path!r}."


@pytest.mark.parametrize(
    ("norm", "op"), [(pc.GroupNorm(2, 4), "group_norm"), (pc.LayerNorm((4, 3)), "layer_norm")]
)
def test_sums_in_parts_need_their_parts(tmp_path: Path, norm: pc.Module, op: str) -> None:
    train = pc.TrainStep(pc.Sequential(norm, pc.Flatten(), pc.Linear(12, 2)), pc.SGD(lr=0.1))
    train.record(normal(3, 4, 3), np.array([0, 1, 1])).save(tmp_path / "good")
    content = (tmp_path / "good").read_bytes()
    (tmp_path / "same").write_bytes(content)
    assert pc.load_recording(tmp_path / "same").certify().certified
    for of in ("weight", "bias"):
        name = f"grad(0.{of})"
        broken = rewritten(content, source(name, facts={}))
        assert refusal(tmp_path / "f", broken) == (
            f"{BROKEN}entry '{name}': grad_{of} of {op} needs all its facts. Got missing=['images_per_part']."
        )
