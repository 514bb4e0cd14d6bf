"""Every exception that Pellucid raises on purpose.

    PellucidError
    ├── ShapeError      (ValueError)  sizes that do not fit together
    ├── ArgumentError   (ValueError)  an argument outside its range or of the wrong kind
    │   ├── MissingError (AttributeError)  an attribute that something does not have
    │   └── SignatureError (TypeError)  arguments that something does not take
    ├── AddressError    (KeyError)    a name or index that is not in a recording
    ├── DataError                     a dataset or image that cannot be used
    ├── FormatError                   a file that is not what it claims to be
    └── NumericError                  numbers that left the finite range
        └── NonFiniteError            NaN or infinity where there must be none

A message has one shape: ``<where>: <broken rule>. Expected …. Got …. Hint: ….`` It is read in the language that is
spoken then, English or Korean; `said.py` tells how.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self

from pellucid.errors.said import (
    ENVIRONMENT,
    Said,
    either,
    joined,
    language,
    say,
    sentence,
    translated,
)

__all__ = [
    "ENVIRONMENT",
    "AddressError",
    "ArgumentError",
    "DataError",
    "FormatError",
    "MissingError",
    "NonFiniteError",
    "NumericError",
    "PellucidError",
    "Said",
    "ShapeError",
    "SignatureError",
    "either",
    "joined",
    "language",
    "reason",
    "say",
    "told_by",
    "translated",
]


class PellucidError(Exception):
    """A mistake that the caller can mend.

    Example:
        >>> print(ShapeError("conv2d", "input channels must match", expected="C=16", got="C=3"))
        conv2d: input channels must match. Expected C=16. Got C=3.
        >>> print(ShapeError("conv2d", "input channels must match", got="C=3").at("features.3"))
        conv2d 'features.3': input channels must match. Got C=3.
        >>> error = ShapeError("conv2d", say("input must have {rank} axes", rank=4), got="input (3, 9)")
        >>> translated(error.message, "ko")
        'conv2d: 입력의 축은 4개여야 합니다. 실제: input (3, 9)'
    """

    def __init__(
        self,
        where: str,
        rule: str,
        *,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
        path: str | None = None,
    ) -> None:
        self.where, self.rule = where, rule
        self.expected, self.got, self.hint, self.path = expected, got, hint, path
        super().__init__(str(self))

    @property
    def message(self) -> str:
        """All of it but the full stop, to be part of another sentence in whatever language."""
        where = say("{where} '{path}'", where=self.where, path=self.path) if self.path else self.where
        message = say("{where}: {rule}", where=where, rule=sentence(self.rule))
        if self.expected is not None:
            message = say("{message}. Expected {expected}", message=message, expected=sentence(self.expected))
        if self.got is not None:
            message = say("{message}. Got {got}", message=message, got=sentence(self.got))
        if self.hint is not None:
            message = say("{message}. Hint: {hint}", message=message, hint=sentence(self.hint))
        return message

    def __str__(self) -> str:
        return f"{translated(self.message)}."

    def __reduce__(self) -> tuple[Any, ...]:
        named = {name: getattr(self, name) for name in ("expected", "got", "hint", "path")}
        return partial(type(self), self.where, self.rule, **named), ()

    def at(self, path: str) -> Self:
        """The same error, naming the layer in which it happened (the innermost name stays)."""
        if self.path is None and path:
            self.path = path
            self.args = (str(self),)
        return self

    def of(self, where: str) -> Self:
        """The same error, naming another function: the one that was called, where it is made of others."""
        self.where = where
        self.args = (str(self),)
        return self


@contextmanager
def told_by(where: str, instead_of: str) -> Iterator[None]:
    """What one function refuses is told by another that is made of it: the one that was called.

    Example:
        >>> with told_by("record", "TrainStep"):
        ...     raise ArgumentError("TrainStep", "loss has no such name")
        Traceback (most recent call last):
        pellucid.errors.ArgumentError: record: loss has no such name.
    """
    try:
        yield
    except PellucidError as error:
        if error.where == instead_of:
            error.of(where)
        raise


def reason(error: Exception) -> str:
    """What an error says, to be a part of another one: a sentence of ours, or somebody else's text."""
    if isinstance(error, PellucidError):
        return error.message
    return error.args[0] if error.args and isinstance(error.args[0], Said) else str(error)


class ShapeError(PellucidError, ValueError):
    """Sizes that do not fit together."""


class ArgumentError(PellucidError, ValueError):
    """An argument outside its range or of the wrong kind."""


class MissingError(ArgumentError, AttributeError):
    """An attribute that something does not have; `hasattr` says so."""


class SignatureError(ArgumentError, TypeError):
    """Arguments that a function or a layer does not take."""


class AddressError(PellucidError, KeyError):
    """A name or an index that a recording does not hold."""


class DataError(PellucidError):
    """A dataset or an image that cannot be used."""


class FormatError(PellucidError):
    """A file that is not what it claims to be."""


class NumericError(PellucidError):
    """Numbers that left the finite range."""


class NonFiniteError(NumericError):
    """NaN or infinity where there must be none."""
