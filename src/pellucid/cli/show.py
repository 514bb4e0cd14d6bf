"""`pellucid show`: pictures of convolution."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.help import Command, Group
from pellucid.cli.options import Json, Lang
from pellucid.language import text

if TYPE_CHECKING:
    from pellucid.figures import Film

show = typer.Typer(cls=Group, help=text("command.show"), add_completion=False)

Output = Annotated[
    Path,
    typer.Option("--output", "-o", metavar=text("value.file"), help=text("picture.film")),
]
Frame = Annotated[
    int | None,
    typer.Option(min=0, help=text("picture.frame"), show_default=text("default.frame")),
]


@show.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@show.command(cls=Command, help=text("command.show_slide"))
def slide(
    output: Output,
    input: Annotated[str, typer.Option(metavar=text("value.matrix"), help=text("picture.matrix"))],
    kernel: Annotated[str, typer.Option(metavar=text("value.matrix"), help=text("picture.weight"))],
    stride: Annotated[str, typer.Option(metavar="N", help=text("picture.stride"))] = "1",
    padding: Annotated[str, typer.Option(metavar="N", help=text("picture.padding"))] = "0",
    dilation: Annotated[str, typer.Option(metavar="N", help=text("picture.dilation"))] = "1",
    transposed: Annotated[bool, typer.Option("--transposed", help=text("picture.transposed"))] = False,
    frame: Frame = None,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """A kernel slides over a matrix, with every product and sum written in."""
    from pellucid import figures
    from pellucid.cli import inputs

    x, weight = (
        inputs.read_matrix("show slide", option, text)
        for option, text in (("--input", input), ("--kernel", kernel))
    )
    strides, dilations = (
        inputs.read_sizes("show slide", option, text)
        for option, text in (("--stride", stride), ("--dilation", dilation))
    )
    pads = padding if padding == "same" else inputs.read_sizes("show slide", "--padding", padding)
    film = figures.slide(x, weight, strides, pads, dilations, transposed=transposed, lang=lang)
    _write(film, output, frame, json)


@show.command(cls=Command, help=text("command.show_convolution"))
def convolution(
    output: Output,
    f: Annotated[str, typer.Option("--f", metavar=text("value.signal"), help=text("picture.signal"))],
    g: Annotated[str, typer.Option("--g", metavar=text("value.kernel"), help=text("picture.same"))],
    frame: Frame = None,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """A kernel is flipped and slides along a signal; the area of their product draws the convolution."""
    from pellucid import figures
    from pellucid.cli import inputs

    first, second = (
        inputs.read_signal("show convolution", option, text) for option, text in (("--f", f), ("--g", g))
    )
    _write(figures.convolution(first, second, lang=lang), output, frame, json)


def _write(film: Film, path: Path, frame: int | None, json: bool) -> None:
    from pellucid.cli import output

    written = film.save(path, frame)
    if json:
        output.print_json(asdict(written))
        return
    lang, width, height = film.lang, written.width_px, written.height_px
    several = written.frames > 1
    frames = text("figures.frames", lang, number=written.frames) if several else text("figures.frame", lang)
    line = text("figures.film_written", lang, path=path, frames=frames, width=width, height=height)
    output.screen(json).print(line)
