"""The layer that compares vectors."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.errors import ArgumentError
from pellucid.nn.layer import Layer
from pellucid.ops.checks import number
from pellucid.sizes import is_integer


class CosineSimilarity(Layer):
    """The cosine of the angle between the vectors of two tensors along the axis `dim`; lengths count as eps at least.

    Raises: ArgumentError when `dim` is not a whole number or `eps` is below 0.
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        if not is_integer(dim):
            raise ArgumentError("CosineSimilarity", "dim must be the number of an axis", got=f"dim={dim!r}")
        self.dim, self.eps = int(dim), number("CosineSimilarity", "eps", eps, "[0, inf)")

    def forward(self, x1: Any, x2: Any) -> Any:
        """Shapes that broadcast, without the axis."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"dim={self.dim}, eps={self.eps}"
