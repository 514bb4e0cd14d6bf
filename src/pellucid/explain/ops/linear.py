"""The linear layer: output, input gradient, weight gradient and bias gradient. Formulas and orders: `ops/linear.py`."""

from __future__ import annotations

from pellucid.explain.accounts.chain import Chain, chain_of
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.parts import edges_of
from pellucid.explain.question import Question
from pellucid.ops.linear import Linear
from pellucid.sizes import size_of

_ORDER = {
    "output": "order.input_features",
    "grad_input": "order.output_features",
    "grad_weight": "order.samples",
    "grad_bias": "order.samples",
}


@explains(Linear)
def explain_linear(question: Question) -> Chain:
    """Elements of a linear layer's results."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, Linear)
    terms = op.terms(of, question.at, *question.shapes)
    samples, *others = question.operand("input").array.shape[:-1]
    edges = edges_of(question, samples, size_of(others))
    chain: Chain = chain_of(
        question, terms, edges=edges, notes=lambda: [*chain.padding(), chain.order(_ORDER[of])]
    )
    return chain
