"""torchvision's networks, with as many channels as asked for: an oracle, and a contender."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import nn

_NAMES = {
    "squeezenet": "squeezenet1_1",
    "shufflenet_v2": "shufflenet_v2_x1_0",
}  # where torchvision's are others
_SETTINGS: dict[str, dict[str, Any]] = {"googlenet": {"aux_logits": False, "init_weights": False}}


def vision(name: str, in_channels: int = 3, num_classes: int = 1000) -> nn.Module:
    """torchvision's network that `pellucid.nn.models.<name>` has the keys of, without its trained weights."""
    make = getattr(_models(), _NAMES.get(name, name))
    network: nn.Module = make(weights=None, num_classes=num_classes, **_SETTINGS.get(name, {}))
    if in_channels != 3:
        path, first = next((path, m) for path, m in network.named_modules() if isinstance(m, nn.Conv2d))
        parent, _, key = path.rpartition(".")
        settings = {key: getattr(first, key) for key in ("kernel_size", "stride", "padding")}
        other = nn.Conv2d(in_channels, first.out_channels, bias=first.bias is not None, **settings)
        setattr(network.get_submodule(parent), key, other)
    return network


@cache
def _models() -> Any:
    """torchvision's networks. They need none of its operators, which a wheel for another build of PyTorch lacks."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        try:
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        except RuntimeError:  # it is there
            continue
    from torchvision import models

    return models
