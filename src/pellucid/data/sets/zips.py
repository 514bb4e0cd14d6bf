"""Zip archives. Python's module reads the directory; files are read here, as many bytes as it says and no more."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from struct import unpack
from typing import BinaryIO

from pellucid.data.sets.archives import Archive, Entry, is_plain
from pellucid.data.sets.sources import Member, Read, check_size
from pellucid.errors import FormatError

_HEADER = 30  # bytes before a file's name


class Zip(Archive):
    """Files stored or deflated in a zip archive, in the order in which they lie."""

    def _entries(self, file: BinaryIO) -> Iterator[Entry]:
        with zipfile.ZipFile(file) as archive:
            found = sorted(archive.infolist(), key=lambda info: info.header_offset)
        end = 0
        for info in found:
            if info.header_offset < end:
                raise FormatError(self.where, "files in an archive must not overlap", got=repr(info.filename))
            end = info.header_offset + _HEADER + info.compress_size
            if info.is_dir():
                continue
            if info.flag_bits & 1:
                raise FormatError(self.where, "the archive must not be encrypted", got=repr(info.filename))
            place = (info.header_offset, info.compress_size, info.CRC, info.compress_type)
            yield Entry(Member(info.filename, info.file_size, place), is_plain(info.external_attr >> 16))
        if end > self.size:
            raise FormatError(self.where, "the archive is cut off")

    def _reads(self, file: BinaryIO) -> Read:
        def read(member: Member) -> bytes:
            offset, packed_size, crc, method = member.place
            where = member.name
            check_size(where, max(member.size, packed_size))
            file.seek(offset)
            signature, name, extra = unpack("<4s22xHH", file.read(_HEADER))
            file.seek(name + extra, 1)
            content = file.read(packed_size)
            if method == zipfile.ZIP_DEFLATED:
                content = zlib.decompressobj(-15).decompress(content, member.size + 1)
            elif method != zipfile.ZIP_STORED:
                raise FormatError(where, "files in an archive must be stored or deflated", got=f"{method}")
            if signature != b"PK\3\4" or len(content) != member.size or zlib.crc32(content) != crc:
                raise FormatError(where, "the file is damaged: it is not what the archive says of it")
            return content

        return read
