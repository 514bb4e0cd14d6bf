"""Room: what the system can give, asked for before anything is listed or allocated."""

from __future__ import annotations

import os
from pathlib import Path

from pellucid.errors import NumericError


def require(where: str, what: str, size_bytes: int, *, shape: tuple[int, ...] | None = None) -> None:
    """Refuse what cannot fit.

    Raises: NumericError when the system has not that much memory to give.
    """
    room = available_bytes()
    if size_bytes > room:
        raise NumericError(
            where,
            f"{what} must fit in memory",
            expected=f"at most {room:,} bytes, which are available",
            got=f"{size_bytes:,} bytes" if shape is None else f"{shape}, {size_bytes:,} bytes",
            hint="use a smaller batch or input",
        )


def available_bytes() -> int:
    """Memory that nobody uses, caches counted as free; where the system tells only that, all of the machine's memory.

    More than any machine has where it tells nothing.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        return (kilobytes["MemAvailable"] + kilobytes["SwapFree"]) << 10
    except (OSError, LookupError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 48
