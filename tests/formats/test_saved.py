"""Model files of networks in one line, of models from Python, with classes and preprocessing."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid as pc
from pellucid.data.preprocessing import Preprocessing
from pellucid.errors import ArgumentError, FormatError
from pellucid.formats import load_saved
from pellucid.formats.checkpoint import LIMITS
from pellucid.formats.container import write
from pellucid.nn.blueprint import Blueprint, blueprint

LINE = "conv 4 k3 p1; bn; relu; pool k2; flatten; dense"
SHAPE = (3, 8, 6)


class Net(pc.Module):
    def __init__(self, num_classes: int = 2) -> None:
        self.fc = pc.Linear(5, num_classes)

    def forward(self, x):
        return self.fc(x)


def test_a_network_in_one_line_is_built_again_from_its_file(tmp_path):
    pc.seed(3)
    plan = blueprint(LINE, SHAPE, 7)
    model, path = plan.build(), tmp_path / "m.safetensors"
    preprocessing = Preprocessing(3, 8, 6, "pad", (0.5, 0.25, 0.125), (1.0, 2.0, 3.0))
    classes = ("고양이", "dog", "c", "d", "e", "f", "g")
    pc.save_model(path, plan.model, plan.settings, model, classes=classes, preprocessing=preprocessing)
    saved = load_saved(path)
    assert (saved.name, saved.settings, saved.classes, saved.preprocessing) == (
        LINE, plan.settings, classes, preprocessing,
    )  # fmt: skip
    x = np.random.default_rng(0).random((2, *SHAPE), np.float32)
    assert (saved.model(x) == model(x)).all()
    assert repr(saved.model) == repr(model)


def test_a_model_from_python_needs_what_builds_it(tmp_path):
    path, model = tmp_path / "m.safetensors", Net(3)
    pc.save_model(path, "python:Net", {"num_classes": 3}, model)
    assert (pc.load_model(path, make=Net).fc.weight == model.fc.weight).all()
    with pytest.raises(FormatError) as error:
        pc.load_model(path)
    assert str(error.value) == (
        f"model file '{path}': the model is built by Net, which is not in the file. "
        "Hint: --model my_net.py:Net, in Python load_model(path, make=Net)."
    )


@pytest.mark.parametrize(
    ("name", "shape", "settings"),
    [
        ("tiny", (1, 28, 20), {"in_channels": 1, "num_classes": 5}),
        ("lenet5", (3, 32, 32), {"in_channels": 3, "num_classes": 5, "image_size": 32}),
        ("mnist_cnn", (1, 15, 15), {"in_channels": 1, "num_classes": 5, "image_size": 15}),
        ("resnet20", (3, 40, 24), {"in_channels": 3, "num_classes": 5}),
    ],
)
def test_named_models_take_the_size_of_the_data(name, shape, settings):
    plan = blueprint(name, shape, 5)
    assert plan.settings == settings
    assert plan.build()(np.zeros((2, *shape), np.float32)).shape == (2, 5)


NAMES = "in_channels, num_classes"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: blueprint("lenet5", (1, 28, 20), 5),
            "model: lenet5 takes square images. Got 28×20. Hint: --size 32.",
        ),
        (
            lambda: Blueprint("tiny", {"depth": 3}),
            f"tiny: there is no such setting. Expected one of {NAMES}. Got 'depth'.",
        ),
        (
            lambda: Blueprint("tiny", {"in_channels": 0}),
            "tiny: a setting is a whole number ≥ 1. Got in_channels=0.",
        ),
        (
            lambda: blueprint("conv 4; dense", SHAPE, 5).build(),
            "shape 'piece 1, conv 4': conv needs a window. Expected such as k3.",
        ),
    ],
)
def test_what_is_no_blueprint(call, message):
    with pytest.raises(ArgumentError) as error:
        call()
    assert str(error.value) == message


@pytest.mark.parametrize(
    "metadata",
    [
        {"classes": "{}"},
        {"classes": "[1]"},
        {"classes": "[[[["},
        {"preprocessing": "[]"},
        {"preprocessing": '{"channels": 1}'},
        {"preprocessing": '{"channels":2,"height":8,"width":8,"fit":"crop","mean":[],"std":[]}'},
        {"preprocessing": '{"channels":1,"height":8,"width":8,"fit":"crop","mean":["x"],"std":[1]}'},
        {"preprocessing": '{"channels":1,"height":8,"width":8,"fit":"crop","mean":5,"std":[1]}'},
        {"preprocessing": '{"channels":1,"height":8,"width":8,"fit":["crop"],"mean":[],"std":[]}'},
        {"model": "python:../evil", "settings": "{}"},
        {"model": "python:Net", "settings": '{"a b": 1}'},
        {"model": "python:Net", "settings": '{"a": "b"}'},
        {"model": "flatten; dense", "settings": '{"channels": 99999999999999}'},
        {"model": "bn; bn; dense", "settings": '{"channels": 2000000000, "height": 1, "width": 1}'},
        {"classes": '["a", "a"]'},
        {"model": "conv 999999 k999999", "settings": '{"channels": 999999}'},
        {
            "model": "conv 999999 k9; conv 999999 k9; dense",
            "settings": '{"channels": 3, "height": 99, "width": 99}',
        },
    ],
)
def test_broken_descriptions_are_one_error(metadata, tmp_path):
    path = tmp_path / "m.safetensors"
    texts = {
        "format": "pellucid",
        "version": "2",
        "edition": "1",
        "model": "tiny",
        "settings": "{}",
        **metadata,
    }
    write("here", path, pc.models.tiny().state_dict(), texts, LIMITS)
    with pytest.raises(FormatError, match=r"^model file "):
        load_saved(path, make=Net)
