"""Signals that end training as Ctrl-C does: what has been learned is saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Signals:
    """Which one came last, and whether the next step's end must end training."""

    def __init__(self) -> None:
        self._last, self._wanted = signal.SIGINT, False

    @property
    def exit_code(self) -> int:
        """What shells expect of a process that the last signal has ended."""
        return 128 + self._last

    def pass_on(self, number: int, _: object) -> None:
        """Do what Ctrl-C does; where that is ignored, as in a script's background, the first one waits for `check`."""
        self._last = signal.Signals(number)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.raise_signal(signal.SIGINT)
        elif self._wanted:
            raise KeyboardInterrupt
        else:
            self._wanted = True

    def check(self, _: object) -> None:
        """A callback of training: raises KeyboardInterrupt if a signal waits."""
        if self._wanted:
            raise KeyboardInterrupt


@contextmanager
def as_ctrl_c() -> Iterator[Signals]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does, unless the process has been told to ignore them, as by nohup."""
    signals = Signals()
    here = threading.current_thread() is threading.main_thread()
    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if here and hasattr(signal, name)]
    handled = [number for number in known if signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, signals.pass_on)
    try:
        yield signals
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
