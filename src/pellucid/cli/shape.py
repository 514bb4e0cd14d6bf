"""`pellucid shape`: the arithmetic of a network that is described in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import Json, Lang
from pellucid.language import text

if TYPE_CHECKING:
    from rich.console import Console

    from pellucid.nn import Summary


def shape(
    lines: Annotated[
        list[str],
        typer.Argument(metavar=text("value.line"), help=text("option.lines")),
    ],
    lang: Lang = None,
    json: Json = False,
) -> None:
    """The arithmetic of networks described in a line."""
    from pellucid import nn
    from pellucid.cli import output
    from pellucid.language import chosen
    from pellucid.nn.line import described

    lang = chosen(lang)
    networks = [(line, *described(line)) for line in lines]
    results = [(line, size, nn.summary(network, (1, *size))) for line, network, size in networks]
    if json:
        documents = [{"line": line, "input": size, **result.to_dict()} for line, size, result in results]
        output.print_json({"networks": documents})
        return
    screen = output.screen(json)
    for line, _, result in results:
        _show(screen, line, result, lang)
    if len(results) > 1:
        _compare(screen, [(line, result) for line, _, result in results], lang)


def _show(screen: Console, line: str, result: Summary, lang: str) -> None:
    from rich.text import Text

    from pellucid.cli import costs
    from pellucid.nn.line import NETWORKS

    screen.print(Text(NETWORKS.get(line, line), "bold"))
    screen.print(costs.table(result, lang, screen.width))
    screen.print(costs.formulas(result, lang))
    beside = costs.dense(result, lang, screen.width)
    if beside:
        screen.print(Text(f"\n{text('arithmetic.dense_title', lang)}"))
        screen.print(beside)
    if line == "alexnet-lecture":
        screen.print(text("arithmetic.lecture", lang, other="pellucid shape alexnet-published"))
    if line == "alexnet-published":
        screen.print(text("arithmetic.published", lang, other="pellucid shape alexnet-lecture"))


def _compare(screen: Console, results: list[tuple[str, Summary]], lang: str) -> None:
    from pellucid.cli import costs

    screen.print(f"\n{text('arithmetic.compared', lang)}")
    screen.print(costs.compared(results, lang, screen.width))
