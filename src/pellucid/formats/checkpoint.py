"""A model in one safetensors file: its arrays, and as metadata its name and settings.

    {"format": "pellucid", "version": "1", "model": "lenet5", "settings": "{…}"}

A file is not trusted: it can name only the models of `pellucid.nn.models` with whole numbers as settings,
never code, and nothing is allocated that its length does not vouch for.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from pellucid.errors import ArgumentError, FormatError, PellucidError
from pellucid.formats import container
from pellucid.formats.container import FilePath
from pellucid.nn import init
from pellucid.nn.models import MODELS
from pellucid.nn.module import Module
from pellucid.sizes import is_integer

MAX_FILE_BYTES = 2**30
MAX_HEADER_BYTES = 2**20
DTYPES = ("F32", "F64", "I64")


def save_model(path: FilePath, model_name: str, settings: Mapping[str, int], model: Module) -> None:
    """Write a model so that `load_model` can build it again. The file appears complete or not at all.

    Args:
        path: the file; one that exists is replaced.
        model_name: a name in `pellucid.nn.models.MODELS`.
        settings: the arguments with which that function built the model; those left out are its defaults.
        model: the model, float32 or float64.

    Raises: ArgumentError for an unknown name or setting, or when they do not describe this model;
        FormatError when the file cannot be written.
    """
    settings = _full_settings(model_name, settings)
    state = model.state_dict()
    with init.without_values(at_most=_room(state)):
        blank = MODELS[model_name](**settings)
    blank.load_state_dict(state)
    if repr(blank) != repr(model):
        rule = f"the model must be what pellucid.models.{model_name} builds"
        raise ArgumentError("save_model", rule, got="other settings in its layers")
    metadata = {"format": "pellucid", "version": "1", "model": model_name, "settings": json.dumps(settings)}
    container.write(f"model file '{os.fspath(path)}'", Path(path), state, metadata)


def load_model(path: FilePath) -> Module:
    """Build the model that a file holds.

    Raises: FormatError when the file is missing, too large, not in this format, or when its arrays are not
        those of the model that it names.
    """
    where, path = f"model file '{os.fspath(path)}'", Path(path)
    container.check_size(where, path, "model", MAX_FILE_BYTES, MAX_HEADER_BYTES)
    try:
        with safe_open(path, framework="np") as file:
            name, settings = _described(where, file.metadata() or {})
            slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
            dtypes = {part.get_dtype() for part in slices.values()}
            if not dtypes <= set(DTYPES) or {"F32", "F64"} <= dtypes:
                got = ", ".join(sorted(dtypes))
                raise FormatError(where, "arrays must be all float32 or all float64", got=got)
            state: dict[str, NDArray[Any]] = {key: file.get_tensor(key) for key in slices}
    except (SafetensorError, OSError) as error:
        raise FormatError(where, "the file cannot be read as safetensors", got=str(error)) from None
    try:
        with init.without_values(at_most=_room(state)):
            model = MODELS[name](**settings).astype("float64" if "F64" in dtypes else "float32")
        for key, array in model.named_arrays():
            if key in state and state[key].dtype != array.dtype:
                raise FormatError(where, f"'{key}' must be {array.dtype}", got=f"{state[key].dtype}")
        model.load_state_dict(state)
    except FormatError:
        raise
    except PellucidError as error:
        raise FormatError(
            where, "the arrays are not those of the model it names", got=str(error).rstrip(".")
        ) from None
    return model


def _room(state: Mapping[str, NDArray[Any]]) -> int:
    """How many numbers a model with these arrays may have; some more, so that missing ones can be named."""
    return sum(array.size for array in state.values()) + 2**20


def _described(where: str, metadata: Mapping[str, str]) -> tuple[str, dict[str, int]]:
    """The model's name and settings, when they are of this format and version and of known kinds."""
    found = {key: metadata.get(key) for key in ("format", "version")}
    if found != {"format": "pellucid", "version": "1"}:
        expected, got = "format pellucid, version 1", f"format {found['format']}, version {found['version']}"
        raise FormatError(where, "this is not a model that Pellucid wrote", expected=expected, got=got)
    name = metadata.get("model", "")
    try:
        settings = json.loads(metadata.get("settings", ""))
        if not isinstance(settings, dict):
            raise ArgumentError("settings", "settings map names to whole numbers", got=repr(settings))
        return name, _full_settings(name, settings)
    except (ValueError, RecursionError) as error:  # broken JSON, deep nesting, an unknown name or setting
        raise FormatError(where, "the model's description is broken", got=str(error).rstrip(".")) from None


def _full_settings(name: str, settings: Mapping[str, int]) -> dict[str, int]:
    """The settings with the defaults of those left out.

    Raises: ArgumentError for a name that is not allowed, and for a setting that the model does not have or
        that is no whole number ≥ 1.
    """
    if name not in MODELS:
        raise ArgumentError(
            "model", "there is no such model", expected=f"one of {', '.join(MODELS)}", got=repr(name)
        )
    known = {key: parameter.default for key, parameter in inspect.signature(MODELS[name]).parameters.items()}
    for key, value in settings.items():
        if key not in known:
            raise ArgumentError(
                name, "there is no such setting", expected=f"one of {', '.join(known)}", got=repr(key)
            )
        if not is_integer(value) or value < 1:
            raise ArgumentError(name, "a setting is a whole number ≥ 1", got=f"{key}={value!r}")
    return {key: int(settings.get(key, default)) for key, default in known.items()}
