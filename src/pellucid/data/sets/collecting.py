"""All pictures of a data set, read once: those that cannot be are found, the others become images."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum
from math import prod
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.fitting import is_grey
from pellucid.data.pictures.samples import Samples
from pellucid.data.preprocessing import Moments, Preprocessing
from pellucid.data.sets.on_demand import Stock
from pellucid.data.sets.reading import each_picture
from pellucid.data.sets.settings import Settings
from pellucid.data.sets.sources import Member, Source
from pellucid.errors import DataError, PellucidError, say

MIXED_SIZE = (32, 32)  # of pictures that have no size in common
LARGEST_OWN = 256  # a side; larger ones become that small, too


class _Other(Enum):
    """What a picture has that those before did not have, so that all are read again."""

    SIZE = "size"
    COLOURS = "colours"


@dataclass(frozen=True)
class Collected:
    """Pictures that have been read.

    Attributes:
        stock: their images, by the row of the picture.
        good: rows of pictures that could be read.
        sums: of each row and channel the sum of its pixels and that of their squares.
    """

    stock: Stock
    good: NDArray[np.int64]
    sums: NDArray[np.int64]

    def learned(self, rows: NDArray[np.int64]) -> Preprocessing:
        """The preprocessing with mean and deviation of these rows."""
        p = self.stock.preprocessing
        count = len(rows) * p.height * p.width
        sums = self.sums[rows].sum(axis=0).tolist()
        return p.standardised([Moments(count, 255, plain=plain, square=square) for plain, square in sums])


def collect(source: Source, members: Sequence[Member], settings: Settings) -> Collected:
    """The pictures that these members are, each a row.

    Without a size, theirs is taken if all have the same, of at most 256 pixels a side, else 32×32; without channels,
    grey if all files say so, else RGB.

    Raises: DataError when pictures cannot be read, unless they may be skipped; when a compressed archive does not fit.
    """
    place = {member.name: i for i, member in enumerate(source.members)}
    order = sorted(range(len(members)), key=lambda row: place[members[row].name])
    size, channels = settings.sides, settings.channels
    if size is None or channels is None:
        own, grey = _first(source, [members[row] for row in order])
        if size is None and max(own) > LARGEST_OWN:
            own = MIXED_SIZE
            settings = replace(settings, size=own)
        size = size or own
        channels = channels or (1 if grey else 3)
    while True:
        p = Preprocessing(channels, size[0], size[1], settings.fit)
        found = _attempt(source, members, order, settings, p)
        if isinstance(found, Collected):
            return found
        if found == _Other.SIZE:
            size = MIXED_SIZE
            settings = replace(settings, size=size)  # which is no longer a question
        else:
            channels = 3


def _first(source: Source, members: Sequence[Member]) -> tuple[tuple[int, int], bool]:
    """Size and colours of the first picture that can be read; any, where none can."""

    def look(_: int, pixels: Samples) -> tuple[tuple[int, int], bool]:
        return (pixels.shape[0], pixels.shape[1]), is_grey(pixels)

    with closing(each_picture(source, members, look)) as pictures:
        found = (picture for picture in pictures if not isinstance(picture, PellucidError))
        return next(found, (MIXED_SIZE, True))


def _attempt(
    source: Source, members: Sequence[Member], order: Sequence[int], settings: Settings, p: Preprocessing
) -> Collected | _Other:
    """Read all in this order, or until one is other than was thought."""
    count, image_bytes = len(members), prod(p.shape)
    room = settings.room_bytes
    kept = min(count, room // image_bytes)
    memory.require(settings.where, say("an image"), image_bytes, shape=p.shape)
    if source.in_order and kept < count:
        raise DataError(
            source.where,
            "pictures of a compressed archive must fit in memory",
            expected=say("at most {most} bytes", most=room),
            got=say("{count} bytes", count=count * image_bytes),
            hint="unpack it and give the folder",
        )
    own_size, own_channels = settings.size is None, settings.channels is None
    with memory.enough(source.where):
        images, sums = np.empty((kept, *p.shape), np.uint8), np.empty((count, p.channels, 2), np.int64)

    def put(i: int, pixels: Samples) -> _Other | None:
        if own_size and pixels.shape[:2] != p.shape[1:]:
            return _Other.SIZE
        if own_channels and p.channels == 1 and not is_grey(pixels):
            return _Other.COLOURS
        row, image = order[i], p.picture(pixels)
        if row < kept:
            images[row] = image
        numbers = image.reshape(p.channels, -1).astype(np.int64)
        sums[row, :, 0] = numbers.sum(axis=1)
        numbers *= numbers
        sums[row, :, 1] = numbers.sum(axis=1)
        return None

    bad: set[int] = set()
    first: tuple[int, PellucidError] | None = None
    with closing(each_picture(source, [members[row] for row in order], put)) as results:
        for row, result in zip(order, results, strict=True):
            if isinstance(result, _Other):
                return result
            if isinstance(result, PellucidError):
                bad.add(row)
                first = min(first or (row, result), (row, result), key=itemgetter(0))
    if first is not None and not (settings.skip_bad and len(bad) < count):
        raise _bad(source, first[1], len(bad), count, skip=settings.skip_bad)
    good = np.array([row for row in range(count) if row not in bad], np.int64)
    return Collected(Stock(source, members, p, images), good, sums)


def _bad(source: Source, first: PellucidError, bad: int, count: int, *, skip: bool) -> DataError:
    """What is said of pictures that cannot be read."""
    rule = say("{bad} of {count} pictures cannot be read", bad=bad, count=count)
    hint = None if skip else "skip_bad=True, on the command line --skip-bad, leaves them out"
    return DataError(source.where, rule, got=first.message, hint=hint)
