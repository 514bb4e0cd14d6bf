"""Recordings in files: they come back as they were, and files that lie are refused."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save
from tests.support.containers import arrays_of, header_of, sealed, with_header
from tests.support.recorded import normal, recording, run

import pellucid as pc
import pellucid.ops
from pellucid import functional as F
from pellucid.edition import ARITHMETIC
from pellucid.errors import ArgumentError, FormatError
from pellucid.explain import Recording
from pellucid.explain.files import storage

MARKS = {"format": "pellucid recording", "version": "5", "edition": str(ARITHMETIC)}


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
        "commit: a recording that was loaded or copied has no update to carry out. "
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
    assert any("winograd_additions" in e.source.order for e in recordings[3].entries.values() if e.source)
    x = np.random.default_rng(1).standard_normal((3, 2, 6, 5)).astype(np.float32)
    mse = pc.TrainStep(pc.Sequential(pc.Flatten(), pc.Linear(60, 3)), pc.SGD(lr=0.1), loss="mse_loss")
    recordings += [
        pc.record(model(), x),
        mse.record(x, np.zeros((3, 3), np.float32)),
    ]
    with pc.algorithm("winograd"):
        recordings.append(pc.record(pc.Conv2d(2, 3, 3), normal(1, 2, 6, 6)))
    for number, rec in enumerate(recordings):
        rec.save(tmp_path / str(number))
        loaded = pc.load_recording(str(tmp_path / str(number)))
        same(rec, loaded)
        assert loaded.certify(20).to_dict() == rec.certify(20).to_dict()


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


def order(name: str, **changes: Any) -> Any:
    return lambda d, entries, arrays: entries[name]["source"]["order"].update(changes)


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


def unlike(entry: str, what: str, expected: str, got: str) -> str:
    rule = f"{what} must be what a run of this network has"
    return f"entry '{entry}': {rule}. Expected {expected}. Got {got}"


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
        "description: the keys are algorithm, aliases, entries. Got 'path'",
    ),
    "no aliases": (
        lambda d, e, a: d.pop("aliases"),
        "description: the keys are algorithm, aliases, entries. Got 'aliases'",
    ),
    "entries no list": (lambda d, e, a: d.update(entries={}), "entries: expected a list. Got {}"),
    "entry no mapping": (lambda d, e, a: d.update(entries=[3]), "entry: expected name, given, source. Got 3"),
    "alias of nothing": (
        lambda d, e, a: d.update(aliases={"lost": "x"}),
        "aliases: an alias is the name of an array. Got 'lost'",
    ),
    "alias of an array": (
        lambda d, e, a: d.update(aliases={"loss": "input"}),
        "aliases: an alias stands for another name. Got 'input'",
    ),
    "unknown op": (
        source("0.output", op="os.system"),
        "entry '0.output': there is no such op. Got 'os.system'"),
    "op no name": (source("0.output", op=["Conv"]), "entry '0.output': there is no such op. Got ['Conv']"),
    "unknown result": (
        source("0.output", of="grad_input2"),
        "entry '1.output': operands are arrays that were there before. Got '0.output'",
    ),
    "result no name": (
        source("0.output", of=[]),
        "entry '1.output': operands are arrays that were there before. Got '0.output'",
    ),
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
        operands("0.output", other="input"), unlike("0.output", "operand 'other'", "none", "input"),
    ),
    "operand that is not there": (
        operands("0.output", input="x"),
        "entry '0.output': operands are arrays that were there before. Got 'x'",
    ),
    "operand of another shape": (
        operands("grad(0.weight)", grad_output="input"),
        unlike("grad(0.weight)", "operand 'grad_output'", "grad(0.output)", "input"),
    ),
    "operand no name": (
        source("0.output", operands={"input": None}), "entry '0.output': operands are names. Got {'input': None}",
    ),
    "missing operand": (
        without("0.output", "weight"),
        "network: no layer has such settings or operands. Got AssertionError",
    ),
    "missing grad_output": (
        without("grad(0.weight)", "grad_output"),
        unlike("grad(0.weight)", "operand 'grad_output'", "grad(0.output)", "none"),
    ),
    "missing velocity": (
        without("updated(0.weight)", "velocity"),
        unlike("updated(0.weight)", "operand 'velocity'", "velocity(0.weight)", "none"),
    ),
    "operands no mapping": (
        source("0.output", operands=[]), "entry '0.output': operands are named. Got []",
    ),
    "base of another shape": (
        source("grad(input)", base="0.output"),
        unlike("grad(input)", "base", "None", "0.output"),
    ),
    "base no name": (source("grad(input)", base=3), unlike("grad(input)", "base", "None", "3"),
    ),
    "parts no list": (source("grad(input)", parts="ab"), "entry 'grad(input)': expected a list. Got 'ab'"),
    "one part": (
        source("grad(input)", parts=["input"]), unlike("grad(input)", "parts", "()", "('input',)"),
    ),
    "part that is not there": (
        source("grad(input)", parts=["input", "x"]),
        unlike("grad(input)", "parts", "()", "('input', 'x')"),
    ),
    "order no mapping": (source("1.mean", order=[]), "entry '1.mean': orders are named. Got []"),
    "another pass": (source("0.output", way="backward"), unlike("0.output", "way", "forward", "backward")),
    "another place": (source("0.output", path="1"), unlike("0.output", "path", "0", "1")),
    "given by another": (
        lambda d, e, a: e["0.weight"].update(given="input"),
        "conv2d '0': weight must be an array of the model, not an activation. Got '0.weight'",
    ),
    "given by nobody": (
        lambda d, e, a: e["0.weight"].update(given=None),
        "entry '0.weight': an array was given or made. Got None",
    ),
    "given and made": (
        lambda d, e, a: e["0.output"].update(given="input"),
        "entry '0.output': an array was given or made. Got 'input'",
    ),
    "unknown fact": (facts("0.output", x=1), unlike("0.output", "fact 'x'", "none", "1"),
    ),
    "fact out of range": (
        order("grad(0.weight)", parts=0),
        unlike("grad(0.weight)", "order 'parts'", "1", "0"),
    ),
    "fact of no number": (
        facts("updated(0.weight)", lr="0.1"),
        unlike("updated(0.weight)", "fact 'lr'", "0.05", "0.1"),
    ),
    "missing fact": (
        source("updated(0.weight)", facts={}),
        unlike("updated(0.weight)", "fact 'lr'", "0.05", "none"),
    ),
    "step before the first": (
        facts("updated(0.weight)", step=0),
        unlike("updated(0.weight)", "fact 'step'", "2", "0"),
    ),
    "rate of many digits": (
        facts("updated(0.weight)", lr=10**400),
        unlike("updated(0.weight)", "fact 'lr'", "0.05", f"1{'0' * 118}…"),
    ),
    "batch norm without its order": (
        source("1.mean", order={"in_tiles": 0}),
        unlike("1.mean", "order 'parts'", "2", "none"),
    ),
    "dropout without its draw": (
        source("6.output", facts={"seed": 1}),
        'facts: step is a whole number ≥ 0. Got step=None',
    ),
    "uneven lanes": (
        order("1.mean", pixels_side_by_side=7),
        unlike("1.mean", "order 'pixels_side_by_side'", "6", "7"),
    ),
    "Winograd with other kernels": (
        order("0.output", winograd_additions=3),
        unlike("0.output", "order 'winograd_additions'", "none", "3"),
    ),
    "array of another shape": (
        array("0.output", lambda x: x[:, :, :, :5].copy()),
        "entry '0.output': output of conv2d must have the shape (3, 4, 5, 6). Got (3, 4, 5, 5)",
    ),
    "statistics of another shape": (
        array("1.mean", lambda x: x[:3].copy()),
        unlike("1.mean", "shape", "(4,)", "(3,)"),
    ),
    "mixed types": (
        array("0.output", lambda x: x.astype(np.float64)),
        unlike("0.output", "type", "float32", "float64"),
    ),
    "narrow statistics": (
        array("1.mean", lambda x: x.astype(np.float32)), unlike("1.mean", "type", "float64", "float32"),
    ),
    "wide target": (array("target", lambda x: x.astype(np.float64)), "cross_entropy: target must be integers. "
        "Got 'target' of dtype float64",
    ),
    "wide weight": (
        array("0.weight", lambda x: x.astype(np.float64)),
        "entry '0.output': '0.weight' must be float32, as the input is. Got 'float64'",
    ),
    "input of whole numbers": (
        array("input", lambda x: x.astype(np.int64)),
        "conv2d: input must be floats. Got 'input' of dtype int64",
    ),
    "float target": (
        array("target", lambda x: x.astype(np.float32)),
        "cross_entropy: target must be integers. Got 'target' of dtype float32",
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
    "parts",
    "pixels_side_by_side",
    "in_tiles",
    "winograd_additions",
    "seed",
    "step",
    "layer",
    "lr",
)
VALUES = (None, -1, 0, 1, 7, 2**62, 10**400, 0.5, 1e308, True, "1", {}, "dropped")


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_any_other_fact_is_refused(tmp_path: Path, optimizer: str) -> None:
    """Whatever a fact says that a run of this network does not have; a truth value is the number that it stands for."""
    step(optimizer).save(tmp_path / "good")
    content = (tmp_path / "good").read_bytes()
    described = json.loads(header_of(content)["__metadata__"]["description"])["entries"]
    sources = {entry["name"]: entry["source"] for entry in described if entry["source"]}
    names = "updated(0.weight)", "1.mean", "grad(1.weight)", "6.output", "grad(0.weight)"
    for name, key, value in [(n, k, v) for n in names for k in FACTS for v in VALUES]:
        for part, change in (("facts", facts), ("order", order)):
            changed = change(name, **{key: value})
            if value == "dropped":
                changed = lambda d, e, a, n=name, k=key, p=part: e[n]["source"][p].pop(k, 0)  # noqa: E731
            if sources[name][part].get(key, "dropped") != value:
                refusal(tmp_path / "f", rewritten(content, changed))


FORGERIES: dict[str, Any] = {
    "a part dropped": lambda d, e, a: [e["grad(w)"]["source"].update(parts=[])],
    "another base": lambda d, e, a: e["grad(a.output)"]["source"].update(base=None),
    "gradient under an alias": lambda d, e, a: d["aliases"].update({"loss": "grad(w)"}),
    "no alias": lambda d, e, a: d["aliases"].clear(),
    "another algorithm": lambda d, e, a: d.update(algorithm="winograd"),
    "no algorithm": lambda d, e, a: d.update(algorithm="fast"),
    "an algorithm of no name": lambda d, e, a: d.update(algorithm=[]),
    "entries reversed": lambda d, e, a: d["entries"].reverse(),
    "nothing given": lambda d, e, a: e["input"].update(source=e["loss"]["source"]),
    "an output given": lambda d, e, a: e["a.output"].update(source=None),
    "a gradient given": lambda d, e, a: e["grad(w)"].update(source=None),
    "an update without its state": lambda d, e, a: [
        d["entries"].remove(e["velocity(w) before"]), a.pop("velocity(w) before")
    ],
    "an op of another gradient": lambda d, e, a: (
        e["grad(w) by a"]["source"]["settings"].update(padding=[[0, 2], [1, 1]])
    ),
    "an op's name": lambda d, e, a: e["grad(w) by a"]["source"].update(op="ConvTranspose"),
}  # fmt: skip


class Twice(pc.Module):
    """A weight with two uses, and an output with two readers."""

    def __init__(self) -> None:
        self.w = pc.Conv2d(2, 2, 3, padding=1).weight

    def forward(self, x: Any) -> Any:
        from pellucid.engine.graph import part

        with part("a"):
            x = F.conv2d(x, self.w, padding=1)
        with part("b"):
            y = F.conv2d(x, self.w, padding=1)
        return F.flatten(x + y, 1)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forgeries_are_refused(tmp_path: Path, forgery: str) -> None:
    pc.seed(0)
    train = pc.TrainStep(Twice(), pc.SGD(lr=0.1, momentum=0.9))
    train.record(normal(2, 2, 4, 4), np.array([0, 3])).save(tmp_path / "good")
    assert pc.load_recording(tmp_path / "good").certify().certified
    refusal(tmp_path / "f", rewritten((tmp_path / "good").read_bytes(), FORGERIES[forgery]))


def test_a_scaled_gradient_is_not_covered_by_a_forged_bound(tmp_path: Path) -> None:
    """Sixteen million additions that nobody made would allow for any gradient."""
    pc.seed(0)
    model = pc.Sequential(pc.Conv2d(16, 16, 3, padding=1), pc.ReLU(), pc.Flatten(), pc.Linear(16 * 64, 3))
    pc.TrainStep(model, pc.SGD(lr=0.1)).record(normal(2, 16, 8, 8), np.array([0, 2])).save(tmp_path / "good")
    content, name = (tmp_path / "good").read_bytes(), "grad(0.weight)"
    true = pc.load_recording(tmp_path / "good").entries[name].source.order["winograd_additions"]
    scaled = array(name, lambda x: 100 * x)
    (tmp_path / "f").write_bytes(rewritten(content, scaled))
    (found,) = [c for c in pc.load_recording(tmp_path / "f").certify().arrays if c.name == name]
    assert found.failures > 0

    def forged(*everything: Any) -> None:
        scaled(*everything)
        order(name, winograd_additions=16_000_000)(*everything)

    assert refusal(tmp_path / "f", rewritten(content, forged)) == (
        f"{BROKEN}entry '{name}': order 'winograd_additions' must be what a run of this network has. "
        f"Expected {true}. Got 16000000."
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
    huge = (2**23 + 1).to_bytes(8, "little") + content[8:]
    assert refusal(path, huge) == (
        "the header is too large for a recording. Expected at most 8388608 bytes. Got 8388609 bytes."
    )
    wrong = (
        "this is not a recording that this version of Pellucid can explain. Expected format pellucid recording, "
        "version 5, edition 1 of the arithmetic. Got "
    )
    anew = " Hint: record the step anew."
    for metadata, got in (
        ({}, "format None, version None, edition None of the arithmetic."),
        (
            {**MARKS, "version": "3", "edition": "0"},
            "format pellucid recording, version 3, edition 0 of the arithmetic." + anew,
        ),
        (
            {**MARKS, "edition": "2"},
            "format pellucid recording, version 5, edition 2 of the arithmetic." + anew,
        ),
        ({**MARKS, "format": "pellucid"}, "format pellucid, version 5, edition 1 of the arithmetic."),
    ):
        assert refusal(path, save({"x": np.zeros(2)}, metadata)) == wrong + got
    for text, got in (
        ("", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)."),
        ("[" * 10**5, "RecursionError: "),
        ('{"entries":NaN}', "ValueError: NaN is no number of a description."),
        ('{"entries":Infinity}', "ValueError: Infinity is no number of a description."),
        ("[]", "description: expected algorithm, aliases, entries. Got []."),
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


def test_every_flipped_bit_is_told(tmp_path: Path, content: bytes) -> None:
    random = np.random.default_rng(0)
    for bit in (*range(64), *random.integers(0, 8 * len(content), 300)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        refusal(tmp_path / "f", damaged)


def test_what_could_not_be_read_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, what in (("file_bytes", "file"), ("header_bytes", "header")):
        monkeypatch.setattr(storage, "LIMITS", replace(storage.LIMITS, **{limit: 1000}))
        with pytest.raises(
            FormatError, match=f"the {what} is too large for a recording. Expected at most 1000"
        ):
            step().save(tmp_path / "f")
        monkeypatch.undo()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", ["", 5, None, "/"])
def test_paths_that_name_no_file_are_refused(path: Any) -> None:
    with pytest.raises(ArgumentError) as caught:
        pc.record(pc.Linear(3, 2), np.ones((2, 3), np.float32)).save(path)
    assert str(caught.value) == f"save: the path must name a file. Got {path!r}."


@pytest.mark.parametrize(("norm", "parts"), [(pc.GroupNorm(2, 4), 2), (pc.LayerNorm((4, 3)), 1)])
def test_sums_in_parts_need_their_parts(tmp_path: Path, norm: pc.Module, parts: int) -> None:
    train = pc.TrainStep(pc.Sequential(norm, pc.Flatten(), pc.Linear(12, 2)), pc.SGD(lr=0.1))
    train.record(normal(3, 4, 3), np.array([0, 1, 1])).save(tmp_path / "good")
    assert pc.load_recording(tmp_path / "good").certify().certified
    for name in ("grad(0.weight)", "grad(0.bias)"):
        broken = rewritten((tmp_path / "good").read_bytes(), source(name, order={}))
        assert refusal(tmp_path / "f", broken) == (
            f"{BROKEN}entry '{name}': order 'parts' must be what a run of this network has. "
            f"Expected {parts}. Got none."
        )
