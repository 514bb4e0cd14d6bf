"""What the library's own layers have in common: one op each, and settings that are checked at once."""

from __future__ import annotations

from typing import Any, ClassVar

from pellucid.errors import ArgumentError, say
from pellucid.nn.module import Module
from pellucid.signatures import CheckedSettings
from pellucid.sizes import is_integer


class Layer(Module, CheckedSettings):
    """A module that is one op and gives it its name."""

    is_layer = True
    fixed: ClassVar[tuple[str, ...]] = ()  # settings by which its arrays were made

    def __init__(self) -> None:
        """Most have settings."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.fixed and vars(self).get(name, value) != value:
            rule = say("{name} stays as the layer was made", name=name)
            got, hint = f"{name} = {value!r}", "make another layer in its place"
            raise ArgumentError(
                type(self).__name__, rule, expected=f"{vars(self)[name]!r}", got=got, hint=hint
            )
        super().__setattr__(name, value)


def whole(where: str, name: str, value: Any, minimum: int = 1) -> int:
    """A whole number of at least `minimum`.

    Raises: ArgumentError for anything else.
    """
    if not is_integer(value) or value < minimum:
        raise ArgumentError(
            where,
            say("{name} must be a whole number", name=name),
            expected=f"{name} ≥ {minimum}",
            got=f"{name}={value!r}",
        )
    if value >= 2**31:
        raise ArgumentError(
            where, say("{name} is too large", name=name), expected="less than 2³¹", got=f"{name}={value!r}"
        )
    return int(value)


def check_groups(where: str, groups: int, **channels: int) -> None:
    """Every number of channels must be a multiple of the groups.

    Raises: ArgumentError that names the first that is not.
    """
    for name, count in channels.items():
        if count % groups:
            rule = say("{name} must be a multiple of groups", name=name)
            got = f"{name}={count}, groups={groups}"
            raise ArgumentError(where, rule, got=got)
