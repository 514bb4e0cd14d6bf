"""Batches made ahead: while a step computes, a thread reads, augments and scales what comes next."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
AHEAD = 3  # batches that wait at most


@dataclass(frozen=True)
class _End:
    """There is no more, or this is why."""

    error: BaseException | None = None


def ahead(items: Iterable[T], most: int = AHEAD) -> Generator[T]:
    """The items of an iterable, made by a thread of its own; what it raises is raised here, in its turn.

    The thread ends when the items do, or when nobody wants more of them (`close`).

    Example:
        >>> list(ahead(range(5)))
        [0, 1, 2, 3, 4]
    """
    made: SimpleQueue[T | _End] = SimpleQueue()
    room, unwanted = threading.Semaphore(most), threading.Event()

    def make() -> None:
        end = _End()
        try:
            for item in items:
                room.acquire()
                if unwanted.is_set():
                    break
                made.put(item)
        except BaseException as error:
            end = _End(error)
        made.put(end)

    thread = threading.Thread(target=make, name="pellucid-feed", daemon=True)
    thread.start()
    try:
        while not isinstance(item := made.get(), _End):
            room.release()
            yield item
        if item.error is not None:
            raise item.error
    finally:
        unwanted.set()
        room.release()
        thread.join()
