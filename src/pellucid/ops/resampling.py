"""What padding and interpolation share: every output element is a weighted sum of input elements, axis by axis.

y and i stand for one, two or three coordinates, whose weights multiply. Only few weights are not 0; a `Spread` lists
them for one axis.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Array, Op, Rows, Shape, Terms, choices, columns
from pellucid.ops.reduction import Reduction, spatial
from pellucid.ops.relation import IndexPattern, Labels, Weighted, places
from pellucid.sizes import size_of


@dataclass(frozen=True, eq=False)
class Spread:
    """For each result position along an axis the source positions that it reads, ascending, and their weights.

    Attributes:
        rows: pairs of source position and weight, for each result position.
        sources: how many source positions there are.

    Example:
        >>> spread = Spread((((0, 1.0),), ((0, 0.5), (1, 0.5))), sources=2)
        >>> spread.transposed.rows
        (((0, 1.0), (1, 0.5)), ((1, 0.5),))
    """

    rows: tuple[tuple[tuple[int, float], ...], ...]
    sources: int

    @property
    def transposed(self) -> Spread:
        """The other way: for each source position the results that read it, ascending."""
        found: list[list[tuple[int, float]]] = [[] for _ in range(self.sources)]
        for y, row in enumerate(self.rows):
            for i, weight in row:
                found[i].append((y, weight))
        return Spread(tuple(map(tuple, found)), len(self.rows))

    @property
    def copies(self) -> bool:
        """Whether every result is one source unchanged, or nothing."""
        return all(len(row) <= 1 and all(weight == 1 for _, weight in row) for row in self.rows)

    def at(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array, NDArray[np.bool_]]:
        """For some result positions the source positions and weights, in rows of one length, and which there are."""
        longest = max((len(row) for row in self.rows), default=1) or 1
        padded = np.zeros((len(self.rows), longest, 2))
        present = np.zeros((len(self.rows), longest), np.bool_)
        for y, row in enumerate(self.rows):
            padded[y, : len(row)] = np.reshape(row, (len(row), 2))
            present[y, : len(row)] = True
        return padded[positions, :, 0].astype(np.int64), padded[positions, :, 1], present[positions]


class Resampling(Op):
    """An op that reads each spatial axis by a `Spread` of its own."""

    is_linear: ClassVar[bool] = True
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,y] = Σ_i weight[y,i]·input[n,c,i]",
        "grad_input": "grad_input[n,c,i] = Σ_y weight[y,i]·grad_output[n,c,y]",
    }

    @abstractmethod
    def spreads(self, input: Shape) -> list[Spread]:
        """One for each spatial axis."""

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """The positions with a weight, axis by axis."""
        input = shapes["input"]
        (i, _, y), sizes = places(input[2:], (), self.infer(input)[2:])
        labels: dict[str, Labels] = {"input": ("p", *i), "output": ("p", *y)}
        links = tuple(Weighted(spread.rows) for spread in self.spreads(input))
        return IndexPattern(labels, sizes | {"p": size_of(input[:2])}, links)

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The weighted elements; copies, where every output has one at most. The product of weights is one factor."""
        (input,) = shapes
        assert input is not None
        axes = len(input) - 2
        if of != "output":
            return Reduction("fma", ("grad_output",), spatial("y", axes))
        copies = all(spread.copies for spread in self.spreads(input))
        return Reduction("copy" if copies else "fma", ("input",), spatial("i", axes))

    def directed(self, of: str, input: Shape) -> list[Spread]:
        """Those of a result: "output", or "grad_input", which reads them the other way round."""
        spreads = self.spreads(input)
        return spreads if of == "output" else [spread.transposed for spread in spreads]

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """What an element reads, positions ascending in row-major order, with the weights unless all are 1."""
        (input,) = shapes
        assert input is not None
        spreads = self.directed(of, input)
        n, c, *_ = columns(at)
        found = [spread.at(place) for spread, place in zip(spreads, at.T[2:], strict=True)]
        chosen = choices(*(positions.shape[1] for positions, _, _ in found))
        rows: Rows = tuple(positions[:, k] for (positions, _, _), k in zip(found, chosen, strict=True))
        present = reduce(np.logical_and, [p[:, k] for (_, _, p), k in zip(found, chosen, strict=True)])
        weights = reduce(np.multiply, [w[:, k] for (_, w, _), k in zip(found, chosen, strict=True)])
        source = "input" if of == "output" else "grad_output"
        plain = bool((weights[present] == 1).all())
        return Terms(((source, (n, c, *rows)),), present=present, weights=None if plain else weights)
