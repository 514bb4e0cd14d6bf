"""The gradient of a parameter that several layers use: the sum of what each of them contributes, in that order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pellucid.explain.question import Operand, Question, Stack
from pellucid.explain.sums import trace_of
from pellucid.explain.trace import Trace
from pellucid.ops.base import Terms


def explain_shared(question: Question, contributions: Sequence[Operand]) -> Trace:
    """One element of such a gradient. Every contribution has a name, and an explanation, of its own."""
    first, *others = contributions
    stack = Stack("contributions", np.stack([o.array for o in others]), tuple(o.name for o in others))
    rows = np.array([(k, *question.index) for k in range(len(others))], np.int64)
    operands = {"first": first, "others": stack}
    return trace_of(
        replace(question, operand=operands.__getitem__),
        Terms((("others", rows),), start=("first", question.index)),
        formula="gradient = the sum of what each use of the parameter contributes",
        order="the uses from the last one in the network to the first",
    )
