"""Products of matrices: output and both gradients. Formulas and orders: `ops/matmul.py`."""

from __future__ import annotations

import numpy as np

from pellucid.explain.accounts.chain import Chain, chain_of
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.parts import edges_of
from pellucid.explain.question import Question
from pellucid.ops.matmul import MatMul

_ORDER = {"output": "order.inner", "grad_input": "order.columns", "grad_other": "order.rows"}


@explains(MatMul)
def explain_matmul(question: Question) -> Chain:
    """Elements of a product's results."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, MatMul)
    terms = op.terms(of, question.at, *question.shapes)
    edges = None
    if "parts" in question.source.order:
        images = len(question.operand("grad_output").array)
        (_, count) = np.broadcast_shapes(*(row.shape for _, rows in terms.factors for row in rows))
        edges = edges_of(question, images, count // max(1, images))
    chain: Chain = chain_of(
        question, terms, edges=edges, notes=lambda: [*chain.padding(), chain.order(_ORDER[of])]
    )
    return chain
