"""What a step is made of must be of the right kind."""

from __future__ import annotations

from pellucid.errors import ArgumentError, say
from pellucid.nn.module import Module
from pellucid.train.optimizers import Optimizer


def check_model(where: str, model: object) -> None:
    """A model must be a module.

    Raises: ArgumentError for anything else.
    """
    if not isinstance(model, Module):
        raise ArgumentError(where, "model must be a pellucid Module", got=_kind(model))


def check_optimizer(where: str, optimizer: object) -> None:
    """An optimiser must be one of ours.

    Raises: ArgumentError for anything else.
    """
    if not isinstance(optimizer, Optimizer):
        rule = "optimizer must be an SGD, Adam or AdamW of pellucid"
        raise ArgumentError(where, rule, got=_kind(optimizer), hint="optimizer=pellucid.SGD(lr=0.05)")


def _kind(value: object) -> str:
    """What a wrong argument is: a class, or the class of an object, with the package it comes from."""
    kind = value if isinstance(value, type) else type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return say("the class {name} itself", name=name) if isinstance(value, type) else name
