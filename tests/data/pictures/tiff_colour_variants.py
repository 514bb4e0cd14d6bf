"""TIFF: every kind of colours and of alpha."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image
from tests.data.pictures.tiffs import tiff
from tests.data.pictures.variant import GREY, GREY_ALPHA, RGB, RGBA, Variant, random, saved, stretched

KIND = "colours must be of a kind that is read here"
SAMPLES = "it must be known what each sample of a pixel is"
UNREAD = {
    4: "mask", 7: "PhotometricInterpretation 7", 8: "CIELab", 9: "ICCLab", 10: "ITULab", 32803: "CFA", 32844: "LogL",
    32845: "LogLuv", 34892: "linear raw",
}  # fmt: skip


def tiff_colour_variants() -> Iterator[Variant]:
    """Of colours and alpha."""
    yield from _colours()
    yield from _alpha()


def _colours() -> Iterator[Variant]:
    for bits in (1, 2, 4, 8):
        numbers, colours = random(bits, GREY, bits), random(bits, (1, 2**bits, 3), 8)[0]
        for step, name in ((257, "65535"), (256, "65280"), (1, "255")):
            palette = {320: ("H", (colours.T.astype(int) * step).ravel().tolist())}
            parts = ("TIFF", f"{bits} bits", f"palette, white is {name}")
            yield Variant(parts, tiff(numbers, bits, 3, tags=palette), colours[numbers])
    numbers, colours = random(5, GREY, 8), random(5, (1, 256, 3), 16)[0]
    deep = tiff(numbers, 8, 3, tags={320: ("H", colours.T.ravel().tolist())})
    yield Variant(("TIFF", "8 bits", "palette of 16 bits"), deep, colours[numbers])
    two = np.dstack([numbers, numbers])
    colour_map = ("H", colours.T.ravel().tolist())
    rule = "a palette's picture must be whole numbers without alpha"
    seen = tiff(two, 8, 3, tags={320: colour_map, 338: ("H", [2])})
    yield Variant(("TIFF", "8 bits", "palette of 16 bits", "alpha"), seen, refused=rule)
    unsaid = tiff(two, 8, 3, tags={320: colour_map, 338: ("H", [0])})
    yield Variant(("TIFF", "8 bits", "palette of 16 bits", "unspecified sample"), unsaid, colours[numbers])
    short = tiff(numbers, 8, 3, tags={320: ("H", [0] * 30)})
    yield Variant(
        ("TIFF", "8 bits", "palette cut off"), short, refused="a palette must have a colour for each number"
    )
    for bits in (8, 16, 32):
        inks, white = random(bits, RGBA, bits), 2**bits - 1
        light = white - inks.astype(np.float64)
        red = light[..., :3] * light[..., 3:] / white
        expected = np.rint(red).astype(inks.dtype) if bits < 32 else red / white
        yield Variant(
            ("TIFF", f"{bits} bits", "CMYK"), tiff(inks, bits, 5), expected, within=bits // 32 * 1e-15
        )
    inks = random(1, RGBA, 8)
    for tags, name in (({332: ("H", [2])}, "other inks"), ({336: ("H", [10, 250])}, "CMYK from 10 to 250")):
        rule = "inks must be CMYK" if 332 in tags else "ink must go from none to the largest number"
        yield Variant(("TIFF", "8 bits", name), tiff(inks, 8, 5, tags=tags), refused=rule)
    y, cb, cr = np.moveaxis(random(7, (4, 6, 3), 8).astype(float), -1, 0)
    parts = (
        y + 1.402 * (cr - 128),
        y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128),
        y + 1.772 * (cb - 128),
    )
    rgb = np.rint(np.dstack(parts)).clip(0, 255).astype(np.uint8)
    lies = {530: ("H", [1, 1]), 532: ("II", [0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1])}
    stored = np.dstack([y, cb, cr]).astype(np.uint8)
    for compression, name in ((1, "not compressed"), (8, "deflate"), (5, "LZW")):
        content = tiff(stored, 8, 6, compression=compression, tags=lies)
        yield Variant(("TIFF", "8 bits", "YCbCr", name), content, rgb, within=1)
    picture = Image.fromarray(random(2, (16, 32, 3), 8)).resize((48, 40), Image.Resampling.BICUBIC)
    for mode, name in (("L", "black is 0"), ("RGB", "RGB"), ("YCbCr", "YCbCr"), ("CMYK", "CMYK")):
        content = saved(picture.convert(mode), "TIFF", compression="jpeg", quality=100)
        expected = np.asarray(picture.convert(mode) if mode == "L" else picture.convert(mode).convert("RGB"))
        yield Variant(("TIFF", "8 bits", name, "JPEG"), content, expected, within=12)
    for photometric, name in UNREAD.items():
        shape = RGB if "L" in name else GREY
        for bits in (8, 16):
            content = tiff(random(1, shape, bits), bits, photometric)
            yield Variant(("TIFF", f"{bits} bits", name), content, refused=KIND)
    unsaid = tiff(random(1, GREY, 8), 8, 1, tags={262: None})
    yield Variant(
        ("TIFF", "8 bits", "no PhotometricInterpretation"), unsaid, refused="tag 262 must hold one number"
    )


def _alpha() -> Iterator[Variant]:
    for bits in (1, 4, 8, 12, 16, 32):
        for shape, photometric, name in ((GREY_ALPHA, 1, "grey"), (RGBA, 2, "RGB")):
            numbers = random(bits, shape, bits)
            kinds = {kind: tiff(numbers, bits, photometric, tags={338: ("H", [kind])}) for kind in (0, 1, 2)}
            pixels = stretched(numbers, bits)
            colours = pixels[..., 0] if photometric == 1 else pixels[..., :3]
            yield Variant(("TIFF", f"{bits} bits", name, "alpha"), kinds[2], pixels)
            yield Variant(("TIFF", f"{bits} bits", name, "unspecified sample"), kinds[0], colours)
            white = 1 if bits > 16 else int(np.iinfo(pixels.dtype).max)
            alpha = pixels[..., -1:].astype(float)
            apart = np.divide(
                pixels[..., :-1] * float(white), alpha, where=alpha > 0, out=np.zeros(pixels[..., :-1].shape)
            )
            apart = np.minimum(apart if bits > 16 else np.rint(apart), white)
            expected = np.dstack([apart, alpha]).astype(pixels.dtype)
            within = 1e-9 if bits > 16 else 0
            yield Variant(
                ("TIFF", f"{bits} bits", name, "multiplied by alpha"), kinds[1], expected, within=within
            )
    numbers = random(3, RGBA, 8)
    yield Variant(("TIFF", "8 bits", "RGB", "sample that nothing is said of"), tiff(numbers, 8, 2), numbers)
    unsaid = tiff(random(3, GREY_ALPHA, 8), 8, 1)
    yield Variant(("TIFF", "8 bits", "grey", "sample that nothing is said of"), unsaid, refused=SAMPLES)
    five = random(4, (5, 7, 5), 8)
    both = tiff(five, 8, 2, tags={338: ("H", [0, 2])})
    yield Variant(("TIFF", "8 bits", "RGB", "unspecified sample", "alpha"), both, five[..., [0, 1, 2, 4]])
    both = tiff(five, 8, 2, tags={338: ("H", [2, 2])})
    yield Variant(("TIFF", "8 bits", "RGB", "alpha", "alpha"), both, refused=SAMPLES)
    both = tiff(five, 8, 5, tags={338: ("H", [2])})
    light = 255 - five[..., :4].astype(float)
    expected = np.dstack([np.rint(light[..., :3] * light[..., 3:] / 255), five[..., 4]]).astype(np.uint8)
    yield Variant(("TIFF", "8 bits", "CMYK", "alpha"), both, expected)
