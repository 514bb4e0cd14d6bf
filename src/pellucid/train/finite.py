"""A step that comes to numbers that are not finite: it changes nothing, and says where they begin."""

from __future__ import annotations

import numpy as np

from pellucid.engine.training import Training
from pellucid.errors import NumericError
from pellucid.explain.finite import check_finite

_RULE = "the loss and the norm of the gradients must be finite; nothing was changed"
_BEFORE = "pellucid.record(model, x, y, optimizer=…).overview() shows where the first NaN or infinity is"
_AFTER = "use a smaller learning rate"


def check(where: str, training: Training, loss: float, *, updated: bool) -> None:
    """Refuse what a run came to, unless loss and gradients are finite.

    Args:
        where: what was called.
        training: what has run.
        loss: what the run came to.
        updated: whether there were updates before, which may have gone too far.

    Raises: NumericError that names the first number which is not finite: the loss, or a gradient's, the last layer's
        first.
    """
    if training.finite:
        return
    hint = _AFTER if updated else _BEFORE
    check_finite(where, _RULE, [("loss", np.asarray(loss)), *training.gradients()], hint)
    raise NumericError(where, _RULE, got=f"grad_norm={training.norm}", hint=hint)
