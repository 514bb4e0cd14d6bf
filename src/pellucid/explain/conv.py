"""Convolution: output, input gradient, weight gradient and bias gradient. Formulas and orders: `ops/conv.py`."""

from __future__ import annotations

from pellucid.explain.question import Question
from pellucid.explain.sums import trace_of
from pellucid.explain.trace import Trace
from pellucid.explain.winograd import error_bound
from pellucid.geometry import size_of
from pellucid.ops.base import Terms
from pellucid.ops.conv import Conv

_SLID_OVER = {
    "output": "input",
    "grad_input": "grad_output",
    "grad_weight": "input",
    "grad_bias": "grad_output",
}
_ORDER = {
    "output": "kernel positions ascending, at each the input channels ascending",
    "grad_input": "kernel positions ascending, at each the output channels ascending",
    "grad_weight": "images ascending, in each the output positions ascending",
    "grad_bias": "images ascending, in each the output positions ascending",
}

_WINOGRAD = (
    "computed by Winograd's algorithm, which adds the same products up in another way: the bound is the algorithm's, "
    "and there is no replay"
)


def explain_conv(question: Question) -> Trace:
    """One element of a convolution's results. The products with padding are replayed, too."""
    op, of = question.node.op, question.of
    assert isinstance(op, Conv)
    reads = op.reads(of, question.index, *question.shapes)
    per_part = None
    if of in ("grad_weight", "grad_bias") and question.per_part is not None:
        per_part = question.per_part * size_of(question.node.output.shape[2:])
    notes = [_window(question, reads), *_group(question, op)]
    if question.winograd is None or of == "grad_bias":
        order = _ORDER[of]
        return trace_of(
            question, reads, formula=question.formula, notes=notes, order=order, per_part=per_part
        )
    return trace_of(
        question, reads, formula=question.formula, notes=[*notes, _WINOGRAD], bound=error_bound(question)
    )


def _window(question: Question, reads: Terms) -> str:
    """Which positions the sum reads, axis by axis; outside the array they are padding."""
    name = _SLID_OVER[question.of]
    rows = dict(reads.factors)[name][:, 2:]
    if not len(rows):
        return "no window reaches this element"
    ranges = zip("DHW"[-rows.shape[1] :], rows.min(axis=0), rows.max(axis=0), strict=True)
    return f"reads {question.operand(name).name} at " + ", ".join(f"{a} {lo}…{hi}" for a, lo, hi in ranges)


def _group(question: Question, op: Conv) -> list[str]:
    """The group of channels, where there are several."""
    if op.groups == 1:
        return []
    weight, of = question.shapes[1], question.of
    assert weight is not None
    axis = 0 if of in ("grad_weight", "grad_bias") else 1
    per_group = weight[1] if of == "grad_input" else weight[0] // op.groups
    return [f"group {question.index[axis] // per_group} of {op.groups}"]
