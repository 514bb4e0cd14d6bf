"""PNG, GIF, WebP, JPEG, PNM and BMP: every kind of picture."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image
from tests.data.pictures.png_suite import chunk, encoded
from tests.data.pictures.variant import GREY, GREY_ALPHA, RGB, RGBA, Array, Variant, random, saved, stretched

ALONE = "the file must hold one picture, not an animation or pages"
BEYOND = "pixels must be numbers of the palette"


def other_variants() -> Iterator[Variant]:
    """Of all formats but TIFF."""
    yield from _png()
    yield from _others()
    yield from _portable()
    yield from _bitmaps()


def _png() -> Iterator[Variant]:
    for bits in (1, 2, 4, 8, 16):
        numbers = random(bits, GREY, bits)
        for interlaced, name in ((False, ""), (True, "interlaced")):
            parts = ("PNG", f"{bits} bits", "grey", *([name] if name else []))
            yield Variant(parts, encoded(numbers, bits, 0, interlaced), stretched(numbers, bits))
        transparent = int(numbers[2, 3])
        seen = np.where(numbers == transparent, 0, 255 if bits < 16 else 65535)
        content = encoded(numbers, bits, 0, False, chunk(b"tRNS", struct.pack(">H", transparent)))
        grey = stretched(numbers, bits)
        expected = np.dstack([grey, seen.astype(grey.dtype)])
        yield Variant(("PNG", f"{bits} bits", "grey", "transparent colour"), content, expected)
    for bits in (1, 2, 4, 8):
        numbers, colours = random(bits, GREY, bits), random(9, (1, 2**bits, 3), 8)[0]
        palette = chunk(b"PLTE", colours.tobytes())
        yield Variant(
            ("PNG", f"{bits} bits", "palette"), encoded(numbers, bits, 3, False, palette), colours[numbers]
        )
        alphas = np.arange(2**bits, dtype=np.uint8)[::-1].copy()
        content = encoded(numbers, bits, 3, False, palette + chunk(b"tRNS", alphas.tobytes()))
        expected = np.dstack([colours[numbers], alphas[numbers]])
        yield Variant(("PNG", f"{bits} bits", "palette", "alpha"), content, expected)
        beyond = encoded(numbers, bits, 3, False, chunk(b"PLTE", colours[:1].tobytes()))
        yield Variant(
            ("PNG", f"{bits} bits", "palette cut off"),
            beyond,
            refused=BEYOND,
        )
    for bits in (8, 16):
        numbers = random(bits, RGB, bits)
        numbers[1] = numbers[0] ^ 1
        yield Variant(("PNG", f"{bits} bits", "RGB"), encoded(numbers, bits, 2, False), numbers)
        content = encoded(
            numbers, bits, 2, False, chunk(b"tRNS", struct.pack(">3H", *numbers[1, 3].tolist()))
        )
        alpha = np.where((numbers == numbers[1, 3]).all(axis=2), 0, 2**bits - 1)
        yield Variant(
            ("PNG", f"{bits} bits", "RGB", "transparent colour"),
            content,
            np.dstack([numbers, alpha.astype(numbers.dtype)]),
        )
        for shape, kind, name in ((GREY_ALPHA, 4, "grey"), (RGBA, 6, "RGB")):
            numbers = random(bits, shape, bits)
            yield Variant(("PNG", f"{bits} bits", name, "alpha"), encoded(numbers, bits, kind, True), numbers)
    film = Image.fromarray(random(2, RGB, 8))
    content = saved(film, "PNG", save_all=True, append_images=[film.transpose(Image.Transpose.ROTATE_180)])
    yield Variant(("PNG", "animation"), content, refused=ALONE)
    told = chunk(b"gAMA", struct.pack(">I", 100_000)) + chunk(b"sBIT", b"\5\6\5")
    numbers = random(2, RGB, 8)
    yield Variant(("PNG", "8 bits", "RGB", "gAMA and sBIT"), encoded(numbers, 8, 2, False, told), numbers)


def _others() -> Iterator[Variant]:
    rgb, alpha = random(1, RGB, 8), random(3, GREY, 8)
    rgba = np.dstack([rgb, alpha])
    palette = Image.fromarray(rgb).quantize(20)
    colours, numbers = np.array(palette.getpalette(), np.uint8).reshape(-1, 3), np.asarray(palette)
    yield Variant(("GIF", "palette"), saved(palette, "GIF"), colours[numbers])
    yield Variant(("GIF", "palette of greys"), saved(Image.fromarray(alpha), "GIF"), alpha)
    seen = np.where(numbers == 3, 0, 255).astype(np.uint8)
    yield Variant(
        ("GIF", "transparent colour"),
        saved(palette, "GIF", transparency=3),
        np.dstack([colours[numbers], seen]),
    )
    film = saved(palette, "GIF", save_all=True, append_images=[palette.transpose(Image.Transpose.ROTATE_180)])
    yield Variant(("GIF", "animation"), film, refused=ALONE)
    small = saved(palette, "GIF")
    # A larger screen, of which the picture covers a part.
    small = small[:6] + struct.pack("<HH", 9, 8) + small[10:]
    expected = np.zeros((8, 9, 4), np.uint8)
    expected[:5, :7] = np.dstack([colours[numbers], np.full(GREY, 255, np.uint8)])
    expected[5:, :, :3] = expected[:5, 7:, :3] = 0
    yield Variant(("GIF", "picture smaller than its screen"), small, expected)
    yield Variant(("WebP", "RGB"), saved(Image.fromarray(rgb), "WEBP", lossless=True), rgb)
    yield Variant(
        ("WebP", "RGB", "alpha"), saved(Image.fromarray(rgba), "WEBP", lossless=True, exact=True), rgba
    )
    film = saved(Image.fromarray(rgb), "WEBP", save_all=True, append_images=[Image.fromarray(rgb[::-1])])
    yield Variant(("WebP", "animation"), film, refused=ALONE)
    for mode, name in (("L", "grey"), ("RGB", "YCbCr")):
        picture = Image.fromarray(random(2, (16, 32, 3), 8)).convert(mode)
        content = saved(picture, "JPEG", quality=95)
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        yield Variant(("JPEG", name), content, decoded if mode == "L" else decoded[..., ::-1], within=2)
    picture = Image.fromarray(random(2, (16, 32, 3), 8)).resize((64, 48), Image.Resampling.BICUBIC)
    content = saved(picture.convert("CMYK"), "JPEG", quality=100, subsampling=0)
    yield Variant(("JPEG", "CMYK"), content, np.asarray(picture), within=12)


def _portable() -> Iterator[Variant]:
    for white in (1, 7, 255, 1023, 65535):
        for channels, raw, plain in ((1, "P5", "P2"), (3, "P6", "P3")):
            numbers = random(white, (5, 7, channels), 16).astype(int) % (white + 1)
            head = f" 7 # a comment\n5\n{white}\n".encode()
            full, dtype = (255, np.uint8) if white < 256 else (65535, np.uint16)
            expected = (
                np.rint(numbers * (full / white)).astype(dtype).reshape((5, 7, channels)[: 2 + channels // 3])
            )
            content = raw.encode() + head + numbers.astype("u1" if white < 256 else ">u2").tobytes()
            yield Variant(("PNM", raw, f"white is {white}"), content, expected)
            text = (
                plain.encode()
                + head
                + b" # and another\n".join(" ".join(map(str, row.ravel())).encode() for row in numbers)
            )
            yield Variant(("PNM", plain, f"white is {white}"), text, expected)
    dots = random(1, GREY, 1)
    expected = ((1 - dots) * 255).astype(np.uint8)
    yield Variant(("PNM", "P4"), b"P4 7 5\n" + np.packbits(dots, axis=1).tobytes(), expected)
    yield Variant(("PNM", "P1"), b"P1 7 5\n" + b"\n".join(bytes(row + ord("0")) for row in dots), expected)
    floats = np.random.default_rng(0).random(RGB).astype(np.float32)
    yield Variant(("PFM", "RGB"), b"PF 7 5 -1.0\n" + floats[::-1].astype("<f4").tobytes(), floats)
    yield Variant(("PFM", "grey"), b"Pf 7 5 1\n" + floats[::-1, :, 0].astype(">f4").tobytes(), floats[..., 0])
    rule = "the scale of floats must say their byte order alone"
    yield Variant(("PFM", "scale 2"), b"Pf 1 1 2\n\0\0\0\0", refused=rule)
    yield Variant(("PNM", "P5", "two pages"), b"P5 2 1 7\n\7\0" * 2, refused=ALONE)
    yield Variant(
        ("PNM", "P2", "part of a number"),
        b"P2 2 1 7\n7 1.5",
        refused="the numbers of a plain picture must be whole",
    )
    rule = "no number may be larger than white"
    yield Variant(("PNM", "P5", "number above white"), b"P5 2 1 7\n\7\10", refused=rule)
    yield Variant(
        ("PNM", "P5", "cut off"), b"P5 2 2 255\nabc", refused="the file ends before its picture does"
    )


def _bmp(
    rows: bytes, bits: int, compression: int = 0, masks: tuple[int, ...] = (), palette: bytes = b""
) -> bytes:
    """A BMP of 7×5 whose rows, from below, are complete."""
    size = 108 if len(masks) == 4 else 40  # a header that knows alpha
    header = struct.pack(
        "<IiiHHIIiiII", size, 7, 5, 1, bits, compression, len(rows), 0, 0, len(palette) // 4, 0
    )
    header = (header + struct.pack(f"<{len(masks)}I", *masks)).ljust(size, b"\0")
    start = 14 + len(header) + len(palette)
    return struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + header + palette + rows


def _bitmaps() -> Iterator[Variant]:
    rgb, alpha = random(1, RGB, 8), random(3, GREY, 8)

    def rows(numbers: Array) -> bytes:
        lines = np.ascontiguousarray(numbers[::-1]).view(np.uint8).reshape(5, -1)
        return np.pad(lines, ((0, 0), (0, -lines.shape[1] % 4))).tobytes()

    for bits in (1, 4, 8):
        numbers, colours = random(bits, GREY, bits), random(4, (1, 2**bits, 3), 8)[0]
        colours[0] = 1, 2, 3  # no grey
        apart = np.unpackbits(numbers[..., None], axis=2)[..., -bits:].reshape(5, -1)
        table = np.pad(colours[:, ::-1], ((0, 0), (0, 1))).tobytes()
        content = _bmp(rows(np.packbits(apart, axis=1)), bits, palette=table)
        yield Variant(("BMP", f"{bits} bits", "palette"), content, colours[numbers])
        table = np.repeat(
            np.arange(2**bits, dtype=np.uint8), 4
        ).tobytes()  # which Pillow takes for greys of 8 bits
        content = _bmp(rows(np.packbits(apart, axis=1)), bits, palette=table)
        yield Variant(("BMP", f"{bits} bits", "palette of greys"), content, numbers)
        content = _bmp(rows(np.packbits(apart, axis=1)), bits, palette=table[:4])
        yield Variant(("BMP", f"{bits} bits", "palette cut off"), content, refused=BEYOND)
    numbers = random(5, GREY, 16)
    for name, masks, widths in (
        ("5, 5 and 5 bits", (), (10, 5, 0)),
        ("5, 6 and 5 bits", (0xF800, 0x7E0, 0x1F), (11, 5, 0)),
    ):
        most = np.array([31, 63 if masks else 31, 31])
        fields = (numbers[..., None] >> np.array(widths)) & most
        content = _bmp(rows(numbers), 16, 3 if masks else 0, masks)
        yield Variant(("BMP", name), content, np.rint(fields * (255 / most)).astype(np.uint8))
    bgra = np.dstack([rgb[..., ::-1], alpha])
    yield Variant(("BMP", "24 bits"), _bmp(rows(rgb[..., ::-1]), 24), rgb)
    yield Variant(("BMP", "32 bits"), _bmp(rows(bgra), 32), rgb)
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    yield Variant(("BMP", "32 bits", "alpha"), _bmp(rows(bgra), 32, 3, masks), np.dstack([rgb, alpha]))
