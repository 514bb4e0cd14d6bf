"""A trained network's report: one HTML file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.dataset import DataLike, Dataset, dataset
from pellucid.errors import ArgumentError, DataError, say, told_by
from pellucid.formats.file import check_writable, write_whole
from pellucid.functions.sums import total
from pellucid.language import chosen, text
from pellucid.nn import Module
from pellucid.ops.log_softmax import Shares
from pellucid.ops.softmax import Softmax
from pellucid.review.cards import cards
from pellucid.review.mistakes import mistakes
from pellucid.review.page import Findings, Told, written
from pellucid.review.scores import Scores
from pellucid.train.batch import check_classes
from pellucid.train.evaluation import raw
from pellucid.train.history import History, check_history
from pellucid.train.kinds import check_model

Array = NDArray[Any]
_MISTAKES = 24


@memory.enough("report")
def report(
    path: str | os.PathLike[str],
    model: Module,
    data: DataLike,
    *,
    history: History | None = None,
    train: DataLike | None = None,
    recipe: Mapping[str, object] | None = None,
    doubts: Sequence[str] = (),
    numbers: Sequence[Told] = (),
    title: str | None = None,
    lang: str | None = None,
) -> Scores:
    """Write what a classifier gets right and wrong, and why, as an HTML file that needs nothing else.

    It has accuracy and loss, curves of training, scores of each class, the confusion matrix, and the 24 mistakes of
    which the network is most sure, each with Grad-CAM and saliency of the class that it names. A file that exists is
    replaced. Returns the scores.

    Args:
        path: where to.
        model: the classifier.
        data: a dataset, or a pair (images, labels), with a label for each image; the network should not know it.
        history: what `fit` returned.
        train: the data it learned from; its images are counted.
        recipe: what else is to be told of the training, by name.
        doubts: sentences to stand at the top.
        numbers: histories of weights, each by `pellucid.number_history`.
        title: what stands above; None for the model's class.
        lang: "en" or "ko"; None for that of `PELLUCID_LANG`.

    Raises: DataError for data without such labels or without images; what `predict` and `saliency` raise; FormatError
        when the file cannot be written.
    """
    check_model("report", model)
    data, lang = _labelled(data), chosen(lang)
    _check_told(history, recipe, doubts)
    where = say("report '{path}'", path=path)
    check_writable(where, Path(path))
    logits = raw("report", model, data)
    probabilities = Softmax(dim=1).forward(logits)
    with told_by("report", "Scores"):
        scores = Scores.of(data, probabilities)
    found = Findings(
        title=text("review.title", lang, model=type(model).__name__) if title is None else title,
        scores=scores,
        loss=_loss(logits, data.labels),
        parameters=sum(parameter.size for parameter in model.parameters()),
        cards=cards(model, data, mistakes(data, probabilities, _MISTAKES), lang),
        history=history,
        trained=None if train is None else _counts(_labelled(train), len(scores.classes)),
        recipe=recipe or {},
        doubts=doubts,
        numbers=numbers,
    )
    write_whole(where, Path(path), [written(found, lang).encode("utf-8", "backslashreplace")])
    return scores


def _check_told(history: object, recipe: object, doubts: object) -> None:
    """Refuse what is told in another form before the work, not after it."""
    check_history("report", history)
    if not isinstance(recipe, Mapping | None):
        raise ArgumentError("report", "recipe must map names to settings", got=type(recipe).__name__)
    if isinstance(doubts, str) or not isinstance(doubts, Sequence):
        raise ArgumentError("report", "doubts must be a list of sentences", got=type(doubts).__name__)


def _labelled(data: DataLike) -> Dataset:
    data = dataset("report", data)
    if data.labels is None or data.labels.ndim != 1:
        got = say("targets") if data.labels is None else say("labels {shape}", shape=data.labels.shape)
        raise DataError("report", "there must be one label for each image", got=got)
    if not len(data):
        raise DataError("report", "there is nothing to evaluate on", got="0 images")
    return data


def _loss(logits: Array, labels: NDArray[np.int64]) -> float:
    """The mean cross-entropy, as `evaluate` has it."""
    logarithms = Shares(np.asarray(logits, np.float64), 1).logarithms
    return -float(total(logarithms[np.arange(len(labels)), labels])) / len(labels)


def _counts(data: Dataset, classes: int) -> NDArray[np.int64]:
    """How many images of each class there are."""
    check_classes(data.labels, classes, "report", "train.labels", DataError)
    return np.bincount(data.labels, minlength=classes)
