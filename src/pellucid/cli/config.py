"""`--config run.toml`: settings of a run in a file, which options on the command line override."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pellucid.runs.settings import Settings


def read(context: typer.Context, path: Path | None) -> Path | None:
    """Take the settings of a file as the options' defaults; called by Typer before other options.

    Raises: FormatError when it is no file of TOML; ArgumentError for a setting that there is not.
    """
    from pellucid.runs import settings as files

    if path is not None:
        given = {files.field_of(name): value for name, value in files.read(path).items()}
        context.default_map = {**(context.default_map or {}), **given}
    return path


def settings(context: typer.Context) -> Settings:
    """Those of the options that decide a run."""
    from pellucid.runs.settings import Settings, field_of

    return Settings.of("train", {name: context.params[field_of(name)] for name in Settings.names()})
