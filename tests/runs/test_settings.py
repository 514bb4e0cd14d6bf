"""The settings of a run: those of the command line, with their defaults, through files and back."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest

from pellucid.cli.train import train
from pellucid.errors import ArgumentError
from pellucid.runs.settings import Settings, read


def test_they_are_the_options_of_train_with_their_defaults():
    options = inspect.signature(train).parameters
    for field in fields(Settings):
        default = options[field.name].default
        assert (() if field.name == "freeze" else default) == field.default, field.name


def test_they_go_through_a_file_and_back(tmp_path):
    settings = Settings(
        data='a "b"\\c 사진\x7f', model="conv 8 k3; flatten; dense", lr=0.1, epochs=7, freeze=("a.*", "b"), ema=0.9,
        skip_bad=True, validation=1e-5, seed=2**40,
    )  # fmt: skip
    (tmp_path / "config.toml").write_text(settings.toml())
    assert Settings.of("test", read(tmp_path / "config.toml")) == settings
    assert Settings.of("test", settings.plain()) == settings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"epochs": 2.5}, "test: a setting has no such value: epochs. Got 2.5."),
        ({"epochs": True}, "test: a setting has no such value: epochs. Got True."),
        ({"skip-bad": 1}, "test: a setting has no such value: skip-bad. Got 1."),
        ({"freeze": [1]}, "test: a setting has no such value: freeze. Got [1]."),
        ({"lr": "much"}, "test: a setting has no such value: lr. Got 'much'."),
        ({"model": {"a": 1}}, "test: a setting has no such value: model. Got {'a': 1}."),
    ],
)
def test_what_is_no_setting_is_refused(given, said):
    with pytest.raises(ArgumentError) as refused:
        Settings.of("test", given)
    assert str(refused.value) == said
    with pytest.raises(ArgumentError, match="there is no such setting"):
        Settings.of("test", {"out": "x"})


def test_a_name_that_is_no_unicode_cannot_be_kept():
    with pytest.raises(ArgumentError) as refused:
        Settings(data="ph\udcff").toml()
    assert str(refused.value) == (
        "train: a setting that is kept in a file is Unicode: data. Got 'ph\\udcff'."
    )
