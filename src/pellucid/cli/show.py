"""`pellucid show`: pictures of convolution."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import Json, Lang

if TYPE_CHECKING:
    from pellucid.figures import Film

show = typer.Typer(add_completion=False)

Output = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Where to: a .gif of all frames, a .png or .svg of one."
    ),
]
Frame = Annotated[
    int | None,
    typer.Option(min=0, help="Which frame, from 0; for .png and .svg.", show_default="the last one"),
]
_SIGNAL = 'Numbers, as "1 2 3", or box, triangle, ramp, decay or gaussian.'
_AXES = "one number, or one per axis as 2,1"


@show.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    """Draw what a convolution does: PNG, SVG, animated GIF."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@show.command()
def slide(
    output: Output,
    input: Annotated[
        str, typer.Option(metavar="MATRIX", help='Rows with semicolons between: "0 1 2; 3 4 5".')
    ],
    kernel: Annotated[str, typer.Option(metavar="MATRIX", help='Such as "0 1; 2 3".')],
    stride: Annotated[str, typer.Option(metavar="N", help=f"The kernel's steps: {_AXES}.")] = "1",
    padding: Annotated[
        str, typer.Option(metavar="N", help=f"Zeros around the input: {_AXES}; or same.")
    ] = "0",
    dilation: Annotated[str, typer.Option(metavar="N", help=f"From one weight to the next: {_AXES}.")] = "1",
    transposed: Annotated[bool, typer.Option("--transposed", help="A transposed convolution.")] = False,
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


@show.command()
def convolution(
    output: Output,
    f: Annotated[str, typer.Option("--f", metavar="SIGNAL", help=_SIGNAL)],
    g: Annotated[str, typer.Option("--g", metavar="KERNEL", help="The same.")],
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
    from pellucid.language import text

    written = film.save(path, frame)
    if json:
        output.print_json(asdict(written))
        return
    lang, width, height = film.lang, written.width_px, written.height_px
    several = written.frames > 1
    frames = text("figures.frames", lang, number=written.frames) if several else text("figures.frame", lang)
    line = text("figures.film_written", lang, path=path, frames=frames, width=width, height=height)
    output.screen(json).print(line)
