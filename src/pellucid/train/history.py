"""What happened in training: each step's loss and learning rate, each epoch's scores."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pellucid.errors import ArgumentError
from pellucid.language import chosen
from pellucid.markup import frame, tag
from pellucid.train.charts import STYLE, charts
from pellucid.train.curves import panels
from pellucid.train.events import Epoch

if TYPE_CHECKING:  # pictures are drawn only when they are asked for
    from pellucid.figures.film import Film


@dataclass
class History:
    """All epochs of a training run, and all its steps.

    Attributes:
        epochs: what each came to.
        losses, rates: the loss and the learning rate of each step.
        ended: why training ended before its last epoch, None where it did not.

    In a notebook it shows its curves.

    Example:
        >>> print(History([Epoch(0, 0.5, 2.0, {"accuracy": 0.75})]).csv())
        epoch,loss,seconds,validation_accuracy
        1,0.5,2.0,0.75
        >>> print(History(losses=[0.5, 0.25], rates=[0.1, 0.05]).steps_csv())
        step,loss,learning_rate
        1,0.5,0.1
        2,0.25,0.05
    """

    epochs: list[Epoch] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    ended: str | None = None

    def csv(self) -> str:
        """The epochs as comma-separated values, counted from 1."""
        rows = list(self._rows())
        heads = list(dict.fromkeys(key for row in rows for key in row))
        lines = [heads, *([str(row.get(key, "")) for key in heads] for row in rows)]
        return "\n".join(",".join(line) for line in lines)

    def steps_csv(self) -> str:
        """The steps as comma-separated values, counted from 1."""
        rows = (
            f"{i},{loss},{rate}"
            for i, (loss, rate) in enumerate(zip(self.losses, self.rates, strict=True), 1)
        )
        return "\n".join(["step,loss,learning_rate", *rows])

    def json(self) -> str:
        """Epochs and steps as one JSON document."""
        return json.dumps(asdict(self), allow_nan=False)

    def plot(self, path: str | os.PathLike[str] | None = None, *, lang: str | None = None) -> Film:
        """Draw the curves (extra `plot`): the loss of each step and a smoothed one, validation, the learning rate.

        Args:
            path: a PNG or SVG to write; None draws when the film is asked for its figure.
            lang: the labels' language, "en" or "ko"; None for that of `PELLUCID_LANG`.

        Returns: a film of one frame: `.figure()` is matplotlib's figure, `.save(path)` writes it.

        Raises: ArgumentError for a history without a step or an epoch; what `Film.save` raises.
        """
        from pellucid.train.plot import curves

        film = curves(
            panels(self.epochs, self.losses, self.rates, chosen(lang)), len(self.epochs), chosen(lang)
        )
        if path is not None:
            film.save(path)
        return film

    def html(self, lang: str | None = None) -> str:
        """The curves as a piece of HTML that needs nothing from elsewhere.

        Args:
            lang: "en" or "ko"; None for that of `PELLUCID_LANG`.
        """
        lang = chosen(lang)
        drawn = charts(panels(self.epochs, self.losses, self.rates, lang))
        return frame(tag("div", *drawn, class_="charts"), lang=lang, style=STYLE)

    def _repr_html_(self) -> str:
        return self.html()

    def _rows(self) -> Iterator[dict[str, Any]]:
        for epoch in self.epochs:
            scores = {f"validation_{name}": score for name, score in (epoch.validation or {}).items()}
            yield {"epoch": epoch.epoch + 1, "loss": epoch.loss, "seconds": epoch.seconds, **scores}


def check_history(where: str, history: object) -> None:
    """Raises: ArgumentError for what is neither a history nor None."""
    if not isinstance(history, History | None):
        rule = "history must be what fit returns"
        raise ArgumentError(where, rule, expected="a History", got=type(history).__name__)
