"""Threads that take turns, so that neither Ctrl-C nor a fork finds anything half done.

The handler of a signal runs on the main thread, between any two instructions of Python, and may raise there. A forked
process goes on with one thread, and finds every lock as the others held it.
"""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Generic, TypeVar
from weakref import ref

from pellucid.errors import NumericError

T = TypeVar("T")
# By identity, which a new lock takes over from a dead one. (A set of weak references runs code when a lock dies, and
# an interrupt of that code is lost.)
_locks: dict[int, ref[Any]] = {}


def lock() -> Any:
    """A lock that the thread holding it may take again, and that a forked process finds free.

    `with` takes and leaves it in one instruction each: no exception comes in between.
    """
    made: Any = threading.RLock()
    _locks[id(made)] = ref(made)
    return made


# Held while a network is fed, runs and is read, while a model's arrays are changed, and by those whose runs must follow
# each other. Who holds it waits for no other lock.
running = lock()


def held(lock: Any) -> bool:
    """Whether this thread holds a lock: it is in a handler or a callback, in the middle of what the lock is for."""
    return bool(lock._is_owned())


def _free_locks() -> None:
    """After a fork: nobody lives on who held the locks of other threads."""
    for each in list(_locks.values()):
        if (lock := each()) is not None and not held(lock):
            lock._at_fork_reinit()


class Aside:
    """Carries out functions one by one, each on a thread of its own, where no handler of a signal runs.

    Who waits for a result may be interrupted: what has begun comes to its end all the same, the rest never begins.
    """

    def __init__(self, prepare: Callable[[], None] | None = None, turn: Any = None) -> None:
        self._prepare, self.turn = prepare, turn or lock()

    def __call__(self, function: Callable[[], T]) -> T:
        """The function's result, or its exception. Where the system gives no thread, the caller's has to do.

        Raises: NumericError when that cannot be prepared.
        """
        if held(self.turn):
            return function()
        process = 0
        while process != os.getpid():  # once; in a process that has been forked while it waited, once more
            process, job = os.getpid(), _Job(function)
            try:
                _thread.start_new_thread(self._carry_out, (job,))
            except RuntimeError:
                if self._prepare is None:
                    return function()
                raise NumericError("threads", "the system must give one more thread") from None
            try:
                while process == os.getpid() and not job.done.acquire(timeout=1):
                    pass
            except BaseException:
                job.begun.acquire(blocking=False)
                raise
        return job.result()

    def _carry_out(self, job: _Job[T]) -> None:
        with self.turn:
            job.carry_out(self._prepare)


changing = Aside(turn=running)  # what changes a model's arrays, wholly or not at all


class _Job(Generic[T]):
    """A function on its way to a thread, and what becomes of it."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function, self._context = function, copy_context()
        self._results: list[T] = []
        self._error: BaseException | None = None
        self.begun, self.done = threading.Lock(), threading.Lock()
        self.done.acquire()

    def carry_out(self, prepare: Callable[[], None] | None) -> None:
        if not self.begun.acquire(blocking=False):
            return
        try:
            if prepare is not None:
                prepare()
            self._results.append(self._context.run(self._function))
        except BaseException as error:  # for the thread that waits
            self._error = error
        finally:
            self.done.release()

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._results[0]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_locks)
