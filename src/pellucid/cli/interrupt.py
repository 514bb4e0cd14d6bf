"""Signals that end training as Ctrl-C does: what has been learned is saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def as_ctrl_c() -> Iterator[Callable[[], int]]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does, unless the process has been told to ignore them, as by nohup.

    Gives a function: the exit code that shells expect of a process that the last signal has ended.
    """
    received = signal.SIGINT

    def pass_on(number: int, _: object) -> None:
        nonlocal received
        received = signal.Signals(number)
        signal.raise_signal(signal.SIGINT)

    here = threading.current_thread() is threading.main_thread()
    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if here and hasattr(signal, name)]
    handled = [number for number in known if signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, pass_on)
    try:
        yield lambda: 128 + received
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
