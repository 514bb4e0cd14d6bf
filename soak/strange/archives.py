"""Zip and tar archives: paths that lead out, links, devices, bombs, lies about lengths."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Iterator

from soak.strange.case import Case, Content, drawn, pets, written
from soak.strange.images import zeros

NAMES = (
    "../cat/evil.png", "cat/../../evil.png", "/cat/evil.png", "//host/cat/evil.png", "c:\\cat\\evil.png",
    "..\\cat\\evil.png", "cat/evil\0.png", "cat//evil.png", "cat/./evil.png", "~/cat/evil.png", "a/" * 5000 + "e.png",
    "cat/" + "n" * 60_000 + ".png", "cat/CON.png", "NUL/aux.png", "cat/new\nline.png", "cat/\x1b[31m.png", "CAT/0.png",
    "cat/0.png", "-rf/--help.png", "cat/%n%s.png", "cat/\u202egnp.png", "evil.png", "cat/$(touch pwned).png",
)  # fmt: skip
LEGAL = ("~/cat/evil.png", "cat/CON.png", "NUL/aux.png", "-rf/--help.png")  # names as others, on this system


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, **changes: object) -> bytes:
    """A zip archive; `changes` are attributes of its last file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for number, (name, data) in enumerate(files.items(), 1):
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            if number == len(files):
                for key, value in changes.items():
                    setattr(info, key, value)
            archive.writestr(info, data)
    return content.getvalue()


def tarred(files: dict[str, bytes], compression: str = "", **changes: object) -> bytes:
    """A tar archive; `changes` are attributes of its last file."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=f"w:{compression}", format=tarfile.GNU_FORMAT) as archive:  # type: ignore[call-overload]
        for number, (name, data) in enumerate(files.items(), 1):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if number == len(files):
                for key, value in changes.items():
                    setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()


def cases() -> Iterator[Case]:
    """All."""
    for what, name, content, legal in (*_zips(), *_tars()):
        yield Case("data", what, {name: content}, name, legal)


def _zips() -> Iterator[tuple[str, str, Content, bool | None]]:
    good = pets()
    plain = zipped(good)
    for name in NAMES:
        legal = True if name in LEGAL else None
        yield f"zip with {name!r:.40}", "a.zip", zipped({**good, name: drawn(9)}), legal
    for what, kind in {
        "a link": 0o120777,
        "a device": 0o060666,
        "a named pipe": 0o010666,
        "a socket": 0o140777,
    }.items():
        linked = zipped({**good, "cat/evil.png": b"/etc/passwd"}, create_system=3, external_attr=kind << 16)
        yield f"zip with {what}", "a.zip", linked, False
    for flags in (1, 0x41, 0x2001):
        yield f"zip with flags {flags:#x}", "a.zip", _flagged(plain, flags), False
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield f"zip by method {method}", "a.zip", zipped(good, method), False
    for method in (12, 14, 93, 99, 65535):
        yield f"zip that says method {method}", "a.zip", _patched(plain, 10, "<H", method), False
    for what, place, form, value in (
        ("checksum", 16, "<I", 7), ("packed size", 20, "<I", 2**32 - 2), ("size", 24, "<I", 2**32 - 2),
        ("size 0", 24, "<I", 0), ("size for zip64", 24, "<I", 2**32 - 1), ("place", 42, "<I", 2**32 - 2),
        ("place for zip64", 42, "<I", 2**32 - 1), ("name's length", 28, "<H", 65535), ("disk", 34, "<H", 9),
        ("extra's length", 30, "<H", 65535), ("version", 6, "<H", 99),
    ):  # fmt: skip
        yield f"zip that lies about a {what}", "a.zip", _patched(plain, place, form, value), None
    end = plain.rindex(b"PK\5\6")
    for what, place, form, value in (
        ("count", 10, "<H", 65535), ("length", 12, "<I", 2**32 - 1), ("place", 16, "<I", 2**32 - 2),
        ("comment", 20, "<H", 9),
    ):  # fmt: skip
        changed = bytearray(plain)
        struct.pack_into(form, changed, end + place, value)
        yield f"zip whose end lies about a {what}", "a.zip", bytes(changed), None
    wide = struct.pack("<HHQQQ", 1, 24, 2**40, 2**40, 0)
    yield (
        "zip64 that speaks of 2⁴⁰ bytes",
        "a.zip",
        _patched(zipped(good, extra=wide), 24, "<I", 2**32 - 1),
        False,
    )
    yield "zip that is cut off", "a.zip", plain[: len(plain) // 2], False
    yield "zip without its beginning", "a.zip", b"PK\3\4" + plain[400:], False
    yield "empty zip", "a.zip", zipped({}), False
    yield "zip behind a program", "a.zip", b"#!/bin/sh\n" + plain, None
    twice = io.BytesIO(plain)
    with zipfile.ZipFile(twice, "a") as archive:
        archive._didModify = True
        archive.NameToInfo.clear()
        archive.writestr("cat/0.png", drawn(8))
    yield "zip with a file twice", "a.zip", twice.getvalue(), False
    yield "zip in a zip", "a.zip", zipped({"inner.zip": plain}), False
    nested = plain
    for _ in range(50):
        nested = zipped({"cat/inner.zip": nested})
    yield "zip in fifty zips", "a.zip", nested, False
    for count in (1, 8):
        bomb = written(
            lambda n=count: zipped(
                {**good, **dict.fromkeys(map("cat/b{}.png".format, range(n)), bytes(200 << 20))}
            )
        )
        yield f"zip of {count} pictures of 200 MiB of zeros", "a.zip", bomb, False
    yield "zip of 60,000 empty files", "a.zip", zipped({f"cat/{i}.png": b"" for i in range(60_000)}), False
    yield "zip that overlaps itself", "a.zip", _overlapping(plain), False
    yield "zip of text", "a.zip", zipped({"readme.txt": b"no pictures"}), False


def _patched(content: bytes, place: int, form: str, value: int) -> bytes:
    """A number of the first entry of the directory, changed."""
    changed = bytearray(content)
    struct.pack_into(form, changed, content.index(b"PK\1\2") + place, value)
    return bytes(changed)


def _flagged(content: bytes, flags: int) -> bytes:
    changed = bytearray(_patched(content, 8, "<H", flags))
    struct.pack_into("<H", changed, 6, flags)
    return bytes(changed)


def _overlapping(content: bytes) -> bytes:
    """All entries of the directory say that they are where the first one is."""
    changed, at = bytearray(content), content.index(b"PK\1\2")
    while content.startswith(b"PK\1\2", at):
        struct.pack_into("<I", changed, at + 42, 0)
        at += 46 + sum(struct.unpack_from("<HHH", content, at + 28))
    return bytes(changed)


def _tars() -> Iterator[tuple[str, str, Content, bool | None]]:
    good = pets()
    plain = tarred(good)
    for name in NAMES:
        if "\0" not in name:
            legal = True if name in LEGAL else None
            yield f"tar with {name!r:.40}", "a.tar", tarred({**good, name: drawn(9)}), legal
    for what, kind in {
        "a symbolic link": tarfile.SYMTYPE, "a hard link": tarfile.LNKTYPE, "a device": tarfile.CHRTYPE,
        "a disk": tarfile.BLKTYPE, "a named pipe": tarfile.FIFOTYPE, "a sparse file": tarfile.GNUTYPE_SPARSE,
        "an unknown kind": b"Z",
    }.items():  # fmt: skip
        linked = tarred(
            {**good, "cat/evil.png": b""}, type=kind, linkname="/etc/passwd", devmajor=1, devminor=5
        )
        yield f"tar with {what}", "a.tar", linked, False
    for what, size in {"2³³ − 1": b"77777777777", "2⁶⁰": b"\x80" + (2**60).to_bytes(11, "big"), "−1": b"\xff" * 12,
                       "no number": b"zzzzzzzzzzz"}.items():  # fmt: skip
        yield f"tar with a file of {what} bytes", "a.tar", _resized(plain, size.ljust(12, b"\0")), False
    for what, kind, header in (
        ("a name of 2³³ − 1 bytes", b"L", b""), ("a pax header of 2³³ − 1 bytes", b"x", b""),
        ("a link's name of 2³³ − 1 bytes", b"K", b""), ("a global header of 2³³ − 1 bytes", b"g", b""),
    ):  # fmt: skip
        yield f"tar with {what}", "a.tar", _resized(_headed(kind, header) + plain, b"77777777777\0"), False
    for record in (
        "path=../../evil.png", "path=/etc/evil.png", "path=cat/evil\0.png", "size=-1", "size=99999999999999999999",
        "size=x", "GNU.sparse.size=99999999999", "linkpath=/etc/passwd", "path=" + "n" * 500_000,
    ):  # fmt: skip
        line = f"{len(record) + 3 + len(str(len(record) + 6))} {record}\n".encode()
        yield f"tar with pax {record:.30}", "a.tar", _headed(b"x", line) + plain, None
    for line in (b"99999 path=x\n", b"0 a=b\n", b"-5 a=b\n", b"9" * 5000 + b" a=b\n", b"6 abc\n"):
        yield f"tar with pax {line[:12]!r}", "a.tar", _headed(b"x", line) + plain, False
    yield "tar with a wrong checksum", "a.tar", plain[:148] + b"0000000\0" + plain[156:], False
    yield "tar that is cut off", "a.tar", plain[: len(plain) // 3], False
    yield "tar with a file twice", "a.tar", plain[:1024] + plain, False
    yield "tar in a tar", "a.tar", tarred({"cat/inner.tar": plain}), False
    yield "tar of 20,000 empty files", "a.tar", tarred({f"cat/{i}.png": b"" for i in range(20_000)}), False
    for suffix, squeeze in {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}.items():
        packed = squeeze(plain)
        yield f"tar.{suffix}", f"a.tar.{suffix}", packed, True
        yield f"tar.{suffix} that is cut off", f"a.tar.{suffix}", packed[: len(packed) // 2], False
        yield (
            f"tar.{suffix} with a flipped bit",
            f"a.tar.{suffix}",
            packed[:-20] + bytes([packed[-20] ^ 4]) + packed[-19:],
            None,
        )
        yield f"tar.{suffix} of a tar.{suffix}", f"a.tar.{suffix}", squeeze(packed), False
    header = _resized(tarred({"cat/bomb.png": b""})[:512], b"20000000000\0")
    for what, start in (("of a picture of", header), ("with behind its end", tarred(good))):
        bomb = written(lambda s=start: b"\x1f\x8b\x08" + bytes(7) + _stored(s) + zeros(2 << 30)[2:-4])
        yield f"tar.gz {what} 2 GiB of zeros", "a.tar.gz", bomb, False
    for suffix, squeezer in {"xz": lambda: lzma.LZMACompressor(preset=0), "bz2": bz2.BZ2Compressor}.items():
        bomb = written(lambda s=squeezer: _squeezed(s()))
        yield f"tar.{suffix} of a picture of a gibibyte of zeros", f"a.tar.{suffix}", bomb, False
    yield "gzip of nothing", "a.tar.gz", gzip.compress(b""), False


def _squeezed(squeeze: lzma.LZMACompressor | bz2.BZ2Compressor) -> bytes:
    """A picture of a gibibyte."""
    header, part = _resized(tarred({"cat/bomb.png": b""})[:512], b"10000000000\0"), bytes(1 << 20)
    return squeeze.compress(header) + b"".join(squeeze.compress(part) for _ in range(1024)) + squeeze.flush()


def _stored(content: bytes) -> bytes:
    """Blocks of deflate that hold bytes as they are, and after which there are others."""
    parts = [content[i : i + 65535] for i in range(0, len(content), 65535)]
    return b"".join(b"\0" + struct.pack("<HH", len(p), len(p) ^ 65535) + p for p in parts)


def _resized(content: bytes, size: bytes) -> bytes:
    """Another size in the first header, with the right checksum."""
    head = content[:124] + size + content[136:148] + b" " * 8 + content[156:512]
    return head[:148] + b"%06o\0 " % sum(head) + head[156:] + content[512:]


def _headed(kind: bytes, content: bytes) -> bytes:
    """A header that belongs to the next file."""
    whole = tarred({"x": content}, type=tarfile.REGTYPE)[: 512 + -(-len(content) // 512) * 512]
    head = whole[:156] + kind + whole[157:512]
    head = head[:148] + b" " * 8 + head[156:]
    return head[:148] + b"%06o\0 " % sum(head) + head[156:] + whole[512:]
