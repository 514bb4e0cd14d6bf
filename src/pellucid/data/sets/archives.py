"""Archives. What they say of their files is checked before one is read; links, devices and paths are never followed."""

from __future__ import annotations

import os
import stat
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pellucid.data.sets.sources import CHANGED, MAX_MEMBERS, Member, Read, Source, below, check_utf8
from pellucid.errors import DataError, FormatError, say

# An archive may hold so much, and this many times its own size besides: pictures are compressed already.
FREE_BYTES, MOST_TIMES = 1 << 30, 100


class Entry(NamedTuple):
    """What an archive says of one of its files; `plain`: neither a folder nor a link nor a device."""

    member: Member
    plain: bool


class Archive(Source):
    """Files in an archive."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self._file() as file:
            status = os.fstat(file.fileno())
            self._stamp, self.size = _stamp(status), status.st_size
            with self.broken():
                self.members = list(self._members(file))

    @abstractmethod
    def _entries(self, file: BinaryIO) -> Iterator[Entry]:
        """What the archive lists, folders left out."""

    @abstractmethod
    def _reads(self, file: BinaryIO) -> Read:
        """What reads members of the open archive; anything that it raises says that they are broken."""

    @contextmanager
    def opened(self) -> Iterator[Read]:
        """What reads its files."""
        with self._file() as file:
            if _stamp(os.fstat(file.fileno())) != self._stamp:
                raise DataError(self.where, CHANGED)
            yield self._reads(file)

    @contextmanager
    def _file(self) -> Iterator[BinaryIO]:
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            raise DataError(self.where, "there is no such file") from None
        except OSError as error:
            raise DataError(self.where, "the file cannot be read", got=error.strerror) from None
        with file:
            yield file

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Raises: FormatError in place of whatever the standard library raises for a broken archive."""
        try:
            yield
        except (DataError, FormatError):
            raise
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
            raise FormatError(self.where, "the archive cannot be read", got=got) from None

    def _members(self, file: BinaryIO) -> Iterator[Member]:
        """Its plain files, but hidden ones."""
        seen: set[str] = set()
        total = 0
        for member, plain in self._entries(file):
            total += member.size
            self.check_bytes(total)
            if len(seen) >= MAX_MEMBERS:
                expected, hint = (
                    say("at most {most} files", most=MAX_MEMBERS),
                    "unpack it and give the folder",
                )
                raise FormatError(self.where, "the archive holds too much", expected=expected, hint=hint)
            check_utf8(self.where, member.name)
            name = below(member.name)
            if name is None:
                raise FormatError(
                    self.where, "names in an archive must be paths below it", got=repr(member.name)
                )
            if any(part.startswith(".") or part == "__MACOSX" for part in name.split("/")):
                continue
            member = member._replace(name=name)
            if not plain:
                if member.is_picture:
                    raise FormatError(
                        self.where, "files in an archive must be no links or devices", got=repr(name)
                    )
                continue
            if name in seen:
                raise FormatError(self.where, "an archive must not hold a file twice", got=repr(name))
            seen.add(name)
            yield member

    def check_bytes(self, total: int) -> None:
        """Raises: FormatError when so many bytes in the archive are more than there should be."""
        most = FREE_BYTES + MOST_TIMES * self.size
        if total > most:
            expected, got = say("at most {most} bytes", most=most), say("{count} bytes", count=total)
            hint = "unpack it and give the folder"
            raise FormatError(self.where, "the archive holds too much", expected=expected, got=got, hint=hint)


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def is_plain(mode: int) -> bool:
    """Whether a mode of Unix is that of a file; 0: it is not known, and taken for one."""
    return stat.S_IFMT(mode) in (0, stat.S_IFREG)
