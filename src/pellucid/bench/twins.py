"""The models of `pellucid.nn.models` in PyTorch, with the same state_dict keys: an oracle, and a contender."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pellucid.bench.vision import vision


class LeNet5(nn.Module):
    def __init__(self, in_channels: int = 1, num_classes: int = 10, image_size: int = 28) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * ((image_size // 2 - 4) // 2) ** 2, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc2(F.relu(self.fc1(x))))
        return self.fc3(x)


class MnistCNN(nn.Module):
    def __init__(self, in_channels: int = 1, num_classes: int = 10, image_size: int = 28) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.fc1 = nn.Linear(64 * ((image_size - 4) // 2) ** 2, 128)
        self.fc2 = nn.Linear(128, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        x = torch.flatten(F.max_pool2d(x, 2), 1)
        return self.fc2(F.relu(self.fc1(x)))


class VGGSmall(nn.Module):
    def __init__(self, in_channels: int = 3, num_classes: int = 10, image_size: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for width in (64, 64, 0, 128, 128, 0, 256, 256, 0):
            if width == 0:
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
        self.features = nn.Sequential(*layers)
        size = image_size // 8
        self.classifier = nn.Sequential(
            nn.Linear(256 * size * size, 256), nn.ReLU(), nn.Linear(256, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


class BasicBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample: nn.Module | None = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(
        self, widths: tuple[int, ...], blocks: int, in_channels: int = 3, num_classes: int = 10
    ) -> None:
        super().__init__()
        channels = widths[0]
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        for number, width in enumerate(widths, 1):
            stage = [BasicBlock(channels, width, 1 if number == 1 else 2)]
            stage += [BasicBlock(width, width, 1) for _ in range(blocks - 1)]
            self.add_module(f"layer{number}", nn.Sequential(*stage))
            channels = width
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        for name, stage in self.named_children():
            x = stage(x) if name.startswith("layer") else x
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class AlexNet(nn.Module):
    def __init__(self, in_channels: int = 3, num_classes: int = 1000, image_size: int = 224) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
        )
        with torch.no_grad():
            features = self.features(torch.zeros(1, in_channels, image_size, image_size))
        self.classifier = nn.Sequential(
            nn.Dropout(0.5),
            nn.Linear(features.numel(), 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


class VGG(nn.Module):
    def __init__(
        self, widths: tuple[int, ...], in_channels: int = 3, num_classes: int = 1000, image_size: int = 224
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for width in widths:
            if width == 0:
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(512 * (image_size // 32) ** 2, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


class Tiny(nn.Module):
    def __init__(self, in_channels: int = 3, num_classes: int = 10) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for width in (16, 32, 64):
            convolution = nn.Conv2d(channels, width, 3, padding=1, bias=False)
            layers += [convolution, nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
            channels = width
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(0.1)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1)
        return self.fc(self.dropout(x))


def double(in_channels: int, out_channels: int) -> nn.Sequential:
    """Two convolutions, each with its norm and ReLU."""
    layers = []
    for channels in (in_channels, out_channels):
        convolution = nn.Conv2d(channels, out_channels, 3, padding=1, bias=False)
        layers.append(nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU()))
    return nn.Sequential(*layers)


class UNet(nn.Module):
    def __init__(self, in_channels: int = 3, num_classes: int = 2, width: int = 64, depth: int = 5) -> None:
        super().__init__()
        widths = [width << i for i in range(depth)]
        channels = in_channels
        for i, size in enumerate(widths, 1):
            self.add_module(f"down{i}", double(channels, size))
            channels = size
        for i, size in enumerate(widths[-2::-1], 1):
            self.add_module(f"up{i}", nn.ConvTranspose2d(channels, size, 2, stride=2))
            self.add_module(f"merge{i}", double(2 * size, size))
            channels = size
        self.head = nn.Conv2d(channels, num_classes, 1)
        self.depth = depth

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for i in range(1, self.depth):
            skips.append(self.get_submodule(f"down{i}")(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.get_submodule(f"down{self.depth}")(x)
        for i in range(1, self.depth):
            x = self.get_submodule(f"up{i}")(x)
            x = self.get_submodule(f"merge{i}")(torch.cat([skips.pop(), x], 1))
        return self.head(x)


TWINS: dict[str, Callable[..., nn.Module]] = {
    "lenet5": LeNet5,
    "mnist_cnn": MnistCNN,
    "vgg_small": VGGSmall,
    "resnet20": partial(ResNet, (16, 32, 64), 3),
    "resnet18": partial(ResNet, (64, 128, 256, 512), 2),
    "alexnet": AlexNet,
    "vgg11": partial(VGG, (64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0)),
    "vgg16": partial(VGG, (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)),
    "tiny": Tiny,
    "unet": UNet,
}


def twin(name: str, **settings: int) -> nn.Module:
    """The PyTorch model that has the keys, shapes and meaning of `pellucid.nn.models.<name>(**settings)`."""
    return TWINS[name](**settings) if name in TWINS else vision(name, **settings)
