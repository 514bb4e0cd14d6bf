"""Convolution, transposed or not: output and all gradients. Formulas: `ops/conv.py`, `ops/conv_transpose.py`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.explain.accounts.account import Element, Note
from pellucid.explain.accounts.chain import Chain, chain_of
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.parts import edges_of
from pellucid.explain.ops.winograd import error_bounds
from pellucid.explain.question import Question
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.sizes import size_of

_SLID_OVER = {"output": 0, "grad_input": 0, "grad_weight": 1, "grad_bias": 0}  # which factor
_ORDER = {
    "output": "order.kernel_input",
    "grad_input": "order.kernel_output",
    "grad_weight": "order.images",
    "grad_bias": "order.images",
}
_FLIPPED = _ORDER | {"output": "order.kernel_input_flipped", "grad_input": "order.kernel_output_flipped"}


@explains(Conv, ConvTranspose)
def explain_conv(question: Question) -> Chain:
    """Elements of a convolution's results. The products with padding are replayed, too."""
    op, of, source = question.source.op, question.source.of, question.source
    assert isinstance(op, Conv | ConvTranspose)
    terms = op.terms(of, question.at, *question.shapes)
    slides = isinstance(op, ConvTranspose) and of == "grad_weight"
    images, _, *windows = question.operand("input" if slides or of == "output" else "grad_output").array.shape
    edges = edges_of(question, images, size_of(windows))
    bound = error_bounds(question) if source.by_winograd else None
    order = _FLIPPED if isinstance(op, Conv) and op.flip else _ORDER

    def notes() -> Sequence[Note]:
        found = [*_window(question, chain), *_group(question, op)]
        return [
            *found,
            *chain.padding(),
            ("note.winograd", {}) if source.by_winograd else chain.order(order[of]),
        ]

    chain: Chain = chain_of(question, terms, edges=edges, bound=bound, notes=notes)
    return chain


def _window(question: Question, chain: Chain) -> list[Note]:
    """Which positions the first element's sum reads, axis by axis; outside the array they are padding."""
    (group,) = chain.terms
    slid_over = group.factors[_SLID_OVER[question.source.of]]
    assert isinstance(slid_over, Element)
    present = np.True_ if group.present is None else group.present[0]
    rows = [np.atleast_1d(row[0] if row.ndim == 2 else row) for row in slid_over.rows[2:]]
    rows = [
        row[np.broadcast_to(present, np.broadcast_shapes(row.shape, np.shape(present)))]
        if row.shape == np.shape(present)
        else row
        for row in rows
    ]
    if any(not len(row) for row in rows):
        return [("note.unreached", {})]
    named = zip("DHW"[-len(rows) :], rows, strict=True)
    ranges = ", ".join(f"{axis} {row.min()}…{row.max()}" for axis, row in named)
    return [("note.reads", {"array": slid_over.operand.name, "ranges": ranges})]


def _group(question: Question, op: Conv | ConvTranspose) -> list[Note]:
    """The group of channels, where there are several."""
    if op.groups == 1:
        return []
    weight, of = question.shapes[1], question.source.of
    assert weight is not None
    axis = 0 if of in ("grad_weight", "grad_bias") else 1
    second = ("output", "grad_bias") if isinstance(op, ConvTranspose) else ("grad_input",)
    per_group = weight[1] if of in second else weight[0] // op.groups
    return [("note.group", {"number": question.index[axis] // per_group, "count": op.groups})]
