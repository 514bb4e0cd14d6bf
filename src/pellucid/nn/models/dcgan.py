"""DCGAN: one network makes pictures of noise, another one tells them from real ones."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.activation import LeakyReLU, ReLU, Tanh
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.conv_transpose import ConvTranspose2d
from pellucid.nn.module import Module
from pellucid.nn.norm import BatchNorm2d


class DCGAN(Module):
    """`generator` makes pictures from −1 to 1 of noise (N,latent,1,1), `discriminator` a score of pictures.

    Train each with a step of its own: the discriminator on real and made pictures, and the two together, the
    discriminator frozen, towards the score of real ones.
    """

    def __init__(self, channels: int, latent: int, width: int) -> None:
        layers: list[Module] = []
        before, stride, padding = latent, 1, 0
        for size in (8 * width, 4 * width, 2 * width, width):
            layers += [
                ConvTranspose2d(before, size, 4, stride, padding, bias=False),
                BatchNorm2d(size),
                ReLU(),
            ]
            before, stride, padding = size, 2, 1
        self.generator = Sequential(*layers, ConvTranspose2d(before, channels, 4, 2, 1, bias=False), Tanh())
        layers, before = [Conv2d(channels, width, 4, 2, 1, bias=False), LeakyReLU(0.2)], width
        for size in (2 * width, 4 * width, 8 * width):
            layers += [Conv2d(before, size, 4, 2, 1, bias=False), BatchNorm2d(size), LeakyReLU(0.2)]
            before = size
        self.discriminator = Sequential(*layers, Conv2d(before, 1, 4, bias=False))

    def forward(self, noise: Any) -> Any:
        """(N,latent,1,1) → scores (N,1) of the pictures made of it; σ of a score is the chance that it is real."""
        return F.flatten(self.discriminator(self.generator(noise)), 1)


def dcgan(channels: int = 3, latent: int = 100, width: int = 64) -> DCGAN:
    """A DCGAN for pictures of 64×64.

    Layers are those of PyTorch's tutorial, whose discriminator ends in a sigmoid: here scores are left as they are, for
    `binary_cross_entropy_with_logits`.

    Source: Radford, Metz, Chintala, "Unsupervised representation learning with deep convolutional generative
    adversarial networks" (2016).

    Shapes: (N,latent,1,1) → (N,1); `generator` (N,latent,1,1) → (N,channels,64,64).
    """
    return DCGAN(channels, latent, width)
