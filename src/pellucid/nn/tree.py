"""What a module's attributes hold: the modules below it and its arrays, by the paths of their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard, TypeVar

from pellucid.errors import ArgumentError, say
from pellucid.nn.parameter import Buffer, Parameter, State

M = TypeVar("M")
S = TypeVar("S", bound=State)

_DEEPEST = 100  # names in a path; a call takes a few of the interpreter's 1,000 frames for each


def is_state(value: object) -> TypeGuard[State]:
    """Whether it is an array that a module can own."""
    return isinstance(value, State) and value.owned


def own(module: object, kind: type[S]) -> Iterator[tuple[str, S]]:
    """A module's own arrays of a kind."""
    owned = ((name, value) for name, value in _attributes(module) if is_state(value))
    return ((name, value) for name, value in owned if isinstance(value, kind))


def children(module: object, kind: type[M]) -> Iterator[tuple[str, M]]:
    """What lies right below: objects of the modules' class in attributes, and in lists and tuples there."""
    for name, value in _attributes(module):
        yield from _found_in(name, value, kind)


def walk(root: M, kind: type[M], *, once: bool) -> Iterator[tuple[str, M]]:
    """A module and those below it; a shared one `once` or by each of its names, a cycle always cut."""
    return _walked("", root, kind, set(), once)


def named_states(root: M, kind: type[M], *, once: bool) -> Iterator[tuple[str, State]]:
    """Module by module: its parameters, then its buffers."""
    seen: set[int] = set()
    for path, module in walk(root, kind, once=once):
        for states in (Parameter, Buffer):
            for name, state in own(module, states):
                if once and id(state) in seen:
                    continue
                seen.add(id(state))
                yield _join(path, name), state


def _attributes(module: object) -> list[tuple[str, object]]:
    return list(vars(module).items())  # another thread may note down its program meanwhile


def _found_in(name: str, value: object, kind: type[M]) -> Iterator[tuple[str, M]]:
    if isinstance(value, kind):
        yield name, value
    elif isinstance(value, list | tuple):
        _check_depth(name)
        for position, item in enumerate(value):
            yield from _found_in(f"{name}.{position}", item, kind)


def _walked(path: str, module: M, kind: type[M], seen: set[int], once: bool) -> Iterator[tuple[str, M]]:
    _check_depth(path)
    if id(module) in seen:
        return
    seen.add(id(module))
    yield path, module
    for name, child in children(module, kind):
        yield from _walked(_join(path, name), child, kind, seen, once)
    if not once:
        seen.discard(id(module))


def _check_depth(path: str) -> None:
    if path.count(".") >= _DEEPEST:
        rule = say("modules, with the lists that hold them, nest at most {most} deep", most=_DEEPEST)
        raise ArgumentError("Module", rule, got=f"'{path[:40]}…'")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
