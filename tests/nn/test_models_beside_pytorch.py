"""The models that torchvision does not have, beside the same networks as people write them in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from tests.support import natural
from torch.nn import functional as TF

import pellucid as pc
from pellucid import functional as F


def scores_of_real(output, y):
    return F.binary_cross_entropy_with_logits(output, y)


def normal(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


@dataclass
class Case:
    """A network, its twin, what one batch is, and the loss of both."""

    ours: Any
    theirs: Any
    inputs: tuple[Any, ...]
    target: Any
    settings: dict[str, Any] = field(default_factory=dict)
    loss: Any = "cross_entropy"
    torch_loss: Any = TF.cross_entropy


CASES = {
    "c3d": Case(
        pc.models.c3d, natural.C3D, (normal(2, 3, 16, 17, 16)[..., :16, :],), np.array([4, 1]),
        {"num_classes": 5, "image_size": 16},
    ),
    "dcgan": Case(
        pc.models.dcgan, natural.DCGAN, (normal(3, 6, 1, 1),), np.ones((3, 1)),
        {"channels": 2, "latent": 6, "width": 3}, scores_of_real, TF.binary_cross_entropy_with_logits,
    ),
    "tcn": Case(
        pc.models.tcn, natural.TCN, (normal(3, 2, 17),), np.array([2, 0, 1]),
        {"in_channels": 2, "num_classes": 4, "widths": (5, 4), "kernel_size": 3},
    ),
    "vae": Case(
        pc.models.vae, natural.VAE, (np.random.default_rng(1).random((3, 2, 12, 12)), normal(3, 4)),
        np.random.default_rng(1).random((3, 2, 12, 12)),
        {"in_channels": 2, "latent": 4, "width": 3, "image_size": 12}, pc.models.vae_loss, natural.vae_loss,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_three_steps_are_pytorchs(name):
    case = CASES[name]
    pc.seed(2)
    ours, theirs = case.ours(**case.settings).astype("float64"), case.theirs(**case.settings).double()
    state = {key: torch.from_numpy(array) for key, array in ours.state_dict().items()}
    assert list(state) == list(theirs.state_dict())
    theirs.load_state_dict(state)
    for network in (ours, theirs):
        for layer in network.modules():
            if type(layer).__name__ == "Dropout":
                layer.p = 0.0
    step, rule = (
        pc.TrainStep(ours, pc.SGD(lr=0.02, momentum=0.9), case.loss),
        torch.optim.SGD(theirs.parameters(), lr=0.02, momentum=0.9),
    )
    x = case.inputs if len(case.inputs) > 1 else case.inputs[0]
    for _ in range(3):
        rule.zero_grad()
        loss = case.torch_loss(theirs(*map(torch.from_numpy, case.inputs)), torch.from_numpy(case.target))
        loss.backward()
        rec = step.record(x, case.target)
        np.testing.assert_allclose(float(rec["loss"]), loss.item(), rtol=1e-9)
        for key, parameter in theirs.named_parameters():
            found, expected = rec[f"grad({key})"], parameter.grad.numpy()
            np.testing.assert_allclose(
                found, expected, rtol=0, atol=1e-9 * max(1, abs(expected).max()), err_msg=key
            )
        assert rec.explain("loss").certified
        rule.step()
        rec.commit()
