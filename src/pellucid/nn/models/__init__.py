"""Networks to begin with. `MODELS` maps their names to the functions that build them."""

from collections.abc import Callable

from pellucid.nn.models.lenet import lenet5
from pellucid.nn.models.mnist import mnist_cnn
from pellucid.nn.models.resnet import resnet20
from pellucid.nn.models.vgg import vgg_small
from pellucid.nn.module import Module

MODELS: dict[str, Callable[..., Module]] = {
    "lenet5": lenet5,
    "mnist_cnn": mnist_cnn,
    "vgg_small": vgg_small,
    "resnet20": resnet20,
}

__all__ = ["MODELS", "lenet5", "mnist_cnn", "resnet20", "vgg_small"]
