"""Modules that register what they have beside its code: a folder of them is loaded before the register is read."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules


@cache
def load_folder(package: str) -> None:
    """Import every module of a package, so that nobody keeps a list of them.

    Example:
        >>> load_folder("pellucid.ops")
    """
    for module in iter_modules(import_module(package).__path__):
        import_module(f"{package}.{module.name}")
