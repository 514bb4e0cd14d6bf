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
from functools import cache
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding as llvm

_KEEP_SECONDS = 30 * 24 * 3600


@cache
def folder() -> Path:
    """The folder for this version of the kernels on this processor, made when it is missing."""
    root = _root()
    path = root / _fingerprint()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch()
    _prune(root, path)
    return path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that another process sees all of it or nothing."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)


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
