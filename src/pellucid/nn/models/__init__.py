"""Networks to begin with. `MODELS` maps the names of those that take images to the functions that build them."""

from collections.abc import Callable

from pellucid.nn.models.alexnet import alexnet
from pellucid.nn.models.c3d import c3d
from pellucid.nn.models.convnext import convnext_tiny
from pellucid.nn.models.dcgan import dcgan
from pellucid.nn.models.densenet import densenet121
from pellucid.nn.models.efficientnet import efficientnet_b0
from pellucid.nn.models.googlenet import googlenet
from pellucid.nn.models.lenet import lenet5
from pellucid.nn.models.mnist import mnist_cnn
from pellucid.nn.models.mobilenet import mobilenet_v2, mobilenet_v3_small
from pellucid.nn.models.resnet import resnet18, resnet20, resnet50
from pellucid.nn.models.shufflenet import shufflenet_v2
from pellucid.nn.models.squeezenet import squeezenet
from pellucid.nn.models.tcn import tcn
from pellucid.nn.models.tiny import tiny
from pellucid.nn.models.unet import unet
from pellucid.nn.models.vae import vae, vae_loss
from pellucid.nn.models.vgg import vgg11, vgg16, vgg_small
from pellucid.nn.module import Module

MODELS: dict[str, Callable[..., Module]] = {
    "lenet5": lenet5,
    "mnist_cnn": mnist_cnn,
    "vgg_small": vgg_small,
    "resnet20": resnet20,
    "resnet18": resnet18,
    "alexnet": alexnet,
    "vgg11": vgg11,
    "vgg16": vgg16,
    "tiny": tiny,
    "resnet50": resnet50,
    "densenet121": densenet121,
    "squeezenet": squeezenet,
    "googlenet": googlenet,
    "mobilenet_v2": mobilenet_v2,
    "mobilenet_v3_small": mobilenet_v3_small,
    "efficientnet_b0": efficientnet_b0,
    "shufflenet_v2": shufflenet_v2,
    "convnext_tiny": convnext_tiny,
    "unet": unet,
}


def input_shape(model: Module) -> tuple[int, int, int]:
    """C, H, W of one input that a network of `MODELS` is made for; one for all sizes gets MNIST's or CIFAR's."""
    channels = next(parameter.shape[1] for _, parameter in model.named_parameters())
    size = getattr(model, "image_size", 28 if channels == 1 else 32)
    return channels, size, size


__all__ = [
    "MODELS",
    "alexnet",
    "c3d",
    "convnext_tiny",
    "dcgan",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "input_shape",
    "lenet5",
    "mnist_cnn",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "resnet18",
    "resnet20",
    "resnet50",
    "shufflenet_v2",
    "squeezenet",
    "tcn",
    "tiny",
    "unet",
    "vae",
    "vae_loss",
    "vgg11",
    "vgg16",
    "vgg_small",
]
