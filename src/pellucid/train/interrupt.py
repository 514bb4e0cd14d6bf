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
    wanted = False

    def remember(*_: object) -> None:
        nonlocal wanted
        wanted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def check() -> None:
        if wanted:
            raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield check
        return
    signal.signal(signal.SIGINT, remember)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
