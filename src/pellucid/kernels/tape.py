"""Running a tape: one compiled loop over launches, shared by as many threads as asked for.

A launch is a kernel, its table and a number of chunks. Threads take chunks one by one and wait for one another
only at the end of a launch, and then only for chunks that somebody has really begun: a thread that the system does not
run holds nobody up. Which thread does a chunk never shows in a number.

A run is one call of compiled code, which no exception can cut in two: when it returns, no chunk is under way. Workers
stay inside compiled code for a moment after a run, so that the next one finds them awake, then sleep on a lock.
"""

from __future__ import annotations

import atexit
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.errors import ArgumentError, say
from pellucid.kernels import turns
from pellucid.kernels.intrinsics import (
    atomic_add,
    atomic_load,
    atomic_store,
    call_kernel,
    compare_and_swap,
    engine_mode,
    float_mode,
    give_way,
    int64_at,
    pause,
    set_float_mode,
)
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.worker import Worker
from pellucid.sizes import is_integer

# One launch, a cache line: the addresses of its kernel and of its table, how many chunks it has, and how far it is.
# A ticket is run·2⁴⁰ + chunks begun from the back·2²⁰ + chunks begun from the front; `finished` is the chunks that are
# done. A run is what goes with one value of the control block's `changes`.
_FIELDS = "kernel", "table", "chunks", "ticket", "finished"
_LINE = 64
_LAUNCH = np.dtype({"names": _FIELDS, "formats": [np.int64] * len(_FIELDS), "itemsize": _LINE})
_KERNEL, _TABLE, _CHUNKS, _TICKET, _FINISHED = range(0, 8 * len(_FIELDS), 8)
Launches: TypeAlias = NDArray[np.void]
MOST_CHUNKS = (1 << 20) - 1
_RUNS = (1 << 23) - 1  # then their numbers begin again
# The control block, a cache line (64 bytes) each: changes, which is odd while the others are being written; workers
# inside; then address of the board, launches on it, address of scratch memory, bytes of it for each thread, threads.
_CONTROL_FIELDS = 3 * 8
_PAGE = 4096
_MOST_THREADS = 1024


@inline
def play(launches: int, count: int, run: int, scratch: int, number: int) -> None:
    """Work through all launches of one run together with whoever else does.

    Threads with an even number take chunks from the front, others from the back: chunks of the same images, launch
    after launch, so that a core finds in its cache what it made before.
    """
    mode = float_mode()
    set_float_mode(engine_mode())
    for i in range(count):
        launch = launches + i * _LINE
        function, table = atomic_load(launch + _KERNEL), atomic_load(launch + _TABLE)
        chunks, ticket, finished = atomic_load(launch + _CHUNKS), launch + _TICKET, launch + _FINISHED
        current = True
        while True:
            word = atomic_load(ticket)
            front, back = word & MOST_CHUNKS, word >> 20 & MOST_CHUNKS
            current = word >> 40 == run
            if not current or front + back >= chunks:
                break
            chunk = chunks - 1 - back if number & 1 else front
            if compare_and_swap(ticket, word, word + (1 << 20 if number & 1 else 1)):
                call_kernel(function, table, chunk, scratch)
                atomic_add(finished, 1)
        spins = 0
        while current and atomic_load(finished) < chunks:
            if atomic_load(ticket) >> 40 != run:
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
    """Worker `number` awake: take part in every run that appears; return when none comes for a while.

    `state` is the address of the worker's three numbers (see `Worker`).
    """
    while True:
        spins, seen = 0, atomic_load(state + 8)
        while atomic_load(control) == seen or atomic_load(control) & 1 == 1:
            spins += 1
            if atomic_load(state + 16) != 0 or spins > 20000:
                atomic_store(state, 1)  # asleep from here on; look once more, so that no wake-up is missed
                if atomic_load(control) == seen or atomic_load(state + 16) != 0:
                    return
                atomic_store(state, 0)
            pause()
        atomic_add(control + 64, 1)
        changes = atomic_load(control)
        board, count = atomic_load(control + 128), atomic_load(control + 136)
        scratch, room = atomic_load(control + 144), atomic_load(control + 152)
        threads = atomic_load(control + 160)
        # All of one run, unless they have changed meanwhile; then look again.
        if changes & 1 == 0 and atomic_load(control) == changes:
            atomic_store(state + 8, changes)
            if number < threads and atomic_load(state + 16) == 0:
                play(board, count, changes >> 1 & _RUNS, scratch + number * room, number)
        atomic_add(control + 64, -1)


@kernel
def _run(control: int, launches: int, count: int, board: int, scratch: int, room: int, threads: int) -> None:
    """Put the launches on the board for the workers, and work through them.

    A worker that comes late finds there tickets of another run, whatever becomes of the launches meanwhile. It reads
    a launch's fields before its ticket, so the tickets are written first.
    """
    changes = atomic_load(control) + 2
    atomic_store(control, changes - 1)
    for i in range(count):
        atomic_store(board + i * _LINE + _FINISHED, 0)
        atomic_store(board + i * _LINE + _TICKET, (changes >> 1 & _RUNS) << 40)
    atomic_add(control + 64, 0)  # nothing that follows is seen before the tickets
    source, copy = int64_at(launches), int64_at(board)
    for i in range(count):
        for place in range(i * _LINE // 8, (i * _LINE + _TICKET) // 8):
            copy[place] = source[place]
    atomic_store(control + 128, board)
    atomic_store(control + 136, count)
    atomic_store(control + 144, scratch)
    atomic_store(control + 152, room)
    atomic_store(control + 160, threads)
    atomic_store(control, changes)
    play(board, count, changes >> 1 & _RUNS, scratch, 0)


class _Scratch(NamedTuple):
    """Memory of each thread's own: `room` bytes for each of `threads`, the first of which begin at `address`."""

    numbers: NDArray[np.uint8]
    address: int
    room: int
    threads: int

    @classmethod
    def of(cls, room: int, threads: int) -> _Scratch:
        """So much room or more; each thread's begins a page of its own."""
        room = -(-room // _PAGE) * _PAGE
        try:
            numbers = np.empty(room * threads + _PAGE, np.uint8)
        except MemoryError as error:
            raise memory.exhausted("plan", error) from None
        return cls(numbers, numbers.ctypes.data + -numbers.ctypes.data % _PAGE, room, threads)


class _Board(NamedTuple):
    """Where the launches of a run lie for the workers."""

    launches: Launches
    address: int
    places: int

    @classmethod
    def of(cls, count: int) -> _Board:
        """Room for so many launches, each a cache line."""
        launches = np.zeros(count + 1, _LAUNCH)
        return cls(launches, launches.ctypes.data + -launches.ctypes.data % _LINE, count)


def launches(calls: Sequence[tuple[int, int, int]]) -> Launches:
    """What a team plays: of each launch the addresses of its kernel and of its table, and how many chunks it has."""
    rows = np.zeros(len(calls), _LAUNCH)
    for row, call in zip(rows, calls, strict=True):
        row["kernel"], row["table"], row["chunks"] = call
    return rows


class Team:
    """The caller's thread and its workers.

    An exception may come between any two lines of Python here, also from a signal's handler that has run a network
    itself: each line leaves the team fit for the next run, and a run uses what it has at hand in local variables.
    """

    def __init__(self) -> None:
        self.size = _default_size()
        self._reset()

    def _reset(self) -> None:
        """Begin without workers; also in a forked process, where no thread but the forking one lives on."""
        self._control = np.zeros(_CONTROL_FIELDS, np.int64)
        self._address = self._control.ctypes.data
        self._workers: dict[int, Worker] = {}
        self._boards = [_Board.of(64)]  # old ones stay: a late worker may look at them
        self._scratch = _Scratch.of(0, 1)

    def resize(self, size: int) -> None:
        """Use this many threads from the next run on."""
        with turns.running:
            self.size = size
            for number, worker in list(self._workers.items()):
                if number >= size:
                    worker.dismiss()
                    self._workers.pop(number, None)

    def play(self, launches: Launches, scratch_bytes: int = 0) -> None:
        """Run all launches in order; returns when the last chunk of the last one is done.

        Each thread has so many bytes of its own, whose content lasts no longer than a chunk.

        Raises: NumericError when the system has no memory or no threads left to give; then nothing has run.
        """
        with turns.running:
            count, size = len(launches), self.size
            board, scratch = self._board(count), self._room(scratch_bytes)
            for number in range(1, size):
                self._worker(number).rouse()
            threads = min(scratch.threads, size)
            _run.callable()(
                self._address,
                launches.ctypes.data,
                count,
                board.address,
                scratch.address,
                scratch.room,
                threads,
            )

    def _board(self, count: int) -> _Board:
        """Room for so many launches. Boards grow by doubling, so all of them take twice the largest one's bytes."""
        if self._boards[-1].places < count:
            self._boards.append(_Board.of(2 * count))
        return self._boards[-1]

    def _room(self, scratch_bytes: int) -> _Scratch:
        """This much scratch memory or more for every thread."""
        if scratch_bytes > self._scratch.room or self.size > self._scratch.threads:
            self._scratch = _Scratch.of(max(scratch_bytes, self._scratch.room), self.size)
        return self._scratch

    def _worker(self, number: int) -> Worker:
        worker = self._workers.get(number)
        if worker is None or worker.dismissed:
            worker = self._workers[number] = Worker(_serve.callable(), self._control, number)
        return worker

    def disband(self) -> None:
        """End all workers: none may run compiled code while the interpreter takes it down."""
        while self._workers:
            with suppress(KeyboardInterrupt):  # a moment is what it takes
                self.resize(1)


def _default_size() -> int:
    """As many threads as `OMP_NUM_THREADS` says, else one for each core that this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if re.fullmatch("[0-9]*[1-9][0-9]*", wanted):
        return min(int(wanted[:9]), _MOST_THREADS)  # Python reads no number of thousands of digits
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


team = Team()
if hasattr(os, "register_at_fork"):  # a process is copied between two runs

    def _begin_again() -> None:
        team._reset()
        turns.running.release()

    os.register_at_fork(
        before=turns.running.acquire, after_in_parent=turns.running.release, after_in_child=_begin_again
    )
atexit.register(team.disband)


def make() -> None:
    """Compile the loops of this file, unless that is done."""
    for function in (_run, _serve):
        function.callable()


def set_num_threads(n: int) -> None:
    """Run kernels on `n` threads from now on; any n ≥ 1, also more than there are cores. Numbers do not change.

    Until then there are as many as the environment's `OMP_NUM_THREADS` says, or else one for each core.

    Raises: ArgumentError when `n` is not a positive integer.
    """
    if not is_integer(n) or not 1 <= n <= _MOST_THREADS:
        raise ArgumentError(
            "set_num_threads",
            "the number of threads must be an integer",
            expected=say("1 to {most}", most=_MOST_THREADS),
            got=f"{n!r}",
        )
    team.resize(int(n))


def get_num_threads() -> int:
    """How many threads run the kernels."""
    return team.size
