"""Where compiled code is kept between runs.

One folder per version of what decides the code: the text of this package and of what it takes its arithmetic from, the
compiler's versions and the processor.
Code is loaded from there, so nobody else may be able to put some in: every folder on the way belongs to this user or to
root, others can write to none of them (or only beside what is ours, as in /tmp), and what is read is a file of ours,
opened by way of the folder that was looked at. Folders that nobody used for a month are removed, and files used longest
ago once a folder takes 256 MiB.
"""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import shutil
import stat
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import count
from pathlib import Path

import llvmlite.binding as llvm

from pellucid.language import text, told

_SOURCES = "kernels", "functions", "philox.py"  # what compiled code is made of
_KEEP_SECONDS = 30 * 24 * 3600
_DAY_SECONDS = 24 * 3600
_MOST_BYTES = 256 << 20  # in a folder
_BLOCK_BYTES = 4096  # what a file's room on a disk is a multiple of
_WRITES = 1000  # between two looks at how much there is; a process's first one looks, too
_writes = count()
_CHECKSUM_BYTES = 32
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OWNERS = hasattr(os, "getuid")  # where files have owners, they can be opened by way of their folder, too


def folder() -> Path | None:
    """The folder for this version of the kernels on this processor, made when it is missing.

    It is the first of these that only this user can write to: in `PELLUCID_CACHE_DIR`, in the user's cache, in a folder
    of the user's among temporary files. The first call warns when one does not do; None when none does.
    """
    place = _place()
    return place.path if place else None


def write(name: str, content: bytes) -> bool:
    """Keep a file with its checksum; where there is no folder, or, with a warning, no room in it, do without.

    Returns: whether it is kept.
    """
    if (place := _place()) is None:
        return False
    try:
        place.write(name, content)
        if next(_writes) % _WRITES == 0:
            place.make_room()
    except OSError as error:
        _warn("cache.none", reason=error.strerror or str(error))
        return False
    return True


def read(name: str) -> bytes | None:
    """What `write` wrote; None when there is no such file, when it is not whole or may be somebody else's."""
    place = _place()
    try:
        return None if place is None else place.read(name)
    except OSError:
        return None


@dataclass(frozen=True)
class _Folder:
    """A folder that only its owner may enter.

    Attributes:
        path: where it is.
        descriptor: what files are opened by way of; None where the system does not do that.
    """

    path: Path
    descriptor: int | None

    @classmethod
    def made(cls, path: Path) -> _Folder:
        """The folder, made when it is missing.

        Raises: OSError when others could write there, or we cannot.
        """
        path = Path(os.path.realpath(path))
        for above in (*reversed(path.parents), path):
            above.mkdir(0o700, exist_ok=True)
            if _OWNERS:
                _check(above, above.lstat(), beside=above != path)
        descriptor = None
        if _OWNERS:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            _check(path, os.fstat(descriptor), beside=False)
        place = cls(path, descriptor)
        place.write("probe", b"")
        return place

    def write(self, name: str, content: bytes) -> None:
        """Write a file so that another process sees all of it or nothing."""
        temporary = f"{secrets.token_hex(8)}.part"
        try:
            with open(self._open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
                file.write(_checksum(name, content) + content)
            at, to = self._at(temporary), self._at(name)
            os.replace(at, to, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except OSError:
            with suppress(OSError):
                os.unlink(self._at(temporary), dir_fd=self.descriptor)
            raise

    def read(self, name: str) -> bytes | None:
        """The content of a file of ours that is whole."""
        with open(self._open(name, os.O_RDONLY), "rb") as file:
            status = os.fstat(file.fileno())
            ours = not _OWNERS or (status.st_uid == os.getuid() and not status.st_mode & _OTHERS_WRITE)
            stored = file.read() if stat.S_ISREG(status.st_mode) and ours else b""
            if stored and time.time() - status.st_mtime > _DAY_SECONDS:  # the time says when it was last used
                with suppress(OSError):
                    os.utime(file.fileno() if os.utime in os.supports_fd else self._at(name))
        checksum, content = stored[:_CHECKSUM_BYTES], stored[_CHECKSUM_BYTES:]
        return content if _checksum(name, content) == checksum else None

    def make_room(self) -> None:
        """Where files take too much, remove those used longest ago; other processes may be at it, too."""
        files = []
        with os.scandir(self.path if self.descriptor is None else self.descriptor) as entries:
            for entry in entries:
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    size = -(-status.st_size // _BLOCK_BYTES) * _BLOCK_BYTES
                    files.append((status.st_mtime, entry.name, size))
        size = sum(size for *_, size in files)
        # Where there is too much, some more goes, so that it takes a while to fill again.
        most = _MOST_BYTES if size <= _MOST_BYTES else _MOST_BYTES * 3 // 4
        for _, name, taken in sorted(files):
            if size <= most:
                break
            with suppress(OSError):
                os.unlink(self._at(name), dir_fd=self.descriptor)
            size -= taken

    def _open(self, name: str, flags: int) -> int:
        """A file of the folder itself; one that is a pipe must not keep its reader waiting."""
        if self.descriptor is None:
            return os.open(self._at(name), flags | getattr(os, "O_BINARY", 0))
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600, dir_fd=self.descriptor)

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else str(self.path / name)


def _check(path: Path, status: os.stat_result, *, beside: bool) -> None:
    """Whether a folder, or what lies in it, can be changed by others; `beside` allows them entries of their own.

    Raises: OSError when they can.
    """
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(text("cache.no_folder", told(), path=path))
    if status.st_uid not in (0, os.getuid()):
        raise PermissionError(text("cache.of_others", told(), path=path))
    if status.st_mode & _OTHERS_WRITE and not (beside and status.st_mode & stat.S_ISVTX):
        raise PermissionError(text("cache.open", told(), path=path))


@cache
def _place() -> _Folder | None:
    """The first folder that does."""
    reasons = []
    for root in (_chosen, _users, _temporary):
        try:
            path = root()
            if path is None:
                continue
            place = _Folder.made(path / _fingerprint())
        except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
            reasons.append(getattr(error, "strerror", None) or str(error))
            continue
        if reasons:
            _warn("cache.elsewhere", reason=reasons[0], folder=place.path)
        place.path.touch()
        _prune(place.path.parent, place.path)
        return place
    _warn("cache.none", reason=reasons[0])
    return None


def _chosen() -> Path | None:
    chosen = os.environ.get("PELLUCID_CACHE_DIR")
    return Path(chosen) if chosen else None


def _users() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "pellucid" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pellucid"


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"pellucid-{os.getuid() if _OWNERS else os.getlogin()}"


def _warn(key: str, **values: object) -> None:
    warnings.warn(text(key, told(), **values), stacklevel=3)


def _checksum(name: str, content: bytes) -> bytes:
    """Of a file and its name: one in the place of another is damage, too."""
    return hashlib.sha256(name.encode() + b"\0" + content).digest()


def _fingerprint() -> str:
    digest, package = hashlib.sha256(), Path(__file__).parents[1]
    for part in _SOURCES:
        for source in sorted([package / part] if part.endswith(".py") else (package / part).rglob("*.py")):
            digest.update(source.read_bytes())
    parts = [sys.version, version("numba"), version("llvmlite"), version("numpy"), platform.machine()]
    parts += [llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    digest.update("\0".join(parts).encode())
    return digest.hexdigest()[:16]


def _prune(root: Path, keep: Path) -> None:
    oldest = time.time() - _KEEP_SECONDS
    for path in root.iterdir():
        if path != keep and len(path.name) == 16 and path.is_dir() and path.stat().st_mtime < oldest:
            shutil.rmtree(path, ignore_errors=True)
