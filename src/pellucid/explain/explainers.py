"""Which account an op's numbers have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pellucid.explain.account import Account
from pellucid.explain.conv import explain_conv
from pellucid.explain.linear import explain_linear
from pellucid.explain.loss import explain_cross_entropy, explain_mse_loss
from pellucid.explain.norm import explain_batch_norm
from pellucid.explain.question import Question
from pellucid.explain.shared import explain_shared
from pellucid.explain.softmax import explain_softmax
from pellucid.explain.source import Maker, Source
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.cross_entropy import CrossEntropy
from pellucid.ops.linear import Linear
from pellucid.ops.log_softmax import LogSoftmax
from pellucid.ops.mse_loss import MSELoss
from pellucid.ops.softmax import Softmax

_EXPLAINERS: dict[type[Maker], Callable[[Question], Account]] = {
    BatchNorm: explain_batch_norm,
    Conv: explain_conv,
    CrossEntropy: explain_cross_entropy,
    ConvTranspose: explain_conv,
    Linear: explain_linear,
    LogSoftmax: explain_softmax,
    MSELoss: explain_mse_loss,
    Softmax: explain_softmax,
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
