"""Networks as commands take them: by a name, in a line, from a Python file, or saved; and their images."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.data import datasets
from pellucid.data.dataset import Dataset
from pellucid.errors import ArgumentError, DataError, PellucidError, say
from pellucid.formats import Saved, load_saved, zoo
from pellucid.formats.checkpoint import PYTHON
from pellucid.nn.blueprint import blueprint, is_line, settings_for
from pellucid.nn.models import MODELS
from pellucid.nn.module import Module
from pellucid.runs.settings import Settings

Array = NDArray[Any]
Shape = tuple[int, int, int]  # C, H, W
_FILE = re.compile(r"(.+\.py):([A-Za-z_][A-Za-z_0-9]*)")


def fresh(model: str, shape: Shape, classes: int) -> Saved:
    """A network with initial values for inputs of this shape and so many classes.

    Raises: ArgumentError for what is no name, no line and no class of a Python file.
    """
    if _FILE.fullmatch(model):
        make = of_python(model)
        settings = settings_for(make.make, shape, classes)
        return Saved(make(**settings), f"{PYTHON}{make.name}", settings)
    if not is_line(model) and model not in MODELS:
        expected = say(
            "{names}, a line such as 'conv 16 k3; relu; flatten; dense', or my_net.py:Net",
            names=", ".join(MODELS),
        )
        raise ArgumentError("model", "there is no such network", expected=expected, got=repr(model)[:80])
    plan = blueprint(model, shape, classes)
    return Saved(plan.build(), plan.model, plan.settings)


def of_python(model: str) -> Maker:
    """The class or function of a Python file, which the user names and so trusts: `my_net.py:Net`.

    Raises: ArgumentError when the file or the name in it is missing, or does not make modules.
    """
    match = _FILE.fullmatch(model)
    if match is None:
        rule = "a network in Python is named by its file and its class"
        raise ArgumentError("model", rule, expected="my_net.py:Net", got=repr(model)[:80])
    path, name = Path(match[1]), match[2]
    if not path.is_file():
        raise ArgumentError("model", "there is no such file", got=repr(str(path)))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        got = f"{type(error).__name__}: {error}"[:200]
        raise ArgumentError("model", say("{path} cannot be run", path=str(path)), got=got) from None
    make = getattr(module, name, None)
    if not callable(make):
        raise ArgumentError("model", say("{path} has no {name}", path=str(path), name=name), got=repr(model))
    return Maker(make, model)


def is_python(model: str | None) -> bool:
    """Whether it names a class of a Python file."""
    return model is not None and _FILE.fullmatch(model) is not None


def with_python(settings: Settings, python: str | None) -> Settings:
    """Settings of a file, in which a network from Python is named; the user says again where it is.

    Raises: ArgumentError where that is missing, and for a network that is not from Python.
    """
    if is_python(settings.model) == is_python(python):
        return settings.but(model=python or settings.model)
    if python is not None:
        raise ArgumentError("model", "the run's network is not from Python", got=repr(python)[:80])
    hint = say("--model {model}", model=settings.model)
    raise ArgumentError("model", "a network from Python needs its file again", hint=hint)


@dataclass(frozen=True)
class Maker:
    """A user's class or function; what it makes must be a module."""

    make: Callable[..., Any]
    model: str

    @property
    def name(self) -> str:
        """That of the class or function."""
        return self.model.rpartition(":")[2]

    def __call__(self, **settings: int) -> Module:
        """What it makes of settings."""
        try:
            made = self.make(**settings)
        except PellucidError:
            raise
        except Exception as error:
            got = f"{type(error).__name__}: {error}"[:200]
            rule = say("{model} makes no network", model=self.model)
            raise ArgumentError("model", rule, got=got) from None
        if not isinstance(made, Module):
            rule = say("{model} makes no network", model=self.model)
            raise ArgumentError("model", rule, got=type(made).__name__)
        return made


def saved(file: str, python: str | None = None) -> Saved:
    """A network from its file."""
    return load_saved(file, make=of_python(python) if python else None)


def data_for(network: Saved | None, name: str, settings: Mapping[str, Any]) -> tuple[Dataset, Dataset | None]:
    """Training and validation data; for a saved network as its preprocessing makes them, with its numbers of classes.

    Raises: DataError for classes that the network does not have, and what the reader of data raises.
    """
    taken = network.preprocessing if network else None
    given = dict(settings)
    if taken:
        given |= {"size": (taken.height, taken.width), "channels": taken.channels, "fit": taken.fit}
    parts = datasets.open(name, **given)
    if network is None:
        return parts
    training, held_out = parts
    return _as_trained(training, network), None if held_out is None else _as_trained(held_out, network)


def _as_trained(data: Dataset, network: Saved) -> Dataset:
    """The same images with the network's preprocessing, and its numbers for the classes of these names."""
    known = {name: number for number, name in enumerate(network.classes)}
    labels = data.labels
    if known and data.classes:
        unknown = [name for name in data.classes if name not in known]
        if unknown:
            raise DataError(
                "data",
                "the network does not know all classes of the data",
                expected=", ".join(network.classes)[:200],
                got=", ".join(unknown)[:200],
            )
        labels = np.array([known[name] for name in data.classes], np.int64)[labels]
    classes = network.classes or data.classes
    taken = network.preprocessing
    if taken is None and data.preprocessing is not None:
        taken = replace(data.preprocessing, mean=(), std=())  # such a network takes numbers from 0 to 1
    return replace(data, labels=labels, classes=classes, preprocessing=taken)


def with_images(
    model: str, data: str, first: int, count: int, python: str | None = None
) -> tuple[Saved, Array, Array]:
    """A network by its name or file, and some images that are held out, as its inputs, with their labels.

    Raises: ArgumentError where there are not so many images.
    """
    network = None if model in MODELS or is_line(model) else saved(named(model), python)
    training, held_out = data_for(network, data, {})
    images = training if held_out is None else held_out
    if network is None:
        network = fresh(model, shape_of(images), classes_of(training, held_out))
    for index in (first, first + count - 1):
        if not 0 <= index < len(images):
            expected = say("0 to {last}", last=len(images) - 1)
            raise ArgumentError(data, "there is no such test image", expected=expected, got=str(index))
    chosen = np.arange(first, first + count)
    return network, images.scaled(images.read(chosen)), images.wanted[chosen]


def named(model: str) -> str:
    """A file's name, or that of a network of the zoo.

    Raises: ArgumentError when there is none.
    """
    if model.startswith(zoo.PREFIX):
        return model
    if not model or not os.path.lexists(model):  # no name at all would be the folder that one is in
        expected = say("{names} or a file", names=", ".join(MODELS))
        rule = "there is no such network and no such file"
        raise ArgumentError("model", rule, expected=expected, got=repr(model))
    return model


def shape_of(data: Dataset) -> Shape:
    """C, H, W of its images."""
    channels, height, width = data.images.shape[1:]
    return channels, height, width


def classes_of(*parts: Dataset | None) -> int:
    """How many classes data have."""
    names = max(len(part.classes) for part in parts if part)
    return names or 1 + max(int(part.labels.max(initial=0)) for part in parts if part)
