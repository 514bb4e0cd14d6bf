"""The networks that come along: they are what their cards say, and their receipts are theirs."""

from __future__ import annotations

import gzip
import json
import tomllib

import numpy as np
import pytest
from PIL import Image

import pellucid as pc
from pellucid.errors import FormatError
from pellucid.formats import load_saved, zoo
from pellucid.runs.receipt import Receipt
from pellucid.runs.settings import Settings
from pellucid.train.run import digest


@pytest.mark.parametrize("name", zoo.names())
def test_a_receipt_belongs_to_its_network_and_to_its_settings(name):
    with zoo.unpacked(name, zoo.RECEIPT) as file:
        receipt = Receipt.read(file)
    assert digest(load_saved(name).model.state_dict()) == receipt.model
    given = tomllib.loads((zoo._folder() / f"{name.removeprefix(zoo.PREFIX)}.toml").read_text())
    assert receipt.settings == Settings.of("zoo", given)


@pytest.mark.parametrize(("name", "least"), [("zoo:lenet5", 0.99), ("zoo:mnist_cnn", 0.99)])
def test_digits_are_known(name, least):
    _, test = pc.datasets.mnist()
    saved = load_saved(name)
    assert pc.evaluate(saved.model, test[:2000])["accuracy"] >= least


def test_the_first_steps_of_a_network_are_made_again(run):
    code, out, _ = run("verify", "zoo:lenet5", "--json")
    verdict = json.loads(out)
    assert (code, verdict["verified"], verdict["replayed"]) == (0, True, 100)


def test_its_names_stand_for_files(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("predict", "zoo:mnist_cnn", "mnist:17", "--json")
    assert (code, json.loads(out)["predictions"][0]["top"][0]["class"]) == (0, 7)
    Image.fromarray(np.full((40, 50, 3), 90, np.uint8)).save("grey.png")
    code, out, _ = run("predict", "zoo:resnet20", "grey.png", "--json")
    assert json.loads(out)["predictions"][0]["top"][0]["name"] in load_saved("zoo:resnet20").classes
    with pytest.raises(FormatError) as refused:
        pc.load_model("zoo:lion")
    assert str(refused.value) == (
        "model file 'zoo:lion': there is no such network in the zoo. Expected zoo:lenet5, zoo:mnist_cnn, zoo:resnet20."
    )


def test_all_of_it_is_small():
    assert sum(path.stat().st_size for path in zoo._folder().iterdir()) <= 6_000_000
    for path in zoo._folder().glob("*.gz"):
        with gzip.open(path) as file:
            assert len(file.read(1 << 24)) < 1 << 24
