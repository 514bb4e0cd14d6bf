"""Receipts: what a run came to, made again bit for bit; and the first step that comes to something else."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pellucid as pc
from pellucid.errors import FormatError
from pellucid.formats import load_saved, save_model
from pellucid.formats.run import load_run, save_run
from pellucid.runs.receipt import Receipt, beside
from pellucid.train import Checkpoints
from pellucid.train.run import digest

TRAIN = (
    *(
        "train",
        "--data",
        "photos",
        "--model",
        "tiny",
        "--size",
        "12",
        "--validation",
        "0.25",
        "--epochs",
        "9",
    ),
    *("--batch-size", "2", "--lr", "0.02", "--ema", "0.9", "--augment", "crop 1; flip", "--quiet"),
)


@pytest.fixture
def trained(run, photos) -> Receipt:
    """A network in "m", its receipt beside it, its checkpoints in "run"."""
    code, _, err = run(*TRAIN, "--out", "m.safetensors", "--checkpoint", "run")
    assert (code, err) == (0, "")
    receipt = Receipt.read(Path("m.receipt.jsonl"))
    assert len(receipt.losses) > 100
    return receipt


def verify(run, *more):
    code, out, err = run("verify", "m.safetensors", "--data", "photos", "--json", *more)
    return code, json.loads(out) if out else err


def test_a_run_made_again_has_the_bits_of_its_receipt(run, trained):
    steps = len(trained.losses)
    code, verdict = verify(run, "--all", "--threads", 1)
    assert (code, verdict["verified"], verdict["replayed"]) == (0, True, steps)
    assert (verdict["first_wrong_step"], verdict["findings"]) == (None, [])
    code, verdict = verify(run)
    assert (code, verdict["stretches"]) == (0, [[1, 100]])
    code, out, _ = run("verify", "m.safetensors", "--data", "photos")
    assert out.splitlines()[0] == (
        f"verified: 100 of {steps} steps, made again, have the bits of the receipt (1–100), and the file has its "
        "arrays; edition 1 of the arithmetic"
    )


def test_stretches_begin_at_checkpoints_and_none_is_counted_twice(run, trained):
    steps = len(trained.losses)
    usable = [mark for mark in Checkpoints("run").paths() if 100 <= mark < steps]
    assert usable
    code, verdict = verify(run, "--checkpoint", "run")
    (first, second) = verdict["stretches"]
    assert (code, first, second) == (0, [1, 100], [usable[0] + 1, steps])
    assert verdict["replayed"] == 100 + steps - usable[0]
    Path("empty").mkdir()
    code, err = verify(run, "--checkpoint", "empty")
    assert (code, err) == (2, "error: run 'empty': there is no checkpoint in the folder.\n")
    code, err = verify(run, "--all", "--checkpoint", "run")
    rule = "--all makes every step again from the first one on"
    assert (code, err) == (2, f"error: verify: {rule}. Got --checkpoint.\n")


def test_a_short_run_is_made_again_to_its_end(run, photos):
    line = ("train", "--data", "photos", "--model", "tiny", "--size", "12", "--epochs", "1", "--quiet")
    assert run(*line, "--out", "m.safetensors")[0] == 0
    saved = load_saved("m.safetensors")
    array = saved.model.state_dict()["fc.bias"]
    saved.model.load_state_dict({**saved.model.state_dict(), "fc.bias": array + np.float32(0.5)})
    resave(saved)
    lines = Path("m.receipt.jsonl").read_text().splitlines()
    forged = json.dumps({"model": digest(saved.model.state_dict())})
    Path("m.receipt.jsonl").write_text("\n".join([*lines[:-1], forged]))
    code, verdict = verify(run)
    assert (code, verdict["verified"], len(verdict["findings"])) == (1, False, 1)
    assert verdict["findings"][0]["sentence"].startswith("fc.bias[0] in the file is ")
    assert verdict["findings"][0]["sentence"].endswith("; of this array 3 differ")


def resave(saved, **changed) -> None:
    """Write what a file held, changed."""
    kept = {"classes": saved.classes, "preprocessing": saved.preprocessing, **changed}
    save_model("m.safetensors", saved.name, saved.settings, saved.model, **kept)


def test_the_receipts_network_has_a_name(run, trained):
    path = Path("m.receipt.jsonl")
    path.write_text(
        path.read_text().replace('"model": "tiny", "settings"', '"model": "evil.py:Net", "settings"')
    )
    code, verdict = verify(run)
    said = "before the first step: 'network' is not that of the receipt"
    assert (code, [f["sentence"] for f in verdict["findings"]]) == (1, [said])


@pytest.mark.filterwarnings("default:.*damaged")
def test_a_damaged_checkpoint_is_gone_around(run, trained):
    paths = Checkpoints("run").paths()
    middle = next(steps for steps in paths if 100 <= steps < len(trained.losses))
    for steps in (middle, list(paths)[2]):
        content = bytearray(paths[steps].read_bytes())
        content[-5] ^= 1
        paths[steps].write_bytes(content)
    code, verdict = verify(run, "--checkpoint", "run")
    assert (code, verdict["stretches"]) == (0, [[1, 100]])
    with pytest.warns(UserWarning, match="damaged"):
        history = pc.number_history("run", "fc.bias[0]")
    with pytest.warns(UserWarning, match="damaged"):
        recording = history.open(middle + 1)
    assert recording["updated(fc.bias)"][0] == history.changes[middle].after


def test_names_and_preprocessing_belong_to_the_run_too(run, trained):
    saved = load_saved("m.safetensors")
    resave(saved, classes=saved.classes[::-1])
    code, verdict = verify(run)
    said = "the file's '{}' is not that of the run"
    assert (code, [f["sentence"] for f in verdict["findings"]]) == (1, [said.format("classes")])
    resave(saved, preprocessing=replace(saved.preprocessing, fit="pad"))
    code, verdict = verify(run)
    assert (code, [f["sentence"] for f in verdict["findings"]]) == (1, [said.format("preprocessing")])


def test_the_network_must_be_that_of_the_receipt(run, trained):
    layers = "conv 8 k3; relu; globalpool; flatten; dense"
    line = ("train", "--data", "photos", "--size", "12", "--epochs", "1", "--quiet", "--model")
    assert run(*line, layers, "--out", "r")[0] == 0
    assert run(*line, layers.replace("relu", "gelu"), "--out", "g")[0] == 0
    for receipt, names in (("m", {"name", "settings", "model"}), ("r", {"name", "model"})):
        line = ("--receipt", f"{receipt}.receipt.jsonl", "--data", "photos", "--json", "--all")
        code, out, _ = run("verify", "g", *line)
        found = {finding["sentence"] for finding in json.loads(out)["findings"]}
        assert code == 1
        assert {f"the file's '{name}' is not that of the run" for name in names} <= found


def test_early_stopping_belongs_to_a_run(run, photos):
    line = (
        "train",
        "--data",
        "photos",
        "--model",
        "tiny",
        "--size",
        "12",
        "--schedule",
        "constant",
        "--quiet",
    )
    stopped = (
        *line,
        "--epochs",
        "9",
        "--early-stopping",
        "1",
        "--out",
        "m.safetensors",
        "--checkpoint",
        "es",
    )
    assert run(*stopped)[0] == 0
    code, verdict = verify(run, "--all")
    assert (code, verdict["verified"]) == (0, True)
    code, _, err = run(*line, "--epochs", "12", "--checkpoint", "es", "--resume")
    assert (code, "a run goes on with the early_stopping that it began with" in err) == (2, True)
    history = pc.number_history("es", "fc.bias[0]")
    assert (history.exact, history.left) == (True, True)
    assert "other numbers: averages, or those of its best epoch" in str(history)
    lines = Path("m.receipt.jsonl").read_text().splitlines()
    head = json.loads(lines[0])
    head["settings"]["early-stopping"] = 8
    Path("later.jsonl").write_text("\n".join([json.dumps(head), *lines[1:]]))
    code, verdict = verify(run, "--all", "--receipt", "later.jsonl")
    said = [finding["sentence"] for finding in verdict["findings"]]
    steps = verdict["steps"]
    assert (code, verdict["first_wrong_step"]) == (1, steps)
    assert f"the run goes on behind step {steps}, the last one of the receipt" in said


def test_no_path_stands_in_a_receipt_and_equal_runs_have_equal_ones(run, trained):
    content = Path("m.receipt.jsonl").read_bytes()
    assert b"photos" not in content
    shutil.move("photos", "elsewhere")
    line = [argument.replace("photos", "elsewhere") for argument in TRAIN]
    assert run(*line, "--out", "n.safetensors", "--threads", 1)[0] == 0
    assert Path("n.receipt.jsonl").read_bytes() == content


def test_a_run_that_was_interrupted_has_the_same_receipt(run, trained):
    for steps, path in Checkpoints("run").paths().items():
        if steps > 110:
            path.unlink()
    assert run(*TRAIN, "--out", "n.safetensors", "--checkpoint", "run", "--resume")[0] == 0
    assert Path("n.receipt.jsonl").read_bytes() == Path("m.receipt.jsonl").read_bytes()


def changed(step: int, **values) -> None:
    """Change what the receipt says of the stretch that has a step."""
    path = Path("m.receipt.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line.get("step", 0) >= step:
            for name, value in values.items():
                line[name] = value(line[name])
            break
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_changed_loss_is_the_first_wrong_step(run, trained):
    def other(losses):
        losses[56] = float(np.nextafter(np.float32(losses[56]), np.float32(9)))
        return losses

    changed(100, losses=other)
    code, verdict = verify(run, "--all")
    assert (code, verdict["verified"], verdict["first_wrong_step"], verdict["replayed"]) == (1, False, 57, 57)
    (finding,) = verdict["findings"]
    losses = f"{trained.losses[56]!r}, and the receipt has "
    assert finding["sentence"].startswith(f"step 57: the loss is {losses}")


def test_a_changed_state_is_named_where_it_is_compared(run, trained):
    changed(100, state=lambda state: state[::-1])
    code, verdict = verify(run)
    assert (code, verdict["first_wrong_step"]) == (1, 100)
    assert verdict["findings"][0]["sentence"] == (
        "step 100: the state is not that of the receipt; the losses of steps 1 to 100 are"
    )


@pytest.mark.parametrize(("kind", "name"), [("learned", "data"), ("held out", "validation")])
def test_one_pixel_of_one_image_is_found_and_the_first_step_that_saw_it(run, trained, kind, name):
    learned, held_out = pc.datasets.folder("photos", size=12, validation=0.25)
    path = Path("photos", (learned if kind == "learned" else held_out).names[4])
    pixels = np.array(Image.open(path))
    pixels[:, :, 1] ^= 8
    Image.fromarray(pixels).save(path)
    said = f"before the first step: '{name}' is not that of the receipt"
    code, verdict = verify(run)
    assert (code, verdict["findings"][0]["sentence"]) == (1, said)
    code, verdict = verify(run, "--all")
    assert (code, verdict["findings"][0]["sentence"]) == (1, said)
    if kind == "learned":
        assert verdict["first_wrong_step"] == verdict["replayed"] > 0
    else:
        assert (verdict["first_wrong_step"], verdict["replayed"]) == (0, len(trained.losses))


def test_one_weight_in_the_file_is_named(run, trained):
    saved = load_saved("m.safetensors")
    array = saved.model.state_dict()["features.0.weight"]
    right = array[1, 0, 2, 1]
    array[1, 0, 2, 1] += np.float32(0.5)
    saved.model.load_state_dict({**saved.model.state_dict(), "features.0.weight": array})
    resave(saved)
    steps = len(trained.losses)
    code, verdict = verify(run)
    assert (code, verdict["first_wrong_step"]) == (1, steps)
    assert [f["sentence"] for f in verdict["findings"]] == [
        "the file's arrays are not those that the receipt was written for"
    ]
    code, verdict = verify(run, "--all")
    assert (code, verdict["first_wrong_step"]) == (1, steps)
    assert verdict["findings"][0]["sentence"] == (
        f"features.0.weight[1,0,2,1] in the file is {array[1, 0, 2, 1]}, and the run makes it "
        f"{right}; of this array 1 differ"
    )


def test_other_settings_and_checkpoints_are_found(run, trained):
    other = json.loads(Path("m.receipt.jsonl").read_text().splitlines()[0])
    other["settings"]["lr"] = 0.03
    rest = Path("m.receipt.jsonl").read_text().splitlines()[1:]
    Path("other.jsonl").write_text("\n".join([json.dumps(other), *rest]))
    code, verdict = verify(run, "--receipt", "other.jsonl", "--all")
    assert (code, verdict["first_wrong_step"]) == (1, 2)  # the first loss is the same
    assert (
        verdict["findings"][0]["sentence"] == "before the first step: 'optimizer' is not that of the receipt"
    )

    last = len(trained.losses)
    steps, path = next(item for item in Checkpoints("run").paths().items() if 100 <= item[0] < last)
    state = load_run(path)
    state.arrays["model/features.0.weight"][0, 0, 0, 0] += np.float32(1)
    save_run(path, state)
    code, verdict = verify(run, "--checkpoint", "run")
    assert (code, verdict["first_wrong_step"]) == (1, steps + 1)
    assert run(*TRAIN[:-1], "--lr", "0.5", "--quiet", "--checkpoint", "foreign")[0] == 0
    code, err = verify(run, "--checkpoint", "foreign")
    assert code == 2
    assert err.startswith("error: verify: the checkpoints are those of another run. Got step-000000")


def test_a_receipt_is_not_trusted(run, trained):
    good = Path("m.receipt.jsonl").read_text().splitlines()
    head, end = json.loads(good[0]), json.loads(good[-1])
    bad = {
        "empty": [],
        "no json": ["{", *good[1:]],
        "twice": [good[0].replace('"version": 1', '"version": 1, "version": 1'), *good[1:]],
        "no mapping": ["[]", *good[1:]],
        "version": [json.dumps({**head, "version": 2}), *good[1:]],
        "more": [json.dumps({**head, "path": "/etc"}), *good[1:]],
        "settings": [json.dumps({**head, "settings": {"epochs": "many"}}), *good[1:]],
        "unknown": [json.dumps({**head, "settings": {"out": "x"}}), *good[1:]],
        "steps": [good[0], *good[2:]],
        "no end": good[:-1],
        "model": [*good[:-1], json.dumps({**end, "model": None})],
        "list": [json.dumps({**head, "settings": []}), *good[1:]],
        "huge": [good[0].replace('"epochs": 9', f'"epochs": {10**400}'), *good[1:]],
        "texts": [good[0], good[1].replace('"losses": [', '"losses": ["1", ', 1), *good[2:]],
        "nothing": [good[0], good[-1]],
        "path": [good[0].replace('"settings": {', '"settings": {"from": "/etc/passwd", '), *good[1:]],
        "deep": ["[" * 100_000, *good[1:]],
    }
    for what, lines in bad.items():
        Path("bad.jsonl").write_text("\n".join(lines))
        code, err = verify(run, "--receipt", "bad.jsonl")
        assert (code, len(err.splitlines())) == (2, 1), (what, err)
        assert err.startswith("error: "), what
    Path("old.jsonl").write_text("\n".join([json.dumps({**head, "edition": 0}), *good[1:]]))
    with pytest.raises(FormatError) as refused:
        Receipt.read(Path("old.jsonl"))
    assert str(refused.value) == (
        "receipt 'old.jsonl': a run is verified in the edition of the arithmetic that made it. Expected 1. Got 0."
    )
    assert run("verify", "nothere")[::2] == (2, "error: model file 'nothere': there is no such file.\n")
    assert verify(run, "--receipt", "missing.jsonl") == (
        2,
        "error: receipt 'missing.jsonl': there is no such file.\n",
    )


def test_fine_tuning_is_verified_with_the_network_that_it_began_with(run, trained):
    shutil.copy("m.safetensors", "old.safetensors")
    line = ("train", "--data", "photos", "--from", "old.safetensors", "--epochs", "2", "--quiet")
    assert run(*line, "--out", "m.safetensors")[0] == 0
    code, err = verify(run, "--all")
    assert (code, err) == (
        2,
        "error: verify: the run took weights from another network. Hint: --from weights.safetensors.\n",
    )
    code, verdict = verify(run, "--all", "--from", "old.safetensors")
    assert (code, verdict["verified"]) == (0, True)
    assert beside(Path("m.safetensors")) == Path("m.receipt.jsonl")
