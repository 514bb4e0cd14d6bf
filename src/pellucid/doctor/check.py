"""Check a backward function against its forward function."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pellucid import memory
from pellucid.doctor.case import Case, along, look, parts
from pellucid.doctor.diagnosis import diagnose, diagnose_shape
from pellucid.doctor.dice import Dice
from pellucid.doctor.findings import Diagnosis, InputCheck, WrongElement
from pellucid.doctor.layer import WHERE, Array, Arrays, Layer, read
from pellucid.doctor.report import GradientReport
from pellucid.doctor.slopes import Floats, Point, settle
from pellucid.doctor.terms import terms
from pellucid.errors import ArgumentError, say
from pellucid.language import Message, chosen
from pellucid.seeds import check_seed
from pellucid.sizes import is_integer


@memory.enough(WHERE)
def check_gradient(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    inputs: Sequence[Any] | Mapping[str, Any],
    *,
    seed: int = 0,
    lang: str | None = None,
    max_elements: int = 1000,
) -> GradientReport:
    """Check the gradients of a layer of your own, and say which usual mistake is in them.

        ⟨grad_input, v⟩ = ⟨grad_output, (forward(input + h·v) − forward(input − h·v)) / 2h⟩

    holds for every direction v. For each input a random direction is tried in float64, and further ones that share its
    elements out: up to 128 elements each by itself, more in 32 parts. Differences of 10⁻⁸ of the terms count
    as rounding (10⁻⁶ where forward or backward compute in float32). Where the two sides differ, every element is
    compared with its own difference, and the wrong gradient with what each usual mistake would give.

    Args:
        forward: `forward(*inputs)` gives the output, an array of any shape.
        backward: `backward(grad_output, *inputs)` gives the gradients: an array for one input, or a tuple, list or
            dictionary with one for each, of its input's shape; None for an input without gradient. Integer inputs may
            be left out. It is called right after forward, so a layer may remember its input.
        inputs: the arrays, as a tuple, a list, or a dictionary that names them in forward's order. Random numbers show
            most. Floating ones are taken in float64 and differentiated, others are handed on as they are.
        seed: for the directions and grad_output.
        lang: "en" or "ko"; else what the environment's `PELLUCID_LANG` says, else English.
        max_elements: a gradient with more elements is compared in a few wrong places only, and for most mistakes not
            diagnosed.

    Raises:
        ArgumentError: when something is not a function, array or number as it should be; when forward or backward
            changes its arguments, gives other numbers at every call, or numbers that are not finite.

    Example:
        >>> import numpy as np
        >>> def forward(x, weight):
        ...     return x @ weight.T
        >>> def backward(grad_output, x, weight):
        ...     return grad_output @ weight, grad_output.T @ x / len(x)
        >>> rng = np.random.default_rng(0)
        >>> report = check_gradient(forward, backward, (rng.normal(size=(4, 3)), rng.normal(size=(2, 3))))
        >>> report.ok, [(diagnosis.input, diagnosis.kind) for diagnosis in report.diagnoses]
        (False, [('weight', 'mean_instead_of_sum')])
    """
    lang = chosen(lang)
    seed = check_seed(WHERE, seed)
    if not is_integer(max_elements) or max_elements < 1:
        rule = "max_elements must be an integer, 1 or more"
        raise ArgumentError(WHERE, rule, got=f"max_elements={max_elements!r}")
    layer, arrays = read(forward, backward, inputs)
    dice = Dice(seed)
    point, slopes = settle(layer, arrays, _wanted(layer, arrays), dice)
    gradients = _gradients(point)
    doctor = _Doctor(point, max_elements, lang, dice)
    visits = [doctor.visit(i, gradients[i], slopes[i][0]) for i in slopes]
    return GradientReport(
        ok=all(visit.check.ok for visit in visits),
        checks=tuple(visit.check for visit in visits),
        diagnoses=tuple(diagnosis for visit in visits for diagnosis in visit.diagnoses),
        wrong=tuple(element for visit in visits for element in visit.wrong),
        notes=tuple(note.said(lang) for note in _notes(point, gradients, visits)),
        lang=lang,
    )


@dataclass(frozen=True)
class _Visit:
    """What was found for one input."""

    check: InputCheck
    diagnoses: tuple[Diagnosis, ...] = ()
    wrong: tuple[WrongElement, ...] = ()
    whole: bool = True
    rough: bool = False


def _wanted(layer: Layer, arrays: Arrays) -> list[int]:
    """The inputs for which backward gives a gradient."""
    floating = [i for i, array in enumerate(arrays) if array.dtype.kind == "f" and array.size]
    gradients = layer.gradients(np.ones(layer.output(arrays).shape), arrays)
    wanted = [i for i in floating if gradients[i] is not None]
    if not wanted:
        raise ArgumentError(
            WHERE,
            "backward must return a gradient for an input with floating numbers",
            got=say("None for {names}", names=", ".join(layer.names[i] for i in floating)),
        )
    return wanted


def _gradients(point: Point) -> list[Array | None]:
    """Backward's gradients, the same at every call."""
    layer = point.layer
    first, second = (layer.gradients(point.grad_output, point.inputs) for _ in range(2))
    for name, a, b in zip(layer.names, first, second, strict=True):
        if not np.array_equal(_float64(a), _float64(b), equal_nan=True):
            raise ArgumentError(
                WHERE,
                "backward must return the same numbers for the same arguments",
                got=say("two different gradients for {name}", name=name),
                hint="start each call from zeros, not from what the last one left",
            )
    return first


def _float64(gradient: Array | None) -> Floats:
    """A gradient in float64; an empty array where there is none."""
    return np.empty(0) if gradient is None else gradient.astype(np.float64)


@dataclass(frozen=True)
class _Doctor:
    """Who visits one input after the other."""

    point: Point
    most: int
    lang: str
    dice: Dice

    def visit(self, i: int, returned: Array | None, direction: Array) -> _Visit:
        """Check one input's gradient along directions, and look closer if it is wrong."""
        name, shape = self.point.layer.names[i], self.point.inputs[i].shape
        gradient = _float64(returned)
        fine = self.point.fine and returned is not None and returned.dtype != np.float32
        fits = gradient.shape == shape
        placed = gradient if fits else np.full(shape, np.nan)
        directions = [direction, *(parts(self.point, i, self.dice) if fits else ())]
        compared = (along(self.point, i, placed, one, fine) for one in directions)
        first = next(compared)
        worst = first if not first.ok else next((one for one in compared if not one.ok), first)
        check = InputCheck(
            *(name, shape, worst.ok, worst.got, worst.expected, worst.tolerance), directions=len(directions)
        )
        if worst.ok:
            return _Visit(check)
        case = look(self.point, i, placed, worst.error, self.most, self.dice, fine)
        if not fits:
            return _Visit(check, (diagnose_shape(case, gradient, self.lang),))
        wrong = tuple(_element(case, int(row)) for row in np.flatnonzero(case.wrong))
        diagnoses = tuple(diagnose(case, self.lang)) if wrong else ()
        rough = case.whole and not wrong and bool(case.judged.all())  # each element is right to a millionth
        check = replace(check, ok=rough, compared=len(case.positions), wrong=len(wrong))
        return _Visit(check, diagnoses, wrong, case.whole, rough)


def _element(case: Case, row: int) -> WrongElement:
    """A wrong element with its terms."""
    return WrongElement(
        input=case.name,
        index=case.index(row),
        got=float(case.got[row]) + 0.0,  # no −0
        expected=float(case.expected[row]) + 0.0,
        terms=terms(case.point, case.i, int(case.positions[row]), case.jacobian[row]),
    )


def _notes(point: Point, gradients: list[Array | None], visits: list[_Visit]) -> list[Message]:
    """What else there is to know."""
    names, notes = point.layer.names, []
    for name, array, gradient in zip(names, point.inputs, gradients, strict=True):
        if array.dtype.kind != "f":
            notes.append(Message("doctor.integer_input", name=name, dtype=array.dtype))
        elif gradient is None:
            notes.append(Message("doctor.no_gradient", name=name))
        elif array.size > 1 and (array == array.flat[0]).all():
            notes.append(Message("doctor.one_number", name=name))
    if point.moved:
        notes.append(Message("doctor.moved", names=", ".join(point.moved)))
    found = {diagnosis.input for visit in visits for diagnosis in visit.diagnoses}
    for visit in visits:
        name, size = visit.check.input, math.prod(visit.check.shape)
        if visit.check.ok and not visit.rough and size >= visit.check.directions:
            shared = -(-size // (visit.check.directions - 1))
            notes.append(Message("doctor.shared", name=name, count=visit.check.directions - 1, shared=shared))
        if visit.rough:
            notes.append(Message("doctor.rough", name=name))
        elif not visit.whole:
            notes.append(Message("doctor.too_large", name=name, compared=visit.check.compared))
        elif not visit.check.ok and name not in found:
            notes.append(Message("doctor.no_usual_mistake", name=name))
    return notes
