"""Tensors in tuples, lists and dicts, as forwards take and return them, nested as deep as one likes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pellucid.errors import ArgumentError, say

_DEEPEST = 100  # a call takes a few of the interpreter's 1,000 frames for each


def is_structure(value: object) -> bool:
    """Whether a value holds others, rather than being one: a list of numbers is an array.

    Example:
        >>> is_structure((1, 2)), is_structure([None]), is_structure([[1, 2], [3, 4]])
        (True, True, False)
    """
    if isinstance(value, list):
        return not all(map(_is_number, value))
    return isinstance(value, tuple | dict)


def mapped(function: Callable[[str, Any], Any], value: Any, path: str = "") -> Any:
    """The same structure with `function(path, item)` in each item's place.

    Example:
        >>> mapped(lambda path, item: f"{path} {item}", {"a": 1, "b": ("2", ["3"])}, "x")
        {'a': 'x.a 1', 'b': ('x.b.0 2', ['x.b.1.0 3'])}
    """
    if not is_structure(value):
        return function(path, value)
    if path.count(".") >= _DEEPEST:
        rule = say("tensors, with the structures that hold them, nest at most {most} deep", most=_DEEPEST)
        raise ArgumentError("forward", rule, got=f"'{path[:40]}…'")
    if isinstance(value, dict):
        return {key: mapped(function, item, _below(path, key)) for key, item in value.items()}
    found = [mapped(function, item, _below(path, number)) for number, item in enumerate(value)]
    return type(value)(*found) if hasattr(value, "_fields") else type(value)(found)


def items(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All items with their paths, in order.

    Example:
        >>> list(items((1, {"a": 2})))
        [('0', 1), ('1.a', 2)]
    """
    found: list[tuple[str, Any]] = []
    mapped(lambda path, item: found.append((path, item)), value, path)
    return iter(found)


def _below(path: str, key: object) -> str:
    return f"{path}.{key}" if path else f"{key}"


def _is_number(value: object) -> bool:
    return all(map(_is_number, value)) if isinstance(value, list) else isinstance(value, int | float)
