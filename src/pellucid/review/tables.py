"""The report's tables: scores of each class, and which is taken for which."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pellucid.columns import cells
from pellucid.figures.confusion import DARK, colours, shares, strength
from pellucid.language import text
from pellucid.markup import Markup, tag
from pellucid.review.cards import picture
from pellucid.review.scores import SHARES, Scores, percent

_ROWS = 60  # classes in the table
_WRITTEN = 20  # up to so many classes have their counts in the matrix
_SHORT = 4  # columns of a class's name that fit above a cell
_FREQUENT = 10  # confusions in the list
_DRAWN = 1500  # up to so many it is drawn


def per_class(scores: Scores, trained: NDArray[np.int64] | None, lang: str) -> Markup:
    """A row for each class; of many classes those with the lowest F1."""
    order = np.arange(len(scores.classes))
    f1 = scores.f1
    if len(order) > _ROWS:  # NaN counts as the lowest
        order = np.argsort(np.where(np.isnan(f1), -1, f1), kind="stable")[:_ROWS]
    heads = [text(key, lang) for key in SHARES] + [text("review.images", lang)]
    if trained is not None:
        heads.append(text("review.trained_on", lang))
    kinds = [*["share"] * len(SHARES), *["number"] * (len(heads) - len(SHARES))]
    head = [tag("th", text("review.class", lang))]
    head += [tag("th", name, class_=kind) for name, kind in zip(heads, kinds, strict=True)]
    rows = [tag("tr", *head)]
    columns = (scores.precision, scores.recall, f1)
    for k in order:
        row = [tag("th", scores.classes[k], scope="row"), *(_bar(column[k]) for column in columns)]
        row.append(tag("td", f"{scores.support[k]:,}", class_="number"))
        if trained is not None:
            row.append(tag("td", f"{trained[k]:,}", class_="number"))
        rows.append(tag("tr", *row))
    table = tag("div", tag("table", *rows, class_="classes"), class_="wide")
    if len(order) == len(f1):
        return table
    said = text("review.lowest", lang, shown=len(order), count=len(f1))
    return tag("div", tag("p", said), table)


def _bar(share: float) -> Markup:
    """A share with a bar as long as it."""
    width = 0 if np.isnan(share) else round(float(share), 3)
    return tag("td", percent(share), class_="share", style=f"--share:{width}")


def matrix(scores: Scores, lang: str) -> Markup | None:
    """The confusion matrix: a table where its numbers can be read, else a picture with a dot for each cell.

    None where there are more classes than dots on a screen.
    """
    counts = scores.matrix
    if len(counts) > _DRAWN:
        return None
    if len(counts) > _WRITTEN:
        dots = np.rint(255 * colours(counts)).astype(np.uint8)
        return picture(dots, text("review.confusions", lang), "matrix")
    tall = any(cells(name) > _SHORT for name in scores.classes)
    heads = [
        tag("th", text("review.label", lang), " ↓"),
        *(tag("th", tag("span", name)) for name in scores.classes),
    ]
    rows = [tag("tr", *heads, class_="heads tall" if tall else "heads")]
    for i, (name, row) in enumerate(zip(scores.classes, shares(counts), strict=True)):
        content = (
            _cell(counts[i, j], row[j], "right" if i == j else "wrong", f"{name} → {other}")
            for j, other in enumerate(scores.classes)
        )
        rows.append(tag("tr", tag("th", name, scope="row"), *content))
    caption = tag("caption", text("review.named", lang), " →")
    return tag("div", tag("table", caption, *rows, class_="matrix"), class_="wide")


def _cell(count: int, share: float, kind: str, title: str) -> Markup:
    """A count on a paper as strong as its share; nothing is on plain paper."""
    if not count:
        return tag("td", "0", title=title)
    strong = " strong" if share > DARK else ""
    return tag("td", f"{count:,}", class_=kind + strong, style=f"--share:{strength(share):.3f}", title=title)


def frequent(scores: Scores, lang: str) -> Markup | None:
    """Which class is most often taken for which; None where none is."""
    rows = [tag("li", *line) for line in _frequent(scores, lang)]
    if not rows:
        return None
    return tag("div", tag("h3", text("review.frequent", lang)), tag("ol", *rows), class_="frequent")


def _frequent(scores: Scores, lang: str) -> Iterator[tuple[str, ...]]:
    labels, named = np.nonzero(scores.matrix)
    counts = scores.matrix[labels, named]
    counts[labels == named] = 0
    for k in np.argsort(-counts, kind="stable")[:_FREQUENT]:
        if not counts[k]:
            return
        i, j = labels[k], named[k]
        times = text("review.times", lang, count=counts[k], total=scores.support[i])
        yield tag("b", scores.classes[i]), " → ", tag("b", scores.classes[j]), " ", tag("small", times)
