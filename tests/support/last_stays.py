"""The gradient of max unpooling that PyTorch lacks: none for elements that a later one has overwritten."""

from __future__ import annotations

from typing import Any


def last_stays(x: Any, indices: Any, dims: int) -> Any:
    """For PyTorch the same numbers, through which gradients go to the last element of each position alone.

    Operands of our own functions stay what they are.
    """
    if not hasattr(x, "new_tensor"):
        return x
    stays = [
        [index not in plane[y + 1 :] for y, index in enumerate(plane)]
        for plane in indices.flatten(end_dim=-dims - 1).flatten(1).tolist()
    ]
    return x.where(indices.new_tensor(stays).bool().reshape(indices.shape), x.detach())
