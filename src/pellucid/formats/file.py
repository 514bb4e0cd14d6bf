"""Files that appear complete or not at all.

The new content goes to a hidden file beside the target, which then takes the target's name. A save that is killed
leaves that file behind, and the next save into the folder removes it: whoever writes holds a lock on his file, so one
that can be locked is nobody's.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import FormatError, say

if sys.platform != "win32":
    import fcntl

_OURS = re.compile(r"\.pellucid-[0-9a-f]{16}")
_PROBE_BYTES = 4096  # a file system without room takes empty files
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def write_whole(
    where: str,
    path: Path,
    parts: Iterable[bytes | memoryview],
    check: Callable[[Path], None] = lambda _: None,
) -> None:
    """Write a file so that a crash leaves the old one or the new one.

    A symbolic link stays and what it points to is replaced; permissions are kept, and the owner where that is allowed.
    Before it takes its name, `check` may read it once more, and raise.

    Raises: FormatError, as from `where`, when the file cannot be written.
    """
    with _told(where):
        target, status = _target(where, path)
        with _temporary(target.parent, status) as (temporary, file):
            for part in parts:
                file.write(part)
            file.flush()
            if status is not None:
                _make_alike(file.fileno(), status)
            os.fsync(file.fileno())
            check(temporary)
            temporary.replace(target)
        _sync(target.parent)


def check_writable(where: str, path: Path, size_bytes: int = 0) -> None:
    """Find out before the work, not after it, that its result has no place.

    Args:
        where: what messages call it.
        path: where the result is to go.
        size_bytes: how large it will be, as far as that is known.

    Raises: FormatError, as from `where`, when `write_whole` could not write a file of this size.
    """
    with _told(where):
        target, status = _target(where, path)
        with _temporary(target.parent, status) as (_, file):
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            if size_bytes > _PROBE_BYTES and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size_bytes)
            os.fsync(file.fileno())


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        said = getattr(error, "strerror", None) or str(error)
        raise FormatError(where, "the file cannot be written", got=said) from None


def _target(where: str, path: Path) -> tuple[Path, os.stat_result | None]:
    """The file that a path leads to, and its status, None for one that is not there yet."""
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    try:
        status = path.stat()
    except FileNotFoundError:
        return target, None
    if stat.S_ISDIR(status.st_mode):
        raise FormatError(where, "this is a folder")
    if not stat.S_ISREG(status.st_mode):
        got = _KINDS.get(stat.S_IFMT(status.st_mode))
        raise FormatError(where, "only regular files are written to", got=got)
    if _is_mounted(target):
        raise FormatError(where, "nothing can take the place of a file that is mounted", got=f"'{target}'")
    if not os.access(path, os.W_OK):  # renaming would get around it
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return target, status


def _is_mounted(file: Path) -> bool:
    """Whether something is mounted at a file, as containers do with single ones (proc(5), mountinfo)."""
    with suppress(OSError):
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
        points = {
            re.sub(rb"\\(\d{3})", lambda m: bytes([int(m[1], 8)]), line.split(b" ")[4]) for line in lines
        }
        return os.fsencode(file.absolute()) in points
    return False


@contextmanager
def _temporary(folder: Path, like: os.stat_result | None) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file, locked and gone afterwards, to which nobody has access who has none to the one that it will be."""
    _remove_leftovers(folder)
    path, file = _new(folder, 0o666 if like is None else like.st_mode & 0o600)
    try:
        with file:
            yield path, file
    finally:
        with suppress(OSError):
            path.unlink()


def _new(folder: Path, mode: int) -> tuple[Path, BinaryIO]:
    """A file that somebody takes for a leftover before it is locked is lost, and there is another one.

    It is a file object from the beginning: whatever interrupts its owner, it is closed, and so free to be removed.
    """
    while True:
        path = folder / f".pellucid-{secrets.token_hex(8)}"
        file = open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115 - see above
        if sys.platform == "win32":
            return path, file
        with suppress(OSError):  # a file system that has no locks
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        if _is_at(file.fileno(), path):
            return path, file
        file.close()


def _remove_leftovers(folder: Path) -> None:
    with suppress(OSError), os.scandir(folder) as entries:
        for path in [folder / entry.name for entry in entries if _OURS.fullmatch(entry.name)]:
            with suppress(OSError):
                _remove_leftover(path)


def _remove_leftover(path: Path) -> None:
    """Remove a file of ours that nobody holds a lock on."""
    if sys.platform == "win32":  # a file in use cannot be removed
        path.unlink()
        return
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
        return
    with open(
        path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    ) as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(status, os.fstat(file.fileno())) and _is_at(file.fileno(), path):
            path.unlink()


def _is_at(descriptor: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    return False


def _make_alike(descriptor: int, status: os.stat_result) -> None:
    """Give a file the owner, as far as that is allowed, and the permissions of the one that it replaces."""
    mode = stat.S_IMODE(status.st_mode)
    if sys.platform == "win32":
        return
    for owner, group in ((-1, status.st_gid), (status.st_uid, -1)):
        with suppress(PermissionError):
            os.fchown(descriptor, owner, group)
    given = os.fstat(descriptor)
    if given.st_uid != status.st_uid:
        mode &= ~stat.S_ISUID  # it was for another owner,
    if given.st_gid != status.st_gid:
        mode &= ~(stat.S_IRWXG | stat.S_ISGID)  # and these for another group
    os.fchmod(descriptor, mode)


def _sync(folder: Path) -> None:
    """Let the new name outlive a power failure, where folders can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def nonfinite(array: NDArray[Any]) -> str:
    """How many numbers are not finite, in words; empty when all are."""
    count = array.size - np.count_nonzero(np.isfinite(array))
    return (
        say("{count} of {size} numbers that are NaN or infinite", count=count, size=array.size)
        if count
        else ""
    )
