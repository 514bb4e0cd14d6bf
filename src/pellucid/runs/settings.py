"""What decides a run, as `pellucid train` takes it, `config.toml` has it and a receipt names it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from pellucid.errors import ArgumentError, FormatError, say
from pellucid.formats.reader import whole
from pellucid.sizes import is_integer

NAME = "config.toml"  # beside checkpoints
_LARGEST = 1 << 64
_MOST_BYTES = 1 << 15  # a key of n parts takes tomllib n² steps


@dataclass(frozen=True)
class Settings:
    """The options of `pellucid train` that the bits of a run depend on, by their names.

    Example:
        >>> Settings.of("train", {"data": "photos", "batch-size": 32}).batch_size
        32
    """

    data: str = "mnist"
    model: str | None = None
    size: str | None = None
    channels: int | None = None
    fit: str = "crop"
    validation: float = 0.2
    skip_bad: bool = False
    augment: str | None = None
    epochs: int = 3
    batch_size: int = 64
    optimizer: str = "sgd"
    lr: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    schedule: str = "one-cycle"
    warmup: float = 0.0
    clip_norm: float | None = None
    ema: float | None = None
    label_smoothing: float = 0.0
    class_weights: bool = False
    early_stopping: int | None = None
    source: str | None = None
    freeze: tuple[str, ...] = ()
    seed: int = 0

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """All of them, as files have them."""
        return tuple(map(_written, (field.name for field in fields(cls))))

    @classmethod
    def of(cls, where: str, given: Mapping[str, Any]) -> Settings:
        """Those of a file, which is not trusted; what it leaves out is the default.

        Raises: ArgumentError for a name that is none, or a value of another type.
        """
        if not isinstance(given, Mapping):
            raise ArgumentError(where, "settings map names to values", got=type(given).__name__)
        kinds = {_written(field.name): str(field.type) for field in fields(cls)}
        for name, value in given.items():
            if name not in kinds:
                expected = say("one of {names}", names=", ".join(kinds))
                raise ArgumentError(where, "there is no such setting", expected=expected, got=repr(name)[:80])
            if value is not None and not _fits(value, kinds[name]):
                rule = say("a setting has no such value: {name}", name=name)
                raise ArgumentError(where, rule, got=repr(value)[:80])
        taken = {field_of(name): _plain(value) for name, value in given.items() if value is not None}
        return cls(**taken)

    def but(self, **changed: Any) -> Settings:
        """The same with some of them changed."""
        return replace(self, **changed)

    def plain(self) -> dict[str, Any]:
        """Those that are set, as values that JSON and TOML know."""
        named = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {
            _written(name): list(value) if isinstance(value, tuple) else value
            for name, value in named
            if value not in (None, ())
        }

    def toml(self) -> str:
        """All that are set, as a file has them.

        Raises: ArgumentError for a text that is no Unicode, such as some names of files.
        """
        for name, value in self.plain().items():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str) and not item.isascii() and _has_surrogates(item):
                    rule = say("a setting that is kept in a file is Unicode: {name}", name=name)
                    raise ArgumentError("train", rule, got=ascii(item)[:80])
        written = {name: json.dumps(value).replace("\x7f", "\\u007f") for name, value in self.plain().items()}
        return "".join(f"{name} = {value}\n" for name, value in written.items())


def field_of(name: str) -> str:
    """The field of a setting by its name in files, which is that of the option."""
    return "source" if name == "from" else name.replace("-", "_")


def _written(field: str) -> str:
    return "from" if field == "source" else field.replace("_", "-")


def read(path: Path) -> dict[str, Any]:
    """The settings that a file of TOML has.

    Raises: FormatError when it is none; ArgumentError for a setting that there is not.
    """
    where = say("settings '{path}'", path=str(path))
    try:
        given = tomllib.loads(whole(where, path, _MOST_BYTES).decode())
    except (ValueError, RecursionError) as error:
        raise FormatError(where, "this is no TOML", got=str(error)[:200]) from None
    named = {_written(name): value for name, value in given.items()}
    Settings.of("train", named)
    return named


def _is_size(value: Any) -> bool:
    """Whether it is a whole number that 64 bits hold."""
    return is_integer(value) and abs(int(value)) < _LARGEST


def _has_surrogates(text: str) -> bool:
    return any(0xD800 <= ord(letter) < 0xE000 for letter in text)


def _plain(value: Any) -> Any:
    """A value of a plain type: an option's words are an enumeration's."""
    if isinstance(value, list | tuple):
        return tuple(map(str, value))
    return str(value) if isinstance(value, str) else value


def _fits(value: object, kind: str) -> bool:
    """Whether a value is of a field's type, where a whole number is a number, too."""
    match kind.removesuffix(" | None"):
        case "bool":
            return isinstance(value, bool)
        case "int":
            return _is_size(value)
        case "float":
            return isinstance(value, float) or _is_size(value)
        case "str":
            return isinstance(value, str)
        case _:
            return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
