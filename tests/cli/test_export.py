"""`pellucid export`: weights for other programs, with what they mean; what it refuses."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

import pellucid as pc
from pellucid.data.preprocessing import Preprocessing

TAKEN = Preprocessing(3, 8, 6, "pad", (0.5, 0.25, 0.125), (1.0, 2.0, 3.0))
NET = """
import pellucid as pc

class Net(pc.Module):
    def __init__(self, num_classes=2):
        self.fc = pc.Linear(5, num_classes)

    def forward(self, x):
        return self.fc(x)
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A network with classes and preprocessing in a file."""
    monkeypatch.chdir(tmp_path)
    pc.seed(8)
    network = pc.models.tiny(3, 2)
    settings = {"in_channels": 3, "num_classes": 2}
    pc.save_model("m.safetensors", "tiny", settings, network, classes=("고양이", "dog"), preprocessing=TAKEN)
    return network


def same(path, network):
    found = pc.load_weights(path)
    expected = network.state_dict()
    return found.keys() == expected.keys() and all((found[name] == expected[name]).all() for name in found)


def test_export_says_what_it_wrote(run, model):
    code, out, err = run("export", "m.safetensors")
    assert (code, err) == (0, "")
    count = sum(array.size for array in model.state_dict().values())
    assert out == f"{count:,} numbers in {len(model.state_dict())} arrays written to m.weights.safetensors\n"
    assert same("m.weights.safetensors", model)
    assert run("export", "m.safetensors", "--format", "npz")[0] == 0
    assert same("m.weights.npz", model)
    with zipfile.ZipFile("m.weights.npz") as archive:
        assert json.loads(json.loads(archive.comment)["classes"]) == ["고양이", "dog"]
    assert sorted(os.listdir()) == ["m.safetensors", "m.weights.npz", "m.weights.safetensors"]


def test_export_as_a_document(run, model):
    code, out, err = run("export", "m.safetensors", "-o", "w.npz", "--json")
    document = json.loads(out)
    assert (code, err, document["model"], document["out"]) == (0, "", "m.safetensors", "w.npz")
    assert document["classes"] == ["고양이", "dog"]
    assert document["preprocessing"]["mean"] == [0.5, 0.25, 0.125]
    assert document["arrays"]["fc.weight"] == {"shape": list(model.fc.weight.shape), "dtype": "float32"}
    assert list(document["arrays"]) == list(model.state_dict())


def test_a_network_from_python_needs_its_class(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my_export_net.py").write_text(NET)
    names = {}
    exec(NET, names)
    network = names["Net"](3)
    pc.save_model("n.safetensors", "python:Net", {"num_classes": 3}, network)
    code, _, err = run("export", "n.safetensors")
    assert code == 2
    assert err.startswith(
        "error: model file 'n.safetensors': the model is built by Net, which is not in the file."
    )
    assert run("export", "n.safetensors", "--model", "my_export_net.py:Net", "-o", "w.safetensors")[0] == 0
    assert same("w.safetensors", network)


MISTAKES = {
    "export gone": "model file 'gone': there is no such file.",
    "export . --format npz": "model file '.': this is not a file.",
    "export m.safetensors -o w.pt": (
        "weights 'w.pt': the file's name must say its format. Expected .safetensors or .npz. Got 'w.pt'."
    ),
    "export m.safetensors -o w.safetensors --format npz": (
        "weights 'w.safetensors': the file's name must say its format. Expected .npz. Got 'w.safetensors'."
    ),
    "export m.safetensors -o m.safetensors": (
        "weights 'm.safetensors': weights cannot take the place of the model, which says more. "
        "Hint: -o weights.safetensors."
    ),
    "export m.safetensors -o gone/w.npz": (
        "weights 'gone/w.npz': the file cannot be written. Got No such file or directory."
    ),
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_all_as_it_is(run, model, line):
    content = Path("m.safetensors").read_bytes()
    assert run(*line.split(" ")) == (2, "", f"error: {MISTAKES[line]}\n")
    assert os.listdir() == ["m.safetensors"]
    assert Path("m.safetensors").read_bytes() == content


def test_plain_weights_are_no_model_of_a_run(run, model):
    """What --from takes; how plain weights become that."""
    run("export", "m.safetensors", "-o", "w.safetensors")
    line = ("train", "--data", "mnist", "--from", "w.safetensors")
    code, _, err = run(*line)
    assert code == 2
    assert err.endswith(
        "Hint: model.load_state_dict(pc.load_weights(path)) takes plain weights, and pc.save_model keeps the model.\n"
    )
    network = pc.models.tiny(3, 2)
    network.load_state_dict(pc.load_weights("w.safetensors"))
    pc.save_model("again.safetensors", "tiny", {"in_channels": 3, "num_classes": 2}, network)
    x = np.random.default_rng(0).random((2, 3, 13, 9), np.float32)
    assert (pc.load_model("again.safetensors")(x) == model(x)).all()
