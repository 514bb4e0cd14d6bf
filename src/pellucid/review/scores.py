"""How well a classifier does, class by class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.columns import Columns, printable
from pellucid.data.dataset import DataLike, Dataset, dataset
from pellucid.errors import ArgumentError, DataError, NonFiniteError, ShapeError, say
from pellucid.figures import Film
from pellucid.figures.confusion import confusion_matrix, counted
from pellucid.language import chosen, text
from pellucid.numbers import as_array
from pellucid.sizes import is_integer
from pellucid.train.batch import check_classes

Array = NDArray[Any]
Floats = NDArray[np.float64]
NOTHING = "—"  # what stands for a share of nothing
_LEAST = 0.0005  # what lies so near to 0 or 1 is not written as if it were that


def confusion(labels: Any, predicted: Any, classes: int) -> NDArray[np.int64]:
    """How often each class is taken for which: matrix[label, predicted], (classes, classes).

    Args:
        labels: the true classes, whole numbers of any shape: of images, or of their pixels.
        predicted: those that a network names, in the same shape.
        classes: how many there are.

    Raises: ArgumentError for what are no classes from 0 to classes − 1; ShapeError when the shapes differ.

    Example:
        >>> confusion([0, 0, 1, 2], [0, 1, 1, 1], 3)
        array([[1, 1, 0],
               [0, 1, 0],
               [0, 1, 0]])
    """
    if not is_integer(classes) or classes < 1:
        rule = say("{name} must be a whole number", name="classes")
        raise ArgumentError("confusion", rule, expected="≥ 1", got=f"classes={classes!r}")
    true, named = (_whole(name, value) for name, value in (("labels", labels), ("predicted", predicted)))
    if true.shape != named.shape:
        got = say("labels {labels} and predicted {predicted}", labels=true.shape, predicted=named.shape)
        raise ShapeError("confusion", "there must be a predicted class for each label", got=got)
    for name, array in (("labels", true), ("predicted", named)):
        check_classes(array.reshape(-1), classes, "confusion", name)
    memory.require("confusion", say("the matrix"), 8 * classes * classes, shape=(classes, classes))
    counts = np.bincount(true.reshape(-1) * classes + named.reshape(-1), minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64, copy=False)


def _whole(name: str, value: Any) -> NDArray[np.int64]:
    array = as_array("confusion", name, value)
    if array.dtype.kind not in "iu":
        rule = say("{name} must be whole numbers", name=name)
        raise ArgumentError("confusion", rule, got=f"{array.dtype} {array.shape}")
    return np.ascontiguousarray(array, np.int64)


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """What a confusion matrix says of each class.

        precision[k] = m[k,k] / Σ_i m[i,k]        recall[k] = m[k,k] / Σ_j m[k,j]
        f1[k] = 2·m[k,k] / (Σ_i m[i,k] + Σ_j m[k,j])        accuracy = Σ_k m[k,k] / Σ m

    A share of nothing is NaN, as the precision of a class that is never named.

    Attributes:
        matrix: m[label, predicted] (K,K), as `confusion` gives it.
        classes: what the classes are called; without a name a class is its number.

    Raises: ShapeError for a matrix that is not square; ArgumentError for numbers that are no counts.

    Example:
        >>> scores = Scores(np.array([[3, 1], [0, 4]]), ("cat", "dog"))
        >>> scores.accuracy, scores.precision.tolist(), scores.recall.tolist()
        (0.875, [1.0, 0.8], [0.75, 1.0])
        >>> print(scores.table("en"))
        class  precision   recall      F1  images
        cat      100.0 %   75.0 %  85.7 %       4
        dog       80.0 %  100.0 %  88.9 %       4
    """

    matrix: NDArray[np.int64]
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        matrix = counted("Scores", self.matrix)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "classes", class_names(self.classes, len(matrix)))

    @staticmethod
    def of(data: DataLike, probabilities: Any) -> Scores:
        """The scores of what `predict` gave for a dataset, or a pair (images, labels).

        Raises: DataError for data without labels, or with labels that the network does not have; ShapeError when the
            probabilities are of other data.
        """
        data, found = judged("Scores", data, probabilities)
        matrix = confusion(data.labels, found.argmax(axis=1), found.shape[1])
        return Scores(matrix, data.classes)

    @property
    def support(self) -> NDArray[np.int64]:
        """How many labels each class has."""
        return np.asarray(self.matrix.sum(axis=1))

    @property
    def right(self) -> NDArray[np.int64]:
        """How many of them the network names."""
        return self.matrix.diagonal()

    @property
    def accuracy(self) -> float:
        """The share of labels that are named; NaN without any."""
        return float(_share(self.right.sum(), self.matrix.sum()))

    @property
    def precision(self) -> Floats:
        """Of what is called so, the share that is so."""
        return _share(self.right, self.matrix.sum(axis=0))

    @property
    def recall(self) -> Floats:
        """Of what is so, the share that is called so."""
        return _share(self.right, self.support)

    @property
    def f1(self) -> Floats:
        """The harmonic mean of precision and recall."""
        return _share(2 * self.right, self.matrix.sum(axis=0) + self.support)

    def table(self, lang: str | None = None) -> Columns:
        """A row for each class.

        Args:
            lang: "en" or "ko"; None for that of `PELLUCID_LANG`.
        """
        said = partial(text, lang=chosen(lang))
        heads = (said("review.class"), *(said(key) for key in SHARES), said("review.images"))
        shares = (self.precision, self.recall, self.f1)
        rows = tuple(
            (printable(name), *(percent(share[k]) for share in shares), f"{self.support[k]:,}")
            for k, name in enumerate(self.classes)
        )
        return Columns(heads, rows, 1)

    def matrix_table(self, lang: str | None = None) -> Columns:
        """The confusion matrix: a row for each true class, a column for each that the network names.

        Args:
            lang: as for `table`.

        Example:
            >>> print(Scores(np.array([[3, 1], [0, 4]]), ("cat", "dog")).matrix_table("en"))
            true class / the network says  cat  dog
            cat                              3    1
            dog                              0    4
        """
        said = partial(text, lang=chosen(lang))
        names = tuple(map(printable, self.classes))
        rows = tuple((name, *(f"{n:,}" for n in row)) for name, row in zip(names, self.matrix, strict=True))
        return Columns((f"{said('review.label')} / {said('review.named')}", *names), rows, 1)

    def plot(self, path: str | os.PathLike[str] | None = None, *, lang: str | None = None) -> Film:
        """Draw the confusion matrix (extra `plot`), as `pellucid.figures.confusion_matrix` does.

        Args:
            path: a PNG or SVG to write; None draws when the film is asked for its figure.
            lang: the labels' language.

        Raises: ArgumentError for more than 200 classes; what `Film.save` raises.
        """
        film = confusion_matrix(self.matrix, self.classes, lang=lang)
        if path is not None:
            film.save(path)
        return film

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return f"Scores(accuracy={self.accuracy:.4f}, {len(self.matrix)} classes)"


SHARES = ("review.precision", "review.recall", "review.f1")


def _share(part: Any, whole: Any) -> Floats:
    """A quotient of counts, NaN where the whole is nothing."""
    found = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=found, where=np.asarray(whole) > 0)
    return found


def percent(share: float) -> str:
    """A share for readers; 100 % is all, and 0 % none.

    Example:
        >>> percent(0.98765), percent(1.0), percent(0.99996), percent(0.0001), percent(float("nan"))
        ('98.8 %', '100.0 %', '>99.9 %', '<0.1 %', '—')
    """
    if np.isnan(share):
        return NOTHING
    if 0 < share < _LEAST:
        return "<0.1 %"
    return ">99.9 %" if 1 - _LEAST <= share < 1 else f"{100 * share:.1f} %"


def class_names(classes: Sequence[str], count: int) -> tuple[str, ...]:
    """What so many classes are called: a class without a name is its number.

    Example:
        >>> class_names(("cat", "dog"), 3)
        ('cat', 'dog', '2')
    """
    return tuple(str(name) for name in classes[:count]) + tuple(map(str, range(len(classes), count)))


def judged(where: str, data: DataLike, probabilities: Any) -> tuple[Dataset, Array]:
    """A dataset with labels, and the probabilities (N, classes, …) of its images.

    Raises: DataError when there are no labels, or one that is no class; ShapeError when there is no probability for
        each; NonFiniteError when one is not finite.
    """
    data = dataset(where, data)
    if data.labels is None:
        raise DataError(where, "there must be labels to judge by", got=say("targets"))
    found = as_array(where, "probabilities", probabilities)
    if found.ndim < 2 or found.shape[:1] + found.shape[2:] != data.labels.shape:
        rule = "there must be probabilities (N, classes) for each label"
        got = say("{shape} for labels {labels}", shape=found.shape, labels=data.labels.shape)
        raise ShapeError(where, rule, got=got)
    if not np.isfinite(found).all():
        raise NonFiniteError(where, "probabilities must be finite")
    check_classes(data.labels.reshape(-1), found.shape[1], where, "labels", DataError)
    return data, found
