"""The command line: what it prints, what it leaves on disk, and what it says about mistakes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.command_line import said

from pellucid.cli.finalizers import interruptible
from pellucid.cli.options import BenchName
from pellucid.data import Dataset, datasets
from pellucid.data.sets import opening
from pellucid.errors import ArgumentError
from pellucid.formats import load_model
from pellucid.nn import seed
from pellucid.nn.models import MODELS, lenet5

PELLUCID = [sys.executable, "-W", "error", "-m", "pellucid"]


def process(*arguments, stdout=subprocess.PIPE, **settings):
    """Run a command line in a process of its own."""
    line, streams = [*PELLUCID, *arguments], {"stdout": stdout, "stderr": subprocess.PIPE}
    done = subprocess.run(line, text=True, check=False, **streams | settings)
    done.stderr = said(done.stderr or "")
    return done


@pytest.fixture
def few_images(monkeypatch):
    """MNIST, but short."""
    train, test = datasets.mnist()
    parts = Dataset(train.images[:200], train.labels[:200]), Dataset(test.images[:100], test.labels[:100])
    monkeypatch.setattr(opening, "mnist", lambda: parts)


def test_help_is_quick_to_say():
    code = (
        "import sys, pellucid.cli.app\nprint(sorted({'numba', 'llvmlite', 'rich.table'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_help_names_every_command(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    assert all(
        f" {name} " in out
        for name in (
            "train",
            "evaluate",
            "predict",
            "export",
            "summary",
            "shape",
            "explain",
            "certify",
            "bench",
            "warmup",
            "show",
        )
    )


def test_version(run):
    assert run("--version") == (0, "pellucid 0.1.0\n", "")


def test_measured_networks_are_models():
    assert set(BenchName) <= set(MODELS)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_train_then_evaluate(run, few_images, tmp_path, optimizer):
    path = tmp_path / "m.safetensors"
    line = [
        "train",
        "--epochs",
        2,
        "--batch-size",
        32,
        "--optimizer",
        optimizer,
        "--out",
        path,
        "--threads",
        2,
    ]
    code, out, err = run(*line, "--json")
    report = json.loads(out)
    assert code == 0
    assert report["lr"] == (0.05 if optimizer == "sgd" else 1e-3)
    assert report["parameters"] == 61706
    assert [epoch["epoch"] for epoch in report["epochs"]] == [1, 2]
    assert report["epochs"][1]["loss"] < report["epochs"][0]["loss"]
    assert "epoch 2/2  loss " in err

    code, out, err = run("evaluate", path, "--json")
    result = json.loads(out)
    assert (code, err) == (0, "")
    assert result["images"] == 100
    assert result["accuracy"] == report["epochs"][1]["test_accuracy"]
    assert result["loss"] == report["epochs"][1]["test_loss"]


GUESSING = "15.00% would be if all were taken for the most frequent class. "
SLOWER, LONGER, STANDING = (
    GUESSING + "Try a smaller learning rate: lr below {}.",
    GUESSING + "Try more epochs, or a larger learning rate: lr above {}.",
    "At the learning rate 0 nothing is learned: choose lr above 0.",
)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ("--lr 50 --seed 1", SLOWER.format("50")),
        ("--lr 0 --seed 1", STANDING),
        ("--lr 0.0 --optimizer adam --seed 2", STANDING),
        ("--lr -0 --optimizer adamw --seed 3", STANDING),
        ("--lr 0.0001 --momentum 0 --seed 2", LONGER.format("0.0001")),
        ("--optimizer adam --lr 1 --seed 3", SLOWER.format("1")),
        ("--optimizer adamw --lr 1e-9 --seed 4", LONGER.format("1e-09")),
    ],
)
def test_training_that_comes_to_nothing_is_told(run, few_images, options, advice):
    code, out, err = run("train", "--epochs", 1, "--batch-size", 50, *options.split(), "--json")
    report = json.loads(out)
    assert (code, report["chance"], report["better_than_guessing"]) == (0, 0.15, False)
    assert report["epochs"][-1]["test_accuracy"] <= 0.15
    assert f"{advice}\n" in err
    assert [finding["text"] for finding in report["advice"]] == err.splitlines()[2:]
    kinds = [finding["kind"] for finding in report["advice"]]
    assert kinds == ["standing"] if advice == STANDING else "guessing" in kinds


def test_training_that_comes_to_something_needs_no_word(run, few_images):
    code, out, err = run("train", "--epochs", 3, "--batch-size", 10, "--optimizer", "adam", "--json")
    report = json.loads(out)
    assert (code, report["chance"], report["better_than_guessing"]) == (0, 0.15, True)
    assert report["advice"] == []
    assert err.splitlines()[-1].startswith("epoch 3/3  loss ")


def test_the_schedule_rises_and_falls_and_weights_decay_by_default(run, few_images, tmp_path):
    path = tmp_path / "run.json"
    code, _, err = run("train", "--epochs", 2, "--batch-size", 20, "--history", path)
    assert (code, err) == (0, "")
    told = json.loads(path.read_text())
    rates = told["rates"]
    assert (len(rates), rates[0]) == (20, pytest.approx(0.05 * 0.04))
    assert max(rates) == rates[6] == 0.05
    assert rates[-1] < 1e-3
    assert len(told["losses"]) == 20
    by_hand = tmp_path / "same.json"
    options = ["--schedule", "one-cycle", "--weight-decay", "0.0005", "--lr", "0.05", "--momentum", "0.9"]
    run("train", "--epochs", 2, "--batch-size", 20, "--history", by_hand, *options)
    assert json.loads(by_hand.read_text())["losses"] == told["losses"]


@pytest.mark.parametrize("name", ["run.csv", "run.png", "run.svg"])
def test_how_training_went_goes_to_a_file(run, few_images, tmp_path, name):
    path = tmp_path / name
    code, _, err = run("train", "--epochs", 1, "--batch-size", 50, "--history", path, "--quiet")
    assert (code, err) == (0, "")
    start = {
        "csv": b"epoch,loss,seconds,validation_loss,validation_accuracy\n1,",
        "png": b"\x89PNG",
        "svg": b"<?xml",
    }
    assert path.read_bytes().startswith(start[path.suffix[1:]])


def test_a_history_without_a_place_is_refused_before_training(run, tmp_path):
    said = "--history: the file's name must say its format. Expected one of .csv, .json, .png, .svg. Got 'a.txt'."
    assert run("train", "--history", "a.txt") == (2, "", f"error: {said}\n")
    code, _, err = run("train", "--history", tmp_path / "gone" / "a.csv")
    assert code == 2
    assert "the file cannot be written" in err


def test_the_first_look_is_behind_a_hundred_steps(run, few_images):
    options = "--epochs", 3, "--batch-size", 4, "--lr", "1e-9", "--seed", 2
    code, out, err = run("train", *options)  # 50 steps an epoch
    lines = out.splitlines()
    first, second, third = (
        lines.index(next(x for x in lines if x.startswith(f"epoch {i}/3"))) for i in (1, 2, 3)
    )
    assert second == first + 1
    assert lines[second + 1].startswith("An update changes no weight by more than ")
    assert lines[third + 1].startswith("An update changes no weight by more than ")
    assert (code, err) == (0, "")


def test_a_run_goes_on_where_there_can_be_no_advice(run, few_images, monkeypatch):
    def refused(*_, **__):
        raise ArgumentError("record", "names must be printable")

    monkeypatch.setattr("pellucid.review.advice", refused)
    code, out, err = run("train", "--epochs", 1, "--batch-size", 50, "--lr", "1e-9")
    assert (code, err) == (0, "")
    assert "\nNo advice on this run: record: names must be printable.\n" in out


def test_training_that_comes_to_nothing_is_told_in_korean(run, few_images, monkeypatch):
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    _, out, _ = run("train", "--epochs", 1, "--batch-size", 200, "--lr", 0, "--seed", 1)
    assert "학습률이 0이면 가중치가 바뀌지 않습니다. 학습률을 0보다 크게 정해야 합니다.\n" in out
    _, out, _ = run("train", "--epochs", 1, "--batch-size", 50, "--lr", 50, "--seed", 1)
    assert "찍는 것보다 나을 것이 없습니다. " in out


def test_training_again_gives_the_same_file(run, few_images, tmp_path):
    contents = set()
    for name in ("a", "b"):
        path = tmp_path / name
        code, out, err = run("train", "--epochs", 1, "--seed", 5, "--out", path)
        assert (code, err) == (0, "")
        assert out.splitlines()[0] == "lenet5 (61,706 parameters) on mnist, 200 images, sgd lr 0.05"
        assert out.splitlines()[-1] == f"saved in {path}"
        contents.add(path.read_bytes())
    assert len(contents) == 1


@pytest.mark.slow
@pytest.mark.parametrize("model", ["vgg_small", "resnet20"])
def test_colour_networks_take_grey_digits(run, monkeypatch, tmp_path, model):
    train, test = datasets.mnist()
    parts = Dataset(train.images[:8], train.labels[:8]), Dataset(test.images[:4], test.labels[:4])
    monkeypatch.setattr(opening, "mnist", lambda: parts)
    path = tmp_path / "m"
    code, out, _ = run("train", "--model", model, "--epochs", 1, "--batch-size", 8, "--out", path, "--json")
    assert code == 0
    assert len(json.loads(out)["epochs"]) == 1
    code, out, _ = run("predict", path, "mnist:0", "--top", 1, "--json")
    assert code == 0
    assert len(json.loads(out)["predictions"][0]["top"]) == 1


def test_evaluate_says_the_figures(run, few_images, saved):
    code, out, err = run("evaluate", saved)
    assert (code, err) == (0, "")
    assert out.startswith("accuracy ")
    assert "  100 images in " in out


def test_evaluate_writes_a_report(run, few_images, saved, tmp_path):
    page = tmp_path / "report.html"
    code, out, err = run("evaluate", saved, "--report", page, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["report"] == str(page)
    assert f"<h1>{Path(saved).name}, mnist: a report</h1>" in page.read_text("utf-8")
    code, out, _ = run("evaluate", saved, "--report", page)
    assert out.endswith(f"page written to {page}\n")
    code, _, err = run("evaluate", saved, "--report", tmp_path / "gone" / "report.html")
    assert code == 2
    assert err.startswith(f"error: report '{tmp_path / 'gone' / 'report.html'}': the file cannot be written.")


LIGHT_PAPER = (
    "hint: this looks like dark ink on light paper; the digits of MNIST are light on dark, so try --invert\n"
)


def test_predict(run, saved, tmp_path):
    digit = datasets.mnist()[1].images[17, 0]
    white, black = tmp_path / "white [bold].png", tmp_path / "black.png"
    Image.fromarray(255 - digit).save(white)
    Image.fromarray(digit).save(black)
    _, out, err = run("predict", saved, "mnist:17", black, "--json")
    first, second = json.loads(out)["predictions"]
    assert err == ""
    assert first["top"] == second["top"]
    assert len(first["top"]) == 3
    assert [guess["probability"] for guess in first["top"]] == sorted(
        (guess["probability"] for guess in first["top"]), reverse=True
    )
    _, out, _ = run("predict", saved, white, "--invert", "--top", 10, "--json")
    (inverted,) = json.loads(out)["predictions"]
    assert np.isclose(sum(guess["probability"] for guess in inverted["top"]), 1)
    assert inverted["top"][0]["class"] == first["top"][0]["class"]
    code, out, err = run("predict", saved, black, white, "--top", 1)
    assert (code, err) == (0, LIGHT_PAPER)
    assert "white [bold].png" in out
    for line in ((black, "mnist:3"), (white, "--json"), (white, "--invert")):
        code, _, err = run("predict", saved, *line)
        assert (code, err) == (0, "")


def test_summary(run, saved):
    code, out, err = run("summary", "lenet5", "--json")
    table = json.loads(out)
    assert (code, err, table["parameters"], table["input"]) == (0, "", 61706, [1, 28, 28])
    assert table["rows"][0]["formulas"][0] == "floor((28 + 2·2 − 1·(5−1) − 1)/1) + 1 = 28"
    _, from_file, _ = run("summary", saved, "--json")
    assert json.loads(from_file)["rows"] == table["rows"]
    _, out, _ = run("summary", "resnet20", "--input", "1x28x28")
    assert "272,186" in out
    assert json.loads(run("summary", "vgg_small", "--input", "1x28x28", "--json")[1])["input"] == [1, 28, 28]
    assert json.loads(run("summary", "vgg_small", "--json")[1])["input"] == [3, 32, 32]


NO_FILE = "there is no such file."
MISTAKES = {
    "train --optimizer adam --momentum 0.9": "train: only sgd takes --momentum. Got --optimizer adam.",
    "train --out .": "model file '.': this is a folder.",
    "train --out gone/m.safetensors": (
        "model file 'gone/m.safetensors': the file cannot be written. Got No such file or directory."
    ),
    "train --out junk/m.safetensors": (
        "model file 'junk/m.safetensors': the file cannot be written. Got Not a directory."
    ),
    "evaluate gone": f"model file 'gone': {NO_FILE}",
    "evaluate .": "model file '.': this is not a file.",
    "predict gone mnist:1": f"model file 'gone': {NO_FILE}",
    "predict model gone.png": f"image 'gone.png': {NO_FILE}",
    "predict model junk": (
        "image 'junk': this is no image, or of an unknown kind. Expected one of PNG, JPEG, GIF, BMP, WEBP, TIFF, PPM."
    ),
    "predict model mnist:10000": "mnist: there is no such test image. Expected 0 to 9999. Got 10000.",
    "predict model mnist:-1": "image: a test digit is named by its number. Expected such as mnist:17. Got 'mnist:-1'.",
    "summary lenet6": (
        "model: there is no such network and no such file. "
        f"Expected {', '.join(MODELS)} or a file. Got 'lenet6'."
    ),
    "train --model alexnet": "alexnet: image_size must be a whole number. Expected image_size ≥ 63. Got image_size=28.",
    "summary lenet5 --input 1x28": (
        "summary: --input must be CxHxW, each a whole number from 1 to 999999. Expected such as 1x28x28. Got '1x28'."
    ),
    "summary lenet5 --input 0x28x28": (
        "summary: --input must be CxHxW, each a whole number from 1 to 999999. "
        "Expected such as 1x28x28. Got '0x28x28'."
    ),
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line(run, saved, monkeypatch, line):
    monkeypatch.chdir(saved.parent)
    saved.rename("model")
    Path("junk").write_bytes(b"junk")
    assert run(*line.split(" ")) == (2, "", f"error: {MISTAKES[line]}\n")
    assert sorted(os.listdir()) == ["junk", "model"]


@pytest.mark.parametrize(
    "line",
    [
        "trian",
        "--gone",
        "train --epochs many",
        "train --model lenet6",
        "train --data cifar",
        "train --lr x",
        "train --lr -1",
        "train --lr nan",
        "train --momentum 2 --epochs",
        "train stray",
        "predict model mnist:1 --top 0",
        "train --threads 0",
        "train --seed -1",
        "train --batch-size 0",
        "train --epochs 0",
        "evaluate",
        "evaluate junk",
        "predict model",
        "summary",
        "summary resnet20 --input 3x999999999x1",
    ],
)
def test_any_other_mistake_is_one_line_too(run, saved, monkeypatch, line):
    monkeypatch.chdir(saved.parent)
    saved.rename("model")
    Path("junk").write_bytes(b"junk")
    code, out, err = run(*line.split(" "))
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_a_message_cannot_move_the_cursor(run):
    code, _, err = run("evaluate", "a\x1b[2Jb\nc")
    assert (code, err) == (2, f"error: model file 'a\\x1b[2Jb c': {NO_FILE}\n")


@pytest.mark.slow
def test_exit_codes_of_the_process(tmp_path):
    done = process("evaluate", "gone", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: model file 'gone': {NO_FILE}\n"
    done = process("summary", "lenet5", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["parameters"] == 61706


@pytest.mark.slow
def test_a_terminal_without_unicode():
    done = process("summary", "lenet5", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "6?28?28" in done.stdout


@pytest.mark.slow
def test_the_demo_on_a_terminal_without_unicode():
    code = (
        "import runpy, pellucid as pc\n"
        "train, test = pc.datasets.mnist()\n"
        "pc.datasets.mnist = lambda: (train[:64], test[:20])\n"
        "runpy.run_path('examples/demo.py')\n"
    )
    folder = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, said(done.stderr)) == (0, "")
    assert "grad(conv1.weight)[5,0,2,2] = " in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("line", ["summary lenet5", "summary lenet5 --json", "--help", "--version"])
def test_a_closed_stdout_is_no_error(line):
    done = process(*line.split(" "), preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_a_closed_stderr_keeps_the_exit_code():
    done = process("evaluate", "gone", preexec_fn=lambda: os.close(2))
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    done = process("summary", "resnet20", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no file that is always full")
@pytest.mark.parametrize(
    "line", ["--version", "summary resnet20 --json", "certify lenet5 --sample-size 1 --json"]
)
@pytest.mark.parametrize("streams", [["stdout"], ["stdout", "stderr"]])
def test_a_full_stdout_is_one_line(line, streams):
    with open("/dev/full", "w") as full:
        done = process(*line.split(" "), **dict.fromkeys(streams, full))
    assert done.returncode == 2
    if streams == ["stdout"]:
        assert said(done.stderr) == "error: [Errno 28] No space left on device\n"


def test_ctrl_c_in_a_finalizer_is_not_lost(capfd):
    class Owner:
        def __del__(self):
            raise KeyboardInterrupt

    owners = [Owner()]

    def command():
        owners.clear()
        while True:
            time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt), interruptible():
        command()
    assert capfd.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "background"), [("SIGINT", False), ("SIGTERM", False), ("SIGHUP", False), ("SIGTERM", True)]
)
def test_signals_that_end_training_save_what_there_is(tmp_path, name, background):
    number = getattr(signal, name)
    path = tmp_path / "m.safetensors"
    line = [*PELLUCID, "train", "--epochs", "1000", "--batch-size", "4096", "--out", path]
    if background:  # as a shell without job control starts it
        line = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *line]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as training:
        while not training.stdout.readline().startswith("epoch 1/1000"):  # training has begun
            assert training.poll() is None
        training.send_signal(number)
        out, err = training.communicate(timeout=60)
    assert training.returncode == 128 + number
    assert said(err) == f"interrupted; the network so far is saved in {path}\n"
    assert "Traceback" not in out
    seed(0)
    assert not np.array_equal(load_model(path).conv1.weight, lenet5().conv1.weight)
