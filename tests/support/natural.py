"""Networks as people write them in PyTorch, with the keys of `pellucid.nn.models` that torchvision does not have."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class C3D(nn.Module):
    def __init__(self, in_channels=3, num_classes=487, image_size=112):
        super().__init__()
        layers, channels, side = [], in_channels, image_size
        for width in (64, "p1", 128, "p", 256, 256, "p", 512, 512, "p", 512, 512, "p5"):
            if width == "p1":
                layers.append(nn.MaxPool3d((1, 2, 2)))
            elif width == "p":
                layers.append(nn.MaxPool3d(2))
            elif width == "p5":
                layers.append(nn.MaxPool3d(2, padding=(0, 1, 1)))
            else:
                layers += [nn.Conv3d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            side = side // 2 + (width == "p5") if isinstance(width, str) else side
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(channels * side * side, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


class DCGAN(nn.Module):
    def __init__(self, channels=3, latent=100, width=64):
        super().__init__()
        w = width
        self.generator = nn.Sequential(
            nn.ConvTranspose2d(latent, w * 8, 4, 1, 0, bias=False),
            nn.BatchNorm2d(w * 8),
            nn.ReLU(True),
            nn.ConvTranspose2d(w * 8, w * 4, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w * 4),
            nn.ReLU(True),
            nn.ConvTranspose2d(w * 4, w * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(w * 2, w, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w),
            nn.ReLU(True),
            nn.ConvTranspose2d(w, channels, 4, 2, 1, bias=False),
            nn.Tanh(),
        )
        self.discriminator = nn.Sequential(
            nn.Conv2d(channels, w, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(w, w * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(w * 2, w * 4, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w * 4),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(w * 4, w * 8, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w * 8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(w * 8, 1, 4, 1, 0, bias=False),
        )

    def forward(self, noise):
        return torch.flatten(self.discriminator(self.generator(noise)), 1)


class Chomp1d(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        return x[:, :, : -self.size].contiguous()


class TemporalBlock(nn.Module):
    def __init__(self, inputs, outputs, kernel, dilation, dropout):
        super().__init__()
        padding = (kernel - 1) * dilation
        self.conv1 = nn.Conv1d(inputs, outputs, kernel, padding=padding, dilation=dilation)
        self.chomp = Chomp1d(padding)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv1d(outputs, outputs, kernel, padding=padding, dilation=dilation)
        self.downsample = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x):
        out = self.dropout(F.relu(self.chomp(self.conv1(x))))
        out = self.dropout(F.relu(self.chomp(self.conv2(out))))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class TCN(nn.Module):
    def __init__(self, in_channels=1, num_classes=10, widths=(25,) * 8, kernel_size=7, dropout=0.05):
        super().__init__()
        channels = [in_channels, *widths]
        blocks = [
            TemporalBlock(channels[i], width, kernel_size, 2**i, dropout) for i, width in enumerate(widths)
        ]
        self.network = nn.Sequential(*blocks)
        self.linear = nn.Linear(widths[-1], num_classes)

    def forward(self, x):
        return self.linear(self.network(x)[:, :, -1])


class VAE(nn.Module):
    def __init__(self, in_channels=1, latent=16, width=32, image_size=28):
        super().__init__()
        self.shape = (2 * width, image_size // 4, image_size // 4)
        numbers = 2 * width * (image_size // 4) ** 2
        self.encoder = nn.Sequential(
            nn.Conv2d(in_channels, width, 4, 2, 1), nn.ReLU(), nn.Conv2d(width, 2 * width, 4, 2, 1), nn.ReLU()
        )
        self.mean = nn.Linear(numbers, latent)
        self.log_var = nn.Linear(numbers, latent)
        self.widen = nn.Linear(latent, numbers)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(width, in_channels, 4, 2, 1),
        )

    def forward(self, x, noise):
        hidden = self.encoder(x).flatten(1)
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        latent = mean + torch.exp(0.5 * log_var) * noise
        return self.decoder(F.relu(self.widen(latent)).view(-1, *self.shape)), mean, log_var


def vae_loss(output, x):
    logits, mean, log_var = output
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (pixels + 0.5 * torch.sum(mean**2 + log_var.exp() - 1 - log_var)) / len(x)
