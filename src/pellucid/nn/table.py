"""A module as HTML: its layers with settings and parameters. What depends on an input is in `summary`."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, ClassVar, Protocol

import numpy as np

from pellucid.language import chosen, text
from pellucid.markup import Markup, frame, tag
from pellucid.nn.parameter import Parameter


class Tree(Protocol):
    """What the table is made of: a module as its modules and parameters are found."""

    is_layer: ClassVar[bool]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the parameters."""

    def named_modules(self) -> Iterator[tuple[str, Tree]]:
        """Itself and all below."""

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Those of all modules."""

    def extra_repr(self) -> str:
        """Its settings."""


def module_html(model: Tree, lang: str | None = None) -> str:
    """A table of the modules that are layers, own parameters or have no modules below them.

    A shared module or parameter is listed and counted where it comes first.
    """
    lang = chosen(lang)
    counts: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        owner = name.rpartition(".")[0]
        counts[owner] = counts.get(owner, 0) + prod(parameter.shape)
    heads = ("rendering.layer", "rendering.type", "rendering.settings", "rendering.parameters")
    rows = [_row("th", *[text(head, lang) for head in heads])]
    for path, module in model.named_modules():
        children = any(other is not module for _, other in module.named_modules())
        if module.is_layer or path in counts or not children:
            count = f"{counts[path]:,}" if path in counts else ""
            rows.append(_row("td", path, type(module).__name__, module.extra_repr(), count))
    total = f"{sum(counts.values()):,}"
    rows.append(_row("th", text("rendering.total", lang), "", str(model.dtype), total))
    title = tag("p", tag("b", type(model).__name__))
    return frame(title, tag("table", *rows, class_="pc-list"), lang=lang)


def _row(kind: str, path: str, type_: str, settings: str, parameters: str) -> Markup:
    name = tag("code", path) if kind == "td" else path
    cells = [tag(kind, name), tag(kind, type_), tag(kind, settings)]
    return tag("tr", *cells, tag(kind, parameters, class_="pc-number"))
