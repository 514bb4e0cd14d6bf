"""`pellucid verify`: whether a model comes from its data by the recipe of its receipt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import MNIST, Data, Json, Python, SavedModel, Threads
from pellucid.errors import ArgumentError
from pellucid.language import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pellucid.runs.verification import Verdict


def verify(
    model: SavedModel,
    data: Data = MNIST,
    every: Annotated[bool, typer.Option("--all", help=text("option.verify_all"))] = False,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar=text("value.folder"), help=text("option.verify_checkpoint"))
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option(
            metavar=text("value.file"), help=text("option.receipt"), show_default=text("default.receipt")
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar=text("value.file"), help=text("option.verify_from"))
    ] = None,
    python: Python = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Make a run again, or stretches of it, and compare every bit with its receipt."""
    from rich.text import Text

    from pellucid.cli import output
    from pellucid.formats import zoo
    from pellucid.kernels.tape import set_num_threads
    from pellucid.runs import networks
    from pellucid.runs.receipt import Receipt, beside
    from pellucid.runs.verification import Verification

    if threads is not None:
        set_num_threads(threads)
    if every and checkpoint is not None:
        raise ArgumentError(
            "verify", "--all makes every step again from the first one on", got="--checkpoint"
        )
    saved = networks.saved(model, python)
    if receipt is None and model.startswith(zoo.PREFIX):
        with zoo.unpacked(model, zoo.RECEIPT) as file:
            said = Receipt.read(file)
    else:
        said = Receipt.read(beside(Path(model)) if receipt is None else receipt)
    console = output.screen(json)
    with console.status(model):
        verification = Verification(saved, said, data, source=source, python=python)
        verdict = verification.all() if every else verification.sample(checkpoint)
    if json:
        findings = [{"step": finding.step, "sentence": finding.sentence} for finding in verdict.findings]
        output.print_json(
            {
                "model": model,
                "data": data,
                "verified": verdict.verified,
                "steps": verdict.steps,
                "replayed": verdict.replayed,
                "stretches": verdict.stretches,
                "first_wrong_step": verdict.wrong,
                "findings": findings,
            }
        )
    else:
        for line in _lines(verdict):
            console.print(Text(line, "green" if verdict.verified else "red"))
    if not verdict.verified:
        raise typer.Exit(1)


def _lines(verdict: Verdict) -> Iterator[str]:
    from pellucid.edition import ARITHMETIC

    if verdict.verified and verdict.whole:
        yield text("runs.whole", steps=verdict.steps, edition=ARITHMETIC)
    elif verdict.verified:
        stretches = ", ".join(f"{first:,}–{last:,}" for first, last in verdict.stretches)
        yield text(
            "runs.sample", replayed=verdict.replayed, steps=verdict.steps, stretches=stretches, edition=ARITHMETIC
        )  # fmt: skip
    else:
        yield text("runs.wrong")
        yield from (f"  {finding.sentence}" for finding in verdict.findings)
        if verdict.wrong:
            yield text("runs.first", step=verdict.wrong)
    if not verdict.whole and not verdict.wrong:
        yield text("runs.try_all", option="--all")
