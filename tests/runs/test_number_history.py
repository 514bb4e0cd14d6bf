"""The history of a number: the beginning and all changes are the end, exactly; images and steps open."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import pellucid as pc
from pellucid.errors import AddressError, ArgumentError, FormatError
from pellucid.formats.run import load_run, save_run
from pellucid.train import Checkpoints

SETTINGS = {"epochs": 5, "batch_size": 7, "schedule": "cosine", "clip_norm": 1.0, "ema": 0.9, "seed": 3}
TRAIN = (
    *("train", "--data", "photos", "--model", "tiny", "--size", "12", "--epochs", "4", "--batch-size", "5"),
    *("--quiet", "--checkpoint", "run", "--augment", "flip"),
)


def network():
    pc.seed(2)
    return pc.Sequential(
        pc.Conv2d(2, 3, 3), pc.BatchNorm2d(3), pc.ReLU(), pc.Flatten(), pc.Linear(3 * 4 * 3, 4)
    )


@pytest.fixture
def data():
    rng = np.random.default_rng(8)
    return rng.normal(size=(33, 2, 6, 5)).astype(np.float32), rng.integers(0, 4, 33)


@pytest.fixture
def fitted(tmp_path, data):
    """A run by `fit` with a checkpoint behind every third step, and the model that it has trained."""
    model, folder = network(), Checkpoints(tmp_path / "run", every_s=0.0)
    pc.fit(model, data, checkpoint=folder, optimizer=pc.SGD(lr=0.1, momentum=0.9), **SETTINGS)
    return folder


def history(fitted, data, address, **changed):
    settings = {"optimizer": pc.SGD(lr=0.1, momentum=0.9), **SETTINGS, **changed}
    return pc.number_history(fitted.folder, address, model=network(), train=data, **settings)


@pytest.mark.parametrize(
    ("address", "name", "index"),
    [
        ("0.weight[2,1,0,-1]", "0.weight", (2, 1, 0, 2)),
        ("4.bias[3]", "4.bias", (3,)),
        ("1.running_mean[1]", "1.running_mean", (1,)),
        ("1.weight[0]", "1.weight", (0,)),
    ],
)
def test_the_beginning_and_all_changes_are_the_end(fitted, data, address, name, index):
    found = history(fitted, data, address)
    states = {steps: load_run(path).arrays[f"model/{name}"] for steps, path in fitted.paths().items()}
    assert found.address == f"{name}[{','.join(map(str, index))}]"
    assert (found.initial, found.final) == (states[0][index], states[25][index])
    assert len(found.changes) == 25
    assert Fraction(found.initial) + sum(change.exact for change in found.changes) == Fraction(found.final)
    assert found.exact
    for change, after in zip(found.changes, found.changes[1:], strict=False):
        assert change.after == after.before
        assert (change.epoch - 1, change.batch - 1) == divmod(change.step - 1, 5)
    for steps, state in states.items():
        assert steps == 0 or found.changes[steps - 1].after == state[index]
    assert [abs(change.exact) for change in found.most(25)] == sorted(
        (abs(change.exact) for change in found.changes), reverse=True
    )


def test_a_step_opens_with_the_bits_of_the_run(fitted, data):
    found = history(fitted, data, "0.weight[1,0,2,2]")
    for step in (1, 6, 25):
        recording = found.open(step)
        trace = recording.explain("updated(0.weight)[1,0,2,2]")
        assert trace.certified
        assert trace.value == found.changes[step - 1].after
    with pytest.raises(ArgumentError) as refused:
        found.open(26)
    assert str(refused.value) == "run: the run has no such step. Expected 1 to 25. Got 26."


def test_the_parts_of_the_images_are_the_gradient(fitted, data):
    found = history(fitted, data, "0.weight[1,0,2,2]")
    for step in (4, 10):  # the tenth is the last batch of an epoch
        pulls = found.images(step)
        gradient = found.open(step).explain("grad(0.weight)[1,0,2,2]").exact
        assert len(pulls) == len({pull.image for pull in pulls}) == (7 if step == 4 else 5)
        assert sum(pull.part for pull in pulls) == pytest.approx(float(gradient), rel=1e-12)
        assert [abs(pull.part) for pull in pulls] == sorted((abs(pull.part) for pull in pulls), reverse=True)
        x = found.open(step)["input"]
        assert {tuple(image.ravel()[:3]) for image in x} == {
            tuple(data[0][pull.image].ravel()[:3]) for pull in pulls
        }
    assert history(fitted, data, "1.running_var[0]").images(3) == []


def test_nothing_of_the_callers_changes(fitted, data):
    model, rule = network(), pc.SGD(lr=0.1, momentum=0.9)
    before = model.state_dict()
    pc.number_history(fitted.folder, "4.bias[0]", model=model, train=data, optimizer=rule, **SETTINGS)
    assert rule.lr == 0.1
    assert all((array == before[name]).all() for name, array in model.state_dict().items())


def test_other_data_other_settings_and_other_bits_are_refused(fitted, data):
    with pytest.raises(ArgumentError, match="a run goes on with the optimizer that it began with"):
        history(fitted, data, "4.bias[0]", optimizer=pc.SGD(lr=0.2, momentum=0.9))
    with pytest.raises(ArgumentError, match="a run goes on with the data that it began with"):
        history(fitted, (data[0][::-1], data[1]), "4.bias[0]")
    with pytest.raises(AddressError) as refused:
        history(fitted, data, "conv9.weight[0]")
    assert str(refused.value) == (
        "number_history: the model has no such parameter or buffer. Expected '0.weight' or '0.bias' or '1.weight'. "
        "Got 'conv9.weight'."
    )
    with pytest.raises(ArgumentError) as refused:
        pc.number_history(fitted.folder, "4.bias[0]")
    assert str(refused.value) == (
        "number_history: a run by fit needs its model and its data again. "
        "Hint: number_history(run, address, model=model, train=data, optimizer=…, epochs=…)."
    )
    _, path = max(fitted.paths().items())
    state = load_run(path)
    state.arrays["model/4.bias"][0] += np.float32(1)
    save_run(path, state)
    with pytest.raises(FormatError, match="step 25, made again, must come to the checkpoint's bits"):
        history(fitted, data, "4.bias[0]")
    fitted.paths()[0].unlink()
    with pytest.raises(FormatError, match="the folder must have the checkpoint of the beginning"):
        history(fitted, data, "4.bias[0]")


def test_the_command_line_tells_a_weight_from_its_run(run, photos):
    assert run(*TRAIN)[0] == 0
    line = ("explain", "run", "--at", "features.0.weight[1,2,0,0]", "--history")
    code, out, _ = run(*line, "--html", "page.html")
    lines = out.splitlines()
    assert (code, lines[0]) == (0, "features.0.weight[1,2,0,0] over 24 steps")
    assert lines[4] == "  the beginning and 24 changes add up exactly to the final bits"
    assert ".png" in lines[7]
    assert "<svg" in Path("page.html").read_text()
    found = json.loads(run(*line, "--json")[1])
    assert (found["run"], found["history"]["exact"], len(found["history"]["changes"])) == ("run", True, 24)
    change = found["history"]["changes"][6]
    trace = json.loads(run(*line, "--step", 7, "--json")[1])["trace"]
    assert (trace["address"], trace["value"], trace["certified"]) == (
        "updated(features.0.weight)[1,2,0,0]",
        change["after"],
        True,
    )
    shutil.move("photos", "elsewhere")
    assert run(*line)[0] == 2
    assert run(*line, "--data", "elsewhere")[0] == 0
    history = pc.number_history("run", "features.0.weight[1,2,0,0]", data="elsewhere")
    _, held_out = pc.datasets.folder("elsewhere", size=12)
    pc.report("report.html", pc.models.tiny(num_classes=3), held_out, numbers=[history])
    assert "<h2>Histories of weights</h2>" in Path("report.html").read_text("utf-8")
    korean = pc.number_history("run", "features.0.weight[1,2,0,0]", data="elsewhere", lang="ko")
    assert str(korean).splitlines()[0] == "features.0.weight[1,2,0,0]의 24단계"
    assert korean._repr_html_().count("<svg") == 1


def test_what_a_run_has_said_is_not_said_again(run, saved):
    for option, value in (("depth", 3), ("batch", 7), ("sample", 5), ("lr", 3), ("seed", 1), ("momentum", 0)):
        line = ("explain", saved.parent, "--history", "--at", "conv1.bias[0]", f"--{option}", value)
        code, _, err = run(*line)
        assert (code, err) == (2, f"error: explain: --{option} does not belong to --history.\n")


def test_checkpoints_that_are_not_the_runs_are_refused(fitted, data):
    _, path = next(item for item in fitted.paths().items() if item[0])
    state = load_run(path)
    array = state.arrays.pop("model/4.bias")
    save_run(path, state)
    with pytest.raises(FormatError, match=r"'4\.bias' is broken"):
        history(fitted, data, "4.bias[0]")
    state.arrays["model/4.bias"] = array
    state.recipe["seed"] = 4
    save_run(path, state)
    with pytest.raises(ArgumentError, match="a run goes on with the seed that it began with"):
        history(fitted, data, "4.bias[0]")


def test_the_largest_steps_are_as_many_as_one_asks_for(run, photos):
    assert run(*TRAIN)[0] == 0
    line = ("explain", "run", "--at", "fc.bias[1]", "--history")
    heads = run(*line)[1].splitlines().index("the steps that moved it most") + 2
    assert [len(run(*line, *more)[1].splitlines()) - heads for more in ((), ("--top", 2))] == [5, 2]


def test_what_the_command_line_does_not_take_together(run, saved):
    code, _, err = run("explain", saved, "--at", "conv1.bias[0]", "--step", 3)
    assert (code, err) == (
        2,
        "error: explain: --step is about a run. Hint: pellucid explain run --at … --history.\n",
    )
    code, _, err = run("explain", saved.parent, "--history")
    assert (code, err) == (
        2,
        "error: explain: --history is about one number. Hint: --at 'conv1.weight[5,0,2,2]'.\n",
    )
    code, _, err = run("explain", saved.parent, "--history", "--at", "conv1.bias[0]")
    hint = "pellucid train --checkpoint makes one"
    assert (code, err) == (2, f"error: run '{saved.parent}': there is no run in this folder. Hint: {hint}.\n")
    code, _, err = run("explain", saved.parent, "--at", "conv1.bias[0]")
    rule = f"error: explain: this is a folder. Got '{saved.parent}'. Hint: --history tells of a run.\n"
    assert (code, err) == (2, rule)
