"""From one network to another: weights that fit are taken over, and parameters are frozen by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from pellucid.errors import ArgumentError, say
from pellucid.nn.module import Module


def take_over(model: Module, state: Mapping[str, Any]) -> list[str]:
    """Load those arrays of a state dict whose names and shapes are the model's; the names of the model's others.

    Raises: ArgumentError when not one fits.

    Example:
        >>> import pellucid as pc
        >>> take_over(pc.models.tiny(3, 5), pc.models.tiny(3, 10).state_dict())
        ['fc.weight', 'fc.bias']
    """
    own = model.state_dict()
    fitting = {
        name: state[name] for name in own if name in state and np.shape(state[name]) == own[name].shape
    }
    if not any(name in fitting for name, _ in model.named_parameters()):
        rule = "no weights have the names and shapes of the model's"
        raise ArgumentError("take_over", rule, got=", ".join(map(str, state))[:200])
    model.load_state_dict({**own, **fitting})
    return [name for name in own if name not in fitting]


def freeze(model: Module, patterns: Sequence[str], but: Sequence[str] = ()) -> list[str]:
    """Freeze the parameters whose names match one of the patterns, such as "features.*"; the names of these.

    Raises: ArgumentError for a pattern that matches nothing.

    Example:
        >>> import pellucid as pc
        >>> len(freeze(pc.models.tiny(), ["features.*"]))
        9
    """
    names = dict(model.named_parameters())
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            rule = say("no parameter matches {pattern!r}", pattern=pattern)
            raise ArgumentError(
                "freeze", rule, expected=say("such as {example}", example=next(iter(names), ""))
            )
    found = [
        name for name in names if name not in but and any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
    for name in found:
        names[name].requires_grad = False
    return found
