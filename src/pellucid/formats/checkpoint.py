"""A model in one safetensors file: its arrays, and as metadata how it is built and what it takes.

    {"format": "pellucid", "version": "2", "edition": "1", "model": "lenet5", "settings": "{…}", "sha256": "…",
     "classes": "[…]", "preprocessing": "{…}"}

`model` is a name of `pellucid.nn.models`, a network in one line, or behind "python:" the name of a function or class
that is not in the file: who loads it must give it. `edition` is that of the arithmetic which made the numbers
(`pellucid.edition`); they are of use in any. Classes and preprocessing may be missing. Files of version 1, which have
no checksum, are read, too. A file is not trusted: it names layers with whole numbers as settings, never code, and
nothing is allocated that its length does not vouch for. Its arrays are compared with those of the model that it names
before one is read, and then read one at a time.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pellucid.data.preprocessing import Preprocessing
from pellucid.edition import ARITHMETIC
from pellucid.errors import ArgumentError, FormatError, NumericError, PellucidError, either, reason, say
from pellucid.formats import container, reader, zoo
from pellucid.formats.container import CHECKSUM, DTYPES, FilePath
from pellucid.formats.file import nonfinite
from pellucid.formats.reader import Layout
from pellucid.nn import init
from pellucid.nn.blueprint import Blueprint
from pellucid.nn.module import Module
from pellucid.sizes import is_integer, size_of

LIMITS = container.Limits(say("model"), file_bytes=2**30, header_bytes=2**20)
PYTHON = "python:"  # before the name of what is not in the file
_VERSION, _WITHOUT_CHECKSUM = "2", "1"
_PREPROCESSING = ("channels", "height", "width", "fit", "mean", "std")
_MOST_SETTINGS = 64  # of a model from Python
Make = Callable[..., Module]


@dataclass(frozen=True)
class Saved:
    """What a model file holds: the model, what its classes are called, how pictures become its inputs."""

    model: Module
    name: str
    settings: Mapping[str, int]
    classes: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None


def save_model(
    path: FilePath,
    model_name: str,
    settings: Mapping[str, int],
    model: Module,
    *,
    classes: Sequence[str] = (),
    preprocessing: Preprocessing | None = None,
    allow_nonfinite: bool = False,
) -> None:
    """Write a model so that `load_model` can build it again. The file appears complete or not at all.

    Args:
        path: the file; one that exists is replaced.
        model_name: a name in `pellucid.nn.models.MODELS`, a network in one line, or "python:Net" for one of your own.
        settings: the whole numbers with which it was built; those left out are the named model's defaults.
        model: the model, float32 or float64.
        classes: what its classes are called.
        preprocessing: how pictures become its inputs.
        allow_nonfinite: whether its numbers may be NaN or infinite.

    Raises: ArgumentError for an unknown name or setting, or when they do not describe this model; NumericError for
        numbers that are not finite; FormatError when the file cannot be written.
    """
    settings = _settings(model_name, settings)
    state = model.state_dict()
    if not model_name.startswith(PYTHON):
        room = _room(array.size for array in state.values())
        blank = init.without_values(Blueprint(model_name, settings).build, at_most=room)
        blank.load_state_dict(state)
        if repr(blank) != repr(model):
            rule = say("the model must be what pellucid.models.{name} builds", name=model_name)
            raise ArgumentError("save_model", rule, got="other settings in its layers")
    where = say("model file '{path}'", path=os.fspath(path))
    for name, array in state.items():
        if not allow_nonfinite and (text := nonfinite(array)):
            rule = say("nothing was written, since '{name}' must hold finite numbers", name=name)
            raise NumericError(
                where, rule, got=text, hint="--allow-nonfinite, in Python allow_nonfinite=True, saves them"
            )
    metadata = {
        "format": "pellucid",
        "version": _VERSION,
        "edition": str(ARITHMETIC),
        "model": model_name,
        "settings": json.dumps(settings),
    }
    if classes:
        metadata["classes"] = json.dumps(list(classes), ensure_ascii=False)
    if preprocessing:
        metadata["preprocessing"] = json.dumps(asdict(preprocessing))
    container.write(where, Path(path), state, metadata, LIMITS)


def load_model(path: FilePath, *, make: Make | None = None, allow_nonfinite: bool = False) -> Module:
    """Build the model that a file holds.

    Args:
        path: the file, or one of the zoo, such as "zoo:lenet5".
        make: the class or function that builds it, for one from Python; it is called with the file's settings.
        allow_nonfinite: whether its numbers may be NaN or infinite.

    Raises: FormatError when the file is missing, too large, damaged, not in this format, when its arrays are not
        those of the model that it names, or hold numbers that are not finite.

    Example:
        >>> import pellucid as pc
        >>> _, test = pc.datasets.mnist()
        >>> pc.evaluate(pc.load_model("zoo:lenet5"), test[:1000])["accuracy"] > 0.98
        True
    """
    return load_saved(path, make=make, allow_nonfinite=allow_nonfinite).model


def load_saved(path: FilePath, *, make: Make | None = None, allow_nonfinite: bool = False) -> Saved:
    """The same with all else that the file holds."""
    if str(path).startswith(zoo.PREFIX):
        with zoo.unpacked(str(path)) as file:
            return load_saved(file, allow_nonfinite=allow_nonfinite)
    where = say("model file '{path}'", path=os.fspath(path))
    with reader.opened(where, Path(path), LIMITS) as file:
        name, settings = _described(where, file.metadata)
        classes, preprocessing = _taken(where, file.metadata)
        model = _blank(where, _builder(where, name, settings, make), file.layouts)
        states = dict(model.named_arrays())
        for key, array in file.arrays():
            states[key].assign(array)
            if not allow_nonfinite and (text := nonfinite(array)):
                rule = say("'{key}' must hold finite numbers", key=key)
                raise FormatError(where, rule, got=text, hint="pc.load_model takes allow_nonfinite=True")
    return Saved(model, name, settings, classes, preprocessing)


def _builder(where: str, name: str, settings: Mapping[str, int], make: Make | None) -> Callable[[], Module]:
    """What builds the model."""
    if not name.startswith(PYTHON):
        return Blueprint(name, settings).build
    if make is None:
        rule = say("the model is built by {name}, which is not in the file", name=name.removeprefix(PYTHON))
        raise FormatError(where, rule, hint="--model my_net.py:Net, in Python load_model(path, make=Net)")
    made = make
    return lambda: made(**settings)


def _blank(where: str, build: Callable[[], Module], layouts: Mapping[str, Layout]) -> Module:
    """The model, with zeros, when its arrays are those of the file."""
    kinds = {layout.kind for layout in layouts.values()}
    if {"F32", "F64"} <= kinds:
        got = ", ".join(sorted(kinds))
        raise FormatError(where, "arrays must be all float32 or all float64", got=got)
    try:
        room = _room(size_of(layout.shape) for layout in layouts.values())
        model = init.without_values(build, at_most=room)
        model.astype("float64" if "F64" in kinds else "float32")
        for key, array in model.named_arrays():
            if key in layouts and DTYPES[layouts[key].kind] != array.dtype:
                got = DTYPES[layouts[key].kind].name
                raise FormatError(where, say("'{key}' must be {dtype}", key=key, dtype=array.dtype), got=got)
        zero = np.zeros((), np.int64)
        model.load_state_dict({key: np.broadcast_to(zero, layout.shape) for key, layout in layouts.items()})
    except FormatError:
        raise
    except PellucidError as error:
        raise FormatError(
            where, "the arrays are not those of the model it names", got=reader.short(reason(error))
        ) from None
    return model


def _room(sizes: Iterable[int]) -> int:
    """How many numbers a model with arrays of these sizes may have; some more, so that missing ones can be named."""
    return sum(sizes) + 2**20


def _described(where: str, metadata: Mapping[str, str]) -> tuple[str, dict[str, int]]:
    """The model's name and settings, when they are of this format and version and of known kinds."""
    format, version = (metadata.get(key) for key in ("format", "version"))
    if format != "pellucid" or version not in (_VERSION, _WITHOUT_CHECKSUM):
        readable = either((_WITHOUT_CHECKSUM, _VERSION))
        expected = say("format pellucid, version {version}", version=readable)
        got = say("format {format}, version {version}", format=format, version=version)
        rule, hint = "this is not a model that Pellucid wrote", None
        if not (format or "").startswith("pellucid"):
            hint = "model.load_state_dict(pc.load_weights(path)) takes plain weights, and pc.save_model keeps the model"
        raise FormatError(where, rule, expected=expected, got=reader.short(got), hint=hint)
    if version == _VERSION and CHECKSUM not in metadata:
        raise FormatError(where, say("a file of version {version} must have a checksum", version=_VERSION))
    edition = metadata.get("edition", "0")  # files from before editions have none
    if not re.fullmatch("[0-9]{1,9}", edition):
        raise FormatError(where, "the edition must be a whole number", got=reader.short(repr(edition)))
    name = metadata.get("model", "")
    try:
        settings = reader.strict_json(metadata.get("settings", ""))
        if not isinstance(settings, dict):
            raise ArgumentError("settings", "settings map names to whole numbers", got=repr(settings))
        return name, _settings(name, settings)
    except (ValueError, RecursionError) as error:  # broken JSON, deep nesting, an unknown name or setting
        raise FormatError(
            where, "the model's description is broken", got=reader.short(reason(error))
        ) from None


def _settings(name: str, settings: Mapping[str, int]) -> dict[str, int]:
    """The settings with the defaults of those left out.

    Raises: ArgumentError for a name that is not allowed, and for a setting that the model does not have or
        that is no whole number.
    """
    if not name.startswith(PYTHON):
        return dict(Blueprint(name, settings).settings)
    if not name.removeprefix(PYTHON).isidentifier() or len(settings) > _MOST_SETTINGS:
        raise ArgumentError(
            "model", "a model from Python has a name", expected="python:Net", got=repr(name)[:80]
        )
    for key, value in settings.items():
        if not key.isidentifier() or not is_integer(value):
            raise ArgumentError("model", "settings map names to whole numbers", got=f"{key}={value!r}"[:80])
    return {key: int(value) for key, value in settings.items()}


def _taken(where: str, metadata: Mapping[str, str]) -> tuple[tuple[str, ...], Preprocessing | None]:
    """The classes' names and the preprocessing, as far as the file has them."""
    try:
        classes = reader.strict_json(metadata.get("classes", "[]"))
        texts = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
        if not texts or len(set(classes)) < len(classes):
            raise ArgumentError("classes", "class names are texts, each another one", got=repr(classes))
        given = reader.strict_json(metadata.get("preprocessing", "null"))
        if given is not None and (not isinstance(given, dict) or given.keys() != set(_PREPROCESSING)):
            raise ArgumentError("preprocessing", "preprocessing has other settings", got=repr(given))
        return tuple(classes), None if given is None else Preprocessing(**given)
    except (ValueError, TypeError, RecursionError) as error:
        raise FormatError(
            where, "the model's description is broken", got=reader.short(reason(error))
        ) from None
