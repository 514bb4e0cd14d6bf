"""The linear layer: output, input gradient, weight gradient and bias gradient. Formulas and orders: `ops/linear.py`."""

from __future__ import annotations

from pellucid.explain.question import Question
from pellucid.explain.sums import trace_of
from pellucid.explain.trace import Trace

_ORDER = {
    "output": "input features ascending",
    "grad_input": "output features ascending",
    "grad_weight": "samples ascending",
    "grad_bias": "samples ascending",
}


def explain_linear(question: Question) -> Trace:
    """One element of a linear layer's results."""
    terms = question.node.op.terms(question.of, question.index, *question.shapes)
    return trace_of(question, terms, formula=question.formula, order=_ORDER[question.of])
