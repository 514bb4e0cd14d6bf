"""How well a classifier does class by class, as commands tell it at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from pellucid.data import Dataset
    from pellucid.nn import Module
    from pellucid.review import Scores

_MOST = 20  # classes whose table and matrix a screen has room for


def scores_of(model: Module, data: Dataset) -> Scores | None:
    """A classifier's scores; None where there is no label for each image."""
    from pellucid import review, train

    if data.labels is None or data.labels.ndim != 1:
        return None
    return review.Scores.of(data, train.predict(model, data))


def tell(console: Console, scores: Scores | None) -> None:
    """Print a row for each class and the confusion matrix, unless there are too many classes."""
    if scores is not None and len(scores.classes) <= _MOST:
        console.print(f"\n{scores.table()}\n\n{scores.matrix_table()}")


def document(scores: Scores | None) -> dict[str, Any]:
    """The same as values that JSON knows."""
    if scores is None:
        return {}
    shares = zip(scores.classes, scores.precision, scores.recall, scores.f1, scores.support, strict=True)
    rows = [
        {"class": name, "precision": float(p), "recall": float(r), "f1": float(f), "images": int(n)}
        for name, p, r, f, n in shares
    ]
    return {"classes": rows, "confusion": scores.matrix.tolist()}
