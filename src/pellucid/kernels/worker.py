"""A thread that helps to run tapes, sleeping between runs."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import NumericError, say

_ASLEEP, _SEEN, _DISMISSED = range(3)


class Worker:
    """One thread besides the caller's.

    Its three numbers, which compiled code reads as well: whether it sleeps, the run that it has seen last, and whether
    it has been dismissed.
    """

    def __init__(self, serve: Callable[..., None], control: NDArray[np.int64], number: int) -> None:
        self._serve, self._control, self._number = serve, control, number
        self._state = np.array([0, control[0], 0], np.int64)
        self.dismissed = (
            False  # from then on it takes part in no run, also where nobody has waited for its end
        )
        self._asked = False
        # Held by the thread while it lives; the first of several is the worker.
        self._alive = threading.Lock()
        self._wake = threading.Lock()
        self._wake.acquire()

    def rouse(self) -> None:
        """Begin, or wake up where it sleeps.

        Raises: NumericError when the system gives no more threads.
        """
        if not self._asked:
            self._begin()
        elif self._state[_ASLEEP]:
            self._release()

    def _begin(self) -> None:
        try:
            _thread.start_new_thread(self._run, ())  # in one step, which no exception cuts in two
        except RuntimeError:
            raise NumericError(
                "set_num_threads",
                "the system must give so many threads",
                got=say("thread {number} was refused", number=self._number + 1),
                hint=say("use set_num_threads({number}) or a higher limit on processes", number=self._number),
            ) from None
        self._asked = True

    def _run(self) -> None:
        if not self._alive.acquire(blocking=False):
            return
        try:
            with suppress(MemoryError):  # the others do its part
                self._serve_runs()
        finally:
            self._alive.release()

    def _serve_runs(self) -> None:
        control, state = self._control.ctypes.data, self._state.ctypes.data
        while not self.dismissed:
            self._serve(control, state, self._number)
            self._wake.acquire()
            self._state[_ASLEEP] = 0

    def _release(self) -> None:
        with suppress(RuntimeError):  # a signal's handler has just done the same
            if self._wake.locked():
                self._wake.release()

    def dismiss(self) -> None:
        """End the thread, and wait for its end."""
        self._state[_DISMISSED] = 1
        self.dismissed = True
        self._release()
        with self._alive:
            pass
