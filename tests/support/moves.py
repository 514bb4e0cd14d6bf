"""Networks that only move numbers, written so that PyTorch's tensors go through them as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Move = Callable[[Any, Any], Any]  # of a tensor, and of the library whose functions are used

MOVES: dict[str, tuple[Move, tuple[int, ...]]] = {
    "reshape": (lambda x, f: x.reshape(-1, 24), (2, 12, 4, 6)),
    "view that cuts through axes": (lambda x, f: x.view(x.size(0), 16, 18), (2, 12, 4, 6)),
    "view that cuts through some": (lambda x, f: x.view(2, 9, 32), (2, 12, 4, 6)),
    "permute": (lambda x, f: x.permute(0, 2, 3, 1), (2, 12, 4, 6)),
    "images as channels": (lambda x, f: x.permute((1, 0, 3, 2)), (2, 12, 4, 6)),
    "flatten": (lambda x, f: x.flatten(1), (3, 7, 4, 6)),
    "flatten some": (lambda x, f: x.contiguous().flatten(1, 2), (3, 7, 4, 6)),
    "flatten images": (lambda x, f: x.flatten(0, 1), (3, 7, 4, 6)),
    "tokens": (lambda x, f: x.flatten(2).transpose(1, 2), (3, 7, 4, 6)),
    "slices": (lambda x, f: x[:, 1::3, None, 2, -3:-1], (2, 12, 4, 6)),
    "crop": (lambda x, f: x[..., 1:-1], (2, 12, 4, 6)),
    "one row": (lambda x, f: x[:, :, 0], (2, 12, 4, 6)),
    "narrow": (lambda x, f: x.narrow(2, -3, 2), (2, 12, 4, 6)),
    "roll": (lambda x, f: x.roll((5, -1), (1, 2)), (2, 12, 4, 6)),
    "roll all": (lambda x, f: x.roll(5), (2, 12, 4, 6)),
    "flip": (lambda x, f: x.flip(1, 3), (2, 12, 4, 6)),
    "pixel_shuffle": (lambda x, f: f.pixel_shuffle(x, 2), (2, 12, 4, 6)),
    "pixel_unshuffle": (lambda x, f: f.pixel_unshuffle(x, 2), (2, 12, 4, 6)),
    "channel_shuffle": (lambda x, f: f.channel_shuffle(x, 3), (2, 12, 4, 6)),
    "channel_shuffle of a line": (lambda x, f: f.channel_shuffle(x, 3), (2, 12, 4)),
    **{
        f"channel_shuffle of {groups} groups": (
            lambda x, f, groups=groups: f.channel_shuffle(x, groups),
            (3, 48, 3, 5),
        )
        for groups in (4, 6, 8, 12)
    },
    "stack": (lambda x, f: f.stack([x, x.flip(2)], 2), (2, 5, 4, 6)),
    "cat along positions": (lambda x, f: f.cat([x, x.flip(2), x], -1), (2, 5, 4, 6)),
    "cat along images": (lambda x, f: f.cat([x, x.flip(2), x], 0), (2, 5, 4)),
    "chunk": (lambda x, f: f.cat([*x.chunk(3, 1)][::-1], 2), (2, 6, 4)),
    "seven axes": (lambda x, f: x.view(2, 3, 2, 2, 3, 2, 3).permute(0, 3, 6, 1, 5, 2, 4), (2, 12, 6, 3)),
    "windows": (
        lambda x, f: x.view(2, 4, 2, 3, 2, 3).permute(0, 2, 4, 3, 5, 1).reshape(-1, 9, 4),
        (2, 4, 6, 6),
    ),
    "unsqueeze": (lambda x, f: x.unsqueeze(1).squeeze(-1), (2, 4, 1)),
    "unflatten": (lambda x, f: x.unflatten(1, (2, -1)).movedim(1, -1), (2, 4, 3)),
    "large": (
        lambda x, f: f.pixel_shuffle(x.permute(0, 3, 1, 2), 2).flip(2)[:, 1:].flatten(1),
        (17, 9, 12, 16),
    ),
}


def twice(move: Move) -> Move:
    """A square that moves twice and is read once more: gradients grow, the last one in part."""

    def network(x: Any, f: Any) -> Any:
        x = x * x
        ways = (move(x, f).flatten(0, -1), move(x, f).flatten(0, -1), x.flatten(0, -1)[::2])
        return f.cat(ways, 0)

    return network
