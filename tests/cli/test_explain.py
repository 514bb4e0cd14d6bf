"""`pellucid explain` and `pellucid certify`: what they show, in which language, and what they say about mistakes."""

from __future__ import annotations

import json
import os
import re

import pytest
from rich.cells import cell_len

from pellucid import explain
from pellucid.formats import save_model
from pellucid.nn.models import lenet5

OUTPUT, GRADIENT, UPDATE = (
    "conv1.output[0,5,14,13]",
    "grad(conv1.weight)[5,0,2,2]",
    "updated(conv1.weight)[5,0,2,2]",
)


def document(run, *line):
    """The JSON document of a command line."""
    code, out, err = run(*line, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_a_number_of_a_saved_network(run, saved):
    code, out, err = run("explain", saved, "--sample", 17, "--at", OUTPUT)
    assert (code, err) == (0, "")
    assert f"{OUTPUT} = " in out
    found = document(run, "explain", saved, "--sample", 17, "--at", OUTPUT)
    assert (found["sample"], found["batch"], found["address"]) == (17, 1, OUTPUT)
    assert (found["trace"]["certified"], found["trace"]["address"]) == (True, OUTPUT)


def test_gradients_need_no_other_command(run):
    line = ["explain", "lenet5", "--seed", 3, "--sample", 17, "--at", "grad(conv1.weight)[5,0,0,1]"]
    found = document(run, *line)
    assert found["trace"]["certified"]
    assert found["trace"]["term_count"] == 28 * 28
    assert "82 of 784 products meet padding" in found["trace"]["note"]  # two rows and a column
    assert found == document(run, *line)


def test_the_addresses_in_the_help_can_be_explained(run):
    _, text, _ = run("explain", "--help")
    for address in (OUTPUT, GRADIENT):
        assert address in re.sub(r"[\s│]+", " ", text).replace(" ", "")
        code, out, err = run("explain", "lenet5", "--at", address)
        assert (code, err) == (0, "")
        assert f"{address} = " in out


def test_a_batch_and_its_first_sample(run):
    """Image 1 of the batch that begins with sample 16 is sample 17."""
    alone = document(run, "explain", "lenet5", "--sample", 17, "--at", OUTPUT)["trace"]
    second = OUTPUT.replace("[0", "[1")
    among = document(run, "explain", "lenet5", "--sample", 16, "--batch", 3, "--at", second)
    assert (among["sample"], among["batch"], among["trace"]["value"]) == (16, 3, alone["value"])


def test_infer_is_what_predict_does(run):
    """Batch norm takes running statistics then, and there are no gradients."""
    line = ["explain", "resnet20", "--infer"]
    layers = {row["layer"]: row for row in document(run, *line)["overview"]["rows"]}
    assert layers["bn1"]["grad_norm"] is None
    assert "cross_entropy" not in layers
    code, out, err = run(*line, "--at", "grad(bn1.output)[0,3,5,7]")
    assert (code, out) == (2, "")
    assert err.endswith("Hint: leave out --infer to record a training step.\n")


def test_optimizers(run):
    """Adam's first update moves every weight by lr, SGD's by lr·gradient."""
    rows = {}
    for settings in (["adam", "--lr", 0.01], ["adam", "--lr", 0.02], ["sgd", "--lr", 0.01, "--momentum", 0]):
        overview = document(run, "explain", "lenet5", "--optimizer", *settings)["overview"]
        rows[tuple(settings)] = overview["rows"][0]["update_ratio"]
    small, large, sgd = rows.values()
    assert large == pytest.approx(2 * small, rel=1e-3)
    assert sgd < small / 10


def test_overview(run, saved):
    code, out, err = run("explain", saved)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert re.fullmatch(r"Training step, 32 samples, loss \d\.\d+", lines[0])
    assert lines[2].split() == ["layer", "op", "shape", "mean", "std", "dead", "‖grad‖", "update/w"]
    assert lines[-1] == "Nothing suspicious."
    found = document(run, "explain", saved)
    assert (found["batch"], found["address"], found["overview"]["suspicious"]) == (32, None, None)
    assert [row["layer"] for row in found["overview"]["rows"]][:2] == ["conv1", "relu"]


def test_overview_of_something_ill(run):
    _, out, _ = run("explain", "lenet5", "--lr", "1e-7")
    assert "Suspicious: conv1 — the update is" in out
    assert document(run, "explain", "lenet5", "--lr", "1e-7")["overview"]["suspicious"]["rule"] == "update"


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_pages(run, tmp_path, lang):
    """Of a number and of the overview; a file that exists is replaced, and JSON stays alone on stdout."""
    path = tmp_path / "page.html"
    line = {"en": f"page written to {path}\n", "ko": f"페이지를 {path}에 저장했습니다\n"}[lang]
    for settings, said in (["--at", GRADIENT], GRADIENT), ([], "cross_entropy"):
        path.write_text("before")
        code, out, err = run("explain", "lenet5", *settings, "--html", path, "--lang", lang)
        assert (code, err) == (0, "")
        assert out.endswith(line)
        page = path.read_text("utf-8")
        assert page.startswith(f'<!doctype html>\n<html lang="{lang}">')
        assert said in page
        assert ("인증됨" in page or "학습 한 단계" in page) == (lang == "ko")
        path.write_text("before")
        code, out, err = run("explain", "lenet5", *settings, "--html", path, "--lang", lang, "--json")
        assert (code, err) == (0, line)
        json.loads(out)
        assert path.read_text("utf-8") == page
    assert os.listdir(tmp_path) == ["page.html"]


def test_top_is_how_many_terms_are_shown(run):
    for top in (1, 5):
        _, out, _ = run("explain", "lenet5", "--at", OUTPUT, "--top", top)
        assert len(re.findall(r"input\[0,0,\d+,\d+\] .*· conv1\.weight\[", out)) == top
    assert len(document(run, "explain", "lenet5", "--at", OUTPUT, "--top", 5)["trace"]["terms"]) == 25


def test_depth_follows_the_largest_terms_back(run):
    at = "fc3.output[0,3]"
    code, out, err = run("explain", "lenet5", "--at", at, "--depth", 2, "--top", 3)
    assert (code, err) == (0, "")
    assert "… 81 more terms, together" in out
    levels = document(run, "explain", "lenet5", "--at", at, "--depth", 2, "--top", 3)["why"]["levels"]
    assert len(levels[at]["terms"]) == 3
    assert next(iter(levels)) == at


def test_certify(run, saved):
    code, out, err = run("certify", saved, "--sample-size", 30, "--batch", 2)
    assert (code, err) == (0, "")
    assert re.search(r"^[\d,]+ numbers checked, all certified$", out, re.MULTILINE)
    found = document(run, "certify", saved, "--sample-size", 30, "--batch", 2, "--optimizer", "adam")
    arrays = {row["name"]: row for row in found["arrays"]}
    assert (found["certified"], found["optimizer"], found["lr"]) == (True, "adam", 0.001)
    assert (arrays["conv1.output"]["elements"], arrays["conv1.output"]["checked"]) == (2 * 6 * 28 * 28, 30)
    assert (arrays["grad(conv1.bias)"]["elements"], arrays["grad(conv1.bias)"]["checked"]) == (6, 6)


def test_certify_names_what_fails(run, monkeypatch):
    """A recording whose numbers somebody has changed."""
    array = explain.Recording._array

    def changed(recording, name):
        found = array(recording, name)
        if name == "fc2.output" and found[0, 7] < 1e6:
            found[0, 7] += 1e6
        return found

    monkeypatch.setattr(explain.Recording, "_array", changed)
    line = ["certify", "lenet5", "--batch", 1, "--sample-size", 90]
    code, out, err = run(*line)
    assert (code, err) == (1, "")
    assert re.search(r"^[\d,]+ numbers checked, [1-9]\d* NOT certified$", out, re.MULTILINE)
    assert "\n  fc2.output[0,7]\n" in out
    code, out, _ = run(*line, "--json")
    assert code == 1
    failed = {row["name"]: row["failed"] for row in json.loads(out)["arrays"]}
    assert failed["fc2.output"] == ["fc2.output[0,7]"]


@pytest.mark.slow
def test_korean(run, monkeypatch):
    lines = {
        ("explain", "lenet5", "--at", OUTPUT): "인증됨: |값 − 정확한 값| = ",
        ("explain", "lenet5"): "학습 한 단계, 샘플 32개, 손실 ",
        ("certify", "lenet5", "--batch", 1, "--sample-size", 5): "개를 검사하여 모두 인증했습니다\n",
    }
    said = {}
    for line, text in lines.items():
        code, said[line], err = run(*line, "--lang", "ko")
        assert (code, err) == (0, "")
        assert text in said[line]
        assert text not in run(*line)[1]
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    for line, text in said.items():
        assert run(*line)[1] == text
        assert run(*line, "--lang", "en")[1] != text


@pytest.mark.parametrize("line", [("explain", "lenet5"), ("certify", "lenet5", "--sample-size", 5)])
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_columns_are_straight(run, line, lang):
    """The last column ends where the line below the heads does, whatever is written in it."""
    _, out, _ = run(*line, "--lang", lang)
    lines = out.splitlines()
    rule = next(i for i, text in enumerate(lines) if set(text.strip()) == {"─"})
    rows = [text for text in [lines[rule - 1], *lines[rule + 1 :]] if text.strip()]
    width = cell_len(lines[rule].rstrip())
    assert cell_len(rows[0].rstrip()) == cell_len(rows[1].rstrip()) == width


TRAINING = (
    "--lr and --momentum belong to training, and inference has no update. "
    "Hint: leave out --infer to record a training step."
)
GIVEN = (
    "explain: a number that was given has no arithmetic to show. "
    "Expected an output, a gradient, a statistic or an update."
)
LANGUAGE = "language: there are no texts in this language. Expected one of 'en', 'ko'."
MISTAKES = {
    "explain lenet5 --sample -1": "mnist: there is no such test image. Expected 0 to 9999. Got -1.",
    "explain lenet5 --sample 9990 --batch 11": "mnist: there is no such test image. Expected 0 to 9999. Got 10000.",
    "certify lenet5 --sample 9997": "mnist: there is no such test image. Expected 0 to 9999. Got 10000.",
    "explain lenet5 --at conv1.output[0,5,3": (
        "explain: an address is a name and an index of plain integers. "
        "Expected for example 'conv1.output[0,5,3,7]'. Got 'conv1.output[0,5,3'."
    ),
    "explain lenet5 --at conv1.output[0,6,0,0]": (
        "explain: index 6 lies outside axis 1 of 'conv1.output'. "
        "Expected 'conv1.output[0, 0…5, 0…27, 0…27]'. Got 'conv1.output[0,6,0,0]'."
    ),
    "explain lenet5 --at grad(conv1.weigth)[5,0,2,2]": (
        "explain: the recording holds no such name. Expected 'grad(conv1.weight)' or 'grad(conv2.weight)' or "
        "'grad(fc1.weight)'. Got 'grad(conv1.weigth)'. Hint: without --at all layers are listed."
    ),
    "explain lenet5 --infer --at grad(conv1.weight)[5,0,2,2]": (
        "explain: the recording holds no such name. Expected 'conv1.weight' or 'conv2.weight' or 'fc1.weight'. "
        "Got 'grad(conv1.weight)'. Hint: leave out --infer to record a training step."
    ),
    "explain lenet5 --infer --lr 0.1": f"explain: {TRAINING}",
    "explain lenet5 --infer --momentum 0": f"explain: {TRAINING}",
    "explain lenet5 --at input[0,0,3,4]": f"{GIVEN} Got 'input'.",
    "explain lenet5 --at conv1.weight[0,0,3,4]": f"{GIVEN} Got 'conv1.weight'.",
    "explain lenet5 --at gone[0] --html page.html": (
        "explain: the recording holds no such name. Got 'gone'. Hint: without --at all layers are listed."
    ),
    "explain lenet5 --html .": "page '.': this is a folder.",
    "explain lenet5 --html gone/page.html": (
        "page 'gone/page.html': the file cannot be written. Got No such file or directory."
    ),
    "explain lenet5 --depth 2": "explain: --top and --depth are about one number. Hint: say which with --at.",
    "explain lenet5 --top 2": "explain: --top and --depth are about one number. Hint: say which with --at.",
    "explain lenet5 --lang kr": f"{LANGUAGE} Got lang='kr'.",
    "explain lenet5 --at loss --lang kr": f"{LANGUAGE} Got lang='kr'.",
    "certify lenet5 --lang kr": f"{LANGUAGE} Got lang='kr'.",
    "explain lenet5 --optimizer adamw --momentum 0.5": "explain: only sgd takes --momentum. Got --optimizer adamw.",
    "certify lenet5 --optimizer adam --momentum 0.9": "certify: only sgd takes --momentum. Got --optimizer adam.",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line(run, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    assert run(*line.split(" ")) == (2, "", f"error: {MISTAKES[line]}\n")
    assert os.listdir() == []


def test_a_wrong_language_in_the_environment(run, monkeypatch):
    monkeypatch.setenv("PELLUCID_LANG", "kr")
    assert run("explain", "lenet5") == (2, "", f"error: {LANGUAGE} Got PELLUCID_LANG='kr'.\n")


@pytest.mark.parametrize(
    "line",
    [
        "explain",
        "explain gone",
        "explain lenet5 --at gone",
        "explain lenet5 --at",
        "explain lenet5 --batch 0",
        "explain lenet5 --at loss --top 0",
        "explain lenet5 --at loss --depth 0",
        "explain lenet5 --lr -1",
        "explain lenet5 --optimizer rmsprop",
        "explain lenet5 --data cifar",
        "certify",
        "certify gone",
        "certify lenet5 --sample-size 0",
        "certify lenet5 --batch 0",
    ],
)
def test_any_other_mistake_is_one_line_too(run, line):
    code, out, err = run(*line.split(" "))
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_columns_hold_in_a_pipe_too(run, monkeypatch):
    """Without COLUMNS nothing is cut off for a pipe."""
    line = ["explain", "lenet5", "--batch", 2, "--infer"]
    monkeypatch.delenv("COLUMNS", raising=False)
    wide = run(*line)[1].splitlines()
    monkeypatch.setenv("COLUMNS", "40")
    narrow = run(*line)[1].splitlines()
    assert max(map(cell_len, wide)) > 50
    assert max(map(cell_len, narrow)) <= 40


def test_a_page_does_not_take_the_place_of_its_network(run, tmp_path):
    path = tmp_path / "net"
    save_model(path, "lenet5", {}, lenet5())
    before, link = path.read_bytes(), tmp_path / "link"
    link.symlink_to(path)
    code, _, err = run("explain", path, "--at", "loss", "--html", link)
    assert (code, err) == (
        2,
        f"error: page '{link}': a result must not take the place of the network it is made of. Got '{path}'.\n",
    )
    assert path.read_bytes() == before
