"""How much memory is still to be had: of the machine, of the container, and by the process's own limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

NO_LIMIT = 1 << 62
_PROC, _CGROUP = Path("/proc"), Path("/sys/fs/cgroup")


def machine() -> int:
    """Memory that nobody uses, caches counted as free; where the system tells only that, all of the machine's."""
    found = _numbers(_PROC / "meminfo")
    if "MemAvailable" in found:
        return found["MemAvailable"] + found.get("SwapFree", 0) << 10
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else NO_LIMIT


def container() -> int:
    """What the process's control groups, the narrowest one counting, may still take; caches count as free."""
    room = NO_LIMIT
    for folder, limit, used, cache in _groups():
        try:
            most, taken = (int((folder / name).read_text()) for name in (limit, used))
        except (OSError, ValueError):  # no such file, or no limit: "max"
            continue
        room = min(room, most - taken + _numbers(folder / "memory.stat").get(cache, 0))
    return max(0, room)


def process() -> int:
    """What the process may still take by its own limits (`ulimit -v`, `ulimit -d`)."""
    try:
        import resource
    except ImportError:  # Windows
        return NO_LIMIT
    kinds = {"VmSize": resource.RLIMIT_AS, "VmData": resource.RLIMIT_DATA}
    limits = {name: resource.getrlimit(kind)[0] for name, kind in kinds.items()}
    limits = {name: most for name, most in limits.items() if most != resource.RLIM_INFINITY}
    used = _numbers(_PROC / "self" / "status") if limits else {}
    rooms = [most - (used[name] << 10) for name, most in limits.items() if name in used]
    return max(0, min(rooms, default=NO_LIMIT))


def _groups() -> Iterator[tuple[Path, str, str, str]]:
    """The folders of the process's memory groups up to the root, and what their files are called."""
    try:
        lines = (_PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2
            root, names = _CGROUP, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            root = _CGROUP / "memory"
        else:
            continue
        inside = PurePosixPath(path).relative_to("/")
        for folder in (inside, *inside.parents):
            yield root / folder, *names


def _numbers(file: Path) -> dict[str, int]:
    """The lines "name number" or "name: number kB" of a file; none where there is no such file."""
    try:
        lines = [line.replace(":", " ").split() for line in file.read_text().splitlines()]
    except OSError:
        return {}
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}
