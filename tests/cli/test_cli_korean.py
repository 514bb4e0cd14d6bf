"""The command line in Korean: no English word but names in its help, in what it prints, in what it says of mistakes."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from rich.cells import cell_len
from rich.console import Console

import pellucid
from pellucid.bench import machine, peers
from pellucid.cli.app import app
from pellucid.cli.progress import shown
from pellucid.cli.words import translated
from pellucid.data import Dataset, datasets
from pellucid.data.sets import opening
from pellucid.kernels import progress
from pellucid.language import formulas
from pellucid.language.command_line.usage import TYPER
from pellucid.ops.maker import kinds
from pellucid.train import Epoch, Progress

SOURCE = Path(pellucid.__file__).parent
PROGRAM = typer.main.get_command(app)

# English words that stand by themselves in Korean output, since people type or read them so in code:
NAMES = {
    # ops, layers, and words of `pellucid shape`
    "relu", "linear", "add", "flatten", "conv", "dense", "pool", "avgpool", "globalpool", "bn", "sigmoid",
    "tanh", "gelu", "silu", "fc", "Linear", "Flatten",
    # arrays, and what stands in formulas and terms; kinds of traces
    "input", "output", "loss", "updated", "count", "log", "eps", "after", "mask", "mean", "variance",
    "velocity", "softmax", "sum", "select", "formula", "stride", "dilation", "padding",
    # values of options
    "mnist", "alexnet", "squeezenet", "googlenet", "unet",
    "sgd", "adam", "inference", "same", "en", "cold", "box", "gaussian", "unsharp", "motion",
    "identity", "sharpen", "emboss", "outline", "laplacian", "ridge", "sobel", "prewitt", "reflect",
    "replicate", "zero", "wrap", "triangle", "ramp", "decay", "tiny",
    # other programs; keys, units, this program, what is typed
    "bash", "zsh", "fish", "Tab",
    "torch", "jax", "ncnn", "onnx", "python", "numpy", "numba", "llvmlite", "safetensors", "npz", "Ctrl", "flush",
    "ms", "ulp", "pellucid", "Pellucid", "pip install ncnn", "pip install torch", "pellucid shape",
    "Pellucid ms", "crop", "one",
}  # fmt: skip

QUOTED = r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`"
OPTIONS = r"(?<![\w-])--?[a-z][\w-]*"
# Names with a dot, a digit, an underline, brackets or the like in them: of tensors, layers, files; and formulas.
IDENTIFIERS = r"[\w·−-]*[._\d/(\[#=|<+{×][\w.\[\](){}#,=/|:<>·−+×-]*"
WORD = r"(?<![\w-])[A-Za-z][a-z]+(?!\w)"


def english(said: str, *names: str) -> list[str]:
    """The English words in a text that are no names, each with those that follow it."""
    plain = re.sub(f"{QUOTED}|{OPTIONS}|{IDENTIFIERS}", " · ", said)
    return [words for words in re.findall(f"{WORD}(?: {WORD})*", plain) if words not in NAMES.union(names)]


def paths(command, before=()):
    """Every command of the program, as it is typed."""
    yield before
    for name, one in getattr(command, "commands", {}).items():
        yield from paths(one, (*before, name))


def program(*lines, lang="ko", **environment):
    """What the program prints on these command lines; its help is made in the language in which it starts."""
    code = f"""
from pellucid.cli import main
for line in {list(map(list, lines))!r}:
    try:
        main(line)
    except SystemExit as end:
        assert end.code == 0, end.code
"""
    settings = os.environ | {"PELLUCID_LANG": lang, "COLUMNS": "250"} | environment
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=settings
    )
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def korean(run, monkeypatch):
    """Run a command line in Korean: (exit code, all that it says)."""
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    monkeypatch.setenv("COLUMNS", "250")

    def run_line(*arguments):
        code, out, err = run(*arguments)
        return code, out + err

    return run_line


@pytest.fixture
def files(tmp_path, monkeypatch, saved):
    """A folder with a network, a photo, a digit in dark ink; and MNIST, but short."""
    monkeypatch.chdir(tmp_path)
    saved.rename("model")
    train, test = datasets.mnist()
    parts = Dataset(train.images[:200], train.labels[:200]), Dataset(test.images[:100], test.labels[:100])
    monkeypatch.setattr(opening, "mnist", lambda: parts)
    Image.fromarray(255 - test.images[17, 0]).save("ink.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)).save("photo.png")


def test_what_the_checks_find():
    assert english("층 Missing argument") == ["Missing argument"]
    assert english("이미지 class 확률") == ["class"]
    assert english("--lr 0.05, 'no such', conv1.output[0,1], relu, layer1.0.bn1, 3x28x28 float32") == []


def test_help_is_korean():
    """Of the program and of every command, with every option and argument."""
    found = list(paths(PROGRAM))
    assert len(found) > 13
    names = [" ".join(["pellucid", *path]) for path in found] + [path[-1] for path in found if path]
    said = program(*((*path, "--help") for path in found), ())
    assert said.count("사용법: pellucid") == len(found) + 1
    assert english(said, *names) == []


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_help_has_no_ragged_edge_and_nothing_is_cut_off(columns):
    """Wide letters count twice, and what does not fit is wrapped."""
    said = program(*((*path, "--help") for path in paths(PROGRAM)), COLUMNS=columns)
    boxes = [line for line in said.splitlines() if line[:1] in ("│", "╭", "╰")]
    assert {cell_len(line) for line in boxes} == {int(columns)}
    cut = re.findall(r"\S*…", said)
    assert all(part.startswith("-") for part in cut)  # the name of an option, in its own column


@pytest.mark.slow
def test_help_in_the_language_that_the_line_asks_for():
    english_one = program(("explain", "--help"), lang="en")
    assert "Usage: pellucid explain [OPTIONS]" in english_one
    for line in (("explain", "--help", "--lang", "ko"), ("explain", "--lang=ko", "--help")):
        assert program(line, lang="en") == program(("explain", "--help"))
    assert program(("explain", "--lang", "en", "--help")) == english_one


NUMBERS = {
    "conv1.output[0,5,14,13]": [],
    "grad(conv1.weight)[5,0,2,2]": ["--html", "page.html"],
    "max_pool2d.output[0,0,1,1]": [],
    "relu.output[0,0,1,1]": ["--infer"],
    "loss": ["--depth", 4, "--top", 3],
    "updated(conv1.weight)[5,0,2,2]": ["--optimizer", "adamw"],
    "mean(conv1.weight)[5,0,2,2]": ["--optimizer", "adam"],
}
RUNS = [
    ["train", "--epochs", 1, "--batch-size", 50, "--out", "trained.safetensors"],
    ["train", "--epochs", 1, "--batch-size", 100, "--lr", 0],
    ["train", "--epochs", 1, "--batch-size", 100, "--lr", 1e-9, "--optimizer", "adam", "--json"],
    ["evaluate", "model", "--report", "report.html"],
    ["predict", "model", "ink.png", "mnist:3"],
    ["export", "model", "-o", "weights.npz"],
    ["summary", "model", "--formulas"],
    ["summary", "resnet20"],
    ["shape", "input 1x28x28; conv 6 k5 p2; relu; pool k2; flatten; dense 10", "alexnet-lecture"],
    ["shape", "alexnet-published"],
    ["explain", "model", "--batch", 2],
    ["explain", "lenet5", "--lr", 1e-7],
    ["explain", "resnet20", "--infer", "--batch", 1],
    *(["explain", "model", "--at", at, *settings] for at, settings in NUMBERS.items()),
    ["certify", "model", "--batch", 1, "--sample-size", 3],
    ["filter", "photo.png", "--kernel", "box", "-o", "soft.png"],
    ["filter", "photo.png", "--sheet", "-o", "sheet.png"],
    ["show", "slide", "--input", "0 1 2; 3 4 5", "--kernel", "0 1; 2 3", "-o", "slide.png"],
    ["show", "convolution", "--f", "1 2", "--g", "3 4", "-o", "film.gif"],
    ["warmup", "lenet5", "--batch", 2],
]


@pytest.mark.slow
@pytest.mark.parametrize("line", RUNS, ids=lambda line: " ".join(map(str, line)))
def test_what_commands_print_is_korean(korean, files, line):
    code, said = korean(*line)
    if "--json" in line:  # a document is data, and its keys are English
        said = said[: said.index("{\n")] + said[said.index("\n}\n") + 3 :]
    assert code == 0
    assert re.search("[가-힣]", said)
    assert english(said) == []


@pytest.mark.slow
def test_the_bench_is_korean(korean, files, monkeypatch):
    """Its progress, outcomes, tables and notes, on the screen and as Markdown, with engines that take no part."""
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    line = ["bench", "lenet5", "--batch", 1, "--rounds", 1, "--no-cold"]
    code, said = korean(*line, "--peers", "pellucid,torch-frozen,ncnn-images", "--markdown", "report.md")
    assert code == 0
    assert "ncnn-images (없음: pip install ncnn)" in said or "배치 크기가 2 이상이어야 함" in said
    processor = str(machine.describe()["processor"])  # a name, as the system has it
    report = Path("report.md").read_text("utf-8").replace(processor, "")
    said = said.replace(processor, "")
    kernels = re.findall(r"^\s*([a-z_]+)  ", said, re.MULTILINE)
    assert english(said, *kernels) == english(report, *kernels) == []


def test_training_on_a_terminal_is_korean(monkeypatch):
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    screen = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    with shown(screen, 3) as show:
        show(Progress(0, 5, 10, 2.5, 1000.0))
        show(Epoch(0, 2.25, 1.5, {"accuracy": 0.5}))
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.file.getvalue())
    assert "에포크 1/3  손실 2.2500  검증 정확도 50.00%  1.5초" in said
    assert "초당 1,000장  손실 2.5000" in said
    assert english(said) == []


def test_the_word_of_compiling_is_korean_and_never_an_error(monkeypatch, capsys):
    said = []
    for lang in ("ko", "en", "kr"):
        monkeypatch.setenv("PELLUCID_LANG", lang)
        for kept in (True, False):
            one = progress._Progress()
            one("tile", 2.0, kept=kept)
            one.close()
            said.append(capsys.readouterr().err)
    assert english("".join(said[:2])) == []
    assert said[2:4] == said[4:]
    assert said[2] == "pellucid: compiled 1 kernels in 2.0 s, kept for next time\n"


MISTAKES = {
    "trian": "그런 명령이 없습니다: 'trian'. 비슷한 명령: 'train'",
    "zzz": "그런 명령이 없습니다: 'zzz'",
    "train --batchsize 3": "그런 옵션이 없습니다: --batchsize. 비슷한 옵션: --batch-size",
    "train -e": "그런 옵션이 없습니다: -e",
    "train --epochs": "옵션 뒤에 값이 있어야 합니다: '--epochs'",
    "train --json=3": "값을 받지 않는 옵션입니다: '--json'",
    "train stray more": "남는 인자가 있습니다: stray more",
    "train --epochs many": "'--epochs'의 값이 맞지 않습니다. 필요: 정수",
    "train --epochs 9" + 5000 * "9": "'--epochs'의 값이 맞지 않습니다. 수가 너무 큽니다",
    "train --lr x": "'--lr'의 값이 맞지 않습니다. 필요: 수",
    "train --epochs 0": "'--epochs'의 값이 맞지 않습니다. 필요: 1 이상",
    "train --threads 2000": "'--threads'의 값이 맞지 않습니다. 필요: 1024 이하",
    "train --optimizer sdg": (
        "'--optimizer'의 값이 맞지 않습니다. 필요: 'sgd', 'adam', 'adamw' 중 하나. 실제: 'sdg'"
    ),
    "evaluate": "인자가 빠졌습니다: ",
    "show slide": "꼭 있어야 하는 옵션이 빠졌습니다: '--output' / '-o'",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_mistakes_are_told_in_one_korean_line(korean, line):
    code, said = korean(*line.split(" "))
    assert code == 2
    assert said.startswith(f"오류: {MISTAKES[line]}")
    assert said.count("\n") == 1
    assert english(said, "sdg", "stray more", "trian", "zzz") == []


@pytest.mark.slow
def test_the_words_of_typer_are_all_used(run, monkeypatch):
    """Typer says each of them in English, in help or of one of the mistakes above, and none is left over."""
    said = program(*((*path, "--help") for path in paths(PROGRAM)), lang="en")
    monkeypatch.setenv("PELLUCID_LANG", "en")
    said += "".join(run(*line.split(" "))[2] for line in MISTAKES)
    for entry in TYPER:
        words = re.split(r"\{\w*\}", entry.en)
        assert all(part.strip() in said for part in words), entry.en


def test_what_nobody_knows_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    assert translated("Input should be something new") == "Input should be something new"
    assert translated("Invalid value for '--x': something new") == "'--x'의 값이 맞지 않습니다. something new"


def test_phrases_of_formulas_stand_in_formulas():
    sources = [*(SOURCE / "ops").rglob("*.py"), *(SOURCE / "explain").rglob("*.py")]
    said = " ".join(" ".join(path.read_text("utf-8").split()) for path in sources)
    for phrase in formulas.PHRASES:
        assert phrase.en.strip() in said, phrase.en


@pytest.mark.parametrize("kind", kinds().values(), ids=kinds())
def test_formulas_have_no_english_words(kind):
    """`language/formulas.py` has the words between the names."""
    for result, formula in kind.formulas.items():
        said = formulas.worded(formula, "ko")
        found = re.findall(r"\b(?:where|else|over|the|that|of|with|before|after|for|there|is|are)\b", said)
        assert not found, f"{result}: {said}"
