"""Ctrl-C in a finalizer, such as those of compiled code, where Python prints exceptions and goes on."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SECONDS = 0.05  # after which the finalizer, and what is called here, are surely left


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a KeyboardInterrupt that Python would ignore come again a moment later."""
    before = sys.unraisablehook

    def again(ignored: Any) -> None:
        if issubclass(ignored.exc_type, KeyboardInterrupt):
            threading.Timer(_SECONDS, _thread.interrupt_main).start()
        else:
            before(ignored)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before
