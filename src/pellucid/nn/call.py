"""A call of a network: its tensors by the names of forward's arguments, and all that it says besides."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from inspect import BoundArguments
from itertools import islice
from typing import Any

from pellucid.engine.structure import items, mapped
from pellucid.signatures import bound

_SAID = (type(None), bool, int, float, str, bytes)  # arguments that are no tensors


@dataclass(frozen=True)
class _Place:
    """Where a tensor stands in a call's arguments."""

    name: str


@dataclass(frozen=True)
class Call:
    """What a forward is called with.

    Attributes:
        tensors: by name: "input" where there is but one, else as forward's argument is called; "pair.0", "sizes.left"
            what lies in a tuple, a list or a dict there.
        arguments: forward's, with places for the tensors.
    """

    tensors: dict[str, Any]
    arguments: BoundArguments

    @property
    def form(self) -> Hashable:
        """What tells calls apart besides their tensors."""
        return repr(self.arguments.arguments)

    def of(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        """The forward as a function of the tensors alone, in their order."""

        def function(*tensors: Any) -> Any:
            here = dict(zip(self.tensors, tensors, strict=True))

            def item(_: str, value: Any) -> Any:
                return here[value.name] if isinstance(value, _Place) else value

            given = BoundArguments(self.arguments.signature, mapped(item, self.arguments.arguments))
            return forward(*given.args, **given.kwargs)

        return function


def call_of(where: str, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    """The call of a forward with these arguments.

    Raises: SignatureError when forward does not take such arguments.
    """
    call = bound(where, forward, args, kwargs)
    given = dict(call.arguments)
    found = {path: item for path, item in items(given) if not isinstance(item, _SAID)}
    if not found:  # whatever it is, it has to be one
        found = dict(islice(items(given), 1)) or {"input": None}
    only = len(found) == 1

    def placed(path: str, item: Any) -> Any:
        return item if path not in found else _Place("input" if only else path)

    call.arguments = mapped(placed, given)
    return Call({"input" if only else path: item for path, item in found.items()}, call)
