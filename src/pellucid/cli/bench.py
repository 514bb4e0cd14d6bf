"""`pellucid bench`: how fast this machine trains and infers, beside other engines."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pellucid.cli.options import BenchName, Json, Threads
from pellucid.errors import say
from pellucid.language import text

if TYPE_CHECKING:
    from rich.status import Status

    from pellucid.bench.measure import Settings
    from pellucid.bench.peers import Peer
    from pellucid.bench.report import Report

_BUSY = 0.5  # a load from which on times are disturbed


def bench(
    models: Annotated[
        list[BenchName] | None,
        typer.Argument(
            metavar=text("value.models"), help=text("option.bench_models"), show_default=text("default.all")
        ),
    ] = None,
    train: Annotated[bool, typer.Option("--train", help=text("option.bench_train"))] = False,
    infer: Annotated[bool, typer.Option("--infer", help=text("option.bench_infer"))] = False,
    layers: Annotated[bool, typer.Option("--layers", help=text("option.bench_layers"))] = False,
    batch: Annotated[
        int | None,
        typer.Option(min=1, help=text("option.images_per_batch"), show_default=text("default.batch")),
    ] = None,
    threads: Threads = None,
    rounds: Annotated[int, typer.Option(min=1, help=text("option.rounds"))] = 7,
    peers: Annotated[
        str | None,
        typer.Option(help=text("option.peers"), show_default=text("default.all")),
    ] = None,
    cold: Annotated[bool, typer.Option(help=text("option.cold"))] = True,
    markdown: Annotated[
        Path | None, typer.Option(metavar=text("value.file"), help=text("option.markdown"))
    ] = None,
    json: Json = False,
) -> None:
    """Measure training steps, inference and layers."""
    from pellucid.bench.cases import INFER, TRAIN
    from pellucid.bench.measure import Settings
    from pellucid.cli import output
    from pellucid.formats.file import check_writable
    from pellucid.kernels.tape import get_num_threads, set_num_threads

    chosen = None if peers is None else _chosen(peers)
    if markdown is not None:
        check_writable(say("report '{path}'", path=markdown), markdown)
    if threads is not None:
        set_num_threads(threads)
    everything = not (train or infer or layers)
    tasks = [task for task, wanted in ((TRAIN, train), (INFER, infer)) if wanted or everything]
    console = output.screen(json)
    if hasattr(os, "getloadavg") and (load := os.getloadavg()[0]) > _BUSY:
        console.print(text("bench.busy", load=load))
    settings = Settings(get_num_threads(), rounds, cold)
    names = list(dict.fromkeys(map(str, models or BenchName)))
    with console.status(
        text("bench.machine"), refresh_per_second=1
    ) as status:  # it must not take time from anybody
        report = _measure(tasks, names, batch, chosen, settings, layers or everything, status)
    if markdown is not None:
        output.write(say("report '{path}'", path=markdown), markdown, report.markdown())
    if json:
        output.print_json(report.document())
    else:
        console.print(report.conditions)
        for table in report.tables():
            console.print(table.rich())


def _chosen(names: str) -> list[Peer]:
    """The peers of these names or families.

    Raises: ArgumentError for a name that none has.
    """
    from pellucid.bench.peers import PEERS
    from pellucid.errors import ArgumentError

    wanted = {name.strip() for name in names.split(",")}
    known = {name for peer in PEERS for name in (peer.name, peer.family)}
    if not wanted <= known:
        raise ArgumentError(
            "bench",
            "there is no such peer",
            expected=", ".join(sorted(known)),
            got=", ".join(map(repr, sorted(wanted - known))),
        )
    return [peer for peer in PEERS if {peer.name, peer.family} & wanted]


def _measure(
    tasks: Sequence[str],
    models: Sequence[str],
    batch: int | None,
    chosen: Sequence[Peer] | None,
    settings: Settings,
    layers: bool,
    status: Status,
) -> Report:
    """All that was asked for, one thing after the other; each is told as soon as it is there.

    Beside the chosen peers, whether or not they suit the case; by themselves those that do come.
    """
    from pellucid.bench.cases import TRAIN, Case, batch_of, cases
    from pellucid.bench.layers import profile
    from pellucid.bench.machine import copy_gb_per_s, describe, fma_peak_gflops
    from pellucid.bench.measure import measure
    from pellucid.bench.peers import PEERS
    from pellucid.bench.report import Report

    measured = [case for task in tasks for case in cases(task, models, batch)]
    profiled = [Case(TRAIN, model, batch or batch_of(model)) for model in models if layers]
    for case in (*measured, *profiled):
        case.check_memory()
    report = Report(describe(), settings, fma_peak_gflops(), copy_gb_per_s(), [], [])
    for case in measured:
        peers = [peer for peer in PEERS if peer.unfit(case) is None] if chosen is None else chosen
        outcome = measure(case, peers, settings, status.update)
        status.console.print(str(outcome))
        report.outcomes.append(outcome)
    for case in profiled:
        status.update(text("bench.layers_of_model", model=case.model))
        report.profiles.append(profile(case))
    return report
