"""Calls that a function or a layer does not take: refused by name, with all that it takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from inspect import BoundArguments, signature
from typing import Any, TypeVar

from pellucid.errors import SignatureError, say

R = TypeVar("R")

_ABSENT = re.compile(r"missing a required (?:keyword-only )?argument: '(\w+)'")
_TWICE = re.compile(r"multiple values for argument '(\w+)'")
_ELSEWHERE = {  # settings of PyTorch's that have another place here
    "device": "leave it out: networks run on the CPU",
    "dtype": "leave it out: model.astype('float64') changes a network's float type",
    "inplace": "leave it out: functions do not change their input",
}


def called(where: str, function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """function(*args, **kwargs).

    Raises: SignatureError when the function does not take such arguments; whatever it raises itself.

    Example:
        >>> called("half", lambda number: number / 2, number=3, dtype=float)
        Traceback (most recent call last):
        pellucid.errors.SignatureError: half: there is no setting 'dtype'. Expected number. Hint: leave it out:
        model.astype('float64') changes a network's float type.
    """
    try:
        return function(*args, **kwargs)
    except TypeError:
        if (wrong := _refusal(where, function, args, kwargs)) is not None:
            raise wrong from None
        raise


def bound(
    where: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> BoundArguments:
    """The arguments of a call by the function's names for them.

    Raises: SignatureError when the function does not take such arguments.
    """
    try:
        return signature(function).bind(*args, **kwargs)
    except TypeError:
        raise _refusal(where, function, args, kwargs) or AssertionError from None


def _refusal(
    where: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> SignatureError | None:
    """What is wrong with a call's arguments, if it is they that do not fit."""
    taken = signature(function)
    try:
        taken.bind(*args, **kwargs)
    except TypeError as error:
        names = ", ".join(name for name in taken.parameters if name != "self") or "no settings"
        if (unknown := next((name for name in kwargs if name not in taken.parameters), None)) is not None:
            rule, hint = say("there is no setting '{name}'", name=unknown), _ELSEWHERE.get(unknown)
            return SignatureError(where, rule, expected=names, hint=hint)
        return SignatureError(where, _rule(str(error)), expected=names)
    return None


def _rule(said: str) -> str:
    """What Python says of a call's arguments, in our words or as a sentence that has a translation."""
    if absent := _ABSENT.search(said):
        return say("{name} must be given", name=absent[1])
    if twice := _TWICE.fullmatch(said):
        return say("multiple values for argument '{name}'", name=twice[1])
    return "too many positional arguments" if "too many" in said else said


class CheckedSettings:
    """A base of classes whose constructors refuse, by name, settings that they do not have."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if init := vars(cls).get("__init__"):

            @wraps(init)
            def checked(self: Any, *args: Any, **kwargs: Any) -> None:
                called(type(self).__name__, init, self, *args, **kwargs)

            cls.__init__ = checked  # type: ignore[method-assign]
