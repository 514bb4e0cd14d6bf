"""Picture files that are no good: cut off, with bits turned, with headers that promise more than anybody has."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP", "PPM")
_MODES = {"PNG": "RGBA I;16 1 P", "TIFF": "RGBA I;16 1 CMYK F", "JPEG": "L CMYK"}  # besides RGB


def write(folder: Path, rng: random.Random) -> list[Path]:
    """Good pictures of every format, and what a broken disk or an enemy makes of them."""
    found = []
    for kind in FORMATS:
        for mode in ("RGB", *_MODES.get(kind, "L").split()):
            good = _drawn(rng, kind, mode)
            for name, content in {
                "good": good,
                "cut": good[: rng.randrange(len(good))],
                "flipped": _flipped(rng, good, len(good)),
                "head": _flipped(rng, good, 64),
                "tail": good + rng.randbytes(100),
            }.items():
                found.append(folder / f"{name}-{mode.replace(';', '')}.{kind.lower()}")
                found[-1].write_bytes(content)
    for name, content in _enormous().items():
        found.append(folder / name)
        found[-1].write_bytes(content)
    return found


def _drawn(rng: random.Random, kind: str, mode: str) -> bytes:
    pixels = np.frombuffer(rng.randbytes(28 * 30 * 3), np.uint8).reshape(28, 30, 3)
    picture = Image.fromarray(pixels)
    picture = Image.fromarray(pixels[..., 0].astype(np.uint16)) if mode == "I;16" else picture.convert(mode)
    content = io.BytesIO()
    options = (
        {"compression": rng.choice(["tiff_lzw", "tiff_deflate", "packbits", None])} if kind == "TIFF" else {}
    )
    picture.save(content, kind, **options)
    return content.getvalue()


def _flipped(rng: random.Random, content: bytes, within: int) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice([1, 3, 20])):
        changed[rng.randrange(min(within, len(changed)))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _png(width: int, height: int, content: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(content)) + chunk(b"IEND", b"")


def _enormous() -> dict[str, bytes]:
    """Small files that speak of large pictures, and some that are nothing."""
    return {
        "most.png": _png(2**31 - 1, 2**31 - 1, b""),
        "bomb.png": _png(30_000, 30_000, bytes(10**7)),
        "empty-size.png": _png(0, 0, b""),
        "long.png": _png(100_000_000, 1, bytes(1000)),
        "wide.ppm": b"P6 99999999 99999999 255\n",
        "words.ppm": b"P6 many many 255\n",
        "endless.ppm": b"P6 " + b"9" * 10_000,
        "huge.bmp": b"BM" + struct.pack("<IHHIIiiHH24x", 2**31, 0, 0, 54, 40, 2**30, -(2**31), 1, 24),
        "huge.gif": b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b",",
        "huge.tiff": b"II*\0\xff\xff\xff\xff",
        "loop.tiff": b"II*\0\x08\0\0\0" + b"\0\0" + struct.pack("<I", 8),
        "empty.png": b"",
        "text.png": b"this is no picture",
        "page.png": b"<html><script>alert(1)</script></html>",
    }
