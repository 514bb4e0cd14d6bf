"""The command line as a whole: its commands, and what becomes of errors."""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from contextlib import suppress
from typing import Annotated, Any, NoReturn, TextIO

import typer

from pellucid.cli import INTERRUPTED
from pellucid.cli.bench import bench
from pellucid.cli.certify import certify
from pellucid.cli.evaluate import evaluate
from pellucid.cli.explain import explain
from pellucid.cli.filter import filter
from pellucid.cli.finalizers import interruptible
from pellucid.cli.predict import predict
from pellucid.cli.shape import shape
from pellucid.cli.show import show
from pellucid.cli.summary import summary
from pellucid.cli.train import train
from pellucid.cli.warmup import warmup
from pellucid.errors import PellucidError

# Typer exports only this subclass of its usage errors, and their home has moved between its versions.
_UsageError: Any = typer.BadParameter.__mro__[1]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
for _command in (train, evaluate, predict, summary, shape, explain, certify, filter, bench, warmup):
    app.command()(_command)
app.add_typer(show, name="show")


def _print_version(wanted: bool) -> None:
    if wanted:
        from pellucid import __version__

        print(f"pellucid {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Convolutional networks made of glass: train them fast, and ask any number how it was made."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


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
        with interruptible(), warnings.catch_warnings():
            warnings.showwarning = _warned
            code = app(arguments, prog_name="pellucid", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        code = 1
    except (PellucidError, OSError) as error:
        code = _told(str(error))
    except _UsageError as error:
        code = _told(error.format_message())
    except Warning as warning:  # where Python has been told that warnings are errors
        code = _told(str(warning))
    except MemoryError:
        code = _told("not enough memory")
    for stream in (sys.stdout, sys.stderr):
        _settle(stream)
    sys.exit(code or 0)


def _told(message: str) -> int:
    """One line, whatever a file name or a file's content has brought into the message; returns the exit code."""
    from pellucid.cli.output import one_line

    with suppress(OSError):  # nobody can be told
        print(f"error: {one_line(message)}", file=sys.stderr)
    return 2


def _warned(message: Warning | str, *_: Any, **__: Any) -> None:
    """One line, without the place in the code."""
    from pellucid.cli.output import one_line

    with suppress(OSError):
        print(f"warning: {one_line(str(message))}", file=sys.stderr)


def _nowhere() -> TextIO:
    """A stream in the place of one that was closed before the process began."""
    return open(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8", closefd=False)


def _settle(stream: TextIO) -> None:
    """Let what cannot be written go nowhere, so that the interpreter's last flush does not fail as well."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
