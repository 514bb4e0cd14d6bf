"""What was measured, as tables for the terminal and for Markdown, and as a document for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pellucid.bench.cases import TASKS, TRAIN
from pellucid.bench.layers import PASSES, Profile
from pellucid.bench.measure import Outcome, Result, Settings
from pellucid.language import text

if TYPE_CHECKING:
    import rich.table


@dataclass(frozen=True)
class Table:
    """A table; the first `texts` columns are text, the others numbers."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    texts: int = 2

    def rich(self) -> rich.table.Table:
        """For a terminal."""
        from rich import box
        from rich.table import Table

        table = Table(
            *self.header, title=self.title, caption=self.note, box=box.SIMPLE, caption_justify="left"
        )
        for i, column in enumerate(table.columns):
            column.justify, column.overflow = "left" if i < self.texts else "right", "fold"
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """With its title as a heading."""
        rule = ("---",) * self.texts + ("---:",) * (len(self.header) - self.texts)
        cells = [[cell.replace("|", r"\|") for cell in row] for row in (self.header, rule, *self.rows)]
        lines = [f"| {' | '.join(row)} |" for row in cells]
        return "\n".join([f"## {self.title}", "", *lines, *(["", self.note] if self.note else []), ""])


@dataclass
class Report:
    """One run of the bench: its machine, and the outcomes in the order in which they were measured."""

    machine: dict[str, Any]
    settings: Settings
    peak_gflops: float
    copy_gb_per_s: float
    outcomes: list[Outcome]
    profiles: list[Profile]

    @property
    def conditions(self) -> str:
        """Machine, settings and versions in one paragraph."""
        m, present = self.machine, {name: v for name, v in self.machine["versions"].items() if v}
        versions = ", ".join(f"{name} {number}" for name, number in present.items())
        return text(
            "report.conditions",
            processor=m["processor"], cores=m["cores"], memory=m["memory_gb"], system=m["system"], versions=versions,
            threads=self.settings.threads, rounds=self.settings.rounds, load=m["load"],
            peak=self.peak_gflops, copy=self.copy_gb_per_s,
        )  # fmt: skip

    def tables(self) -> list[Table]:
        """All of them, the overview first."""
        tables = []
        for task, key in TASKS.items():
            outcomes = [outcome for outcome in self.outcomes if outcome.case.task == task]
            if outcomes:
                title = text(key).capitalize()
                title = text("report.with_sgd", task=title) if task == TRAIN else title
                tables += [_overview(title, outcomes), _details(title, outcomes)]
        for profile in self.profiles:
            tables += [_layers(profile, self.peak_gflops), _loops(profile)]
        return tables

    def markdown(self) -> str:
        """The whole report."""
        return "\n".join(
            [f"# {text('report.benchmark')}", "", self.conditions, "", *(t.markdown() for t in self.tables())]
        )

    def document(self) -> dict[str, Any]:
        """The whole report for JSON, with every round."""
        return {
            "machine": self.machine,
            "settings": asdict(self.settings),
            "peak_gflops": self.peak_gflops,
            "copy_gb_per_s": self.copy_gb_per_s,
            "cases": [_outcome(outcome) for outcome in self.outcomes],
            "layers": [_profile(profile) for profile in self.profiles],
        }


def _overview(title: str, outcomes: Sequence[Outcome]) -> Table:
    rows = []
    for outcome in outcomes:
        best = outcome.best
        others = (best.peer, f"{best.ms:.2f}", str(outcome.ratio(best))) if best else ("", "", "")
        rows.append((str(outcome.case), others[0], f"{outcome.results[0].ms:.2f}", *others[1:]))
    first = map(text, ("report.case", "report.best"))
    header = (*first, "Pellucid ms", text("report.its_ms"), text("report.ratio"))
    return Table(text("report.overview", title=title), header, rows)


def _details(title: str, outcomes: Sequence[Outcome]) -> Table:
    header = (
        *map(text, ("report.case", "report.engine")),
        "ms",
        *map(text, ("report.range", "report.ratio")),
        "GFLOP/s",
        *map(text, ("report.growth", "report.import", "report.start", "report.cold_start")),
    )
    rows = [_detail(outcome, result) for outcome in outcomes for result in outcome.results]
    return Table(title, header, rows, text("report.against"))


def _detail(outcome: Outcome, result: Result) -> tuple[str, ...]:
    head = (str(outcome.case), result.peer)
    if not result.rounds_ms:
        return (head[0], f"{result.peer} ({result.problem})", *[""] * 8)
    ratio = outcome.ratio(result)
    return (
        *head,
        f"{result.ms:.2f}",
        f"{min(result.rounds_ms):.2f}–{max(result.rounds_ms):.2f}",
        str(ratio) if ratio else "",
        f"{outcome.case.gflop / result.ms * 1e3:.0f}",
        _number(result.growth_mb, 0),
        _number(result.import_s, 2),
        _number(result.start_s, 2),
        _number(result.cold_start_s, 1),
    )


def _number(number: float | None, digits: int) -> str:
    return "" if number is None else f"{number:.{digits}f}"


def _layers(profile: Profile, peak: float) -> Table:
    rows = [
        (
            layer.path,
            *(
                f"{100 * layer.gflops(name) / peak:.0f} % ({layer.ms[name]:.3f} ms)"
                if layer.ms.get(name)
                else ""
                for name in PASSES
            ),
        )
        for layer in profile.layers
    ]
    share = sum(sum(layer.ms.values()) for layer in profile.layers) / profile.ms
    title = text("report.layers", case=profile.case, launches=profile.launches, ms=profile.ms, share=share)
    header = tuple(map(text, ("report.layer", *PASSES.values())))
    return Table(title, header, rows, text("report.layers_note"), texts=1)


def _loops(profile: Profile) -> Table:
    rows = [
        (
            loop.kernel,
            str(loop.launches),
            f"{loop.ms:.3f}",
            f"{100 * loop.ms / profile.ms:.1f}",
            f"{loop.gigabytes / loop.ms * 1e3:.1f}" if loop.ms else "",
        )
        for loop in profile.loops
    ]
    header = (text("report.kernel"), text("report.launches"), "ms", text("report.share"), "GB/s")
    title = text("report.loops", case=profile.case)
    return Table(title, header, rows, text("report.loops_note"), texts=1)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    case, best = outcome.case, outcome.best
    return {
        "task": case.task,
        "model": case.model,
        "batch": case.batch,
        "direct_equivalent_gflop": case.gflop,
        "best_peer": best and best.peer,
        "engines": [_engine(outcome, result) for result in outcome.results],
    }


def _engine(outcome: Outcome, result: Result) -> dict[str, Any]:
    ratio = outcome.ratio(result)
    return asdict(result) | {
        "ms": result.ms if result.rounds_ms else None,
        "ratio": ratio and asdict(ratio),
    }


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "model": profile.case.model,
        "batch": profile.case.batch,
        "launches": profile.launches,
        "ms": profile.ms,
        "layers": [
            asdict(layer) | {"gflops": {name: layer.gflops(name) for name in layer.ms if layer.ms[name]}}
            for layer in profile.layers
        ],
        "loops": [asdict(loop) for loop in profile.loops],
    }
