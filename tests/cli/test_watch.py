"""When a run in training is looked at, and what is printed of it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pellucid.cli.watch import Watch
from pellucid.review.advice import ENOUGH, Finding
from pellucid.train import Epoch, History, Progress


class Looks:
    """Finds the same in every run, and counts its steps."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.steps: list[int] = []
        self.screen = io.StringIO()
        self.watch = Watch(self.found, Console(file=self.screen, quiet=quiet))

    def found(self, history: History) -> tuple[Finding, ...]:
        self.steps.append(len(history.losses))
        return (Finding("standing", "nothing is learned"),)

    def train(self, epochs: int) -> History:
        """So many epochs of as many steps as a look needs."""
        history = History()
        for epoch in range(epochs):
            for batch in range(ENOUGH):
                self.watch(Progress(epoch, batch, ENOUGH, 1.0, 1.0, 0.1))
                history.losses.append(1.0)
            history.epochs.append(Epoch(epoch, 1.0, 1.0))
            self.watch(history.epochs[-1])
        return history


@pytest.mark.parametrize(("epochs", "lines"), [(1, 1), (2, 2), (3, 2)])
def test_a_run_is_told_of_behind_its_first_epoch_and_at_its_end(epochs, lines) -> None:
    looks = Looks()
    found = looks.watch.end(looks.train(epochs))
    assert [finding.kind for finding in found] == ["standing"]
    assert looks.steps == [ENOUGH, epochs * ENOUGH]
    assert looks.screen.getvalue() == "nothing is learned\n" * lines


def test_where_nothing_is_printed_only_the_end_is_looked_at() -> None:
    looks = Looks(quiet=True)
    assert len(looks.watch.end(looks.train(2))) == 1
    assert looks.steps == [2 * ENOUGH]
    assert looks.screen.getvalue() == ""


def test_a_finished_run_that_goes_on_is_told_of() -> None:
    looks, done = Looks(), Looks().train(1)
    assert len(looks.watch.end(done)) == 1
    assert looks.screen.getvalue() == "nothing is learned\n"
