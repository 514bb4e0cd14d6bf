"""`--config run.toml`: settings of a run in a file, which options on the command line override."""

from __future__ import annotations

import json
import tomllib
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from pellucid.errors import ArgumentError, FormatError, say

NAME = "config.toml"  # beside checkpoints
_MOST_BYTES = 1 << 20
_NOT_OF_A_RUN = (
    "config_file",
    "checkpoint",
    "resume",
    "out",
    "report",
    "threads",
    "json",
    "quiet",
    "allow_nonfinite",
)


def read(context: typer.Context, path: Path | None) -> Path | None:
    """Take the settings of a file as the options' defaults; called by Typer before other options.

    Raises: FormatError when it is no file of TOML; ArgumentError for a setting that there is not.
    """
    if path is None:
        return None
    where = say("settings '{path}'", path=str(path))
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise FormatError(
                where, "the file is too large", expected=say("at most {most} bytes", most=_MOST_BYTES)
            )
        given = tomllib.loads(content.decode())
    except OSError as error:
        raise FormatError(where, "the file cannot be read", got=error.strerror) from None
    except (ValueError, RecursionError) as error:
        raise FormatError(where, "this is no TOML", got=str(error)[:200]) from None
    known = [parameter.name for parameter in context.command.params if parameter.name not in _NOT_OF_A_RUN]
    defaults = {name.replace("-", "_"): value for name, value in given.items()}
    for name, value in defaults.items():
        if name not in known:
            expected = say("one of {names}", names=", ".join(str(n).replace("_", "-") for n in known))
            raise ArgumentError("train", "there is no such setting", expected=expected, got=repr(name))
        if isinstance(value, dict) or (
            isinstance(value, list) and not all(isinstance(v, str) for v in value)
        ):
            raise ArgumentError(
                "train", say("a setting has no such value: {name}", name=name), got=repr(value)[:80]
            )
    context.default_map = {**(context.default_map or {}), **defaults}
    return path


def write(context: typer.Context, folder: Path) -> None:
    """Put the settings of a run beside its checkpoints, so that `--config` takes them again.

    Raises: FormatError when that cannot be written.
    """
    from pellucid.cli import output

    lines = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in settings(context).items()
    ]
    output.write(say("settings '{path}'", path=str(folder / NAME)), folder / NAME, "".join(lines))


def settings(context: typer.Context) -> dict[str, Any]:
    """What decides a run, by its options' names."""
    return {
        name.replace("_", "-"): _plain(value)
        for name, value in context.params.items()
        if value not in (None, [], ()) and name not in _NOT_OF_A_RUN
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
