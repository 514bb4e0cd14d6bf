"""VAE: pictures to the distribution of a few numbers, and from these numbers back."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.activation import ReLU
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.conv_transpose import ConvTranspose2d
from pellucid.nn.layer import whole
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module


class VAE(Module):
    """`encoder`, `mean` and `log_var` of the latent numbers, and `decode`, which makes logits of pixels of them."""

    def __init__(self, in_channels: int, latent: int, width: int, image_size: int) -> None:
        self.image_size = whole("vae", "image_size", image_size, minimum=4)
        self._side, self._width = image_size // 4, 2 * width
        numbers = 2 * width * self._side**2
        self.encoder = Sequential(
            Conv2d(in_channels, width, 4, 2, 1), ReLU(), Conv2d(width, 2 * width, 4, 2, 1), ReLU()
        )
        self.mean = Linear(numbers, latent)
        self.log_var = Linear(numbers, latent)
        self.widen = Linear(latent, numbers)
        self.decoder = Sequential(
            ConvTranspose2d(2 * width, width, 4, 2, 1), ReLU(), ConvTranspose2d(width, in_channels, 4, 2, 1)
        )

    def forward(self, x: Any, noise: Any) -> Any:
        """(N,C,H,W) and standard normal (N,latent) → logits of pixels (N,C,H,W), mean and log variance (N,latent)."""
        hidden = F.flatten(self.encoder(x), 1)
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        return self.decode(mean + F.exp(0.5 * log_var) * noise), mean, log_var

    def decode(self, latent: Any) -> Any:
        """(N,latent) → logits of pixels (N,C,H,W)."""
        hidden = F.relu(self.widen(latent))
        return self.decoder(F.unflatten(hidden, 1, (self._width, self._side, self._side)))


def vae_loss(output: Any, x: Any) -> Any:
    """The negative evidence lower bound, mean over the batch: what pixels cost, and ½Σ(μ² + σ² − 1 − log σ²)."""
    logits, mean, log_var = output
    images = x.shape[0]
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (pixels + 0.5 * F.sum(mean**2 + F.exp(log_var) - 1 - log_var)) / images


def vae(in_channels: int = 1, latent: int = 16, width: int = 32, image_size: int = 28) -> VAE:
    """A variational autoencoder for square images whose sides are multiples of 4, with pixels from 0 to 1.

    The noise is an input, so that a step is a function of what it is given; the loss is `vae_loss`.

    Source: Kingma, Welling, "Auto-encoding variational Bayes" (2014).

    Shapes: (N,in_channels,image_size,image_size), (N,latent) → logits of the input's shape, and two of (N,latent).
    """
    return VAE(in_channels, latent, width, image_size)
