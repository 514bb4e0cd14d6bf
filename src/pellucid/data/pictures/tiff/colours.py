"""From a TIFF picture's numbers to pixels: which samples are colours, which number is white, what alpha means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.data.pictures.samples import Samples, from_inks, scaled, white_of, with_alpha
from pellucid.data.pictures.tiff import tags as tag
from pellucid.data.pictures.tiff.tags import Tags
from pellucid.errors import DataError, joined, say

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, YCBCR = 0, 1, 2, 3, 5, 6
_SAMPLES = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, INKS: 4, YCBCR: 3}
_PHOTOMETRICS = {
    4: "a transparency mask", 8: "CIELab", 9: "ICCLab", 10: "ITULab", 32803: "a colour filter array", 32844: "LogL",
    32845: "LogLuv", 34892: "linear raw",
}  # fmt: skip
_FORMATS = {
    2: "signed whole numbers, which have no agreed white",
    4: "undefined numbers",
    5: "complex whole numbers",
    6: "complex floats",
}
_UNSIGNED, _FLOAT = 1, 3
# Of 24 bits, programs disagree about the byte order; 64 are more than a float has.
_UNSIGNED_BITS, _FLOAT_BITS = (*range(1, 17), 32), (16, 32, 64)
_UNSPECIFIED, _ASSOCIATED, _UNASSOCIATED = 0, 1, 2
_MOST_EXTRA_SAMPLES = 4


@dataclass(frozen=True)
class Colours:
    """What the samples of a pixel are: first those of its colour, then extra ones, of which one may be alpha."""

    photometric: int
    bits: int
    is_float: bool
    extra: tuple[int, ...]
    palette: Samples | None = None

    @classmethod
    def of(cls, tags: Tags) -> Colours:
        """Raises: DataError when that is not said, or not one that is read here."""
        photometric = tags.number(tag.PHOTOMETRIC)
        if photometric not in _SAMPLES:
            expected = "grey, RGB, a palette, CMYK or YCbCr"
            got = _named("PhotometricInterpretation", photometric, _PHOTOMETRICS)
            rule = "colours must be of a kind that is read here"
            raise DataError("image", rule, expected=expected, got=got)
        samples = tags.number(tag.SAMPLES, 1)
        sample_format = _same(tags, tag.SAMPLE_FORMAT, samples)
        bits, is_float = _same(tags, tag.BITS, samples), sample_format == _FLOAT
        if sample_format not in (_UNSIGNED, _FLOAT):
            expected = "unsigned whole numbers or floats"
            got = _named("SampleFormat", sample_format, _FORMATS)
            raise DataError("image", "it must be known which number is white", expected=expected, got=got)
        if bits not in (_FLOAT_BITS if is_float else _UNSIGNED_BITS):
            expected = "whole numbers of 1 to 16 or 32 bits, or floats of 16, 32 or 64"
            template = "floats of {bits} bits" if is_float else "whole numbers of {bits} bits"
            got = say(template, bits=bits)
            raise DataError("image", "numbers must be of bits that are read here", expected=expected, got=got)
        extra = _extra_samples(tags, photometric, samples)
        palette = _palette(tags, bits) if photometric == PALETTE else None
        colours = cls(photometric, bits, is_float, extra, palette)
        colours._check(tags)
        return colours

    @property
    def samples(self) -> int:
        """Of a pixel."""
        return _SAMPLES[self.photometric] + len(self.extra)

    def _check(self, tags: Tags) -> None:
        if self.photometric == PALETTE and (self.is_float or any(self.extra)):
            got = "floats" if self.is_float else f"ExtraSamples {self.extra}"
            raise DataError("image", "a palette's picture must be whole numbers without alpha", got=got)
        if self.photometric == YCBCR and (self.is_float or self.bits != 8 or self.extra):
            raise DataError(
                "image", "YCbCr must be three whole numbers of 8 bits", got=say("{bits} bits", bits=self.bits)
            )
        if _ASSOCIATED in self.extra and self.photometric not in (BLACK_IS_ZERO, RGB):
            rule = (
                "colours multiplied by alpha must be grey or RGB, with black 0"  # of others programs disagree
            )
            raise DataError(
                "image",
                rule,
                got=f"PhotometricInterpretation {self.photometric}",
            )
        if self.photometric == INKS:
            _check_inks(tags, 2**self.bits - 1)

    def pixels(self, numbers: Samples) -> Samples:
        """Numbers (H,W,S) as pixels (H,W) or (H,W,2 to 4)."""
        colours = numbers[..., : _SAMPLES[self.photometric]]
        if self.palette is not None:
            pixels = self.palette[colours[..., 0]]
        else:
            if self.photometric == INKS and self.is_float:
                _check_fractions(colours, say("ink"))
            if self.photometric == WHITE_IS_ZERO:
                colours = (1 if self.is_float else 2**self.bits - 1) - colours
            pixels = self._scaled(colours)
            if self.photometric == INKS:
                pixels = from_inks(pixels)
            pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels
        for i, kind in enumerate(self.extra, start=_SAMPLES[self.photometric]):
            if kind == _UNSPECIFIED:
                continue
            alpha = self._scaled(numbers[..., i])
            if self.is_float:
                _check_fractions(alpha, say("alpha"))
            if kind == _ASSOCIATED:
                pixels = _unmultiplied(pixels, alpha, None if self.is_float else white_of(pixels))
            return with_alpha(pixels, alpha)
        return pixels

    def _scaled(self, numbers: Samples) -> Samples:
        return numbers if self.is_float else scaled(numbers, 2**self.bits - 1)


def _named(tag: str, number: int, names: dict[int, str]) -> str:
    """A tag's number, and what it stands for where that is known."""
    said = f"{tag} {number}"
    return joined(", ", (said, say(names[number]))) if number in names else said


def _same(tags: Tags, name: int, samples: int) -> int:
    """What a tag says of each sample; 1 if it says nothing."""
    numbers = tags.numbers(name, (1,))
    if len(set(numbers)) != 1 or len(numbers) not in (1, samples):
        got = say(
            "tag {name}: {names}, of {samples} samples",
            name=name,
            names=", ".join(map(str, numbers[:8])),
            samples=samples,
        )
        raise DataError("image", "all samples of a pixel must be of one kind", got=got)
    return numbers[0]


def _extra_samples(tags: Tags, photometric: int, samples: int) -> tuple[int, ...]:
    """The kinds of the samples that are no colours."""
    extra, found = tags.numbers(tag.EXTRA_SAMPLES), samples - _SAMPLES[photometric]
    if not extra and found == 1 and photometric == RGB:  # older programs write RGBA so
        extra = (_UNASSOCIATED,)
    alphas = sum(kind != _UNSPECIFIED for kind in extra)
    if (
        len(extra) != found
        or found > _MOST_EXTRA_SAMPLES
        or alphas > 1
        or max(extra, default=0) > _UNASSOCIATED
    ):
        rule = "it must be known what each sample of a pixel is"
        expected = say(
            "{count} for colours, and ExtraSamples for up to {most} others",
            count=_SAMPLES[photometric],
            most=_MOST_EXTRA_SAMPLES,
        )
        got = say(
            "{samples} samples, ExtraSamples {extra}", samples=samples, extra=extra[:8] or say("missing")
        )
        raise DataError("image", rule, expected=expected, got=got)
    return extra


def _palette(tags: Tags, bits: int) -> Samples | None:
    """The colours (2^bits,3): 16 bits, unless they say no more than 8."""
    numbers = np.array(tags.numbers(tag.COLOR_MAP))
    if bits > 16 or numbers.size != 3 * 2**bits:
        expected, got = say("{count} numbers", count=3 * 2**bits), f"{numbers.size}"
        raise DataError("image", "a palette must have a colour for each number", expected=expected, got=got)
    colours = numbers.reshape(3, -1).T
    for step in (257, 256, 1):  # white as 65535; as 65280 and as 255, as some programs write it
        eight = colours // step
        if (eight * step == colours).all() and eight.max() <= 255:
            return eight.astype(np.uint8)
    return colours.astype(np.uint16)


def _check_inks(tags: Tags, white: int) -> None:
    inks, number = tags.number(tag.INK_SET, 1), tags.number(tag.NUMBER_OF_INKS, 4)
    if inks != 1 or number != 4:
        raise DataError(
            "image",
            "inks must be CMYK",
            got=f"InkSet {inks}, NumberOfInks {number}",
        )
    dots = tags.numbers(tag.DOT_RANGE, (0, white))
    if dots != (0, white) * (len(dots) // 2):
        expected, got = f"DotRange (0, {white})", f"{dots[:8]}"
        raise DataError("image", "ink must go from none to the largest number", expected=expected, got=got)


def _check_fractions(numbers: Samples, name: str) -> None:
    """Raises: DataError for floats below none of it, or above all."""
    low, high = numbers.min(), numbers.max()
    if low < 0 or high > 1:
        expected, got = "0 to 1", say("{low:g} to {high:g}", low=low, high=high)
        raise DataError(
            "image",
            say("floats that are {name} must lie between none and all", name=name),
            expected=expected,
            got=got,
        )


def _unmultiplied(pixels: Samples, alpha: Samples, most: int | None) -> Samples:
    """Colours that were multiplied by alpha, as they were before, `most` at most; black where nothing is seen."""
    alpha = alpha.reshape(alpha.shape + (1,) * (pixels.ndim - alpha.ndim))
    colours = np.multiply(pixels, white_of(pixels), dtype=np.float64)
    np.divide(colours, alpha, out=colours, where=alpha != 0)
    colours[np.broadcast_to(alpha == 0, colours.shape)] = 0
    if pixels.dtype.kind == "u":
        np.rint(colours, out=colours)
    return (colours if most is None else np.minimum(colours, most)).astype(pixels.dtype)
