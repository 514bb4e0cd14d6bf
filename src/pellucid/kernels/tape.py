"""Running a tape: one compiled loop over launches, shared by as many threads as asked for.

A launch is a kernel, its three tables and a number of chunks. Threads take chunks one by one and wait for one another
only at the end of a launch, and then only for chunks that somebody has really begun: a thread that the system does not
run holds nobody up. Which thread does a chunk never shows in a number.

Workers stay inside compiled code for a moment after a run, so that the next one finds them awake, then sleep on a lock.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, NumericError
from pellucid.kernels.intrinsics import (
    atomic_add,
    atomic_load,
    atomic_store,
    call_kernel,
    compare_and_swap,
    float_mode,
    flush_bits,
    give_way,
    pause,
    set_float_mode,
)
from pellucid.kernels.jit import inline, kernel
from pellucid.sizes import is_integer

# One launch: function, address of p, address of n, address of f, chunks, ticket, finished, spare (64 bytes, a line).
LAUNCH_FIELDS = 8
Launches: TypeAlias = NDArray[np.int64]
# A ticket is generation·2⁴⁰ + chunks begun from the back·2²⁰ + chunks begun from the front; `finished` is the chunks
# that are done.
# The control block, a cache line (64 bytes) each: generation, address of launches, their number, stop, workers inside,
# scratch memory and bytes of it for each thread.
_STOP, _INSIDE, _SCRATCH, _CONTROL_FIELDS = 3 * 8, 4 * 8, 5 * 8, 6 * 8
_PAGE = 4096
MOST_CHUNKS = (1 << 20) - 1
_GENERATIONS = 1 << 23  # then their numbers begin again


@inline
def play(launches: int, count: int, generation: int, scratch: int, number: int) -> None:
    """Work through all launches of one generation together with whoever else does.

    Threads with an even number take chunks from the front, others from the back: chunks of the same images, launch
    after launch, so that a core finds in its cache what it made before.
    """
    mode = float_mode()
    set_float_mode(mode | flush_bits())
    for i in range(count):
        launch = launches + i * 64
        function = atomic_load(launch)
        p, n, f = atomic_load(launch + 8), atomic_load(launch + 16), atomic_load(launch + 24)
        chunks = atomic_load(launch + 32)
        ticket, finished = launch + 40, launch + 48
        current = True
        while True:
            word = atomic_load(ticket)
            front, back = word & MOST_CHUNKS, word >> 20 & MOST_CHUNKS
            current = word >> 40 == generation
            if not current or front + back >= chunks:
                break
            chunk = chunks - 1 - back if number & 1 else front
            if compare_and_swap(ticket, word, word + (1 << 20 if number & 1 else 1)):
                call_kernel(function, p, n, f, chunk, scratch)
                atomic_add(finished, 1)
        spins = 0
        while current and atomic_load(finished) < chunks:
            if atomic_load(ticket) >> 40 != generation:
                current = False
            spins += 1
            if spins < 1000:
                pause()
            else:
                give_way()
        if not current:
            break
    set_float_mode(mode)


@kernel
def _serve(control: int, state: int, number: int) -> None:
    """Worker `number` awake: play every generation that appears; return when none comes for a while.

    `state` is the address of two numbers: whether the worker sleeps, and the generation that it has seen.
    """
    while True:
        spins, seen = 0, atomic_load(state + 8)
        while atomic_load(control) == seen:
            spins += 1
            if atomic_load(control + 192) != 0 or spins > 20000:
                atomic_store(state, 1)  # asleep from here on; look once more, so that no wake-up is missed
                if atomic_load(control) == seen:
                    return
                atomic_store(state, 0)
            pause()
        atomic_add(control + 256, 1)
        seen = atomic_load(control)
        atomic_store(state + 8, seen)
        launches, count = atomic_load(control + 64), atomic_load(control + 128)
        scratch = atomic_load(control + 320) + number * atomic_load(control + 328)
        play(launches, count, seen, scratch, number)
        atomic_add(control + 256, -1)


@kernel
def _publish(control: int, launches: int, count: int, generation: int) -> None:
    """Offer the launches to the workers."""
    for i in range(count):
        atomic_store(launches + i * 64 + 48, 0)
        atomic_store(launches + i * 64 + 40, generation << 40)
    atomic_store(control + 64, launches)
    atomic_store(control + 128, count)
    atomic_store(control, generation)


@kernel
def _play(launches: int, count: int, generation: int, scratch: int) -> None:
    """The caller's part of the work."""
    play(launches, count, generation, scratch, 0)


class _Worker:
    """One thread besides the caller's."""

    def __init__(self, control: int, seen: int, number: int) -> None:
        self.state = np.zeros(8, np.int64)
        self.state[1] = seen
        self.wake = threading.Lock()
        self.wake.acquire()
        self.stopping = False
        self.thread = threading.Thread(target=self._run, args=(control, number), daemon=True, name="pellucid")
        self.thread.start()

    def _run(self, control: int, number: int) -> None:
        serve, state = _serve.callable(), self.state.ctypes.data
        while not self.stopping:
            serve(control, state, number)
            self.wake.acquire()
            self.state[0] = 0

    def rouse(self) -> None:
        """Wake the worker if it sleeps."""
        if self.state[0] and self.wake.locked():
            self.wake.release()

    def stop(self) -> None:
        """End the thread."""
        self.stopping = True
        if self.wake.locked():
            self.wake.release()
        self.thread.join()


class Team:
    """The caller's thread and its workers."""

    def __init__(self) -> None:
        self.size = os.cpu_count() or 1
        if hasattr(os, "sched_getaffinity"):
            self.size = len(os.sched_getaffinity(0))
        self._reset()

    def _reset(self) -> None:
        """Begin without workers; also in a forked process, where no thread but the forking one lives on."""
        self._lock = threading.Lock()
        self._control = np.zeros(_CONTROL_FIELDS, np.int64)
        self._address = self._control.ctypes.data
        self._workers: list[_Worker] = []
        self._generation = 0
        self._held: list[Launches] = []
        self._room = 0  # bytes of scratch memory for each thread
        self._scratch = 0  # where it begins

    def resize(self, size: int) -> None:
        """Use this many threads from the next run on."""
        with self._lock:
            self._dismiss()
            self.size, self._room = size, 0

    def _dismiss(self) -> None:
        """End all workers."""
        self._control[_STOP] = 1
        for worker in self._workers:
            worker.stop()
        self._control[_STOP] = 0
        self._workers.clear()

    def play(self, launches: Launches, scratch_bytes: int = 0) -> None:
        """Run all launches in order; returns when the last chunk of the last one is done.

        Each thread has so many bytes of its own, whose content lasts no longer than a chunk.
        """
        with self._lock:
            while len(self._workers) < self.size - 1:
                number = len(self._workers) + 1
                try:
                    self._workers.append(_Worker(self._address, self._generation, number))
                except RuntimeError:  # of the threading module
                    self._dismiss()
                    rule, got = "the system must have room for all threads", f"{number} of {self.size}"
                    hint = "set_num_threads takes fewer"
                    raise NumericError("threads", rule, got=got, hint=hint) from None
            if scratch_bytes > self._room:
                self._make_room(scratch_bytes)
            self._generation = (self._generation + 1) % _GENERATIONS
            address = launches.ctypes.data
            _publish.callable()(self._address, address, len(launches), self._generation)
            for worker in self._workers:
                worker.rouse()
            _play.callable()(address, len(launches), self._generation, self._scratch)
            self._held.append(launches)
            if self._control[_INSIDE] == 0:  # a worker that comes late reads the newest launches only
                del self._held[:-1]

    def _make_room(self, scratch_bytes: int) -> None:
        """Give every thread this much scratch memory at least, each beginning a page of its own."""
        self._room = -(-scratch_bytes // _PAGE) * _PAGE
        self._memory = np.empty(self._room * self.size + _PAGE, np.uint8)
        self._scratch = self._memory.ctypes.data + -self._memory.ctypes.data % _PAGE
        self._control[_SCRATCH : _SCRATCH + 2] = self._scratch, self._room


def make() -> None:
    """Compile the loops of this file, unless that is done."""
    for function in (_publish, _play, _serve):
        function.callable()


team = Team()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=team._reset)
atexit.register(team.resize, 1)  # no thread may run compiled code while the interpreter takes it down


def set_num_threads(n: int) -> None:
    """Run kernels on `n` threads from now on; any n ≥ 1, also more than there are cores. Numbers do not change.

    Raises: ArgumentError when `n` is not a positive integer.
    """
    if not is_integer(n) or not 1 <= n <= 1024:
        raise ArgumentError(
            "set_num_threads", "the number of threads must be an integer", expected="1 to 1024", got=f"{n!r}"
        )
    team.resize(int(n))


def get_num_threads() -> int:
    """How many threads run the kernels."""
    return team.size
