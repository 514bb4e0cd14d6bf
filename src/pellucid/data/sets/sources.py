"""Where the files of a data set lie: a folder, or an archive, which is read in place."""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from pellucid.data.pictures.file import MAX_FILE_BYTES
from pellucid.errors import ArgumentError, DataError, FormatError, PellucidError, say

MAX_MEMBERS = 1 << 22
CHANGED = "the file has changed since the data set was opened"
# Of the kinds that read_photo reads.
_KINDS = "png jpg jpeg jpe jfif gif bmp dib webp tif tiff pbm pgm ppm pnm pfm"
SUFFIXES = frozenset(f".{kind}" for kind in _KINDS.split())


class Member(NamedTuple):
    """A file of a data set.

    Attributes:
        name: relative to the root, with /.
        size: in bytes.
        place: where its content lies, or how it is known to be the same; the source's own affair.
    """

    name: str
    size: int
    place: tuple[int, ...]

    @property
    def is_picture(self) -> bool:
        """Whether its suffix is that of a picture."""
        return os.path.splitext(self.name)[1].lower() in SUFFIXES


Read = Callable[[Member], bytes]


class Source(ABC):
    """The files below one root, but hidden ones.

    Attributes:
        path: of the root.
        members: its files, in the order of their names or as they lie in an archive.
        in_order: whether they can be read in that order only, all at once.
    """

    in_order = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members: list[Member] = []

    @abstractmethod
    def opened(self) -> AbstractContextManager[Read]:
        """What reads members, one at a time. Who calls it says of its errors where they are: `picture` or `file`.

        Raises: DataError when the source is gone or has changed.
        """

    @property
    def where(self) -> str:
        """What messages call it."""
        return say("data set '{path}'", path=self.path)

    def content(self, read: Read, member: Member) -> bytes:
        """A file that is no picture.

        Raises: DataError or FormatError that names it.
        """
        try:
            return read(member)
        except PellucidError as error:
            raise error.of(self.file(member)) from None
        except Exception as error:  # of a broken archive
            got = f"{type(error).__name__}: {error}"
            raise FormatError(self.file(member), "the file cannot be read", got=got) from None

    def picture(self, member: Member) -> str:
        """What messages call a picture of it."""
        return say("image '{path}'", path=self.path / member.name)

    def file(self, member: Member) -> str:
        """What messages call another file of it."""
        return say("file '{path}'", path=self.path / member.name)


class Folder(Source):
    """Files in a folder and below. Links are followed, as somebody has put them there on this system."""

    @classmethod
    def searched(cls, path: Path) -> Folder:
        """All files that are there.

        Raises: DataError for folders that cannot be read or contain themselves, and names that are no UTF-8.
        """
        folder = cls(path)
        folder.members = sorted(folder._found())
        return folder

    @classmethod
    def listed(cls, path: Path, names: list[str]) -> Folder:
        """These files, whether they are there or not."""
        folder = cls(path)
        for name in names:
            try:
                status = os.stat(path / name)
            except (OSError, ValueError):  # so that reading says why
                folder.members.append(Member(name, 0, ()))
            else:
                folder.members.append(_member(name, status))
        return folder

    def _found(self) -> Iterator[Member]:
        """All files; those whose links lead nowhere, too, so that reading them says so."""
        folders: list[tuple[str, frozenset[tuple[int, int]]]] = [("", frozenset())]
        while folders:
            above, around = folders.pop()
            place = self.path / above
            try:
                here = os.stat(place)
                this = here.st_dev, here.st_ino
                if this in around:
                    raise DataError(say("folder '{path}'", path=place), "a folder must not contain itself")
                with os.scandir(place) as entries:
                    found = [
                        (entry.name, _status(entry)) for entry in entries if not entry.name.startswith(".")
                    ]
            except OSError as error:
                rule = "the folder cannot be read"
                raise DataError(say("folder '{path}'", path=place), rule, got=error.strerror) from None
            for base, status in found:
                name = f"{above}/{base}" if above else base
                check_utf8(self.where, name)
                if status is None:
                    yield Member(name, 0, ())
                elif stat.S_ISDIR(status.st_mode):
                    folders.append((name, around | {this}))
                elif stat.S_ISREG(status.st_mode):
                    yield _member(name, status)

    @contextmanager
    def opened(self) -> Iterator[Read]:
        """What reads its files."""
        yield self._read

    def _read(self, member: Member) -> bytes:
        where, path = member.name, self.path / member.name
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise DataError(where, "this is not a file")
            if member.place and _member(member.name, status) != member:
                raise DataError(where, CHANGED)
            check_size(where, status.st_size)
            with path.open("rb") as file:
                content = file.read(status.st_size + 1)
        except FileNotFoundError:
            raise DataError(where, "there is no such file") from None
        except (OSError, ValueError) as error:  # a name that no file can have
            got = error.strerror if isinstance(error, OSError) else str(error)
            raise DataError(where, "the file cannot be read", got=got) from None
        if len(content) != status.st_size:
            raise DataError(where, CHANGED)
        return content


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Of a file or folder, also behind a link; None where a link leads nowhere."""
    try:
        return entry.stat()
    except OSError:
        if entry.is_symlink():
            return None
        raise


def _member(name: str, status: os.stat_result) -> Member:
    return Member(name, status.st_size, (status.st_mtime_ns,))


def path_of(where: str, path: object) -> Path:
    """A path that somebody gives.

    Raises: ArgumentError for what is none.
    """
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str) or "\0" in name:
        raise ArgumentError(where, "a path must be a text", got=repr(path))
    return Path(name)


def below(name: str) -> str | None:
    """A path below a root as it is called here, without ./ before it; None for what is no such path.

    Example:
        >>> below("./cat/1.png"), below("../1.png"), below("/etc/1.png"), below("c:\\\\1.png")
        ('cat/1.png', None, None, None)
    """
    while name.startswith("./"):
        name = name[2:]
    strange = {"", ".", ".."} & set(name.split("/")) or {"\\", "\0"} & set(name)
    return None if strange else name


def check_size(where: str, size: int) -> None:
    """Raises: DataError for a file that is too large to be read."""
    if size > MAX_FILE_BYTES:
        expected, got = say("at most {most} bytes", most=MAX_FILE_BYTES), say("{count} bytes", count=size)
        raise DataError(where, "the file is too large", expected=expected, got=got)


def check_utf8(where: str, name: str) -> None:
    """Raises: DataError for a name whose bytes are no UTF-8, which could not be shown or written down."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DataError(where, "names of files must be UTF-8", got=ascii(name)) from None
