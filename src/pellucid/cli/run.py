"""A command line is run: the language that it is told in, and what becomes of its errors."""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise, takewhile
from typing import Any, NoReturn, TextIO

import typer

from pellucid.cli import INTERRUPTED
from pellucid.cli.finalizers import interruptible
from pellucid.cli.words import translated
from pellucid.errors import ArgumentError, PellucidError
from pellucid.language import ENVIRONMENT, chosen, text

# Typer exports only this subclass of its usage errors, and their home has moved between its versions.
_UsageError: Any = typer.BadParameter.__mro__[1]


def run(arguments: list[str] | None) -> NoReturn:
    """Run a command line and end the process (see `pellucid.cli.main`)."""
    sys.stdout = _nowhere() if sys.stdout is None else sys.stdout
    sys.stderr = _nowhere() if sys.stderr is None else sys.stderr
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no × shows a question mark
    for name in ("COLUMNS", "LINES"):
        if not re.fullmatch("[0-9]{1,9}", os.environ.get(name, "0")):
            del os.environ[name]  # Rich takes more for numbers than Python does
    try:
        lang = chosen(_asked(sys.argv[1:] if arguments is None else arguments))
    except ArgumentError as error:
        code: Any = _told(str(error), "en")
    else:
        with _spoken(lang):
            code = _done(arguments)
    for stream in (sys.stdout, sys.stderr):
        _settle(stream)
    sys.exit(code or 0)


def _done(arguments: list[str] | None) -> Any:
    """Do what the command line says; the exit code."""
    try:
        with interruptible(), warnings.catch_warnings():
            warnings.showwarning = _warned
            from pellucid.cli.app import app  # whose help is in the language that is spoken by now

            code = app(arguments, prog_name="pellucid", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return 1
    except (PellucidError, OSError) as error:
        return _told(str(error))
    except _UsageError as error:
        return _told(translated(error.format_message()))
    except Warning as warning:  # where Python has been told that warnings are errors
        return _told(str(warning))
    except MemoryError:
        return _told(text("usage.no_memory"))
    return code


def _asked(arguments: Sequence[str]) -> str | None:
    """What --lang says, which must be known before the help is made in which the option itself stands."""
    options = [*takewhile(lambda argument: argument != "--", arguments), ""]
    for argument, following in pairwise(options):
        name, equals, value = argument.partition("=")
        if name == "--lang":
            return (value if equals else following) or None
    return None


@contextmanager
def _spoken(lang: str) -> Iterator[None]:
    """Let everything speak a language, also in threads and in processes that are begun meanwhile."""
    before = os.environ.get(ENVIRONMENT)
    os.environ[ENVIRONMENT] = lang
    try:
        yield
    finally:
        if before is None:
            del os.environ[ENVIRONMENT]
        else:
            os.environ[ENVIRONMENT] = before


def _told(message: str, lang: str | None = None) -> int:
    """One line, whatever a file name or a file's content has brought into the message; returns the exit code."""
    from pellucid.columns import printable

    with suppress(OSError):  # nobody can be told
        print(text("usage.error", lang, message=printable(message)), file=sys.stderr)
    return 2


def _warned(message: Warning | str, *_: Any, **__: Any) -> None:
    """One line, without the place in the code."""
    from pellucid.columns import printable

    with suppress(OSError):
        print(text("usage.warning", message=printable(str(message))), file=sys.stderr)


def _nowhere() -> TextIO:
    """A stream in the place of one that was closed before the process began."""
    return open(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8", closefd=False)


def _settle(stream: TextIO) -> None:
    """Let what cannot be written go nowhere, so that the interpreter's last flush does not fail as well."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
