"""TIFF: every number of bits, every format and every layout."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image
from tests.data.pictures.tiffs import tiff
from tests.data.pictures.variant import GREY, RGB, Variant, random, saved, stretched

WHITE = "it must be known which number is white"
BITS = "numbers must be of bits that are read here"


def tiff_variants() -> Iterator[Variant]:
    """Of numbers."""
    yield from _numbers()
    yield from _layouts()
    yield from _refused()


def _numbers() -> Iterator[Variant]:
    for bits in (*range(1, 17), 32):
        numbers = random(bits, GREY, bits)
        yield Variant(
            ("TIFF", f"{bits} bits", "black is 0"), tiff(numbers, bits, 1), stretched(numbers, bits)
        )
        inverted = stretched(2**bits - 1 - numbers, bits)
        yield Variant(("TIFF", f"{bits} bits", "white is 0"), tiff(numbers, bits, 0), inverted)
        colours = random(bits, RGB, bits)
        yield Variant(("TIFF", f"{bits} bits", "RGB"), tiff(colours, bits, 2), stretched(colours, bits))
    for bits in (16, 32, 64):
        floats = np.random.default_rng(bits).random(RGB).astype(f"f{bits // 8}")
        floats[0, :2] = [[0], [1]]
        read = floats.astype(f"f{max(bits, 32) // 8}")
        yield Variant(
            ("TIFF", f"{bits}-bit floats", "black is 0"), tiff(floats[..., 0], bits, 1), read[..., 0]
        )
        yield Variant(
            ("TIFF", f"{bits}-bit floats", "white is 0"), tiff(floats[..., 0], bits, 0), 1 - read[..., 0]
        )
        yield Variant(("TIFF", f"{bits}-bit floats", "RGB"), tiff(floats, bits, 2), read)
    wide = np.array([[-1.5, 0, 2], [1, 0.25, 300]], np.float32)
    yield Variant(("TIFF", "32-bit floats", "below 0 and above 1"), tiff(wide, 32, 1), wide)
    for number in (np.nan, np.inf, -np.inf):
        wrong = tiff(np.array([[0, number]], np.float32), 32, 1)
        yield Variant(("TIFF", "32-bit floats", str(number)), wrong, refused="pixels must be finite numbers")
    for bits in (8, 16, 32, 64):
        numbers = random(bits, GREY, min(bits, 32)).astype(f"u{bits // 8}")
        for kind, name in ((2, "signed"), (4, "undefined"), (5, "complex")):
            content = tiff(numbers, bits, 1, tags={339: ("H", [kind])})
            yield Variant(("TIFF", f"{bits} bits", name), content, refused=WHITE)
    for bits in (24, 48, 64):
        content = tiff(random(3, GREY, 32).astype(np.uint64), bits, 1)
        yield Variant(("TIFF", f"{bits} bits", "black is 0"), content, refused=BITS)
    mixed = {258: ("H", [5, 6, 5])}
    same = "all samples of a pixel must be of one kind"
    yield Variant(("TIFF", "5, 6 and 5 bits", "RGB"), tiff(random(1, RGB, 8), 8, 2, tags=mixed), refused=same)
    mixed = {339: ("H", [1, 2, 1])}
    yield Variant(
        ("TIFF", "signed and unsigned", "RGB"), tiff(random(1, RGB, 8), 8, 2, tags=mixed), refused=same
    )


def _layouts() -> Iterator[Variant]:
    large = (19, 37, 3)
    for bits in (1, 8, 12, 16, 32):
        numbers, pixels = random(bits, large, bits), stretched(random(bits, large, bits), bits)
        for name, lies in {
            "big-endian": {"order": ">"},
            "BigTIFF": {"big": True},
            "BigTIFF, big-endian": {"big": True, "order": ">"},
            "planes": {"planar": 2},
            "tiles": {"tile": (16, 32)},
            "tiles, planes, big-endian": {"tile": (16, 16), "planar": 2, "order": ">"},
            "FillOrder 2": {"fill": 2},
            "LZW": {"compression": 5},
            "deflate": {"compression": 8},
            "old deflate": {"compression": 32946},
            "PackBits": {"compression": 32773},
            "LZMA": {"compression": 34925},
            "LZW, FillOrder 2": {"compression": 5, "fill": 2},
            "one strip": {"rows": 2**32 - 1},
            "one row a strip": {"rows": 1},
        }.items():
            yield Variant(("TIFF", f"{bits} bits", "RGB", name), tiff(numbers, bits, 2, **lies), pixels)  # type: ignore[arg-type]
    for bits in (8, 16, 32):
        numbers = random(bits, large, bits)
        for name, lies in {
            "deflate": {"compression": 8},
            "LZW, big-endian, planes": {"compression": 5, "order": ">", "planar": 2},
            "deflate, tiles": {"compression": 8, "tile": (16, 16)},
        }.items():
            content = tiff(numbers, bits, 2, predictor=2, **lies)  # type: ignore[arg-type]
            yield Variant(
                ("TIFF", f"{bits} bits", "RGB", f"Predictor 2, {name}"), content, stretched(numbers, bits)
            )
    for bits in (16, 32, 64):
        floats = np.random.default_rng(bits).random(large).astype(f"f{bits // 8}")
        for name, lies in {"deflate": {"compression": 8}, "deflate, big-endian": {"compression": 8, "order": ">"},
                           "LZW, tiles": {"compression": 5, "tile": (16, 32)}}.items():  # fmt: skip
            content = tiff(floats, bits, 2, predictor=3, **lies)  # type: ignore[arg-type]
            expected = floats.astype(f"f{max(bits, 32) // 8}")
            yield Variant(("TIFF", f"{bits}-bit floats", "RGB", f"Predictor 3, {name}"), content, expected)
    dots = random(4, (40, 50), 1)
    for compression, name in (("group3", "CCITT 3"), ("group4", "CCITT 4"), ("tiff_ccitt", "CCITT 2")):
        content = saved(Image.fromarray(dots.astype(bool)), "TIFF", compression=compression)
        yield Variant(("TIFF", "1 bit", "black is 0", name), content, dots * np.uint8(255))
    content = saved(Image.fromarray(random(8, large, 8)), "TIFF", compression="zstd")
    yield Variant(("TIFF", "8 bits", "RGB", "Zstandard"), content, random(8, large, 8))


def _refused() -> Iterator[Variant]:
    numbers = random(1, RGB, 8)
    other = "the compression must be one that is read here"
    for compression, name in (
        (6, "old JPEG"),
        (34712, "JPEG 2000"),
        (34887, "LERC"),
        (50001, "WebP"),
        (99, "Compression 99"),
    ):
        yield Variant(
            ("TIFF", "8 bits", "RGB", name), tiff(numbers, 8, 2, compression=compression), refused=other
        )
    rule = "differences must be of a kind that the compression has"
    for name, content in {
        "Predictor 2, not compressed": tiff(numbers, 8, 2, tags={317: ("H", [2])}),
        "Predictor 2, PackBits": tiff(numbers, 8, 2, compression=32773, tags={317: ("H", [2])}),
        "Predictor 3, deflate": tiff(numbers, 8, 2, compression=8, tags={317: ("H", [3])}),
        "Predictor 4, deflate": tiff(numbers, 8, 2, compression=8, tags={317: ("H", [4])}),
    }.items():
        yield Variant(("TIFF", "8 bits", "RGB", name), content, refused=rule)
    twelve = tiff(random(1, RGB, 12), 12, 2, compression=8, tags={317: ("H", [2])})
    yield Variant(("TIFF", "12 bits", "RGB", "Predictor 2, deflate"), twelve, refused=rule)
    pages = tiff(numbers, 8, 2, pages=2)
    yield Variant(
        ("TIFF", "two pages"), pages, refused="the file must hold one picture, not an animation or pages"
    )
    for kind, name in ((1, "preview"), (4, "mask of another")):
        content = tiff(numbers, 8, 2, tags={254: ("I", [kind])})
        rule = "the first picture must not be a preview or the mask of another"
        yield Variant(("TIFF", "8 bits", "RGB", name), content, refused=rule)
    page = tiff(numbers, 8, 2, tags={254: ("I", [2])})
    yield Variant(("TIFF", "8 bits", "RGB", "one page"), page, numbers)
    unsaid = tiff(numbers, 8, 2, tags={279: None})
    rule = "there must be a place and a size for each strip or tile"
    yield Variant(("TIFF", "8 bits", "RGB", "no StripByteCounts"), unsaid, refused=rule)
