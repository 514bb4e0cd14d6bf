"""Arrays as callers give them: anything that NumPy makes real numbers of; read, checked and refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.errors import ArgumentError, PellucidError, say

_DEEPEST = 64  # axes of an array, and so of nested lists
_TAKEN = "float16, float32, float64, whole numbers or truth values"
_HINT = "pass a NumPy array or nested lists of numbers"


def as_array(
    where: str,
    name: str,
    value: object,
    rule: str = "",
    *,
    by_parts: bool = False,
    error: type[PellucidError] = ArgumentError,
) -> NDArray[Any]:
    """Any real numbers as a NumPy array: itself where it is one, else what NumPy makes of it.

    Numbers that a mask hides are no numbers, so such an array is refused; with a mask that hides nothing it is taken.

    Args:
        where: the function or layer that was given the value.
        name: what it is called there.
        value: the value.
        rule: what is broken where it is no such array, if there is more to say than its name.
        by_parts: whether only parts of it are copied at a time, so that a broadcast array may be larger than memory.
        error: what is raised.

    Raises: an `error` for anything else: None, text, complex numbers, lists whose rows differ in length, masked
        numbers, tensors that NumPy cannot read, float types that NumPy does not have; NumericError for a broadcast
        array that no memory holds.

    Example:
        >>> as_array("relu", "input", [[1, 2], [3, 4]]).shape
        (2, 2)
        >>> as_array("relu", "input", np.ma.masked_equal([1.0, 9.0, 9.0], 9.0))
        Traceback (most recent call last):
        pellucid.errors.ArgumentError: relu: input must have no masked numbers. Got 2 masked of 3, the first at [1].
        Hint: use input.filled(0), or another number in their place.
    """
    if type(value) is np.ndarray and value.dtype.kind in "fiub":  # as nearly always, and at once
        array = value
    else:
        array = _read(where, name, value, rule, error)
    if not by_parts:
        memory.check_spread(where, name, array)
    return array


def _read(where: str, name: str, value: object, rule: str, error: type[PellucidError]) -> NDArray[Any]:
    """What NumPy makes of a value, if these are real numbers."""
    if value is None:
        raise absent(where, name, rule, error)
    word = name.rpartition(" ")[2]  # of "input x"
    for part in _parts(value):
        _check_mask(where, name, part, error, _use(word, ".filled(0)", alone=part is value))
    try:
        array = np.asarray(value)
    except (PellucidError, MemoryError):
        raise
    except Exception as reason:  # whatever a foreign __array__ raises
        array, got = np.empty(0, object), _unread(value, reason)
    else:
        got = type(value).__name__
        if hasattr(value, "dtype"):
            got = say("{kind} of dtype {dtype}", kind=got, dtype=array.dtype)
    if array.dtype.kind not in "fiub":
        rule = rule or say("{name} must be an array of real numbers", name=name)
        expected, hint = _conversion(value, array.dtype, word)
        raise error(where, rule, expected=expected, got=got, hint=hint)
    return array


def within(
    where: str,
    name: str,
    array: NDArray[Any],
    dtype: np.dtype[Any],
    error: type[PellucidError] = ArgumentError,
) -> NDArray[Any]:
    """An array in another float type, itself where it has it; infinity stays infinity, but no number becomes it.

    Raises: an `error` for a number that the type is too small for.

    Example:
        >>> within("load", "weight", np.array([1.0, 1e39]), np.dtype(np.float32))
        Traceback (most recent call last):
        pellucid.errors.ArgumentError: load: weight must lie within the range of float32. Got 1e+39 at [1].
    """
    try:
        with np.errstate(over="raise"):
            return array.astype(dtype, copy=False)
    except FloatingPointError:
        raise _beyond(where, name, array, dtype, error) from None


def contiguous(where: str, name: str, array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The numbers in another float type, one behind the other, as `memory.contiguous` has them.

    Raises: ArgumentError for a number that the type is too small for; NumericError when a copy has no room.
    """
    if array.dtype.kind != "f" or array.dtype.itemsize <= dtype.itemsize:
        return memory.contiguous(where, array, dtype)
    try:
        with np.errstate(over="raise"):
            return memory.contiguous(where, array, dtype)
    except FloatingPointError:
        raise _beyond(where, name, array, dtype, ArgumentError) from None


def white(dtype: np.dtype[Any]) -> int:
    """The lightest number of an image: the largest one of 8 or 16 bits; 1 in all other types."""
    return int(np.iinfo(dtype).max) if dtype.kind == "u" and dtype.itemsize <= 2 else 1


def check_scaled(where: str, name: str, array: NDArray[Any]) -> None:
    """Refuse images of 8 and 16 bits where numbers are taken as they are: whatever reads data divides them by white.

    Raises: ArgumentError for unsigned integers of so many bits.

    Example:
        >>> check_scaled("Conv2d", "input", np.zeros((1, 1, 28, 28), np.uint8))
        Traceback (most recent call last):
        pellucid.errors.ArgumentError: Conv2d: input must be scaled to numbers from 0 to 1. Expected floats. Got uint8
        (1, 1, 28, 28). Hint: use input / 255, as batches, fit, evaluate and predict do by themselves.
    """
    if (most := white(array.dtype)) > 1:
        rule = say("{name} must be scaled to numbers from 0 to 1", name=name)
        hint = say(
            "use {name} / {most}, as batches, fit, evaluate and predict do by themselves",
            name=name,
            most=most,
        )
        raise ArgumentError(where, rule, expected="floats", got=f"{array.dtype} {array.shape}", hint=hint)


def _beyond(
    where: str, name: str, array: NDArray[Any], dtype: np.dtype[Any], error: type[PellucidError]
) -> PellucidError:
    """What is said of the first number that would become infinite."""
    with np.errstate(over="ignore"):
        beyond = np.isfinite(array) & ~np.isfinite(array.astype(dtype))
    place = tuple(int(i) for i in np.argwhere(beyond)[0])
    got = say("{number} at {place}", number=array[place], place=list(place)) if place else f"{array[place]}"
    return error(where, say("{name} must lie within the range of {dtype}", name=name, dtype=dtype), got=got)


def widened(value: Any) -> Any:
    """A float type that NumPy lacks as float32, which holds its numbers exactly; all else as it is.

    Such are arrays of the package ml_dtypes and tensors of PyTorch: bfloat16 and the types of 8 bits.

    Example:
        >>> widened([1, 2])
        [1, 2]
    """
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, np.dtype):
        foreign = dtype.kind == "V" and dtype.names is None and np.can_cast(dtype, np.float32)
        return value.astype(np.float32) if foreign else value
    return value.float() if _is_foreign(value) else value


def are_whole(array: NDArray[Any]) -> bool:
    """Whether all numbers are whole ones, of whatever type.

    Example:
        >>> are_whole(np.array([1.0, -2.0])), are_whole(np.array([0.5])), are_whole(np.array([np.nan]))
        (True, False, False)
    """
    with np.errstate(invalid="ignore"):
        return array.dtype.kind in "iub" or bool((np.isfinite(array) & (array == np.round(array))).all())


def absent(
    where: str, name: str, rule: str = "", error: type[PellucidError] = ArgumentError
) -> PellucidError:
    """What is said of an array that must be there."""
    return error(
        where, rule or say("{name} must be given", name=name), expected="an array of real numbers", got="None"
    )


def _parts(value: object, depth: int = 0) -> Iterator[object]:
    """The value, or what lies in nested lists of it."""
    if not isinstance(value, list | tuple):
        yield value
    elif depth < _DEEPEST:
        for item in value:
            if not isinstance(item, int | float):
                yield from _parts(item, depth + 1)


def _use(word: str, steps: str, *, alone: bool) -> str:
    """A hint at what to do with the value, or with what lies in it."""
    if alone:
        return say("use {code}", code=f"{word}{steps}")
    return say("use t{steps} for each t in {word}", steps=steps, word=word)


def _check_mask(where: str, name: str, value: object, error: type[PellucidError], hint: str) -> None:
    if not isinstance(value, np.ma.MaskedArray):
        return
    mask = np.ma.getmaskarray(value)
    if mask.dtype.names is None and mask.any():
        first = ", ".join(map(str, np.argwhere(mask)[0]))
        got = say(
            "{count} masked of {size}, the first at [{first}]",
            count=np.count_nonzero(mask),
            size=mask.size,
            first=first,
        )
        hint = say("{hint}, or another number in their place", hint=hint)
        if not mask.ndim:
            got, hint = "a masked number", "put another number in its place"
        raise error(where, say("{name} must have no masked numbers", name=name), got=got, hint=hint)


def _unread(value: object, error: Exception) -> str:
    """What it is, and why NumPy makes no array of it."""
    if "inhomogeneous" in str(error):
        return say("{kind} with rows of different lengths", kind=type(value).__name__)
    said = (str(error).splitlines() or [""])[0].rstrip(".")
    return say(
        "{kind} that NumPy cannot read ({error}: {said})",
        kind=type(value).__name__,
        error=type(error).__name__,
        said=said,
    )


def _conversion(value: object, dtype: np.dtype[Any], word: str) -> tuple[str | None, str]:
    """What is expected, where only the type of numbers is wrong, and how to get there."""
    tensors = (part for part in _parts(value) if hasattr(part, "detach") and hasattr(part, "numpy"))
    if (tensor := next(tensors, None)) is not None:
        foreign, steps = _from_torch(tensor)
        return _TAKEN if foreign else None, _use(word, steps, alone=tensor is value)
    if hasattr(value, "toarray"):  # SciPy's sparse arrays
        return None, say("use {code}", code=f"{word}.toarray()")
    if dtype.kind == "c":
        return None, say("use {word}.real, or abs({word})", word=word)
    if dtype.kind == "V" and dtype.names is None and dtype.subdtype is None:  # bfloat16, float8, …
        return _TAKEN, say("use {code}", code=f"{word}.astype(np.float32)")
    return None, _HINT


def _from_torch(tensor: Any) -> tuple[bool, str]:
    """Whether a tensor of PyTorch has a float type that NumPy lacks, and what brings it there, step by step."""
    foreign = _is_foreign(tensor)
    steps = {
        ".detach()": getattr(tensor, "requires_grad", False),
        ".to_dense()": not str(getattr(tensor, "layout", "strided")).endswith("strided"),
        ".cpu()": getattr(getattr(tensor, "device", None), "type", "cpu") != "cpu",
        ".float()": foreign,
        ".resolve_neg()": getattr(tensor, "is_neg", bool)(),
        ".real": str(getattr(tensor, "dtype", "")).startswith("torch.complex"),
    }
    return foreign, "".join(step for step, needed in steps.items() if needed) + ".numpy()"


def _is_foreign(tensor: Any) -> bool:
    """Whether it is a tensor of PyTorch of a float type that NumPy lacks."""
    return str(getattr(tensor, "dtype", "")).startswith(("torch.bfloat", "torch.float8"))
