"""The networks of `pellucid.nn.models` beside PyTorch's, with the same weights and none with chance."""

from __future__ import annotations

import torch
from tests.support.small_models import SETTINGS

from pellucid import nn
from pellucid.bench.twins import twin
from pellucid.nn.models import MODELS


def ours_and_pytorchs(name, dtype="float32", **settings):
    """The same network twice, with the same weights; dropout lets all pass, each draws numbers of its own."""
    nn.seed(3)
    settings = {**SETTINGS.get(name, {}), **settings}
    ours, theirs = MODELS[name](**settings).astype(dtype), twin(name, **settings).to(getattr(torch, dtype))
    for network in (ours, theirs):
        for layer in network.modules():
            if type(layer).__name__ in ("Dropout", "StochasticDepth"):
                layer.p = 0.0
    theirs.load_state_dict({key: torch.from_numpy(array) for key, array in ours.state_dict().items()})
    return ours, theirs
