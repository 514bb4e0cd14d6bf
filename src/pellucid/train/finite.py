"""A step that comes to numbers that are not finite: it changes nothing, and says where they begin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pellucid.engine.training import Training
from pellucid.errors import NonFiniteError, NumericError, say
from pellucid.explain.address import written
from pellucid.explain.finite import check_finite, first_wrong
from pellucid.explain.recording import Recording
from pellucid.explain.source import Entry

_RULE = "the loss and the norm of the gradients must be finite; nothing was changed"
_BEFORE = "pellucid.record(model, x, y, optimizer=…).overview() shows where the first NaN or infinity is"
_AFTER = "use a smaller learning rate"
_DATA, _MODEL = "mend the data, or leave them out", "mend them, or make the model anew"


def check(where: str, training: Training, loss: float, step: int, record: Callable[[], Recording]) -> None:
    """Refuse what a run came to, unless loss and gradients are finite.

    Args:
        where: what was called.
        training: what has run.
        loss: what the run came to.
        step: which update it would be, from 1; those before may have gone too far.
        record: the same run once more with every number kept, which has the same bits.

    Raises: NonFiniteError that names the first number, in the order of computation, which is not finite: of the data,
        of the model, or of what an op made of both. Where there is no memory to keep all numbers, it names the loss, or
        a gradient's, the last layer's first.
    """
    if training.finite:
        return
    try:
        recording = record()
    except (NumericError, MemoryError):
        hint = _AFTER if step > 1 else _BEFORE
        check_finite(where, _RULE, [("loss", np.asarray(loss)), *training.gradients()], hint)
        raise NonFiniteError(where, _RULE, got=f"grad_norm={training.norm}", hint=hint) from None
    _check_all(where, recording, step)


def _check_all(where: str, recording: Recording, step: int) -> None:
    """Look through all numbers of a run in their order, up to those that the update would make."""
    for entry in recording.entries.values():
        if (entry.source is not None and entry.source.direction == "update") or entry.given == "optimizer":
            continue
        array = recording[entry.name]
        if (at := first_wrong(array)) is not None:
            got = say("{number} in {at}", number=array[at], at=written(entry.name, at))
            if (op := _op(entry)) is not None:
                got = say("{first}, the first in step {step}, made by {op}", first=got, step=step, op=op)
            raise NonFiniteError(where, _RULE, got=got, hint=_hint(entry, step))


def _op(entry: Entry) -> str | None:
    """The op that made an array; None where it was given."""
    return None if entry.source is None else entry.source.op.name


def _hint(entry: Entry, step: int) -> str:
    """What to do where this array is the first; updates before the step may have gone too far."""
    if entry.given == "input":
        return _DATA
    if step > 1:
        return _AFTER
    return _MODEL if entry.given == "model" else _BEFORE
