"""The files of PngSuite (Willem van Schaik's, 176 of them), made anew: each name says what is in the file.

    basn6a16.png    test "bas", n: not interlaced, 6a: colour type 6, 16: bits a sample

Pixels are random; what the tests are about (filters, chunks, palettes, faults) is as in the published description.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Adam7: where each pass begins, row and column, and its steps
PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))

_SIZES = [f"s{side:02}{i}3p{bits:02}" for side, bits in
          [*((n, 1) for n in (1, 2)), *((n, 1) for n in (3, 4)), *((n, 2) for n in (5, 6, 7, 8)), (9, 2),
           *((n, 4) for n in range(32, 41))] for i in "in"]  # fmt: skip
_OTHERS = """
    basn0g01 basn0g02 basn0g04 basn0g08 basn0g16 basn2c08 basn2c16 basn3p01 basn3p02 basn3p04 basn3p08
    basn4a08 basn4a16 basn6a08 basn6a16 basi0g01 basi0g02 basi0g04 basi0g08 basi0g16 basi2c08 basi2c16
    basi3p01 basi3p02 basi3p04 basi3p08 basi4a08 basi4a16 basi6a08 basi6a16 bgai4a08 bgai4a16 bgan6a08
    bgan6a16 bgbn4a08 bggn4a16 bgwn6a08 bgyn6a16 tbbn0g04 tbbn2c16 tbbn3p08 tbgn2c16 tbgn3p08 tbrn2c08
    tbwn0g16 tbwn3p08 tbyn3p08 tp0n0g08 tp0n2c08 tp0n3p08 tp1n3p08 tm3n3p02 g03n0g16 g03n2c08 g03n3p04
    g04n0g16 g04n2c08 g04n3p04 g05n0g16 g05n2c08 g05n3p04 g07n0g16 g07n2c08 g07n3p04 g10n0g16 g10n2c08
    g10n3p04 g25n0g16 g25n2c08 g25n3p04 f00n0g08 f00n2c08 f01n0g08 f01n2c08 f02n0g08 f02n2c08 f03n0g08
    f03n2c08 f04n0g08 f04n2c08 f99n0g04 pp0n2c16 pp0n6a08 ps1n0g08 ps1n2c16 ps2n0g08 ps2n2c16 ccwn2c08
    ccwn3p08 cdfn2c08 cdhn2c08 cdsn2c08 cdun2c08 ch1n3p04 ch2n3p08 cm0n0g04 cm7n0g04 cm9n0g04 cs3n2c16
    cs3n3p08 cs5n2c08 cs5n3p08 cs8n2c08 cs8n3p08 ct0n0g04 ct1n0g04 cten0g04 ctfn0g04 ctgn0g04 cthn0g04
    ctjn0g04 ctzn0g04 exif2c08 oi1n0g16 oi1n2c16 oi2n0g16 oi2n2c16 oi4n0g16 oi4n2c16 oi9n0g16 oi9n2c16
    z00n2c08 z03n2c08 z06n2c08 z09n2c08 xc1n0g08 xc9n2c08 xcrn0g04 xcsn0g01 xd0n2c08 xd3n2c08 xd9n2c08
    xdtn0g01 xhdn0g08 xlfn0g04 xs1n0g01 xs2n0g01 xs4n0g01 xs7n0g01 PngSuite
"""
NAMES = (*_OTHERS.split(), *_SIZES)


def chunk(kind: bytes, data: bytes, fault: int = 0) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ fault)


def header(height: int, width: int, bits: int, colour_type: int, interlaced: bool, fault: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, interlaced), fault)


def lines(numbers: Array, bits: int, interlaced: bool, filters: tuple[int, ...] = (0,)) -> bytes:
    """Rows (H,W,C), filtered by turns, all passes one after the other."""
    parts = [numbers[y::down, x::right] for y, x, down, right in PASSES] if interlaced else [numbers]
    return b"".join(_filtered(part, bits, filters) for part in parts if part.size)


def _filtered(numbers: Array, bits: int, filters: tuple[int, ...]) -> bytes:
    if bits == 16:
        rows = numbers.astype(">u2").view(np.uint8).reshape(len(numbers), -1)
    else:
        apart = np.unpackbits(numbers.astype(np.uint8).reshape(len(numbers), -1, 1), axis=2)[..., -bits:]
        rows = np.packbits(apart.reshape(len(numbers), -1), axis=1)
    step = max(1, bits * numbers.shape[2] // 8)
    above, done = np.zeros(rows.shape[1], int), b""
    for i, row in enumerate(rows.astype(int)):
        kind = filters[i % len(filters)]
        left = np.concatenate([np.zeros(step, int), row[:-step]])
        corner = np.concatenate([np.zeros(step, int), above[:-step]])
        guess = left + above - corner
        near = [np.abs(guess - other) for other in (left, above, corner)]
        paeth = np.where(
            (near[0] <= near[1]) & (near[0] <= near[2]), left, np.where(near[1] <= near[2], above, corner)
        )
        predicted = (0 * row, left, above, (left + above) // 2, paeth)[kind]
        done += bytes([kind]) + ((row - predicted) & 255).astype(np.uint8).tobytes()
        above = row
    return done


def encoded(
    numbers: Array, bits: int, colour_type: int, interlaced: bool, before: bytes = b"", after: bytes = b""
) -> bytes:
    """Numbers (H,W) or (H,W,C) as a file without filters, with chunks before and after the pixels."""
    numbers = numbers.reshape(*numbers.shape[:2], -1)
    data = chunk(b"IDAT", zlib.compress(lines(numbers, bits, interlaced)))
    begin = SIGNATURE + header(*numbers.shape[:2], bits, colour_type, interlaced)
    return begin + before + data + after + chunk(b"IEND", b"")


def facts(name: str) -> tuple[int, int, bool]:
    """Bits, colour type and whether interlaced."""
    if name in ("PngSuite", "exif2c08"):
        return 8, 2, False
    return int(name[-2:]), int(name[-4]), name[-5] == "i"


def numbers_of(name: str) -> Array:
    """The samples (H,W,C) of a file."""
    bits, colour_type, _ = facts(name)
    side = int(name[1:3]) if name[0] == "s" else 32
    size = (side, side + 3) if name[0] != "s" else (side, side)
    seed = zlib.crc32(name.encode())
    numbers = np.random.default_rng(seed).integers(0, 2**bits, (*size, CHANNELS[colour_type]), np.uint16)
    if name[0] == "t" and colour_type in (0, 2) and name[:3] != "tp0":
        numbers[1:4] = transparent_of(name)
        numbers[2] ^= 1  # differs in the lowest bit alone
    return numbers if bits == 16 else numbers.astype(np.uint8)


def palette_of(name: str) -> Array:
    """Its colours (2^bits,3)."""
    return np.random.default_rng(7).integers(0, 256, (2 ** facts(name)[0], 3), np.uint8)


def transparent_of(name: str) -> Any:
    """The colour of a file of grey or RGB that is not seen."""
    bits, colour_type, _ = facts(name)
    return np.random.default_rng(8).integers(0, 2**bits, CHANNELS[colour_type], np.uint16)


def pixels_of(name: str) -> Array:
    """What a file of the suite means, when it is none of the broken ones."""
    bits, colour_type, _ = facts(name)
    numbers = numbers_of(name)
    if colour_type == 3:
        colours = palette_of(name)[numbers[..., 0]]
        return np.dstack([colours, alphas_of(name)[numbers[..., 0]]]) if _has_alphas(name) else colours
    pixels = numbers * (255 // (2**bits - 1)) if bits < 8 else numbers
    if name[0] == "t" and name[:3] != "tp0":
        white = 2 ** max(bits, 8) - 1
        alpha = np.where((numbers == transparent_of(name)).all(axis=2), 0, white)
        return np.dstack([pixels, alpha.astype(pixels.dtype)])
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def _has_alphas(name: str) -> bool:
    return name[0] == "t" and name[:3] != "tp0"


def alphas_of(name: str) -> Array:
    """A palette's: one transparent colour, or several degrees."""
    alphas = np.full(2 ** facts(name)[0], 255, np.uint8)
    if name.startswith("tm3"):
        alphas[:3] = 0, 85, 170
    else:
        alphas[0] = 0
    return alphas


def _chunks(name: str) -> tuple[bytes, bytes]:
    """Those before the pixels, and behind."""
    bits, colour_type, _ = facts(name)
    kind, before, after = name[:3], b"", b""
    if kind[0] == "g":
        before += chunk(b"gAMA", struct.pack(">I", {"03": 35000, "04": 45000, "05": 55000, "07": 70000, "10": 100000,
                                                    "25": 250000}[name[1:3]]))  # fmt: skip
    if kind[:2] == "cs":
        before += chunk(b"sBIT", bytes([13 if bits == 16 else int(kind[2])] * 3))
    if kind == "ccw":
        before += chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))
    if colour_type == 3:
        before += chunk(b"PLTE", palette_of(name).tobytes())
        if _has_alphas(name):
            before += chunk(b"tRNS", alphas_of(name).tobytes())
    elif kind[:2] == "pp":
        before += chunk(b"PLTE", bytes(range(216 * 3 // 3)) * 3)
    elif kind[0] == "t" and kind != "tp0":
        before += chunk(b"tRNS", transparent_of(name).astype(">u2").tobytes())
    if (kind[:2] == "bg" and kind[2] not in "ai") or kind[:2] == "tb":
        sizes = {0: 1, 4: 1, 2: 3, 6: 3, 3: 1}[colour_type]
        before += chunk(b"bKGD", b"\1" if colour_type == 3 else struct.pack(f">{sizes}H", *[1] * sizes))
    if kind[:2] == "ps":
        depth = 8 if kind[2] == "1" else 16
        entry = struct.pack(">4BH" if depth == 8 else ">4HH", 1, 2, 3, 255, 4)
        before += chunk(b"sPLT", b"six-cube\0" + bytes([depth]) + entry * 216)
    if kind[:2] == "cd":
        before += chunk(b"pHYs", struct.pack(">IIB", 1, 4 if kind[2] == "f" else 1, kind[2] == "u"))
    if kind[:2] == "ch":
        before += chunk(b"hIST", struct.pack(f">{2**bits}H", *[40] * 2**bits))
    if kind[:2] == "cm":
        before += chunk(b"tIME", struct.pack(">HBBBBB", 1970 + int(kind[2]), 1, 1, 0, 0, 0))
    if name == "exif2c08":
        after += chunk(b"eXIf", b"II*\0" + struct.pack("<IHHHII", 8, 1, 0x0112, 3, 1, 1) + bytes(4))
    if kind[:2] == "ct" and kind[2] != "0":
        said = {
            "z": chunk(b"zTXt", b"Title\0\0" + zlib.compress(b"PngSuite")),
            "1": chunk(b"tEXt", b"Title\0PngSuite"),
        }
        before += said.get(kind[2], chunk(b"iTXt", b"Title\0\0\0en\0Title\0" + "제목".encode()))
    return before, after


def png_file(name: str) -> bytes:
    """A file of the suite."""
    bits, colour_type, interlaced = facts(name)
    numbers = numbers_of(name)
    level = int(name[2]) if name[0] == "z" else 6
    filters = {"f99": (0, 1, 2, 3, 4)}.get(name[:3], (int(name[2]),) if name[0] == "f" else (1, 4, 2, 0, 3))
    data = zlib.compress(lines(numbers, bits, interlaced, filters), level)
    parts = {"oi1": 1, "oi2": 2, "oi4": 4, "oi9": len(data)}.get(name[:3], 1)
    sizes = -(-len(data) // parts)
    images = b"".join(chunk(b"IDAT", data[at : at + sizes]) for at in range(0, len(data), sizes))
    before, after = _chunks(name)
    signature, begin = SIGNATURE, header(*numbers.shape[:2], bits, colour_type, interlaced)
    match name[:3]:
        case "xc1" | "xc9":
            begin = header(*numbers.shape[:2], bits, int(name[2]), interlaced)
        case "xd0" | "xd3" | "xd9":
            begin = header(*numbers.shape[:2], {"0": 0, "3": 3, "9": 99}[name[2]], colour_type, interlaced)
        case "xcs":
            images = chunk(b"IDAT", data, fault=1)
        case "xhd":
            begin = header(*numbers.shape[:2], bits, colour_type, interlaced, fault=1)
        case "xdt":
            images = b""
        case "xs1" | "xs2" | "xs4" | "xs7":
            at = int(name[2])
            signature = SIGNATURE[: at - 1] + bytes([SIGNATURE[at - 1] ^ 0x20]) + SIGNATURE[at:]
    content = signature + begin + before + images + after + chunk(b"IEND", b"")
    if name[:3] == "xcr":
        return content.replace(b"\r\n", b"\r").replace(b"\n", b"\r\n")
    return content.replace(b"\r\n", b"\n") if name[:3] == "xlf" else content
