"""Modules that register what they have beside its code: a folder of them is loaded before the register is read."""

from __future__ import annotations

import os
import threading
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

# A module that is half imported when the process is copied stays locked in the copy, so a fork waits for the folder.
_loading = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release
    )


@cache
def load_folder(package: str) -> None:
    """Import every module of a package, so that nobody keeps a list of them.

    Example:
        >>> load_folder("pellucid.ops")
    """
    with _loading:
        for module in iter_modules(import_module(package).__path__):
            import_module(f"{package}.{module.name}")
