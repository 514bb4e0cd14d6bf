"""Which account an op's numbers have."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.explain.account import Account
from pellucid.explain.conv import explain_conv
from pellucid.explain.linear import explain_linear
from pellucid.explain.question import Question
from pellucid.explain.shared import explain_shared
from pellucid.explain.source import Maker, Source
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.linear import Linear

_EXPLAINERS: dict[type[Maker], Callable[[Question], Account]] = {
    Conv: explain_conv,
    ConvTranspose: explain_conv,
    Linear: explain_linear,
}


def explained(source: Source) -> bool:
    """Whether numbers from there can be explained."""
    return bool(source.parts) or type(source.op) in _EXPLAINERS


def account_of(question: Question) -> Account:
    """What the asked numbers were made of."""
    if question.source.parts:
        return explain_shared(question)
    return _EXPLAINERS[type(question.source.op)](question)
