"""Pictures: headers that promise more than anybody has, bombs, loops, other formats under a picture's name."""

from __future__ import annotations

import io
import random
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from soak import pictures
from soak.strange.case import Case, drawn

_GIBIBYTE = 1 << 30


def cases() -> Iterator[Case]:
    """All."""
    for what, name, content, legal in _all():
        yield Case("picture", what, {f"p/{name}": content}, f"p/{name}", legal)


def _all() -> Iterator[tuple[str, str, bytes, bool | None]]:
    yield from _png()
    yield from _jpeg()
    yield from _tiff()
    yield from _others()
    with tempfile.TemporaryDirectory() as folder:
        for path in pictures.write(Path(folder), random.Random(0)):
            good = (
                path.name.startswith("good-") and "-F." not in path.name
            )  # floats beyond 0 to 1 are no picture
            yield f"picture {path.name}", path.name, path.read_bytes(), good or None


def chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    """A part of a PNG."""
    size = len(data) if length is None else length
    return struct.pack(">I", size) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2, interlace: int = 0
) -> bytes:
    """A PNG of these parts."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IEND", b"")


def zeros(size: int) -> bytes:
    """So many zeros, a multiple of a mebibyte, deflated: the same block again and again, and Adler's checksum."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\xda" + block * (size >> 20) + squeeze.flush() + struct.pack(">HH", size % 65521, 1)


def _png() -> Iterator[tuple[str, str, bytes, bool | None]]:
    rows = chunk(b"IDAT", zlib.compress((b"\0" + bytes(12)) * 4))
    bomb = zeros(_GIBIBYTE)
    for width, height in ((2**31 - 1, 2**31 - 1), (2**31, 1), (1, 2**31 - 1), (65535, 65535), (0, 4), (4, 0)):
        yield f"PNG of {width}×{height}", "a.png", png(width, height, rows), False
    yield "PNG of 30,000×30,000 with all its zeros", "a.png", png(30_000, 30_000, chunk(b"IDAT", bomb)), False
    yield "PNG of 4×4 with a gibibyte of zeros", "a.png", png(4, 4, chunk(b"IDAT", bomb)), None
    for kind, start in ((b"zTXt", b"a\0\0"), (b"iCCP", b"a\0\0"), (b"iTXt", b"a\0\1\0\0\0")):
        text = chunk(kind, start + bomb)
        yield f"PNG with a gibibyte in {kind.decode()}", "a.png", png(4, 4, text, rows), None
    yield "PNG with 20,000 texts", "a.png", png(4, 4, *[chunk(b"tEXt", b"a\0b")] * 20_000, rows), None
    yield "PNG with a part of 2³¹ − 1 bytes", "a.png", png(4, 4, chunk(b"IDAT", b"x", 2**31 - 1)), False
    yield "PNG with a part of 2³² − 1 bytes", "a.png", png(4, 4, chunk(b"abCd", b"x", 2**32 - 1)), False
    yield "PNG without numbers", "a.png", png(4, 4), False
    yield "PNG without its palette", "a.png", png(4, 4, rows, colour=3), False
    yield "PNG with a palette of 300", "a.png", png(4, 4, chunk(b"PLTE", bytes(900)), rows, colour=3), False
    index = chunk(b"IDAT", zlib.compress(b"\0\xff\xff\xff\xff" * 4))
    outside = png(4, 4, chunk(b"PLTE", bytes(6)), index, colour=3)
    yield "PNG with colours outside its palette", "a.png", outside, None
    palette = png(4, 4, chunk(b"PLTE", bytes(range(12))), chunk(b"tRNS", b"\0\x80"), chunk(
        b"IDAT", zlib.compress(b"\0\0\1\2\3" * 4)), colour=3)  # fmt: skip
    yield "PNG with a palette and alpha", "a.png", palette, True
    yield "PNG of depth 3", "a.png", png(4, 4, rows, depth=3), False
    yield "PNG of colour type 5", "a.png", png(4, 4, rows, colour=5), False
    yield "PNG with interlace 7", "a.png", png(4, 4, rows, interlace=7), False
    frames = chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    yield "PNG that speaks of 2³¹ − 1 frames", "a.png", png(4, 4, frames, rows), None
    good = drawn(1)
    yield "PNG with a wrong checksum", "a.png", good[:40] + bytes([good[40] ^ 1]) + good[41:], False
    yield "PNG behind other bytes", "a.png", b"\n" + good, False
    deep = io.BytesIO()
    Image.fromarray(np.arange(90, dtype=np.uint16).reshape(9, 10) * 700).save(deep, "PNG")
    yield "PNG of 16 bits", "a.png", deep.getvalue(), True
    moving = io.BytesIO()
    shots = [Image.new("RGB", (9, 9), (i, 0, 0)) for i in range(60)]
    shots[0].save(moving, "PNG", save_all=True, append_images=shots[1:])
    yield "animated PNG", "a.png", moving.getvalue(), None
    for kind in ("GIF", "WEBP"):
        moving = io.BytesIO()
        shots[0].save(moving, kind, save_all=True, append_images=shots[1:])
        yield f"animated {kind}", f"a.{kind.lower()}", moving.getvalue(), None


def exif(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """Exif's directory of (tag, type, count, value), and where the next one is."""
    listed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return (
        b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + listed + struct.pack("<I", following)
    )


def _jpeg() -> Iterator[tuple[str, str, bytes, bool | None]]:
    good = drawn(1, "JPEG")
    start = good.index(b"\xff\xc0") + 5

    def with_size(height: int, width: int) -> bytes:
        return good[:start] + struct.pack(">HH", height, width) + good[start + 4 :]

    for height, width in ((65535, 65535), (0, 10), (10, 0), (65535, 1)):
        yield f"JPEG of {width}×{height}", "a.jpg", with_size(height, width), None if width == 1 else False
    yield "JPEG of 12 bits", "a.jpg", good[: start - 1] + b"\x0c" + good[start:], False
    yield "JPEG with 255 components", "a.jpg", good[: start + 4] + b"\xff" + good[start + 5 :], False
    yield "JPEG of CMYK", "a.jpg", drawn(1, "JPEG", "CMYK"), True
    for what, told in {
        "Exif that follows itself": exif([(0x112, 3, 1, 6)], 8),
        "Exif with a directory in itself": exif([(0x8769, 4, 1, 8), (0x112, 3, 1, 6)]),
        "Exif with 2³² − 1 numbers": exif([(0x112, 3, 2**32 - 1, 8)]),
        "Exif with rotation 99": exif([(0x112, 3, 1, 99)]),
        "Exif of 65,535 entries": exif([(0x112, 3, 1, 6)])[:14] + b"\xff\xff" + bytes(100),
        "Exif with a place outside": exif([(0x112, 5, 9, 2**32 - 2)]),
        "Exif of nothing": b"Exif\0\0",
    }.items():
        part = b"\xff\xe1" + struct.pack(">H", len(told) + 2) + told
        yield f"JPEG with {what}", "a.jpg", good[:2] + part + good[2:], None
    scan = good[good.index(b"\xff\xda") : -2]
    yield "JPEG with 3,000 scans", "a.jpg", good[:-2] + scan * 3000 + good[-2:], None
    yield "JPEG of marks alone", "a.jpg", b"\xff\xd8" + b"\xff\xfe\0\2" * 10**5, False
    yield "JPEG that is cut off", "a.jpg", good[: len(good) * 2 // 3], False


def tiff(*entries: tuple[int, int, int, int], data: bytes = b"", following: int = 0) -> bytes:
    """A TIFF of one directory, behind which there is data."""
    listed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + listed + struct.pack("<I", following) + data


def _tiff() -> Iterator[tuple[str, str, bytes, bool | None]]:
    plain = {256: 4, 257: 4, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 4, 279: 16}

    def changed(changes: dict[int, int], data: bytes = bytes(400), following: int = 0) -> bytes:
        return tiff(
            *((tag, 4, 1, n) for tag, n in {**plain, **changes}.items()), data=data, following=following
        )

    yield "TIFF", "a.tif", changed({}), True
    for tag, values in {
        256: (0, 2**31, 2**32 - 1), 257: (0, 2**31 - 1), 258: (0, 7, 65535), 259: (0, 9, 65535), 262: (9,),
        273: (2**32 - 1, 0), 277: (0, 65535), 278: (0, 2**32 - 1), 279: (0, 2**32 - 1), 317: (9,), 284: (7,),
        322: (0,), 34665: (8,), 330: (8,), 347: (8,),
    }.items():  # fmt: skip
        for value in values:
            yield f"TIFF with {value} for {tag}", "a.tif", changed({tag: value}), None
    yield "TIFF of 60,000×60,000", "a.tif", changed({256: 60_000, 257: 60_000, 278: 60_000}), False
    bomb = zeros(_GIBIBYTE)
    squeezed = changed({259: 8, 279: len(bomb), 273: 200}, bytes(400)[: 200 - 122] + bomb)
    yield "TIFF with a gibibyte of zeros in a strip", "a.tif", squeezed, None
    large = {256: 30_000, 257: 30_000, 278: 30_000, 259: 8, 279: len(bomb)}
    yield "TIFF of 30,000×30,000 zeros", "a.tif", changed(large, bytes(78) + bomb), False
    yield "TIFF that follows itself", "a.tif", changed({}, following=8), None
    yield "TIFF of 65,535 entries", "a.tif", b"II*\0\x08\0\0\0\xff\xff" + bytes(100), False
    yield "BigTIFF that lies", "a.tif", b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63) + bytes(80), False
    pages = io.BytesIO()
    shots = [Image.new("L", (9, 9), i) for i in range(40)]
    shots[0].save(pages, "TIFF", save_all=True, append_images=shots[1:])
    yield "TIFF of 40 pages", "a.tif", pages.getvalue(), None


def _others() -> Iterator[tuple[str, str, bytes, bool | None]]:
    laughs = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    svg = f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a0 "ha">{laughs}]><svg>&a11;</svg>'.encode()
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(pwned) (w) file closefile\nshowpage\n"
    for what, content in {
        "SVG of a billion laughs": svg,
        "PostScript": script,
        "PDF": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n",
        "PSD of 2³¹": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 2**31 - 1, 2**31 - 1, 8, 3),
        "ICO": b"\0\0\1\0\xff\xff" + b"\0" * 200,
        "an FLI film": struct.pack("<IHHHHH", 2**31, 0xAF11, 60000, 60000, 60000, 8) + bytes(200),
        "a zip archive": b"PK\3\4" + bytes(60),
        "gzip": b"\x1f\x8b\x08" + bytes(60),
        "a pickle": b"cos\nsystem\n(S'touch pwned'\ntR.",
        "nothing": b"",
    }.items():
        yield f"{what} as a PNG", "a.png", content, False
    for bits, width, height in (
        (24, 2**31 - 1, -(2**31)),
        (1, -5, 5),
        (8, 0, 0),
        (32, 2**16, 2**16),
        (7, 4, 4),
    ):
        head = struct.pack(
            "<IHHIIiiHHIIiiII", 2**31, 0, 0, 54, 40, width, height, 1, bits, 0, 0, 0, 0, 2**32 - 1, 0
        )
        yield f"BMP of {width}×{height} at {bits} bits", "a.bmp", b"BM" + head + bytes(64), False
    for compression in (1, 2, 3, 4, 99):
        head = struct.pack("<IHHIIiiHHIIiiII", 200, 0, 0, 54, 40, 9, 9, 1, 8, compression, 0, 0, 0, 4, 0)
        yield f"BMP with compression {compression}", "a.bmp", b"BM" + head + b"\0\2\xff\xff" * 40, None
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + b"\xff" * 6
    yield "WebP of 2²⁴×2²⁴", "a.webp", b"RIFF" + struct.pack("<I", 22) + b"WEBP" + canvas, False
    vp8l = b"VP8L" + struct.pack("<I", 5) + b"\x2f\xff\xff\xff\x0f"
    yield "WebP of 16,384×16,384", "a.webp", b"RIFF" + struct.pack("<I", 17) + b"WEBP" + vp8l + b"\0", False
    yield "WebP of 2³² − 1 bytes", "a.webp", b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff", False
    yield (
        "GIF of 65,535×65,535",
        "a.gif",
        b"GIF89a" + b"\xff" * 4 + b"\0\0\0," + bytes(4) + b"\xff" * 4 + b"\0\2\2\x4c\1\0;",
        False,
    )
    for what, content in {
        "a maximum of 0": b"P6 4 4 0\n" + bytes(48), "a maximum of 65,536": b"P6 4 4 65536\n" + bytes(96),
        "2³¹ columns": b"P5 2147483648 1 255\n", "negative sizes": b"P5 -4 -4 255\n" + bytes(16),
        "a comment without end": b"P5 #" + b"x" * 10**6, "a size of 10⁶ digits": b"P5 " + b"9" * 10**6,
        "ASCII that never ends": b"P2 9999 9999 255 " + b"1 " * 10**6,
        "sizes in other digits": "P5 ４ ４ 255\n".encode(),
    }.items():  # fmt: skip
        yield f"PNM with {what}", "a.ppm", content, False
    for scale, number in ((b"-1.0", np.nan), (b"-1.0", np.inf), (b"0", 1), (b"nan", 1), (b"-1e999", 1)):
        content = b"Pf\n3 3\n" + scale + b"\n" + np.full(9, number, "<f4").tobytes()
        yield f"PFM of {number} with scale {scale.decode()}", "a.pfm", content, None
