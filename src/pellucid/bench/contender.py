"""The bench's end of a contender's process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pellucid.bench.cases import Case
from pellucid.bench.peers import Peer
from pellucid.language import text

_PATIENCE_SECONDS = 900  # for one answer; compiling with all the trimmings takes minutes
_LONGEST = 200  # characters of an engine's last line that find room in a table


class ContenderError(Exception):
    """A contender's process has ended, or must be ended; the text says why."""


class Contender:
    """An engine that is ready for a case, in a process that sleeps unless `run` is called."""

    def __init__(
        self, peer: Peer, case: Case, folder: Path, threads: int, environment: Mapping[str, str]
    ) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        options = ["--threads", str(threads), "--born", repr(time.monotonic())]
        self._process = subprocess.Popen(
            [*_command(peer, case, folder), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), **peer.environment, **environment},
        )
        try:
            answer = self._answer()
        except BaseException:
            self.close()
            raise
        self.import_s: float = answer["import_s"]
        self.start_s: float = answer["start_s"]
        self.found: list[float] = answer["found"]
        self.growth_mb = 0.0

    def run(self, calls: int) -> list[float]:
        """Make so many calls; milliseconds of each."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{calls}\n".encode())
            self._process.stdin.flush()
        except OSError:
            pass  # the process is gone; the answer says how
        answer = self._answer()
        self.growth_mb = answer["growth_mb"]
        times: list[float] = answer["ms"]
        return times

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        impatience = threading.Timer(_PATIENCE_SECONDS, self._process.kill)
        impatience.start()
        try:
            line = self._process.stdout.readline()
        finally:
            impatience.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = self._process.wait()
        self._errors.seek(0)
        raise ContenderError(_last_words(self._errors.read(), code))


def write_file(peer: Peer, case: Case, folder: Path) -> None:
    """Write the file that an engine reads, in a process of its own: what writing takes is not the engine's.

    Raises: ContenderError when that fails.
    """
    line = [*_command(peer, case, folder), "--write"]
    done = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise ContenderError(_last_words(done.stderr, done.returncode))


def _command(peer: Peer, case: Case, folder: Path) -> list[str]:
    names = [peer.name, case.task, case.model, str(case.batch)]
    return [sys.executable, "-m", "pellucid.bench.serve", *names, "--folder", str(folder)]


def _last_words(errors: bytes, code: int) -> str:
    """The last line that a process wrote on stderr, or how it ended."""
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines()]
    ended = (
        text("bench.ended_by_signal", number=-code)
        if code < 0
        else text("bench.ended_with_code", number=code)
    )
    last = next((line for line in reversed(lines) if line), ended)
    return text("bench.failed", words=last[:_LONGEST])
