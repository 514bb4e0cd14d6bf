"""Commands whose help speaks the language that is chosen in Typer's own words, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from pellucid.cli.examples import EXAMPLES
from pellucid.cli.words import translated
from pellucid.language import text

if TYPE_CHECKING:
    _Base = TyperCommand
else:
    _Base = object  # what both kinds have in common is mixed into them


class _Spoken(_Base):
    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        for param in self.params:
            _complete_quietly(param)

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        pieces = map(translated, self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=translated("Usage: "))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from pellucid.cli.rich_help import spoken  # with Rich's tables, which only help needs so early

        for param in self.get_params(ctx):
            _speak_of_type(param)
        with spoken():
            super().format_help(ctx, formatter)
        _tell_examples(ctx.command_path)

    def get_help_option(self, ctx: Any) -> Any:
        option: Any = super().get_help_option(ctx)
        option.help = translated(option.help)
        return option


class Command(_Spoken, TyperCommand):
    """A command."""


class Group(_Spoken, TyperGroup):
    """The program, or a command that has commands."""


def _tell_examples(command: str) -> None:
    """Lines that can be copied, so not in a frame and never wrapped."""
    typer.echo(f" {text('usage.examples')}")
    for line, told in EXAMPLES.get(command, {}).items():
        typer.echo(f"\n   {line}\n     {text(told)}")


def _complete_quietly(param: Any) -> None:
    """While a line is completed (see `completion.py`), let a parameter do nothing, and complete no path.

    The shell completes paths where it is given nothing; older Typers would give it back what is typed.
    """
    complete, callback = param.shell_complete, param.callback
    param.shell_complete = lambda ctx, incomplete: [
        item for item in complete(ctx, incomplete) if item.type == "plain"
    ]
    if callback is not None:
        param.callback = lambda ctx, param, value: (
            value if ctx.resilient_parsing else callback(ctx, param, value)
        )


def _speak_of_type(param: Any) -> None:
    """Let a parameter tell its type, as `<int range>`, in the language that is spoken; older Typers cannot."""
    if told := getattr(param, "display_type", None):
        param.display_type = lambda ctx: translated(told(ctx))
