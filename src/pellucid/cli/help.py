"""Commands whose help speaks the language that is chosen in Typer's own words, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup

from pellucid.cli.words import translated

if TYPE_CHECKING:
    _Base = TyperCommand
else:
    _Base = object  # what both kinds have in common is mixed into them


class _Spoken(_Base):
    def format_usage(self, ctx: Any, formatter: Any) -> None:
        pieces = map(translated, self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=translated("Usage: "))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from pellucid.cli.rich_help import spoken  # with Rich's tables, which only help needs so early

        for param in self.get_params(ctx):
            _speak_of_type(param)
        with spoken():
            super().format_help(ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        option: Any = super().get_help_option(ctx)
        option.help = translated(option.help)
        return option


class Command(_Spoken, TyperCommand):
    """A command."""


class Group(_Spoken, TyperGroup):
    """The program, or a command that has commands."""


def _speak_of_type(param: Any) -> None:
    """Let a parameter tell its type, as `<int range>`, in the language that is spoken; older Typers cannot."""
    if told := getattr(param, "display_type", None):
        param.display_type = lambda ctx: translated(told(ctx))
