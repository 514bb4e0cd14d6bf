"""Sums over a batch: in which parts the engine made them, as the array's source says it, and the float64 ones again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import batch
from pellucid.explain.accounts.account import Note
from pellucid.explain.question import Question

Array = NDArray[Any]


def edges_of(question: Question, images: int, per_image: int = 1) -> Sequence[int] | None:
    """Where the parts of the terms begin, so many of which an image has, and the end; None for a sum without parts."""
    parts = question.source.order.get("parts")
    return None if parts is None else [at * per_image for at in batch.edges(images, parts)]


@dataclass(frozen=True)
class Tree:
    """The parts of a sum in float64.

    Attributes:
        edges: where each begins, and the end of the last one.
    """

    edges: Sequence[int]

    @classmethod
    def of(cls, question: Question, images: int, per_image: int) -> Tree:
        """That of an array, of whose terms each image has so many."""
        edges = edges_of(question, images, per_image)
        assert edges is not None
        return cls(edges)

    @property
    def additions(self) -> int:
        """The most that a term meets."""
        return int(max(np.diff(self.edges))) + batch.depth(len(self.edges) - 1)

    @property
    def note(self) -> Note:
        """How the parts are added."""
        parts = {"parts": len(self.edges) - 1, "size": int(max(np.diff(self.edges)))}
        return ("note.in_parts", parts) if parts["parts"] > 1 else ("note.in_order", {})

    def sum(self, terms: Array) -> Array:
        """Σ over the last axis, which stays."""
        return batch.added([in_order(terms[..., start:stop]) for start, stop in pairwise(self.edges)], np.add)


def in_order(terms: Array) -> Array:
    """From 0, one number after the other along the last axis, which stays."""
    from_zero = np.concatenate([np.zeros((*terms.shape[:-1], 1)), terms], axis=-1)
    result: Array = np.add.accumulate(from_zero, axis=-1)[..., -1:]
    return result
