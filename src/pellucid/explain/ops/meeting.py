"""Functions of several numbers: the definition's own text once more, as for curves (`explain/ops/curve.py`).

output     = f(input, other, …)                     one term
grad_other = grad_output·∂f/∂other                  one term, after what the gradient had grown to
grad_other = Σ grad_output·∂f/∂other                where the operand is repeated: a chain of the rounded contributions
"""

from __future__ import annotations

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.chain import Chain
from pellucid.explain.accounts.enclosed import Enclosed, normal
from pellucid.explain.accounts.enclosures import Enclosures
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    defined,
    first_of,
    grown,
    grown_notes,
    grown_replay,
    grown_terms,
)
from pellucid.explain.ops.arithmetic import summed
from pellucid.explain.ops.curve import settings
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Question
from pellucid.ops.base import Array, Rows, columns
from pellucid.ops.meeting import Meeting


@explains(Meeting)
def explain_meeting(question: Question) -> Formula | Chain:
    """Elements of the output, or of the gradient of an operand."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, Meeting)
    argument = of.removeprefix("grad_")
    if of != "output" and op.repeats(argument, *question.shapes):
        return _chain(question, op, argument)
    read = _read(question, op, columns(question.at) if of == "output" else _met(question, op, argument))
    return account(question, op, of, read)


def account(question: Question, op: Meeting, of: str, read: list[Element]) -> Formula:
    """Elements that are made of one number of each array that is read."""
    numbers = [_wide(element, (len(question.at), 1)) for element in read]
    points, a = [Enclosed.of(normal(some)) for some in numbers], Enclosures(8 * question.dtype.itemsize)
    with np.errstate(all="ignore"):
        result = Enclosed.of(op.made(of, a, *points))
        replay = again(lambda: grown_replay(question, op.evaluated(of, *numbers)[:, 0]))
        # whether a number that is passed on stays denormal is the processor's affair
        plain = [((some == normal(some)) | np.isnan(some))[:, 0] for some in numbers]
        replay = np.where(np.all(plain, axis=0), replay, question.value)
        if of == "output":
            others = ", ".join(first_of(element)["address"] for element in read[1:])
            group = Group((Image(read[0].operand, read[0].rows, op.name, result.value, lambda _: others),))
        else:
            slope = np.broadcast_to(Enclosed.of(op.made(of, a, 1.0, *points[1:])).value, result.value.shape)
            present = (slope != 0) | np.isfinite(numbers[0]) | np.isnan(result.value)
            group = Group((read[0], Quantity(_slope(op, of), slope)), present)
        result = grown(question, result.rounded(question.dtype)[:, 0])

    def notes() -> list[Note]:
        return [*_said(question, op, read), *grown_notes(question)]

    return Formula((*grown_terms(question), group), result, replay, notes=notes)


def _chain(question: Question, op: Meeting, argument: str) -> Chain:
    """The sum of what each output contributes, each contribution rounded."""
    of, read = question.source.of, _read(question, op, _met(question, op, argument))
    shape = np.broadcast_shapes((len(question.at), 1), *(element.shape for element in read))
    numbers = [_wide(element, shape) for element in read]
    share = again(lambda: op.evaluated(of, *numbers))
    grad = read[0]
    factor = Image(
        grad.operand, tuple(np.broadcast_to(row, shape) for row in grad.rows), f"{_slope(op, of)}·", share
    )
    so_far = "gradient so far + " if question.base is not None else ""
    formula = f"{of} = {so_far}grad_output·{_slope(op, of)}"
    definition = question.source.op.formula(of, question.has).partition("grad_output·")[2]
    note: Note = "note.where", {"definition": f"{_slope(op, of)} = {definition}"}
    return summed(question, op, (factor,), formula, [note])


def _read(question: Question, op: Meeting, rows: Rows) -> list[Element]:
    """What outputs at these places, or gradients there, are made of."""
    named = op.named(question.shapes)
    found = []
    for name in op.reads(question.source.of):
        place = rows if name == "grad_output" else op.place(rows, name, named[name])
        found.append(Element(question.operand(name), place))
    return found


def _slope(op: Meeting, of: str) -> str:
    """What the slope is called that makes a gradient."""
    return op.symbols.get(of, f"{op.name}′")


def _met(question: Question, op: Meeting, argument: str) -> Rows:
    return op.met_by(question.at, argument, *question.shapes)


def _wide(element: Element, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(element.gathered()[1], shape)


def _said(question: Question, op: Meeting, read: list[Element]) -> list[Note]:
    """The numbers that are read, by their addresses, and the settings."""
    found = [first_of(element) for element in read]
    numbers = ["{address} = {value}".format(**one) for one in found if one["address"] != one["value"]]
    rounded = "note.rounded_once" if question.dtype == np.float32 else "note.float64"
    return [defined(*settings(op, question.dtype), *numbers), (rounded, {})]
