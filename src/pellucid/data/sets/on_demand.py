"""Images of which memory holds as many as fit; the others are read from their files again when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.data.dataset import Pictures
from pellucid.data.pictures.samples import Samples
from pellucid.data.preprocessing import Preprocessing
from pellucid.data.sets.reading import each_picture
from pellucid.data.sets.sources import Member, Source
from pellucid.errors import PellucidError


@dataclass(frozen=True, eq=False)
class Stock:
    """A data set's pictures: where they are, and the first ones as images.

    Attributes:
        source: what reads the others.
        members: of each row its file.
        preprocessing: how pictures become images.
        kept: the images (K,C,H,W) of the first K rows.
    """

    source: Source
    members: Sequence[Member]
    preprocessing: Preprocessing
    kept: NDArray[np.uint8]

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8] | FilePictures:
        """Those of these rows, as an array if all of them are in memory."""
        if len(self.kept) < len(self.members):
            return FilePictures(self, rows)
        return self.kept if len(rows) == len(self.kept) else self.kept[rows]


class FilePictures(Pictures):
    """Rows of a stock."""

    def __init__(self, stock: Stock, rows: NDArray[np.int64]) -> None:
        self._stock, self._rows = stock, rows
        self.shape, self.dtype = (len(rows), *stock.preprocessing.shape), np.dtype(np.uint8)

    def take(self, chosen: NDArray[np.int64]) -> FilePictures:
        """Those by their numbers, still to be read."""
        return FilePictures(self._stock, self._rows[chosen])

    def read(self, chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Images by their numbers, as an array of their own.

        Raises: DataError when a file has changed or is gone.
        """
        stock, rows = self._stock, self._rows[chosen]
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)
        is_kept = rows < len(stock.kept)
        images[is_kept] = stock.kept[rows[is_kept]]
        missing = np.flatnonzero(~is_kept)

        def put(i: int, pixels: Samples) -> None:
            images[missing[i]] = stock.preprocessing.picture(pixels)

        members = [stock.members[row] for row in rows[missing]]
        for result in each_picture(stock.source, members, put) if members else ():
            if isinstance(result, PellucidError):
                raise result
        return images
