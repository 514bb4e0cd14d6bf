"""Pictures of a source, read one behind the other and decoded by a few threads; results come in the order asked for."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from typing import TypeVar

from pellucid.data.photo import read_stream
from pellucid.data.pictures.file import quiet, refusal
from pellucid.data.pictures.samples import Samples
from pellucid.data.sets.sources import Member, Read, Source
from pellucid.errors import PellucidError

T = TypeVar("T")
_THREADS = min(4, os.cpu_count() or 1)
_PICTURES, _BYTES = 64, 4 << 20  # a part has no more, unless one picture is larger


def each_picture(
    source: Source, members: Sequence[Member], work: Callable[[int, Samples], T]
) -> Generator[T | PellucidError, None, None]:
    """What `work` makes of every picture, of its number in the sequence and its pixels; or why it cannot be read.

    `work` is called by several threads at a time.

    Raises: DataError when the source is gone or has changed.
    """
    waiting: deque[Future[list[T | PellucidError]]] = deque()
    with quiet, source.opened() as read, ThreadPoolExecutor(_THREADS) as threads:
        try:
            for part in _parts(members):
                contents = [_content(source, read, members[i]) for i in part]
                waiting.append(threads.submit(_worked, source, members, part, contents, work))
                if len(waiting) > _THREADS:  # so few parts are in memory
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)


def _parts(members: Sequence[Member]) -> Iterator[range]:
    start = size = 0
    most = min(_PICTURES, -(-len(members) // _THREADS))
    for i, member in enumerate(members):
        if i > start and (i - start == most or size + member.size > _BYTES):
            yield range(start, i)
            start, size = i, 0
        size += member.size
    yield range(start, len(members))


def _content(source: Source, read: Read, member: Member) -> bytes | PellucidError:
    try:
        return read(member)
    except Exception as error:
        return refusal(source.picture(member), error)


def _worked(
    source: Source,
    members: Sequence[Member],
    part: range,
    contents: Sequence[bytes | PellucidError],
    work: Callable[[int, Samples], T],
) -> list[T | PellucidError]:
    """What is made of a part."""
    results: list[T | PellucidError] = []
    for i, content in zip(part, contents, strict=True):
        if isinstance(content, PellucidError):
            results.append(content)
            continue
        try:
            results.append(work(i, read_stream(BytesIO(content), alone=False).pixels))
        except Exception as error:
            results.append(refusal(source.picture(members[i]), error))
    return results
