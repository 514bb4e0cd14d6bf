"""Telling the user that kernels are being compiled, which happens once."""

from __future__ import annotations

import sys

from pellucid.language import text, told

_PATIENCE = 0.5  # seconds of compiling that need no word


class _Progress:
    """One line on stderr while code is compiled; silent when it comes from the disk cache or takes no time."""

    def __init__(self) -> None:
        self._seconds, self._count, self._open, self._kept = 0.0, 0, False, True
        self.total = 0  # pieces of code compiled since the process began

    def __call__(self, name: str, seconds: float, *, kept: bool) -> None:
        """One more piece of code is ready."""
        self._seconds, self._count = self._seconds + seconds, self._count + 1
        self.total += 1
        self._kept &= kept
        if self._seconds > _PATIENCE and sys.stderr is not None and sys.stderr.isatty():
            self._open = True
            said = text("compiling.running", told(), count=self._count, name=name)
            sys.stderr.write(f"\r\x1b[2Kpellucid: {said}")
            sys.stderr.flush()

    def close(self) -> None:
        """All that is needed now is ready: end the line."""
        if self._seconds > _PATIENCE and sys.stderr is not None:
            start = "\r\x1b[2K" if self._open else ""
            key = "compiling.kept" if self._kept else "compiling.not_kept"
            said = text(key, told(), count=self._count, seconds=self._seconds)
            sys.stderr.write(f"{start}pellucid: {said}\n")
            sys.stderr.flush()
        self._seconds, self._count, self._open, self._kept = 0.0, 0, False, True


progress = _Progress()
