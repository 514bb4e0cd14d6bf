"""What single options say: an optimiser by its name, a picture's sides."""

from __future__ import annotations

import re
from typing import Any

from pellucid.errors import ArgumentError, either, say
from pellucid.train.optimizers import SGD, Adam, AdamW, Optimizer

_OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


def optimizer(
    command: str,
    name: str,
    lr: float | None = None,
    momentum: float | None = None,
    weight_decay: float | None = None,
) -> Optimizer:
    """The optimiser that settings describe.

    Raises: ArgumentError for one that there is not, and for a momentum that the rule does not have.
    """
    if name not in _OPTIMIZERS:
        rule = say("there is no such {what}", what=say("optimizer"))
        raise ArgumentError(command, rule, expected=either(_OPTIMIZERS), got=repr(name)[:80])
    given: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
    given = {name: value for name, value in given.items() if value is not None}
    if weight_decay is not None:
        given["decay_vectors"] = False
    if name == "sgd":
        return SGD(**{"lr": 0.05, "momentum": 0.9 if momentum is None else momentum, **given})
    if momentum is not None:
        raise ArgumentError(command, "only sgd takes --momentum", got=f"--optimizer {name}")
    return _OPTIMIZERS[name](**given)


def sides(command: str, option: str, text: str) -> tuple[int, int]:
    """A size such as 32, or 24x32 for height and width.

    Raises: ArgumentError when the text is something else.
    """
    if not re.fullmatch("[1-9][0-9]{0,4}(x[1-9][0-9]{0,4})?", text):
        rule = say("{option} must be a whole number, or height and width", option=option)
        raise ArgumentError(command, rule, expected="such as 32 or 24x32", got=repr(text))
    height, _, width = text.partition("x")
    return int(height), int(width or height)
