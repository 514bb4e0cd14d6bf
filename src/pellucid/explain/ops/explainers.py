"""Which account an op's numbers have: explainers register with `@explains`, each beside its code in this folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np

from pellucid.explain.accounts.account import Account
from pellucid.explain.ops.shared import explain_shared
from pellucid.explain.question import Question
from pellucid.explain.source import Source
from pellucid.modules import load_folder
from pellucid.ops.maker import Maker

Explainer: TypeAlias = Callable[[Question], Account]
E = TypeVar("E", bound=Explainer)
_EXPLAINERS: dict[type[Maker], Explainer] = {}


def explains(*kinds: type[Maker]) -> Callable[[E], E]:
    """Register the explainer of all results of these ops or rules."""

    def register(explainer: E) -> E:
        _EXPLAINERS.update(dict.fromkeys(kinds, explainer))
        return explainer

    return register


def explained(source: Source) -> bool:
    """Whether numbers from there can be explained."""
    return bool(source.parts) or _explainer(type(source.op)) is not None


def account_of(question: Question) -> Account:
    """What the asked numbers were made of. Infinite and NaN numbers go through as they do in the engine."""
    if question.source.parts:
        return explain_shared(question)
    explainer = _explainer(type(question.source.op))
    assert explainer is not None, f"{question.name} comes from an op without an explainer"
    with np.errstate(all="ignore"):
        return explainer(question)


def _explainer(kind: type[Maker]) -> Explainer | None:
    """That of an op, or of its family."""
    load_folder("pellucid.explain.ops")
    found = (_EXPLAINERS.get(one) for one in kind.__mro__ if issubclass(one, Maker))
    return next((explainer for explainer in found if explainer is not None), None)
