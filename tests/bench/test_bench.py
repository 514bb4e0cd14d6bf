"""The bench: what it counts, whom it lets take part, what it says of those who do not; and compiling ahead."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import pellucid as pc
from pellucid.bench import oversubscription, peers
from pellucid.bench.cases import INFER, TRAIN, Case, cases, weights, write_weights
from pellucid.bench.contender import Contender, ContenderError
from pellucid.bench.layers import profile
from pellucid.bench.measure import Outcome, Result, Settings, _check, measure
from pellucid.bench.peers import OURS, PEERS, ncnn_file
from pellucid.bench.report import Report
from pellucid.cli import main

NOBODY = {
    "processor": "none",
    "cores": 2,
    "memory_gb": 1,
    "system": "s",
    "versions": {"a": "1", "b": None},
    "load": 0,
}


@pytest.fixture
def run(capsys):
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run_line(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return end.value.code, *capsys.readouterr()

    return run_line


def peer(name):
    return next(peer for peer in PEERS if peer.name == name)


def quiet(text):
    pass


def test_what_a_case_counts():
    macs = 117_600 + 240_000 + 48_000 + 10_080 + 840
    assert Case(INFER, "lenet5", 64).gflop == pytest.approx(2 * 64 * macs / 1e9)
    assert Case(TRAIN, "lenet5", 64).gflop == pytest.approx(2 * 64 * (3 * macs - 117_600) / 1e9)
    assert Case(TRAIN, "alexnet", 1).is_random
    assert not Case(INFER, "alexnet", 1).is_random
    found = [str(case) for case in cases(INFER, ["vgg_small", "resnet18", "alexnet"], None)]
    assert found == ["vgg_small b64", "resnet18 b32", "alexnet b16", "vgg_small b1", "resnet18 b1"]
    assert [str(case) for case in cases(INFER, ["resnet18"], 5)] == ["resnet18 b5"]


def test_a_ratio_is_taken_round_by_round():
    slow, fast = Result("b", [4.0, 9.0, 6.0]), Result("c", [2.0, 2.0, 6.0])
    outcome = Outcome(
        Case(INFER, "lenet5", 1), [Result("pellucid", [1.0, 3.0, 2.0]), slow, fast, Result("d")]
    )
    assert outcome.best is fast
    assert [outcome.ratio(result) for result in (outcome.results[0], outcome.results[3])] == [None, None]
    ratio = outcome.ratio(slow)
    assert (ratio.median, ratio.low, ratio.high) == (3.0, 3.0, 4.0)


def test_who_computes_something_else_is_refused():
    case = Case(TRAIN, "resnet20", 2)
    _check(case, [2.0, 1.0005], [2.0, 1.0])
    for found in ([2.0, 1.01], [2.0, float("nan")], [2.0]):
        with pytest.raises(ContenderError, match="disagrees: "):
            _check(case, found, [2.0, 1.0])
    _check(Case(TRAIN, "alexnet", 2), [6.9, 5.0], [7.0, 7.0])  # dropout differs


def test_every_launch_of_a_step_is_counted():
    found = profile(Case(TRAIN, "resnet20", 2), steps=1)
    times = [ms for layer in found.layers for ms in layer.ms.values()] + [loop.ms for loop in found.loops]
    assert sum(times) == pytest.approx(found.ms)
    convolution = {"forward", "grad_input", "grad_weight"}
    assert [set(layer.ms) for layer in found.layers[1:]] == [convolution] * 20 + [{"forward", "backward"}]


@pytest.mark.slow
def test_who_is_missing_or_fails_is_named(tmp_path, monkeypatch):
    """Neither is an error: the others go on."""
    monkeypatch.setattr(peers, "find_spec", lambda name: None if name == "jax" else object())
    broken, dead = tmp_path / "broken", tmp_path / "dead"
    for folder, body in ((broken, "raise RuntimeError('no such | luck')"), (dead, "import os; os.abort()")):
        folder.mkdir()
        (folder / "ncnn.py").write_text(body)
    engines = [
        peer("jax"),
        replace(peer("ncnn-threads"), environment={"PYTHONPATH": str(broken)}),
        replace(peer("ncnn-images"), environment={"PYTHONPATH": str(dead)}),
    ]
    outcome = measure(Case(INFER, "lenet5", 2), engines, Settings(1, 1, cold=False), quiet)
    ours, *others = outcome.results
    assert ours.problem is None
    assert len(ours.rounds_ms) == 1
    assert [other.problem for other in others] == [
        "missing: pip install jax",
        "failed: RuntimeError: no such | luck",
        "failed: the process ended with signal 6",
    ]
    assert outcome.best is None
    text = Report(NOBODY, Settings(1, 1), 1.0, 1.0, [outcome], []).markdown()
    assert "| lenet5 b2 | jax (missing: pip install jax) |" in text
    assert "RuntimeError: no such \\| luck" in text
    assert "a 1. 1 threads" in text


@pytest.mark.slow
def test_who_does_not_suit_a_case_is_named_when_it_was_asked_for(run):
    """And a model that is named twice is measured once."""
    line = ["bench", "lenet5", "lenet5", "--batch", 1, "--rounds", 1, "--no-cold", "--json"]
    code, out, _ = run(*line, "--train", "--peers", "ncnn")
    assert code == 0
    (case,) = json.loads(out)["cases"]
    assert [(engine["peer"], engine["problem"], engine["ratio"]) for engine in case["engines"]] == [
        ("pellucid", None, None),
        ("ncnn-threads", "only does inference", None),
        ("ncnn-images", "only does inference", None),
    ]
    assert case["best_peer"] is None
    assert peer("ncnn-images").unfit(Case(INFER, "lenet5", 1)) == "needs a batch of at least 2"
    assert peer("ncnn-images").unfit(Case(INFER, "lenet5", 2)) is None


@pytest.mark.slow
def test_who_was_not_asked_for_by_name_is_no_contender_where_it_does_not_suit(run, monkeypatch):
    monkeypatch.setattr(peers, "PEERS", (OURS, peer("ncnn-threads")))
    code, out, _ = run("bench", "lenet5", "--batch", 1, "--rounds", 1, "--no-cold", "--json", "--train")
    assert code == 0
    (case,) = json.loads(out)["cases"]
    assert [engine["peer"] for engine in case["engines"]] == ["pellucid"]


def test_oversubscribed_cores_are_measured(capsys, monkeypatch):
    monkeypatch.setattr(oversubscription, "STEPS", {"lenet5": 1})
    monkeypatch.setattr(oversubscription, "THREADS", (1, 3))
    monkeypatch.setattr(oversubscription, "_IDLE_SECONDS", 0.05)
    oversubscription.main(["--rounds", "1"])
    out = capsys.readouterr().out
    assert "| step | busy processes beside it | 1 threads | 3 threads |" in out
    number = r"\d+\.\d\d"
    assert len(re.findall(rf"^\| lenet5 \| \d+ (\| {number} \({number}\) ){{2}}\|$", out, re.MULTILINE)) >= 4
    (idle,) = re.findall(rf"^\| lenet5 \| {number} \({number}\) \| ({number}) ", out, re.MULTILINE)
    assert float(idle) < 40  # of 50 ms: two workers that kept on spinning would take more


@pytest.mark.slow
def test_pellucid_itself_must_work(tmp_path):
    with pytest.raises(ContenderError, match="failed: "):
        Contender(OURS, Case(TRAIN, "lenet6", 1), tmp_path, 1, {})


def inference(name, folder):
    """A case with its files' folder, the network's logits of two images, and the images."""
    case = Case(INFER, name, 2)
    write_weights(name, folder)
    network = pc.models.MODELS[name]()
    network.load_state_dict(dict(weights(folder)))
    x = case.batches()[0][0]
    return case, network(x), x


def test_the_ncnn_files_fit_together(tmp_path):
    case, _, _ = inference("resnet20", tmp_path)
    ncnn_file.write(case, tmp_path)
    magic, counts, *lines = (tmp_path / ncnn_file.LAYERS).read_text().splitlines()
    words = [line.split() for line in lines]
    inputs = [name for line in words for name in line[4 : 4 + int(line[2])]]
    outputs = [name for line in words for name in line[4 + int(line[2]) : 4 + int(line[2]) + int(line[3])]]
    assert (magic, counts) == ("7767517", f"{len(lines)} {len(outputs)}")
    assert len(set(outputs)) == len(outputs)
    assert sorted(inputs) == sorted(set(outputs) - {ncnn_file.OUTPUT})
    assert not any(line[0] == "BatchNorm" for line in words)
    assert sum(line[0] == "ReLU" for line in words) == 9  # after the sums; the others are in convolutions
    layers = [line for line in words if line[0] in ("Convolution", "InnerProduct")]
    bytes_of = {"Convolution": 6, "InnerProduct": 2}
    settings = [(line[0], dict(word.split("=") for word in line if "=" in word)) for line in layers]
    numbers = sum(int(each[str(bytes_of[kind])]) + int(each["0"]) + 1 for kind, each in settings)
    assert (tmp_path / ncnn_file.WEIGHTS).stat().st_size == 4 * numbers


WARM = """
import numpy as np, pellucid as pc
from pellucid.kernels.progress import progress
x, y = np.zeros((4, 1, 28, 28), np.float32), np.zeros(4, np.int64)
pc.TrainStep(pc.models.lenet5(), pc.SGD(lr=0.1, momentum=0.9))(x, y)
pc.models.lenet5()(x)
print(progress.total)
"""


@pytest.mark.slow
def test_after_a_warmup_nothing_is_compiled(tmp_path):
    environment = {**os.environ, "PELLUCID_CACHE_DIR": str(tmp_path)}
    line = [sys.executable, "-m", "pellucid", "warmup", "lenet5", "--batch", "4", "--json"]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    (model,) = document["models"]
    assert (model["model"], model["batch"]) == ("lenet5", 4)
    assert model["kernels"] > 10
    assert Path(document["cache"]).parent == tmp_path
    done = subprocess.run(
        [sys.executable, "-c", WARM], env=environment, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_warmup_does_each_model_once(run):
    code, out, _ = run("warmup", "lenet5", "lenet5", "--batch", 2, "--json")
    assert code == 0
    assert [model["model"] for model in json.loads(out)["models"]] == ["lenet5"]


def test_warmup_says_what_it_did(run, tmp_path):
    path = tmp_path / "m.safetensors"
    pc.save_model(path, "lenet5", {}, pc.models.lenet5())
    code, out, _ = run("warmup", path, "--batch", 2)
    assert code == 0
    assert f"{path}, batch 2: " in out
    assert "kept in " in out


MISTAKES = {
    "bench --peers nobody,jax": "bench: there is no such peer. Expected ",
    "bench lenet5 --markdown gone/r.md": (
        "report 'gone/r.md': the file cannot be written. Got No such file or directory."
    ),
    "bench lenet6": "Invalid value for '[MODEL]...'",
    "bench --rounds 0": "Invalid value for '--rounds'",
    "warmup lenet6": "model: there is no such network and no such file. Expected ",
    "warmup lenet5 --shape 1x28x28": (
        "warmup: --shape must be C,H,W, each a whole number from 1 to 999999. Expected such as 1,28,28. Got '1x28x28'."
    ),
    "warmup lenet5 --shape 1,0,28": (
        "warmup: --shape must be C,H,W, each a whole number from 1 to 999999. Expected such as 1,28,28. Got '1,0,28'."
    ),
    "warmup lenet5 --shape 1,1,1": (
        "lenet5: image_size must be a whole number. Expected image_size ≥ 12. Got image_size=1."
    ),
    "warmup ": (
        f"model: there is no such network and no such file. Expected {', '.join(pc.models.MODELS)} or a file. Got ''."
    ),
    "warmup alexnet --shape 3,32,32": "alexnet: image_size must be a whole number. Expected image_size ≥ 63.",
    "warmup lenet5 --batch 0": "Invalid value for '--batch'",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line(run, monkeypatch, tmp_path, line):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*line.split(" "))
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {MISTAKES[line]}")
    assert err.count("\n") == 1
