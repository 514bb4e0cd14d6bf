"""The commands as one program. What its help says is looked up when this is imported (see `run.py`)."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.bench import bench
from pellucid.cli.certify import certify
from pellucid.cli.completion import install_script, show_script
from pellucid.cli.evaluate import evaluate
from pellucid.cli.explain import explain
from pellucid.cli.export import export
from pellucid.cli.filter import filter
from pellucid.cli.help import Command, Group
from pellucid.cli.plan import plan
from pellucid.cli.predict import predict
from pellucid.cli.shape import shape
from pellucid.cli.show import show
from pellucid.cli.summary import summary
from pellucid.cli.train import train
from pellucid.cli.verify import verify
from pellucid.cli.warmup import warmup
from pellucid.language import text

app = typer.Typer(
    cls=Group, help=text("command.pellucid"), add_completion=False, pretty_exceptions_enable=False
)
for _command, *_paragraphs in (
    (train, "command.train", "command.train_ends"),
    (evaluate, "command.evaluate"),
    (predict, "command.predict"),
    (verify, "command.verify", "command.verify_ends"),
    (export, "command.export", "command.export_read"),
    (summary, "command.summary"),
    (plan, "command.plan", "command.plan_map"),
    (shape, "command.shape", "command.shape_layers"),
    (explain, "command.explain", "command.explain_recording"),
    (certify, "command.certify", "command.certify_bounds"),
    (filter, "command.filter", "command.filter_colours"),
    (bench, "command.bench", "command.bench_engines"),
    (warmup, "command.warmup", "command.warmup_wait"),
):
    app.command(cls=Command, help="\n\n".join(map(text, _paragraphs)))(_command)
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
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help=text("option.version")),
    ] = False,
    install_completion: Annotated[  # noqa: ARG001 - the same
        bool,
        typer.Option(
            "--install-completion",
            callback=install_script,
            is_eager=True,
            help=text("option.install_completion"),
        ),
    ] = False,
    show_completion: Annotated[  # noqa: ARG001 - the same
        bool,
        typer.Option(
            "--show-completion", callback=show_script, is_eager=True, help=text("option.show_completion")
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
