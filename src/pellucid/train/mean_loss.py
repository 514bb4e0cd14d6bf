"""The mean of any loss over data: computed as in training, by the network itself, in inference mode."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np

from pellucid.engine.inference import Inference
from pellucid.errors import NonFiniteError
from pellucid.nn.module import Module
from pellucid.train.losses import CrossEntropyLoss, Loss
from pellucid.train.network import batch_of, loss_function


def mean_loss(
    where: str, model: Module, loss: Loss, batches: Iterable[tuple[Any, Any]], between: Callable[[], None]
) -> dict[str, float]:
    """The mean over the batches, each with the weight of its examples, and of a classifier the accuracy.

    Raises: NonFiniteError when a batch's loss is not finite.
    """
    networks: dict[Hashable, Inference] = {}
    total = right = weights = 0.0
    classifies = False
    for x, y in batches:
        between()
        batch = batch_of(model, loss, x, y, model.dtype)
        if batch.form not in networks:
            networks[batch.form] = Inference(*loss_function(model, loss, batch))
        value, output = networks[batch.form](**batch.arrays)
        if not np.isfinite(value):
            raise NonFiniteError(where, "the loss must be finite", got=f"{float(value)}")
        weight = float(len(next(iter(batch.arrays.values()))))
        labels = batch.arrays.get("target")
        if isinstance(loss, CrossEntropyLoss) and labels is not None and labels.dtype.kind == "i":
            counts, classifies = labels != loss.ignore_index, True
            weight = float(counts.sum())
            right += float(((output.argmax(axis=1) == labels) & counts).sum())
        total, weights = total + float(value) * weight, weights + weight
    mean = {"loss": total / max(weights, 1.0)}
    return mean | ({"accuracy": right / max(weights, 1.0)} if classifies else {})
