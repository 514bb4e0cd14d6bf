"""Layers that own parameters, and models made of them."""

from pellucid.nn.activation import GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Tanh
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv1d, Conv2d, Conv3d
from pellucid.nn.conv_transpose import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from pellucid.nn.group_norm import (
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
    LocalResponseNorm,
)
from pellucid.nn.init import seed
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.norm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from pellucid.nn.parameter import Buffer, Parameter
from pellucid.nn.pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from pellucid.nn.shape import Dropout, Flatten, Identity
from pellucid.nn.summary import Summary, summary

__all__ = [
    "GELU",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Buffer",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "Dropout",
    "Flatten",
    "GroupNorm",
    "Identity",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "LogSoftmax",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Summary",
    "Tanh",
    "seed",
    "summary",
]
