"""Where compiled code is kept between runs.

One folder per version of what decides the code: the text of this package, the compiler's versions and the processor.
Only its owner may enter it. Folders that nobody used for a month are removed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding as llvm

_KEEP_SECONDS = 30 * 24 * 3600
_CHECKSUM_BYTES = 32


@cache
def folder() -> Path | None:
    """The folder for this version of the kernels on this processor, made when it is missing.

    None, with a warning, where it cannot be written to.
    """
    try:
        root = _root()
        path = root / _fingerprint()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_owner(path)
        _write(path / "probe", b"")
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
        _warn(error)
        return None
    path.touch()
    _prune(root, path)
    return path


def write(name: str, content: bytes) -> bool:
    """Keep a file with its checksum; where there is no folder, or, with a warning, no room in it, do without.

    Returns: whether it is kept.
    """
    if (place := folder()) is None:
        return False
    try:
        _write(place / name, content)
    except OSError as error:
        _warn(error.strerror or error)
        return False
    return True


def _warn(reason: object) -> None:
    text = f"compiled kernels cannot be kept ({reason}); set PELLUCID_CACHE_DIR to a folder that can be written to"
    warnings.warn(text, stacklevel=3)


def _write(path: Path, content: bytes) -> None:
    """Write a file so that another process sees all of it or nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_checksum(path.name, content) + content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _checksum(name: str, content: bytes) -> bytes:
    """Of a file and its name: one in the place of another is damage, too."""
    return hashlib.sha256(name.encode() + b"\0" + content).digest()


def _check_owner(path: Path) -> None:
    """Code is loaded from this folder, so nobody else may write to it."""
    if hasattr(os, "getuid"):
        status = path.stat()
        if status.st_uid != os.getuid() or status.st_mode & 0o022:
            raise PermissionError(f"others can write to {path}")


def read(name: str) -> bytes | None:
    """What `write` wrote; None when there is no such file or it is not whole."""
    if (place := folder()) is None:
        return None
    path = place / name
    try:
        stored = path.read_bytes() if path.is_file() else b""  # a pipe would keep its reader waiting
    except OSError:
        return None
    checksum, content = stored[:_CHECKSUM_BYTES], stored[_CHECKSUM_BYTES:]
    return content if _checksum(name, content) == checksum else None


def _root() -> Path:
    if chosen := os.environ.get("PELLUCID_CACHE_DIR"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "pellucid" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pellucid"


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.rglob("*.py")):
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
