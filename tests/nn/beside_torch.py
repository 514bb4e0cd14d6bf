"""A network of this package and PyTorch's twin, trained side by side in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import pellucid as pc


def trained_alike(model: Any, other: torch.nn.Module, shape: tuple[int, ...]) -> None:
    """From PyTorch's parameters on, four steps on random batches of five classes: the same outputs and parameters."""
    model.load_state_dict({key: value.numpy() for key, value in other.state_dict().items()})
    step, rule = pc.TrainStep(model, pc.SGD(lr=0.05)), torch.optim.SGD(other.parameters(), lr=0.05)
    random = np.random.default_rng(1)
    for _ in range(4):
        x, y = random.normal(size=shape), random.integers(0, 5, shape[0])
        np.testing.assert_allclose(model(x), other(torch.from_numpy(x)).detach(), rtol=1e-10, atol=1e-12)
        rule.zero_grad()
        loss = torch.nn.functional.cross_entropy(other(torch.from_numpy(x)), torch.from_numpy(y))
        loss.backward()
        rule.step()
        assert step(x, y) == pytest.approx(loss.item(), rel=1e-10)
    for name, value in other.state_dict().items():
        np.testing.assert_allclose(model.state_dict()[name], value, rtol=1e-9, atol=1e-12)
