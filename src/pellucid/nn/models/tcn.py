"""TCN: dilated convolutions along time that see the past alone."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv1d
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.shape import Dropout


class TemporalBlock(Module):
    """Two causal convolutions, each with ReLU and dropout, and a shortcut past them.

    A convolution pads both ends; what lies behind the present is cut off (`chomp`).
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int, dropout: float) -> None:
        self._behind = (kernel - 1) * dilation
        self.conv1 = Conv1d(inputs, outputs, kernel, padding=self._behind, dilation=dilation)
        self.dropout1 = Dropout(dropout)
        self.conv2 = Conv1d(outputs, outputs, kernel, padding=self._behind, dilation=dilation)
        self.dropout2 = Dropout(dropout)
        self.downsample = Conv1d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x: Any) -> Any:
        """(N,C,L) → (N,O,L)."""
        out = self.dropout1(F.relu(self.chomp(self.conv1(x))))
        out = self.dropout2(F.relu(self.chomp(self.conv2(out))))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))

    def chomp(self, x: Any) -> Any:
        """Without what is made of the future."""
        return x[:, :, : -self._behind]


class TCN(Module):
    """Blocks whose dilation doubles in `network`, and the linear layer `linear` on the last moment."""

    def __init__(
        self, inputs: int, outputs: int, widths: tuple[int, ...], kernel: int, dropout: float
    ) -> None:
        blocks, channels = [], inputs
        for i, width in enumerate(widths):
            blocks.append(TemporalBlock(channels, width, kernel, 2**i, dropout))
            channels = width
        self.network = Sequential(*blocks)
        self.linear = Linear(channels, outputs)

    def forward(self, x: Any) -> Any:
        """(N,C,L) → (N,outputs)."""
        return self.linear(self.network(x)[:, :, -1])


def tcn(
    in_channels: int = 1,
    num_classes: int = 10,
    widths: tuple[int, ...] = (25,) * 8,
    kernel_size: int = 7,
    dropout: float = 0.05,
) -> TCN:
    """A temporal convolutional network for sequences such as MNIST read pixel by pixel.

    Source: Bai, Kolter, Koltun, "An empirical evaluation of generic convolutional and recurrent networks for sequence
    modeling" (2018); its weight normalisation is left out.

    Shapes: (N,in_channels,L) → logits (N,num_classes).
    """
    return TCN(in_channels, num_classes, tuple(widths), kernel_size, dropout)
