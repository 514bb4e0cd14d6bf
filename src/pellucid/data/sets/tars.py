"""Tar archives, plain or compressed by gzip, bzip2 or xz. They are read forwards, header by header, within limits.

Python's module parses a header's 512 bytes. What it would read besides, long names and pax headers of any length, is
read here: its own reader takes as much memory as they ask for.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import tarfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from pellucid.data.sets.archives import Archive, Entry
from pellucid.data.sets.sources import Member, Read, check_size
from pellucid.errors import FormatError, say

_BLOCK, _PART = tarfile.BLOCKSIZE, 1 << 20
_MOST_HEADER = 1 << 20  # bytes of a name, or of a pax header
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_HEADERS = (*_PAX, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_EMPTY = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
)
_RECORD = re.compile(rb"(\d{1,7}) ")
_UNPACKERS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}


def unpacker(start: bytes) -> Callable[[BinaryIO], Any] | None:
    """What decompresses a file that begins with these bytes, if it is compressed."""
    return next((unpack for magic, unpack in _UNPACKERS.items() if start.startswith(magic)), None)


class _Forwards:
    """A file that is read forwards only; `position` counts what is read or left out."""

    def __init__(self, where: str, file: BinaryIO) -> None:
        start = file.read(8)
        file.seek(0)
        unpack = unpacker(start)
        self._where, self._file = where, unpack(file) if unpack else file
        self.packed, self.position = unpack is not None, 0

    def read(self, size: int) -> bytes:
        content: bytes = self._file.read(size)
        if len(content) != size:
            raise FormatError(self._where, "the archive is cut off")
        self.position += size
        return content

    def go_to(self, position: int) -> None:
        if not self.packed:
            self._file.seek(position)
            self.position = position
        while self.position < position:
            self.read(min(position - self.position, _PART))

    def parts(self) -> Iterator[bytes]:
        """What is left."""
        while part := self._file.read(_PART):
            self.position += len(part)
            yield part


class Tar(Archive):
    """Files in a tar archive, in the order in which they lie; if it is compressed, they are read in no other one."""

    def _entries(self, file: BinaryIO) -> Iterator[Entry]:
        stream = _Forwards(self.where, file)
        self.in_order = stream.packed
        name: str | None = None
        size: int | None = None
        while (header := stream.read(_BLOCK)) != bytes(_BLOCK):
            self.check_bytes(stream.position)
            info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
            if info.type in _HEADERS:
                content = self._header(stream, info.size)
                if info.type == tarfile.GNUTYPE_LONGNAME:
                    name = content.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
                elif info.type in _PAX:
                    told = self._pax(content)
                    name, size = told.get("path", name), int(told["size"]) if "size" in told else size
                continue
            name, size = info.name if name is None else name, info.size if size is None else size
            if size < 0:
                got = say("{count} bytes", count=size)
                raise FormatError(self.where, "the archive cannot be read", got=got)
            plain, size = info.type in _PLAIN, 0 if info.type in _EMPTY else size
            if info.type != tarfile.DIRTYPE and not (plain and name.endswith("/") and not size):
                yield Entry(Member(name, size, (stream.position,)), plain)
            stream.go_to(stream.position + _blocks(size))
            name = size = None
        for _ in stream.parts() if stream.packed else ():  # a checksum is behind them
            self.check_bytes(stream.position)

    def _header(self, stream: _Forwards, size: int) -> bytes:
        """A long name or a pax header."""
        if not 0 <= size <= _MOST_HEADER:
            expected, got = say("at most {most} bytes", most=_MOST_HEADER), say("{count} bytes", count=size)
            raise FormatError(self.where, "a header in the archive is too long", expected=expected, got=got)
        return stream.read(_blocks(size))[:size]

    def _pax(self, content: bytes) -> dict[str, str]:
        """Its records "length key=value\\n"."""
        told: dict[str, str] = {}
        start = 0
        while start < len(content):
            length = _RECORD.match(content, start)
            end = start + int(length[1]) if length else 0
            key, equals, value = content[length.end() if length else 0 : end].partition(b"=")
            if (
                not start < end <= len(content)
                or not equals
                or not value.endswith(b"\n")
                or key.startswith(b"GNU.sparse")
            ):
                raise FormatError(
                    self.where, "the archive cannot be read", got=repr(content[start : start + 40])
                )
            told[key.decode("utf-8", "replace")] = value[:-1].decode("utf-8", "surrogateescape")
            start = end
        return told

    def _reads(self, file: BinaryIO) -> Read:
        stream = _Forwards(self.where, file)

        def read(member: Member) -> bytes:
            check_size(member.name, member.size)
            with self.broken():
                stream.go_to(member.place[0])
                return stream.read(member.size)

        return read


def _blocks(size: int) -> int:
    """Bytes that a file of this size takes."""
    return -(-size // _BLOCK) * _BLOCK
