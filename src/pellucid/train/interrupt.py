"""Ctrl-C while a network learns."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def after_step() -> Iterator[Callable[[], None]]:
    """Let the first Ctrl-C wait for the next call of what is given, which raises KeyboardInterrupt; no other waits.

    On the main thread only, where Python handles signals, and only where nobody has a handler of his own.
    """
    before = signal.getsignal(signal.SIGINT)
    if isinstance(before, _Patient):  # training within training
        yield before.check
        return
    patient = _Patient()
    here = threading.current_thread() is threading.main_thread() and before is signal.default_int_handler
    if here:
        signal.signal(signal.SIGINT, patient)
    try:
        yield patient.check
    finally:
        if here:
            signal.signal(signal.SIGINT, signal.default_int_handler)


class _Patient:
    """A handler that remembers the first Ctrl-C."""

    def __init__(self) -> None:
        self._wanted = False

    def __call__(self, *_: object) -> None:
        self._wanted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if there was one."""
        if self._wanted:
            raise KeyboardInterrupt
