"""SciPy, loaded where it is needed and not before: it is an optional extra."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pellucid.errors import PellucidError


def scipy(where: str, part: str) -> Any:
    """A module of SciPy, such as `integrate`.

    Raises: PellucidError with the command that installs SciPy where it is missing.
    """
    try:
        return import_module(f"scipy.{part}")
    except ImportError:
        hint = "pip install scipy"
        raise PellucidError(where, "this needs SciPy, which is not installed", hint=hint) from None
