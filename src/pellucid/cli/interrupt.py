"""Ctrl-C while a network learns."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def between_steps() -> Iterator[Callable[[object], None]]:
    """Let Ctrl-C wait for the callback given, which ends the step: no half-made update is ever saved.

    A second Ctrl-C does not wait.
    """
    wanted = False

    def remember(*_: object) -> None:
        nonlocal wanted
        wanted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(_: object) -> None:
        if wanted:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
