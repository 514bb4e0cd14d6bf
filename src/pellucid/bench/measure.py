"""A case, measured: the contenders take turns, round by round, and those that compute something else get no time."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pellucid.bench.cases import TRAIN, Case, write_weights
from pellucid.bench.contender import Contender, ContenderError, write_file
from pellucid.bench.peers import OURS, Peer
from pellucid.errors import PellucidError, say
from pellucid.language import text

_TURN_SECONDS = 0.5  # how long one contender runs before the next does
_REST_SECONDS = 0.3  # threads spin for a moment after their work; the next one begins when that is over
_TOLERANCE = 1e-3  # of the largest number; all compute in float32, in orders of their own
_CHANCE = 0.1  # the same for losses in which dropout has a part


@dataclass(frozen=True)
class Settings:
    """How to measure. `cold` starts engines that keep compiled code once more, with nothing kept."""

    threads: int
    rounds: int = 7
    cold: bool = True


@dataclass
class Result:
    """What one contender came to; `problem` says why it has no times."""

    peer: str
    rounds_ms: list[float] = field(default_factory=list)
    growth_mb: float | None = None
    import_s: float | None = None
    start_s: float | None = None
    cold_start_s: float | None = None
    problem: str | None = None

    @property
    def ms(self) -> float:
        """The median of the rounds' medians."""
        return statistics.median(self.rounds_ms)


@dataclass(frozen=True)
class Spread:
    """A ratio of times, taken round by round."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f})"


@dataclass
class Outcome:
    """All contenders of a case, Pellucid first."""

    case: Case
    results: list[Result]

    @property
    def best(self) -> Result | None:
        """The fastest of the others."""
        return min((r for r in self.results[1:] if r.rounds_ms), key=lambda r: r.ms, default=None)

    def ratio(self, result: Result) -> Spread | None:
        """How many times Pellucid's time a contender takes; None for Pellucid itself and for who has no times."""
        ours = self.results[0]
        if result is ours or not result.rounds_ms:
            return None
        ratios = [other / our for other, our in zip(result.rounds_ms, ours.rounds_ms, strict=True)]
        return Spread(statistics.median(ratios), min(ratios), max(ratios))

    def __str__(self) -> str:
        said, best = f"{self.case.title}: {self.results[0].ms:.2f} ms", self.best
        if best is None:
            return said
        return f"{said}, {text('bench.beside', peer=best.peer, ms=best.ms, ratio=self.ratio(best))}"


def measure(case: Case, peers: Sequence[Peer], settings: Settings, tell: Callable[[str], None]) -> Outcome:
    """Pellucid and these peers on one case; `tell` hears how far it is. Peers that it does not suit are named.

    Raises: PellucidError when Pellucid itself fails.
    """
    peers = [OURS, *(peer for peer in peers if peer is not OURS)]
    problems = [peer.unfit(case) or peer.missing() for peer in peers]
    outcome = Outcome(case, [Result(peer.name, problem=p) for peer, p in zip(peers, problems, strict=True)])
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        write_weights(case.model, Path(folder))
        start = _Start(case, Path(folder), settings, stack)
        ready: list[tuple[Contender, Result]] = []
        for peer, result in zip(peers, outcome.results, strict=True):
            if result.problem is not None:
                continue
            tell(text("bench.starts", task=case.title, peer=peer.name))
            try:
                contender = start(peer, result)
                if ready:
                    _check(case, contender.found, ready[0][0].found)
            except ContenderError as error:
                _give_up(case, result, error)
            else:
                ready.append((contender, result))
        _take_turns(case, ready, settings.rounds, tell)
    return outcome


@dataclass
class _Start:
    """Starts contenders; their processes end with the stack."""

    case: Case
    folder: Path
    settings: Settings
    stack: ExitStack
    written: set[str] = field(default_factory=set)

    def __call__(self, peer: Peer, result: Result) -> Contender:
        """A contender that is ready; how it started is noted down.

        Raises: ContenderError when it does not start.
        """
        if peer.file is not None and peer.file not in self.written:
            write_file(peer, self.case, self.folder)
            self.written.add(peer.file)
        cache: dict[str, str] = {}
        if peer.cache is not None:
            if self.settings.cold:
                cache = {peer.cache: self.stack.enter_context(tempfile.TemporaryDirectory())}
            first = Contender(peer, self.case, self.folder, self.settings.threads, cache)
            first.close()  # it has compiled what the folder lacked
            result.cold_start_s = first.start_s if self.settings.cold else None
        contender = Contender(peer, self.case, self.folder, self.settings.threads, cache)
        self.stack.callback(contender.close)
        result.import_s, result.start_s = contender.import_s, contender.start_s
        return contender


def _check(case: Case, found: list[float], expected: list[float]) -> None:
    """Compare what the first calls gave with what they gave in Pellucid.

    Raises: ContenderError when they differ by more than rounding does.
    """
    tolerance = _TOLERANCE
    if case.task == TRAIN and case.is_random:
        found, expected, tolerance = found[:1], expected[:1], _CHANCE
    if len(found) != len(expected):
        raise ContenderError(text("bench.other_count", theirs=len(found), ours=len(expected)))
    theirs, ours = np.array(found), np.array(expected)
    error = np.abs(theirs - ours).max() / np.abs(ours).max()
    if not error <= tolerance:  # NaN as well
        raise ContenderError(text("bench.difference", error=error))


def _take_turns(
    case: Case, ready: list[tuple[Contender, Result]], rounds: int, tell: Callable[[str], None]
) -> None:
    """Let each run for a moment, again and again; a median for each turn."""
    calls: dict[str, int] = {}
    for number in range(-1, rounds):  # round -1 finds out how many calls fill a turn
        for contender, result in list(ready):
            turn = max(0, number) + 1
            tell(text("bench.round", task=case.title, number=turn, rounds=rounds, peer=result.peer))
            time.sleep(_REST_SECONDS)
            try:
                times = contender.run(1 + calls.get(result.peer, 3))[1:]  # the first one wakes up
            except ContenderError as error:
                ready.remove((contender, result))
                result.rounds_ms.clear()
                _give_up(case, result, error)
                continue
            if number < 0:
                calls[result.peer] = round(min(50, max(3, _TURN_SECONDS * 1e3 / min(times))))
            else:
                result.rounds_ms.append(statistics.median(times))
            result.growth_mb = contender.growth_mb


def _give_up(case: Case, result: Result, error: ContenderError) -> None:
    """Note why there are no times.

    Raises: PellucidError where there is nothing to compare with.
    """
    if result.peer == OURS.name:
        raise PellucidError(
            "bench", say("Pellucid cannot do {case}", case=case), got=str(error).rstrip(".")
        ) from None
    result.problem = str(error)
