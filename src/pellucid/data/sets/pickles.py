"""What a pickle of Python holds, if that is arrays of bytes, numbers, texts, lists, tuples and dicts of texts.

A pickle is a program. Here it is read as data: nothing is imported, nothing is called. Where it names NumPy's
functions, which arrays are made with, names and arguments stay what they are until `bytes_of` looks at them.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import FormatError, say

_MOST_STEPS = 1 << 22
_MAKE = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
_ARRAY, _DTYPE = "numpy ndarray", "numpy dtype"
_MARK = object()
_NUMBERS = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1")
_BYTES = ("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8")
_VALUES = {*_NUMBERS, *_BYTES, "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(frozen=True)
class _Name:
    """Of a function or type, as "module name"."""

    name: str


@dataclass
class _Made:
    """What a function would make of arguments, and the state that it would get."""

    by: str
    arguments: Any
    state: Any = None


class _RefusedError(ValueError):
    """What is no data."""


def read_pickle(where: str, content: bytes) -> Any:
    """The value of a pickle; arrays in it are for `bytes_of`. Bytes of Python 2 are texts, each byte a letter.

    Raises: FormatError for a pickle that is broken, or holds anything else.
    """
    try:
        return _Reader().read(content)
    except _RefusedError as refused:
        rule = "a pickle must hold nothing but arrays, numbers, texts, lists and dicts"
        raise FormatError(where, rule, got=refused.args[0]) from None
    except Exception as error:  # a stack without what is taken from it, numbers and texts that are none
        got = f"{type(error).__name__}: {error}"
        raise FormatError(where, "the pickle is broken", got=got) from None


def bytes_of(value: Any) -> NDArray[np.uint8] | None:
    """The array of bytes that a value of a pickle is; None for any other.

    Its state is (version, shape, dtype, order of Fortran, numbers).
    """
    match value:
        case _Made(
            by=by,
            arguments=(_Name(name=name), *_),
            state=(1, tuple(shape), _Made(by=dtype, arguments=(kind, *_)), order, str() | bytes() as content),
        ) if by in _MAKE and name == _ARRAY and dtype == _DTYPE:
            whole = all(type(n) is int and n >= 0 for n in shape)
            if kind in ("u1", b"u1") and order in (False, 0) and whole and prod(shape) == len(content):
                numbers = content.encode("latin-1") if isinstance(content, str) else content
                return np.frombuffer(numbers, np.uint8).reshape(shape)
    return None


class _Reader:
    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def read(self, content: bytes) -> Any:
        for step, (code, argument, _) in enumerate(pickletools.genops(content)):
            if step >= _MOST_STEPS:
                raise _RefusedError(say("more than {count} steps", count=_MOST_STEPS))
            if code.name == "STOP":
                return self._stack.pop()
            self._do(code.name, argument)
        raise EOFError

    def _do(self, code: str, argument: Any) -> None:
        stack, memo = self._stack, self._memo
        if code in _VALUES:
            stack.append(argument)
        elif code in _CONSTANTS:
            stack.append(_CONSTANTS[code])
        elif code in _TUPLES:
            count = _TUPLES[code]
            if len(stack) < count:
                raise ValueError(code)
            stack[-count:] = [tuple(stack[-count:])]
        elif code in ("PUT", "BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif code == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif code in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif code == "GLOBAL":
            self._name(argument)
        elif code == "STACK_GLOBAL":
            name, module = stack.pop(), stack.pop()
            self._name(f"{module} {name}")
        elif code == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            stack.append(_Made(function.name, arguments))
        elif code == "BUILD":
            state = stack.pop()
            stack[-1].state = state
        elif code not in ("PROTO", "FRAME"):
            self._gather(code)

    def _gather(self, code: str) -> None:
        """What is done with the values behind a mark, or with the last ones."""
        stack = self._stack
        if code == "MARK":
            stack.append(_MARK)
        elif code in ("EMPTY_LIST", "EMPTY_DICT", "EMPTY_TUPLE"):
            stack.append({"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}[code]())
        elif code in ("LIST", "TUPLE"):
            values = self._behind_mark()
            stack.append(values if code == "LIST" else tuple(values))
        elif code == "DICT":
            values = self._behind_mark()
            stack.append({})
            self._set(values)
        elif code in ("APPEND", "APPENDS"):
            values = [stack.pop()] if code == "APPEND" else self._behind_mark()
            if type(stack[-1]) is not list:
                raise ValueError(code)
            stack[-1].extend(values)
        elif code in ("SETITEM", "SETITEMS"):
            if code == "SETITEM":
                values = stack[-2:]
                del stack[-2:]
            else:
                values = self._behind_mark()
            self._set(values)
        else:
            raise _RefusedError(code)

    def _set(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict or not all(isinstance(key, str | bytes) for key in values[::2]):
            raise ValueError("SETITEMS")
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[key.decode("latin-1") if isinstance(key, bytes) else key] = value

    def _behind_mark(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise ValueError("MARK")
        values = self._stack[place + 1 :]
        del self._stack[place:]
        return values

    def _name(self, name: str) -> None:
        if name not in (*_MAKE, _ARRAY, _DTYPE):
            raise _RefusedError(repr(name))
        self._stack.append(_Name(name))
