"""Addresses of single numbers: a name and an index, as in ``grad(conv1.weight)[5,2,0,-1]``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice

from pellucid.errors import AddressError, either, say
from pellucid.ops.base import Shape
from pellucid.sizes import Index, size_of

_FORM = re.compile(r"\s*([^\[\]]*[^\[\]\s])\s*(?:\[([^\[\]]*)\])?\s*")
_ELSEWHERE = tuple(
    (re.compile(pattern), meant)
    for pattern, meant in {
        r"(.+)\.grad": "grad({})",
        r"(?:grad_|d)(.+)": "grad({})",
        r"grad\((.+)\)": "grad({})",
        r"(?:new_|new\(|after\()(.+?)\)?": "updated({})",
        r"(.+)\.(?:momentum_buffer|velocity)": "velocity({})",
        r"(.+)\.exp_avg": "mean({})",
        r"(.+)\.exp_avg_sq": "variance({})",
    }.items()
)
_OF = re.compile(r"\w+\((.+)\)(?: .*)?")  # grad(conv1.weight), velocity(conv1.weight) before
_NAME = re.compile(r"[^\[\]\s](?:[^\[\]]{0,298}[^\[\]\s])?")
_FEW = 3  # names that an error lists
_INTEGER = re.compile(r"\s*-?[0-9]{1,18}\s*")


def parse(address: object, where: str = "explain") -> tuple[str, Index | None]:
    """Split an address into its name and its index, if it has one.

    Raises: AddressError when it is not a name with plain integers in brackets.

    Example:
        >>> parse("conv1.output[0, 5, -1]"), parse("loss")
        (('conv1.output', (0, 5, -1)), ('loss', None))
    """
    match = _FORM.fullmatch(address) if isinstance(address, str) else None
    numbers = match[2].split(",") if match and match[2] is not None and match[2].strip() else []
    if match is None or not all(_INTEGER.fullmatch(number) for number in numbers):
        rule = "an address is a name and an index of plain integers"
        raise AddressError(where, rule, expected="for example 'conv1.output[0,5,3,7]'", got=_quoted(address))
    return match[1], None if match[2] is None else tuple(int(number) for number in numbers)


def nameable(name: object) -> bool:
    """Whether addresses can hold a name: printable text without brackets, which begin the index.

    Example:
        >>> nameable("layer1.0.conv1.output"), nameable("blocks[0].output")
        (True, False)
    """
    return isinstance(name, str) and name.isprintable() and _NAME.fullmatch(name) is not None


def written(name: str, index: Iterable[int]) -> str:
    """The address of one element; a single number has no index."""
    numbers = ",".join(str(int(i)) for i in index)
    return f"{name}[{numbers}]" if numbers else name


def located(name: str, shape: Shape, index: Index | None, where: str = "explain") -> Index:
    """The index counted from the front, checked against the shape.

    Raises: AddressError that names the valid ranges.
    """
    ranges = f"'{name}{_ranges(shape)}'"
    if index is None:
        if size_of(shape) == 1:
            return (0,) * len(shape)
        example = written(name, [size // 2 for size in shape])
        rule = say(
            "'{name}' holds {size:,} numbers, and an address says which", name=name, size=size_of(shape)
        )
        raise AddressError(
            where,
            rule,
            expected=ranges,
            got=f"'{name}'",
            hint=say("for example '{example}'", example=example),
        )
    got = f"'{name}[{','.join(map(str, index))}]'"
    if len(index) != len(shape):
        template = "'{name}' takes {count} index" if len(shape) == 1 else "'{name}' takes {count} indices"
        raise AddressError(where, say(template, name=name, count=len(shape)), expected=ranges, got=got)
    for axis, (i, size) in enumerate(zip(index, shape, strict=True)):
        if not -size <= i < size:
            raise AddressError(
                where,
                say("index {index} lies outside axis {axis} of '{name}'", index=i, axis=axis, name=name),
                expected=ranges,
                got=got,
            )
    return tuple(i % size for i, size in zip(index, shape, strict=True))


def unknown(
    where: str, name: object, shapes: Mapping[str, Shape], frozen: Collection[str] = ()
) -> AddressError:
    """The error for a name that a recording does not hold, with what it is called there, or the nearest names.

    `frozen` are the parameters that the recorded step left as they are.
    """
    for reading in (str(name), *_readings(str(name))):
        if (match := _OF.fullmatch(reading)) and match[1] in frozen:
            rule = say("'{name}' was frozen, so it has no gradient and no update", name=match[1])
            hint = "set its requires_grad = True and record again"
            return AddressError(where, rule, got=_quoted(name), hint=hint)
    meant = [other for other in _readings(str(name)) if other in shapes]
    if meant:
        expected = f"'{meant[0]}{_ranges(shapes[meant[0]])}'"
        hint = say("it is called '{name}' here", name=meant[0])
        return AddressError(
            where, "the recording holds no such name", expected=expected, got=_quoted(name), hint=hint
        )
    near, hint = _near(str(name)[:200], list(shapes)), say("names() lists all of them")
    if last := _last_within(str(name), shapes):
        near, hint = [last], say("that is the last output within this module; {hint}", hint=hint)
    elif not near and shapes:
        names = ", ".join(map(repr, islice(shapes, _FEW)))
        hint = say("it holds {names}, …; {hint}", names=names, hint=hint)
    return AddressError(
        where,
        "the recording holds no such name",
        expected=either(f"'{n}'" for n in near) if near else None,
        got=_quoted(name),
        hint=hint,
    )


def _near(name: str, names: Sequence[str]) -> list[str]:
    """The nearest names: those that differ by case alone, those that it begins, and those spelt alike."""
    lower = [other.lower() for other in names]
    wanted = name.lower()
    begun = [other for other in lower if wanted and other.startswith(wanted)]
    alike = get_close_matches(wanted, lower, n=_FEW, cutoff=0.5)
    found = dict.fromkeys([*(other for other in lower if other == wanted), *begun, *alike])
    return [other for near in found for other in names if other.lower() == near][:_FEW]


def _last_within(name: str, shapes: Mapping[str, Shape]) -> str | None:
    """The last output within a module that has none of its own, or the gradient of it."""
    match = re.fullmatch(r"(grad\()?(.+?)(?:\.output)?\)?", name)
    within = [n for n in shapes if match and n.startswith(f"{match[2]}.") and n.endswith(".output")]
    found = f"grad({within[-1]})" if match and match[1] and within else within[-1] if within else None
    return found if found in shapes else None


def _readings(name: str) -> Iterator[str]:
    """What somebody can have meant who knows PyTorch's names, or left out which of a layer's numbers it is."""
    yield f"{name}.output"
    yield name.removesuffix(".data")
    for pattern, meant in _ELSEWHERE:
        if match := pattern.fullmatch(name):
            yield meant.format(match[1])
            yield meant.format(f"{match[1]}.output")


def _ranges(shape: Shape) -> str:
    """The valid indices; nothing for a single number."""
    ranges = ", ".join((f"0…{size - 1}" if size > 1 else "0") if size else "none" for size in shape)
    return f"[{ranges}]" if shape else ""


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
