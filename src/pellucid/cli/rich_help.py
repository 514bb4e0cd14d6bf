"""How Typer writes help with Rich: its titles in the language that is spoken, and nothing cut off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.text import Text
from typer import rich_utils

from pellucid.cli.words import translated

_TITLES = (
    "ARGUMENTS_PANEL_TITLE",
    "OPTIONS_PANEL_TITLE",
    "COMMANDS_PANEL_TITLE",
    "DEFAULT_STRING",
    "REQUIRED_LONG_STRING",
)
_FOLD: dict[str, Any] = {"overflow": "fold"}


class _Folded(Text):
    """Text in a table, where Rich else puts an ellipsis when a space that follows wide letters has no room."""

    def __init__(self, *content: Any, **settings: Any) -> None:
        super().__init__(*content, **_FOLD | settings)

    @classmethod
    def from_markup(cls, text: str, **settings: Any) -> Text:
        return super().from_markup(text, **_FOLD | settings)


@contextmanager
def spoken() -> Iterator[None]:
    """Let Typer write so meanwhile: what it takes from its module are settings."""
    settings = {name: translated(getattr(rich_utils, name)) for name in _TITLES} | {"Text": _Folded}
    before = {name: getattr(rich_utils, name) for name in settings}
    vars(rich_utils).update(settings)
    try:
        yield
    finally:
        vars(rich_utils).update(before)
