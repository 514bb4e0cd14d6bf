"""PyTorch's numbers for networks that only move numbers, and for their gradients."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tests.support.moves import MOVES, twice
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F

TORCH = SimpleNamespace(
    pixel_shuffle=torch.pixel_shuffle,
    pixel_unshuffle=torch.pixel_unshuffle,
    channel_shuffle=torch.channel_shuffle,
    stack=torch.stack,
    cat=torch.cat,
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MOVES)
def test_outputs_and_gradients_are_pytorchs(name: str, dtype: Any) -> None:
    move, shape = MOVES[name]
    x = normal(*shape, dtype=dtype)
    for way in (lambda x, f: move(x * 3, f), twice(move)):
        rec = recording(run(lambda s, way=way: way(s, F), x, {}))
        output = [made for made in rec.names() if made.endswith(".output")][-1]
        tensor = torch.tensor(x, requires_grad=True)
        expected = way(tensor, TORCH)
        np.testing.assert_array_equal(rec[output], expected.detach())
        (wanted,) = torch.autograd.grad(expected, [tensor], torch.tensor(rec[f"grad({output})"]))
        np.testing.assert_allclose(rec["grad(input)"], wanted, rtol=1e-6)


@pytest.mark.parametrize("name", MOVES)
def test_a_bare_move_is_a_network(name: str) -> None:
    move, shape = MOVES[name]

    class Net(pc.Module):
        def forward(self, x: Any) -> Any:
            return move(x, F)

    x = normal(*shape)
    np.testing.assert_array_equal(Net()(x), move(torch.tensor(x), TORCH))
