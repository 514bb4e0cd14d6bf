"""What an augmentation does: its settings, checked, as a call and as words on a command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from pellucid.errors import ArgumentError, joined, say
from pellucid.ops.checks import choice, flag, number
from pellucid.signatures import CheckedSettings
from pellucid.sizes import is_integer

_RATIO = (3 / 4, 4 / 3)
_NUMBER = "[0-9]{1,17}([.][0-9]{1,20})?(e[-+]?[0-9]{1,3})?"
_EXAMPLE = "crop 4; flip; cutout 8"


@dataclass(frozen=True, init=False, repr=False)
class Settings(CheckedSettings):
    """The settings of `pellucid.Augment`, which says what they mean."""

    crop: int
    resized_crop: tuple[float, float] | None
    ratio: tuple[float, float]
    flip: bool | str
    flip_vertical: bool
    rotate: float
    translate: float
    padding_mode: str
    cutout: int
    brightness: float
    contrast: float
    saturation: float
    mixup: float

    def __init__(
        self,
        *,
        crop: int | None = 0,
        resized_crop: Sequence[float] | None = None,
        ratio: Sequence[float] = _RATIO,
        flip: bool | str = False,
        flip_vertical: bool = False,
        rotate: float = 0,
        translate: float = 0,
        padding_mode: str = "zeros",
        cutout: int = 0,
        brightness: float = 0,
        contrast: float = 0,
        saturation: float = 0,
        mixup: float = 0,
    ) -> None:
        choice("Augment", "padding_mode", padding_mode, ("zeros", "reflect"))
        if isinstance(flip, str):
            choice("Augment", "flip", flip, ("alternating",))
        self.__dict__.update(
            crop=_pixels("crop", 0 if crop is None else crop),
            resized_crop=None if resized_crop is None else _range("resized_crop", resized_crop, "(0, 1]"),
            ratio=_range("ratio", ratio, "(0, inf)"),
            flip=flip if isinstance(flip, str) else flag("Augment", "flip", flip),
            flip_vertical=flag("Augment", "flip_vertical", flip_vertical),
            rotate=number("Augment", "rotate", rotate, "[0, 180]"),
            translate=number("Augment", "translate", translate, "[0, inf)"),
            padding_mode=padding_mode,
            cutout=_pixels("cutout", cutout),
            brightness=number("Augment", "brightness", brightness, "[0, inf)"),
            contrast=number("Augment", "contrast", contrast, "[0, inf)"),
            saturation=number("Augment", "saturation", saturation, "[0, inf)"),
            mixup=number("Augment", "mixup", mixup, "[0, inf)"),
        )
        self._check_together()

    def _check_together(self) -> None:
        if self.crop and self.resized_crop:
            expected = say("one of {names}", names="crop, resized_crop")
            raise ArgumentError("Augment", "an image has one crop", expected=expected, got=self._given())
        users = {"ratio": ("resized_crop",), "padding_mode": ("crop", "rotate", "translate")}
        for name, needed in users.items():
            if name in self._changed() and not any(getattr(self, user) for user in needed):
                rule = say("{name} has nothing to act on", name=name)
                expected = say("one of {names}", names=", ".join(needed))
                raise ArgumentError("Augment", rule, expected=expected, got=self._given())

    @property
    def warps(self) -> bool:
        """Whether images are turned or shifted by parts of pixels."""
        return bool(self.rotate or self.translate)

    @property
    def colours(self) -> bool:
        """Whether colours change."""
        return bool(self.brightness or self.contrast or self.saturation)

    def _changed(self) -> dict[str, Any]:
        """The settings that are not as they are without a word."""
        plain = {"ratio": _RATIO, "padding_mode": "zeros"}
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _short(value) for name, value in values.items() if value and value != plain.get(name)}

    def _given(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self._changed().items())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._given()})"

    def __str__(self) -> str:
        """The text that `from_text` reads."""
        return "; ".join(_words(name, value) for name, value in self._changed().items()) or "nothing"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """An augmentation from words with numbers, as `--augment` takes them on the command line.

        Semicolons stand between settings, spaces before their values; `nothing` stands for no setting at all.

        Raises: ArgumentError that names the piece which is not understood, or the setting that is out of its range.

        Example:
            >>> from pellucid import Augment
            >>> Augment.from_text("crop 4; flip alternating; padding_mode reflect")
            Augment(crop=4, flip='alternating', padding_mode='reflect')
            >>> str(Augment(crop=4, flip=True, cutout=8))
            'crop 4; flip; cutout 8'
            >>> Augment.from_text("crop 4; flop")
            Traceback (most recent call last):
            pellucid.errors.ArgumentError: augment 'piece 2, flop': there is no such augmentation. Expected one of crop,
                resized_crop, ratio, flip, flip_vertical, rotate, translate, padding_mode, cutout, brightness,
                contrast, saturation, mixup. Got 'flop'. Hint: such as crop 4; flip; cutout 8.
        """
        if not isinstance(text, str):
            raise ArgumentError("augment", "an augmentation is a text", got=type(text).__name__, hint=_hint())
        given: dict[str, Any] = {}
        pieces = [] if text.strip() == "nothing" else text.split(";")
        for position, piece in enumerate(pieces, 1):
            name, value = _read(position, piece.split())
            if name in given:
                raise _error(position, piece, "a setting is given once", None)
            given[name] = value
        return cls(**given)


def _read(position: int, words: list[str]) -> tuple[str, Any]:
    """A setting and its value."""
    names = [field.name for field in fields(Settings)]
    piece = " ".join(words)
    if not words or words[0] not in names:
        expected = say("one of {names}", names=", ".join(names))
        raise _error(position, piece, "there is no such augmentation", expected)
    name, *values = words
    if name in ("flip", "flip_vertical"):
        if not values or (name == "flip" and values == ["alternating"]):
            return name, values[0] if values else True
        expected = say("one of {names}", names="flip, flip alternating") if name == "flip" else name
    elif name == "padding_mode":
        if len(values) == 1:
            return name, values[0]
        expected = say("one of {names}", names="padding_mode zeros, padding_mode reflect")
    else:
        count = 2 if name in ("resized_crop", "ratio") else 1
        if len(values) == count and all(re.fullmatch(_NUMBER, value) for value in values):
            numbers = [float(value) if re.search("[.e]", value) else int(value) for value in values]
            return name, tuple(numbers) if count == 2 else numbers[0]
        expected = "two numbers after it" if count == 2 else "a number after it"
    raise _error(position, piece, say("{word} has another value", word=name), expected)


def _error(position: int, piece: str, rule: str, expected: str | None) -> ArgumentError:
    place = say("piece {position}", position=position)
    shown = piece.strip()[:40]
    path = joined(", ", (place, shown)) if shown else place
    got = repr(shown)
    return ArgumentError("augment", rule, expected=expected, got=got, hint=_hint(), path=path)


def _pixels(name: str, value: int) -> int:
    if not is_integer(value) or not 0 <= value < 2**31:
        rule = say("{name} must be a whole number of pixels", name=name)
        raise ArgumentError("Augment", rule, expected=f"0 ≤ {name} < 2³¹", got=f"{name}={value!r}")
    return int(value)


def _range(name: str, value: Sequence[float], interval: str) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        rule = say("{name} must be two numbers, the least and the most", name=name)
        raise ArgumentError("Augment", rule, got=f"{name}={value!r}")
    low, high = (number("Augment", f"{name}[{i}]", end, interval) for i, end in enumerate(value))
    if low > high:
        rule = say("{name} must be two numbers, the least and the most", name=name)
        raise ArgumentError("Augment", rule, expected=f"{name}[0] ≤ {name}[1]", got=f"{name}={value!r}")
    return low, high


def _short(value: Any) -> Any:
    """Whole numbers without a point, unless they are huge."""
    if isinstance(value, tuple):
        return tuple(_short(each) for each in value)
    return int(value) if isinstance(value, float) and value < 2**31 and value == int(value) else value


def _words(name: str, value: Any) -> str:
    if value is True:
        return name
    return " ".join([name, *map(str, value)] if isinstance(value, tuple) else [name, str(value)])


def _hint() -> str:
    return say("such as {example}", example=_EXAMPLE)
