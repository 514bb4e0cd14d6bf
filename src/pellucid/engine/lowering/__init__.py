"""Each op's launches: `FORWARD[op](plan, node)` and `BACKWARD[op](plan, node, grad_output)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pellucid.engine.graph import Node
from pellucid.engine.lowering import (
    average,
    conv,
    conv_transpose,
    group_norm,
    linear,
    local_response_norm,
    loss,
    lp_pool,
    max_indices,
    max_pool,
    max_unpool,
    norm,
    pointwise,
    resample,
    shape,
    unfold,
)
from pellucid.engine.plan import Plan
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.add import Add
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Op
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.dropout import Dropout
from pellucid.ops.flatten import Flatten
from pellucid.ops.fold import Fold
from pellucid.ops.gelu import GELU
from pellucid.ops.group_norm import GroupNorm
from pellucid.ops.interpolate import Interpolate
from pellucid.ops.layer_norm import LayerNorm
from pellucid.ops.leaky_relu import LeakyReLU
from pellucid.ops.linear import Linear
from pellucid.ops.local_response_norm import LocalResponseNorm
from pellucid.ops.log_softmax import LogSoftmax
from pellucid.ops.lp_pool import LpPool
from pellucid.ops.max_indices import AdaptiveMaxPoolIndices, MaxPoolIndices
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.max_unpool import MaxUnpool
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.pad import Pad
from pellucid.ops.relu import ReLU
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.softmax import Softmax
from pellucid.ops.tanh import Tanh
from pellucid.ops.unfold import Unfold

FORWARD: dict[type[Op], Callable[[Plan, Node], None]] = {
    AdaptiveAvgPool: average.forward,
    AdaptiveMaxPool: max_pool.forward,
    AdaptiveMaxPoolIndices: max_indices.forward,
    Add: pointwise.add_forward,
    AvgPool: average.forward,
    BatchNorm: norm.forward,
    Conv: conv.forward,
    ConvTranspose: conv_transpose.forward,
    CrossEntropy: loss.cross_entropy_forward,
    Dropout: pointwise.dropout_forward,
    Flatten: shape.flatten_forward,
    Fold: unfold.fold_forward,
    GELU: pointwise.activation_forward,
    GroupNorm: group_norm.forward,
    LayerNorm: group_norm.forward,
    Interpolate: resample.forward,
    LeakyReLU: pointwise.activation_forward,
    Linear: linear.forward,
    LocalResponseNorm: local_response_norm.forward,
    LogSoftmax: loss.softmax_forward,
    LpPool: lp_pool.forward,
    MSELoss: loss.mse_forward,
    MaxPool: max_pool.forward,
    MaxPoolIndices: max_indices.forward,
    MaxUnpool: max_unpool.forward,
    Pad: resample.forward,
    ReLU: pointwise.relu_forward,
    SiLU: pointwise.activation_forward,
    Sigmoid: pointwise.activation_forward,
    Softmax: loss.softmax_forward,
    Tanh: pointwise.activation_forward,
    Unfold: unfold.unfold_forward,
}

BACKWARD: dict[type[Op], Callable[[Plan, Node, Any], None]] = {
    AdaptiveAvgPool: average.backward,
    AdaptiveMaxPool: max_pool.backward,
    Add: pointwise.add_backward,
    AvgPool: average.backward,
    BatchNorm: norm.backward,
    Conv: conv.backward,
    ConvTranspose: conv_transpose.backward,
    CrossEntropy: loss.cross_entropy_backward,
    Dropout: pointwise.dropout_backward,
    Flatten: shape.flatten_backward,
    Fold: unfold.fold_backward,
    GELU: pointwise.activation_backward,
    GroupNorm: group_norm.backward,
    LayerNorm: group_norm.backward,
    Interpolate: resample.backward,
    LeakyReLU: pointwise.activation_backward,
    Linear: linear.backward,
    LocalResponseNorm: local_response_norm.backward,
    LogSoftmax: loss.softmax_backward,
    LpPool: lp_pool.backward,
    MSELoss: loss.mse_backward,
    MaxPool: max_pool.backward,
    MaxUnpool: max_unpool.backward,
    Pad: resample.backward,
    ReLU: pointwise.relu_backward,
    SiLU: pointwise.activation_backward,
    Sigmoid: pointwise.activation_backward,
    Softmax: loss.softmax_backward,
    Tanh: pointwise.activation_backward,
    Unfold: unfold.unfold_backward,
}
