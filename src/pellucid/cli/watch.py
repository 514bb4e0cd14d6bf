"""Looks at a run in training: whether it goes anywhere, after its first epoch and at its end."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

from pellucid.errors import PellucidError
from pellucid.language import text
from pellucid.review.advice import ENOUGH, Finding
from pellucid.train import Epoch, History, Progress

Look = Callable[[History], tuple[Finding, ...]]


class Watch:
    """A callback of `fit` that prints advice where something is wrong.

    An epoch of a few steps tells nothing: the first look is behind the first epoch by which there are 100. A console
    that prints nothing needs none: then the only look is that at the end.
    """

    def __init__(self, look: Look, console: Console) -> None:
        self._look, self._console = look, console
        self._history = History()
        self._looked: int | None = None  # behind how many epochs

    def __call__(self, event: Progress | Epoch) -> None:
        """Note down what happens, and look once."""
        seen = self._history
        if isinstance(event, Progress):
            seen.losses.append(event.loss)
            seen.rates.append(event.lr)
            return
        seen.epochs.append(event)
        if self._looked is None and not self._console.quiet and len(seen.losses) >= ENOUGH:
            self._tell(self._found(seen))
            self._looked = len(seen.epochs)

    def end(self, history: History) -> tuple[Finding, ...]:
        """What is wrong in the end; printed, unless it has just been."""
        found = self._found(history)
        if self._looked != len(self._history.epochs):
            self._tell(found)
        return found

    def _found(self, history: History) -> tuple[Finding, ...]:
        """The findings; where there can be none, as without memory for a recording, the run goes on all the same."""
        try:
            return self._look(history)
        except PellucidError as error:
            self._console.print(text("training.no_advice", error=error))
            return ()

    def _tell(self, found: tuple[Finding, ...]) -> None:
        for finding in found:
            self._console.print(finding.text)
