"""The layer that looks numbers up."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.errors import ArgumentError, say
from pellucid.nn import init
from pellucid.nn.layer import Layer, whole
from pellucid.sizes import is_integer


class Embedding(Layer):
    """Every whole number becomes a row of the weight.

        output[n,d] = weight[input[n],d]

    n stands for all axes of the input. The weight's values are drawn from a normal distribution, as in PyTorch.

    Shapes: input (…) of whole numbers, weight (num_embeddings,embedding_dim) → (…,embedding_dim).

    Args:
        num_embeddings: how many rows there are.
        embedding_dim: how many numbers a row has.
        padding_idx: a row of zeros that is not trained; None for none.

    Raises: ArgumentError for a setting outside its range, and for numbers that are no rows.

    Example:
        >>> import numpy as np, pellucid as pc
        >>> layer = pc.Embedding(5, 3, padding_idx=0)
        >>> layer(np.array([[0, 4]])).shape, layer(np.array([0])).tolist()
        ((1, 2, 3), [[0.0, 0.0, 0.0]])
    """

    fixed = ("num_embeddings", "embedding_dim", "padding_idx")

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None) -> None:
        self.num_embeddings = whole("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = whole("Embedding", "embedding_dim", embedding_dim)
        if padding_idx is not None and not (
            is_integer(padding_idx) and -num_embeddings <= padding_idx < num_embeddings
        ):
            expected = say(
                "a whole number from {first} to {last}, or None",
                first=-num_embeddings,
                last=num_embeddings - 1,
            )
            rule = "padding_idx must be a row of weight"
            raise ArgumentError("Embedding", rule, expected=expected, got=f"padding_idx={padding_idx!r}")
        self.padding_idx = None if padding_idx is None else int(padding_idx) % num_embeddings
        self.weight = init.normal((num_embeddings, embedding_dim))
        if self.padding_idx is not None:
            self.weight[self.padding_idx] = 0

    def forward(self, input: Any) -> Any:
        """(…) → (…,embedding_dim)."""
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """The settings."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
