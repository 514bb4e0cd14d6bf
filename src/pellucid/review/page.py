"""The report's sections as HTML: one page, nothing from elsewhere, all text escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import pellucid
from pellucid.language import text
from pellucid.markup import Markup, joined, page, tag
from pellucid.review import tables
from pellucid.review.look import STYLE
from pellucid.review.scores import Scores, percent
from pellucid.train.charts import charts
from pellucid.train.curves import panels
from pellucid.train.history import History


class Told(Protocol):
    """What can tell of itself on a page, such as the history of a number."""

    def html(self, lang: str | None = None) -> str:
        """A piece of HTML."""


@dataclass(frozen=True)
class Findings:
    """What a report is made of.

    Attributes:
        title: what stands above.
        scores: of each class.
        loss: the mean cross-entropy.
        parameters: how many numbers the network has learned.
        cards: the mistakes.
        history: how training went.
        trained: how many images of each class it saw.
        recipe: what was set.
        doubts: sentences.
        numbers: what each has to tell as HTML.
    """

    title: str
    scores: Scores
    loss: float
    parameters: int
    cards: Markup
    history: History | None = None
    trained: NDArray[np.int64] | None = None
    recipe: Mapping[str, object] = field(default_factory=dict)
    doubts: Sequence[str] = ()
    numbers: Sequence[Told] = ()


def written(found: Findings, lang: str) -> str:
    """The report as a file."""
    made = tag("footer", tag("small", text("review.made_by", lang, version=pellucid.__version__)))
    content = tag("main", tag("h1", found.title), *_sections(found, lang), made)
    return page(found.title, joined((tag("style", Markup(STYLE)), content)), lang)


def _sections(found: Findings, lang: str) -> Iterator[Markup]:
    yield _facts(found, lang)
    if found.doubts:
        doubts = [tag("li", doubt) for doubt in found.doubts]
        yield tag("div", tag("h2", text("review.doubts", lang)), tag("ul", *doubts), class_="doubts")
    if found.recipe:
        pairs = [(tag("dt", str(name)), tag("dd", str(setting))) for name, setting in found.recipe.items()]
        rows = [part for pair in pairs for part in pair]
        yield _section(text("review.recipe", lang), tag("dl", *rows, class_="recipe"))
    told = found.history
    if drawn := charts(panels(told.epochs, told.losses, told.rates, lang)) if told else []:
        yield _section(text("review.training", lang), tag("div", *drawn, class_="charts"))
    if found.numbers:
        told_of = (Markup(number.html(lang)) for number in found.numbers)
        yield _section(text("review.numbers", lang), *told_of)
    yield _section(text("review.classes", lang), tables.per_class(found.scores, found.trained, lang))
    if confusions := list(_confusions(found.scores, lang)):
        yield _section(text("review.confusions", lang), *confusions)
    yield _section(text("review.mistakes", lang), found.cards)


def _confusions(scores: Scores, lang: str) -> Iterator[Markup]:
    """How the matrix is read, it, and what is most frequent in it."""
    matrix, frequent = tables.matrix(scores, lang), tables.frequent(scores, lang)
    if matrix is not None:
        yield tag("p", text("review.how_matrix", lang))
    if parts := [part for part in (matrix, frequent) if part is not None]:
        yield tag("div", *parts, class_="both")


def _section(title: str, *content: Markup) -> Markup:
    return tag("section", tag("h2", title), *content)


def _facts(found: Findings, lang: str) -> Markup:
    """The numbers that are asked for first."""
    total = int(found.scores.matrix.sum())
    facts = (
        (text("review.accuracy", lang), percent(found.scores.accuracy), "hero"),
        (text("review.images", lang), f"{total:,}", None),
        (text("review.loss", lang), f"{found.loss:.4f}", None),
        (text("review.parameters", lang), f"{found.parameters:,}", None),
    )
    return tag(
        "dl",
        *(
            tag("div", tag("dt", tag("small", name)), tag("dd", said, class_=kind))
            for name, said, kind in facts
        ),
        class_="facts",
    )
