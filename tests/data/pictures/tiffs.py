"""TIFF files made by hand from the standard's tables: any bits, any tags, right or wrong."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Tag = tuple[str, Sequence[int]]  # a type, as struct writes it (II: a fraction), and numbers
_TYPES = {"B": 1, "H": 3, "I": 4, "II": 5, "Q": 16}
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def lzw(data: bytes) -> bytes:
    """Codes of 9 bits, each of them one byte, and begun anew before they would have to be longer."""
    codes = [256]
    for at in range(0, len(data), 250):
        codes += [*data[at : at + 250], 256]
    bits = "".join(f"{code:09b}" for code in [*codes[:-1], 257])
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def pack_bits(data: bytes) -> bytes:
    """Nothing is repeated."""
    parts = [data[at : at + 128] for at in range(0, len(data), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


CODECS: dict[int, Callable[[bytes], bytes]] = {
    5: lzw, 8: zlib.compress, 32946: zlib.compress, 32773: pack_bits,
    34925: lambda data: lzma.compress(data, lzma.FORMAT_XZ, lzma.CHECK_NONE),
}  # fmt: skip


def packed(rows: Array, bits: int, order: str) -> bytes:
    """Numbers (R,N), each row beginning with a whole byte."""
    if rows.dtype.kind == "f":
        return rows.astype(f"{order}f{bits // 8}").tobytes()
    if bits % 8 == 0:
        places = np.arange(bits // 8)[:: 1 if order == "<" else -1]
        return (
            ((rows[..., None].astype(np.uint64) >> (8 * places).astype(np.uint64)) & 255)
            .astype(np.uint8)
            .tobytes()
        )
    apart = (rows[..., None].astype(np.uint32) >> np.arange(bits)[::-1].astype(np.uint32)) & 1
    return np.packbits(apart.astype(np.uint8).reshape(len(rows), -1), axis=1).tobytes()


def differences(block: Array, predictor: int, bits: int) -> Array:
    """Numbers (R,W,S) minus those to the left of them (2), or the same of the bytes of floats, by weight (3)."""
    if predictor == 2:
        numbers = block.view(f"u{bits // 8}")
        return np.diff(numbers, axis=1, prepend=np.zeros_like(numbers[:, :1]))
    height, width, samples = block.shape
    by_weight = (
        block.astype(f">f{bits // 8}").view(np.uint8).reshape(height, width * samples, -1).swapaxes(1, 2)
    )
    lines = by_weight.reshape(height, -1, samples)
    return np.diff(lines, axis=1, prepend=np.zeros_like(lines[:, :1]))


def blocks(numbers: Array, rows: int, tile: tuple[int, int] | None) -> list[Array]:
    """Strips, or tiles, filled up with zeros."""
    if tile is None:
        return [numbers[top : top + rows] for top in range(0, len(numbers), rows)]
    (height, width), (tall, wide) = numbers.shape[:2], tile
    whole = np.zeros((-(-height // tall) * tall, -(-width // wide) * wide, numbers.shape[2]), numbers.dtype)
    whole[:height, :width] = numbers
    return [
        whole[y : y + tall, x : x + wide]
        for y in range(0, len(whole), tall)
        for x in range(0, whole.shape[1], wide)
    ]


def tiff(
    numbers: Array,
    bits: int,
    photometric: int,
    *,
    order: str = "<",
    big: bool = False,
    compression: int = 1,
    rows: int = 3,
    tile: tuple[int, int] | None = None,
    planar: int = 1,
    predictor: int = 1,
    fill: int = 1,
    pages: int = 1,
    tags: dict[int, Tag | None] | None = None,
) -> bytes:
    """Numbers (H,W) or (H,W,S), unsigned of `bits` bits or floats, as a file; `tags` are added, changed or left out."""
    numbers = numbers.reshape(*numbers.shape[:2], -1)
    height, width, samples = numbers.shape
    planes = [numbers[..., i : i + 1] for i in range(samples)] if planar == 2 else [numbers]
    contents = []
    for block in (part for plane in planes for part in blocks(plane, rows, tile)):
        size = 8 if predictor == 3 else bits
        part = differences(block, predictor, bits) if predictor > 1 else block
        data = CODECS.get(compression, bytes)(packed(part.reshape(len(part), -1), size, order))
        contents.append(data.translate(REVERSED) if fill == 2 else data)
    start = 16 if big else 8
    ends = np.cumsum([start, *map(len, contents)]).tolist()
    kind = "f" if numbers.dtype.kind == "f" else "u"
    place = "Q" if big else "I"
    given: dict[int, Tag | None] = {
        256: ("I", [width]), 257: ("I", [height]), 258: ("H", [bits] * samples), 259: ("H", [compression]),
        262: ("H", [photometric]), 277: ("H", [samples]), 284: ("H", [planar]), 317: ("H", [predictor]),
        266: ("H", [fill]), 339: ("H", [3 if kind == "f" else 1] * samples),
    }  # fmt: skip
    if tile:
        given |= {
            322: ("I", [tile[1]]),
            323: ("I", [tile[0]]),
            324: (place, ends[:-1]),
            325: ("I", [len(c) for c in contents]),
        }
    else:
        given |= {278: ("I", [rows]), 273: (place, ends[:-1]), 279: ("I", [len(c) for c in contents])}
    given |= tags or {}
    file = {"<": b"II", ">": b"MM"}[order]
    file += (
        struct.pack(order + "HHHQ", 43, 8, 0, ends[-1]) if big else struct.pack(order + "HI", 42, ends[-1])
    )
    file += b"".join(contents)
    for page in range(pages):
        file += directory(
            {tag: value for tag, value in given.items() if value}, len(file), order, big, page == pages - 1
        )
    return file


def directory(tags: dict[int, Tag], at: int, order: str, big: bool, last: bool) -> bytes:
    """Tags of a picture as they lie from `at` on, and where the next picture's are."""
    place, count = ("Q", "Q") if big else ("I", "H")
    room = struct.calcsize("<" + place)
    end = at + struct.calcsize("<" + count) + len(tags) * (4 + 2 * room) + room
    entries, behind = b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        data = struct.pack(f"{order}{len(values)}{kind[0]}", *values)
        if len(data) > room:
            data, behind = struct.pack(order + place, end + len(behind)), behind + data
        items = len(values) // len(kind)
        entries += struct.pack(f"{order}HH{place}", tag, _TYPES[kind], items) + data.ljust(room, b"\0")
    following = 0 if last else end + len(behind)
    return struct.pack(order + count, len(tags)) + entries + struct.pack(order + place, following) + behind
