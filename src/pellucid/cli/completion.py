"""Completion of command lines in bash, zsh and fish: Typer's scripts for them, shown or installed.

A script asks the program itself: with `_PELLUCID_COMPLETE` in its environment it says how a line may go on.
"""

from __future__ import annotations

import shellingham
import typer
from typer._completion_classes import completion_init
from typer._completion_shared import get_completion_script, install

from pellucid.errors import ArgumentError, FormatError, say
from pellucid.language import text

completion_init()  # teaches Typer the shells
_PROGRAM = {"prog_name": "pellucid", "complete_var": "_PELLUCID_COMPLETE"}
_AT_ONCE = """
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _pellucid_completion "$@"; fi"""
_SHELLS = ("bash", "zsh", "fish")  # for PowerShell Typer would lift the limits on all scripts of the user


def show_script(wanted: bool) -> None:
    """Print the script for the shell that runs the program; called by Typer.

    Raises: ArgumentError where that is no shell with completion.
    """
    if wanted:
        print(_script(_shell()))
        raise typer.Exit


def install_script(wanted: bool) -> None:
    """Put it where that shell finds it, and say where; called by Typer.

    Raises: ArgumentError where that is no shell with completion; FormatError when its settings cannot be read.
    """
    if wanted:
        try:
            shell, path = install(**_PROGRAM, shell=_shell())
            path.write_text(_script(shell) + "\n")
        except (UnicodeError, RuntimeError) as error:  # no home
            rule = "the shell's settings cannot be read"
            raise FormatError("--install-completion", rule, got=str(error)[:200]) from None
        print(text("completion.installed", shell=shell, path=path))
        raise typer.Exit


def _script(shell: str) -> str:
    """Typer's; in zsh it completes at the first Tab, too, at which it is loaded."""
    script = get_completion_script(**_PROGRAM, shell=shell)
    return script + _AT_ONCE if shell == "zsh" else script


def _shell() -> str:
    """The shell that runs the program."""
    try:
        shell, _ = shellingham.detect_shell()
    except shellingham.ShellDetectionFailure:
        shell = None
    if shell not in _SHELLS:
        rule, got = "there is no completion for this shell", say("no shell") if shell is None else shell
        hint = say("`{line}` prints the code for bash", line="_PELLUCID_COMPLETE=source_bash pellucid")
        raise ArgumentError("pellucid", rule, expected=", ".join(_SHELLS), got=got, hint=hint)
    return str(shell)
