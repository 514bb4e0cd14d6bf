"""The command line on pictures of one's own: train, evaluate, predict, go on, begin with other weights."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path

import pytest
from tests.conftest import COLOURS

from pellucid.formats import load_saved, save_model
from pellucid.train import Checkpoints
from pellucid.train.epochs import Epochs

TRAIN = [
    *("train", "--data", "photos", "--model", "tiny", "--size", "16"),
    *("--epochs", "4", "--batch-size", "9", "--lr", "0.1", "--json"),
]


def test_a_network_learns_pictures_and_names_them(run, photos):
    code, out, _ = run(*TRAIN, "--augment", "crop 2; flip", "--schedule", "one-cycle", "--out", "m")
    report = json.loads(out)
    assert (code, len(report["epochs"]), report["better_than_guessing"]) == (0, 4, True)
    saved = load_saved("m")
    assert saved.classes == tuple(sorted(COLOURS))
    assert saved.preprocessing.shape == (3, 16, 16)
    code, out, _ = run("evaluate", "m", "--data", "photos", "--json")
    assert json.loads(out)["accuracy"] == report["epochs"][-1]["test_accuracy"]
    code, out, err = run(
        "predict", "m", photos / "sea" / "3.png", "photos/고양이", "--json", "--csv", "t.csv"
    )
    predictions = json.loads(out)["predictions"]
    assert (code, err, len(predictions)) == (0, "", 13)
    assert predictions[0]["top"][0]["name"] == "sea"
    rows = Path("t.csv").read_text("utf-8").splitlines()
    assert rows[0] == "image,class1,probability1,class2,probability2,class3,probability3"
    assert rows[1].startswith("photos/sea/3.png,sea,")
    code, out, _ = run("explain", "m", "--data", "photos", "--at", "features.0.output[0,1,2,3]", "--json")
    assert (code, json.loads(out)["trace"]["certified"]) == (0, True)


def test_a_run_goes_on_from_its_folder_and_its_settings(run, photos):
    assert run(*TRAIN, "--out", "whole")[0] == 0
    assert run(*TRAIN, "--checkpoint", "run")[0] == 0
    newest = max(Checkpoints("run").paths())
    for steps, path in Checkpoints("run").paths().items():
        if steps == newest:
            path.unlink()
    line = ("train", "--config", "run/config.toml", "--checkpoint", "run", "--resume", "--out", "m", "--json")
    code, out, _ = run(*line)
    assert (code, len(json.loads(out)["epochs"])) == (0, 4)
    assert Path("m").read_bytes() == Path("whole").read_bytes()
    assert run(*line, "--seed", 1)[0] == 2
    code, _, err = run(*TRAIN, "--checkpoint", "run")
    assert (code, err) == (
        2,
        "error: fit: the folder holds a run already. Got 'run'. Hint: go on with resume=True (--resume), or choose "
        "another folder.\n",
    )


def test_fine_tuning_makes_a_new_head_and_leaves_what_is_frozen(run, photos):
    assert run(*TRAIN, "--out", "m")[0] == 0
    old = load_saved("m").model.state_dict()
    Path("photos", "sea").rename("sea")
    line = ("train", "--data", "photos", "--from", "m", "--freeze", "*", "--epochs", 1, "--out", "n")
    assert run(*line)[0] == 0
    saved = load_saved("n")
    new = saved.model.state_dict()
    assert saved.classes == ("grass", "고양이")
    assert new["fc.weight"].shape == (2, 64)
    assert (new["features.0.weight"] == old["features.0.weight"]).all()


def test_networks_in_a_line_and_from_python(run, photos):
    line = "conv 8 k3 p1; bn; relu; globalpool; flatten; dense"
    assert run(*TRAIN[:3], "--model", line, "--size", 12, "--epochs", 1, "--out", "m")[0] == 0
    assert load_saved("m").name == line
    Path("my_net.py").write_text(
        "import pellucid as pc\n"
        "def Net(in_channels, num_classes):\n"
        "    return pc.Sequential(pc.AdaptiveAvgPool2d(2), pc.Flatten(), pc.Linear(4 * in_channels, num_classes))\n"
    )
    python = ("--model", "my_net.py:Net")
    assert run(*TRAIN[:3], *python, "--size", 12, "--epochs", 1, "--out", "n")[0] == 0
    assert run("predict", "n", "photos/sea/1.png", *python, "--json")[0] == 0
    code, _, err = run("predict", "n", "photos/sea/1.png")
    assert code == 2
    assert err.startswith("error: model file 'n': the model is built by Net, which is not in the file. ")


def test_a_file_of_settings_neither_runs_code_nor_writes_files(run, photos):
    Path("evil.py").write_text("raise SystemExit('it ran')")
    Path("evil.toml").write_text('model = "evil.py:Net"')
    code, _, err = run(*TRAIN[:3], "--config", "evil.toml")
    assert (code, err) == (
        2,
        "error: train: a file of settings cannot name Python code. Hint: --model evil.py:Net.\n",
    )
    Path("evil.toml").write_text('out = "victim"')
    assert run(*TRAIN, "--config", "evil.toml")[0] == 2
    assert not Path("victim").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes")
def test_settings_are_a_file(run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        code, _, err = run("train", "--config", path)
        assert (code, err) == (2, f"error: settings '{path}': this is not a file.\n")
    long = tmp_path / "long.toml"  # tomllib would take minutes
    long.write_text(".".join(["a"] * 10**5) + " = 1")
    code, _, err = run("train", "--config", long)
    rule = "the file is too large. Expected at most 32768 bytes. Got 200003 bytes."
    assert (code, err) == (2, f"error: settings '{long}': {rule}\n")


def test_a_refused_resume_leaves_the_settings_of_the_run(run, photos):
    assert run(*TRAIN, "--checkpoint", "run")[0] == 0
    before = Path("run", "config.toml").read_bytes()
    assert run("train", "--data", "photos", "--checkpoint", "run", "--resume")[0] == 2
    assert Path("run", "config.toml").read_bytes() == before


def test_classes_are_found_by_their_names_without_preprocessing_too(run, photos):
    assert run(*TRAIN, "--out", "m")[0] == 0
    saved = load_saved("m")
    names = saved.classes[::-1]
    save_model("n", saved.name, saved.settings, saved.model, classes=names, preprocessing=saved.preprocessing)
    code, out, _ = run("evaluate", "m", "--data", "photos", "--json")
    right = json.loads(out)["accuracy"]
    code, out, _ = run("evaluate", "n", "--data", "photos", "--json")
    assert (code, json.loads(out)["accuracy"] < right) == (0, True)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def Net(num_classes):\n    return 3\n", "error: model: net.py:Net makes no network. Got int."),
        ("def Net(num_classes):\n    return 1 / 0\n", "error: model: net.py:Net makes no network. Got Zero"),
        ("def Net(:\n", "error: model: net.py cannot be run. Got SyntaxError: "),
        ("Net = 3\n", "error: model: net.py has no Net. "),
    ],
)
def test_a_python_file_that_makes_no_network_is_one_line(run, photos, source, message):
    Path("net.py").write_text(source)
    code, _, err = run(*TRAIN[:3], "--model", "net.py:Net")
    assert (code, err.startswith(message), err.count("\n")) == (2, True, 1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train --data gone", "data set 'gone': there is no such data set."),
        ("train --data photos --size 0", "train: --size must be a whole number, or height and width. "),
        ("train --data photos --augment zoom", "augment 'piece 1, zoom': "),
        ("train --data photos --model my.py:Net", "model: there is no such file. Got 'my.py'."),
        ("train --data photos --model nothing", "model: there is no such network. Expected lenet5, "),
        ("train --data photos --freeze nothing.*", "freeze: no parameter matches 'nothing.*'. "),
        ("train --config gone.toml", "settings 'gone.toml': there is no such file."),
        ("train --config photos/sea/1.png", "settings 'photos/sea/1.png': this is no TOML. "),
        ("train --config odd.toml", "train: there is no such setting. Expected one of data, model, "),
        ("train --resume", "train: to resume needs a folder of checkpoints. Hint: --checkpoint run."),
        ("predict m empty", "folder 'empty': there are no pictures in it."),
    ],
)
def test_mistakes_are_one_line(run, photos, line, message):
    Path("odd.toml").write_text("depth = 3\n")
    Path("empty").mkdir()
    if " m " in line:
        run(*TRAIN[:5], "--epochs", 1, "--out", "m")
    code, out, err = run(*line.split())
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


def test_with_another_network_pictures_become_what_it_takes(run, photos):
    assert run(*TRAIN, "--out", "m")[0] == 0
    for option in (("--size", 24), ("--channels", 1), ("--fit", "pad")):
        code, _, err = run("train", "--data", "photos", "--from", "m", *option)
        assert (code, err) == (
            2,
            "error: train: with --from, pictures become what that network takes. "
            f"Got {option[0]} {option[1]}. Hint: leave it out.\n",
        )


def test_no_receipt_is_left_beside_a_network_that_it_is_not_of(run, photos, monkeypatch):
    Path("m.receipt.jsonl").mkdir()
    code, _, err = run(*TRAIN, "--out", "m")
    assert (code, err) == (2, "error: receipt 'm.receipt.jsonl': this is a folder.\n")
    Path("m.receipt.jsonl").rmdir()
    assert run(*TRAIN, "--out", "m")[0] == 0
    assert Path("m.receipt.jsonl").exists()
    tell = Epochs._tell

    def pressed(self, event):
        tell(self, event)
        if self.run.step.steps == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(Epochs, "_tell", pressed)
    old = Path("m").read_bytes()
    code, _, _ = run(*TRAIN, "--lr", "0.2", "--out", "m", "--history", "h.csv")
    assert (code, Path("m.receipt.jsonl").exists(), Path("m").read_bytes() == old) == (130, False, False)
    assert len(Path("h.csv").read_text().splitlines()) == 2  # one epoch was done


def test_the_kept_settings_are_all_that_decide_a_run(run, photos):
    assert run(*TRAIN, "--checkpoint", "run", "--out", "m")[0] == 0
    kept = tomllib.loads(Path("run", "config.toml").read_text())
    assert (kept["lr"], kept["momentum"], kept["weight-decay"], kept["schedule"]) == (
        0.1,
        0.9,
        5e-4,
        "one-cycle",
    )
    Path("tune.toml").write_text('data = "photos"\nfrom = "m"\nepochs = 1\n')
    assert run("train", "--config", "tune.toml", "--checkpoint", "tuned", "--out", "n")[0] == 0
    kept = tomllib.loads(Path("tuned", "config.toml").read_text())
    assert (kept["from"], "model" in kept) == ("m", False)
    assert (
        run("train", "--config", "tuned/config.toml", "--checkpoint", "tuned", "--resume", "--out", "o")[0]
        == 0
    )
    assert Path("n").read_bytes() == Path("o").read_bytes()


def test_what_has_no_name_is_nothing(run, photos):
    code, _, err = run("train", "--data", "photos", "--model", "")
    assert (code, err.startswith("error: model: there is no such network. ")) == (2, True)
    code, _, err = run("train", "--data", "")
    assert (code, err) == (2, "error: open: a data set has a name. Expected mnist. Got ''.\n")


def test_scores_are_told_in_the_end(run, photos):
    line = [word for word in TRAIN if word != "--json"]
    code, out, _ = run(*line, "--out", "m")
    lines = out.splitlines()
    assert code == 0
    heads = [line.split() for line in lines]
    at = heads.index(["class", "precision", "recall", "F1", "images"])
    assert [row[0] for row in heads[at + 1 : at + 4]] == sorted(COLOURS)
    assert heads[at + 5][:8] == ["true", "class", "/", "the", "network", "says", *sorted(COLOURS)[:2]]
    code, out, _ = run("evaluate", "m", "--data", "photos", "--json")
    found = json.loads(out)
    assert [row["class"] for row in found["classes"]] == sorted(COLOURS)
    assert sum(map(sum, found["confusion"])) == found["images"]
