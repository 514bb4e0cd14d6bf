"""Which account an op's numbers have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pellucid.explain.accounts.account import Account
from pellucid.explain.ops.conv import explain_conv
from pellucid.explain.ops.copies import explain_copy
from pellucid.explain.ops.dropout import explain_dropout
from pellucid.explain.ops.group_norm import explain_sets
from pellucid.explain.ops.linear import explain_linear
from pellucid.explain.ops.local_response_norm import explain_local_response_norm
from pellucid.explain.ops.loss import explain_cross_entropy, explain_mse_loss
from pellucid.explain.ops.lp_pool import explain_lp_pool
from pellucid.explain.ops.norm import explain_batch_norm
from pellucid.explain.ops.pointwise import explain_rectifier, explain_smooth
from pellucid.explain.ops.pool import explain_average_pool, explain_max_indices, explain_max_pool
from pellucid.explain.ops.resampling import explain_resampling
from pellucid.explain.ops.shared import explain_shared
from pellucid.explain.ops.softmax import explain_softmax
from pellucid.explain.ops.unfold import explain_columns, explain_max_unpool
from pellucid.explain.ops.update import explain_adam, explain_sgd
from pellucid.explain.question import Question
from pellucid.explain.source import Maker, Source
from pellucid.ops.adam import Adam
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.adaptive_max_pool import AdaptiveMaxPool
from pellucid.ops.add import Add
from pellucid.ops.avg_pool import AvgPool
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
from pellucid.ops.sgd import SGD
from pellucid.ops.sigmoid import Sigmoid
from pellucid.ops.silu import SiLU
from pellucid.ops.softmax import Softmax
from pellucid.ops.tanh import Tanh
from pellucid.ops.unfold import Unfold

_EXPLAINERS: dict[type[Maker], Callable[[Question], Account]] = {
    Adam: explain_adam,
    AdaptiveAvgPool: explain_average_pool,
    AdaptiveMaxPool: explain_max_pool,
    AdaptiveMaxPoolIndices: explain_max_indices,
    Add: explain_copy,
    AvgPool: explain_average_pool,
    BatchNorm: explain_batch_norm,
    Conv: explain_conv,
    ConvTranspose: explain_conv,
    CrossEntropy: explain_cross_entropy,
    Dropout: explain_dropout,
    Flatten: explain_copy,
    Fold: explain_columns,
    GELU: explain_smooth,
    GroupNorm: explain_sets,
    LayerNorm: explain_sets,
    Interpolate: explain_resampling,
    LeakyReLU: explain_rectifier,
    Linear: explain_linear,
    LocalResponseNorm: explain_local_response_norm,
    LogSoftmax: explain_softmax,
    LpPool: explain_lp_pool,
    MaxPool: explain_max_pool,
    MaxPoolIndices: explain_max_indices,
    MaxUnpool: explain_max_unpool,
    MSELoss: explain_mse_loss,
    Pad: explain_resampling,
    ReLU: explain_rectifier,
    SGD: explain_sgd,
    Sigmoid: explain_smooth,
    SiLU: explain_smooth,
    Softmax: explain_softmax,
    Tanh: explain_smooth,
    Unfold: explain_columns,
}


def explained(source: Source) -> bool:
    """Whether numbers from there can be explained."""
    return bool(source.parts) or type(source.op) in _EXPLAINERS


def account_of(question: Question) -> Account:
    """What the asked numbers were made of. Infinite and NaN numbers go through as they do in the engine."""
    if question.source.parts:
        return explain_shared(question)
    with np.errstate(all="ignore"):
        return _EXPLAINERS[type(question.source.op)](question)
