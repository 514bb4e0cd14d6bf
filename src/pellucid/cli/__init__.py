"""The `pellucid` command. One file is one command: it parses, calls and prints, and computes nothing."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as type checkers know it; the module that has it takes milliseconds
if TYPE_CHECKING:
    from typing import NoReturn

INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command line, by default the process's, and end the process.

    Exit codes: 0 done; 1 `certify` found a number that is not certified, or the reader of a pipe has left; 2 a
    mistake, told in one line on stderr; 130 Ctrl-C.
    """
    if arguments is None:
        _load()
    from pellucid.cli.run import run

    run(arguments)


def _load() -> None:
    """Import what runs commands, which takes a moment, in which Ctrl-C ends the process at once: nothing is begun."""
    try:
        import signal

        before = signal.getsignal(signal.SIGINT)
        if before is signal.default_int_handler:  # and not ignored, as in the background of a script
            signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
        import pellucid.cli.run  # noqa: F401 - the caller uses it

        signal.signal(signal.SIGINT, before)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
