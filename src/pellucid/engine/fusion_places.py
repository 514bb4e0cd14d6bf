"""Tensors that lie inside others: what is concatenated is made in its place, its gradient and slices are read there.

The parts of a concatenation, and slices, are channels, or images, of the whole; between pixels of a part lie the other
parts'. So who makes a part and all who read it must take tensors whose pixels lie apart (`registry.takes_strided`).
"""

from __future__ import annotations

from dataclasses import replace

from pellucid.engine.fusion import Fusing
from pellucid.engine.graph import Symbol
from pellucid.engine.lowering.rearranging import pattern_of, place
from pellucid.engine.lowering.registry import takes_strided
from pellucid.engine.steps import Step, Within
from pellucid.ops.cat import Cat
from pellucid.ops.rearranging import runs_of


def cat_behind(fusing: Fusing, step: Step) -> Step | None:
    """A concatenation in which what the step leaves can be made, if all who read it can read it there."""
    output, readers = step.output, fusing.readers(step.output, "forward")
    cat = next((one for one in readers if isinstance(one.op, Cat)), None)
    if (
        cat is None
        or output in fusing.steps.graph.outputs
        or output in fusing.within
        or not _places_pixels(cat)
    ):
        return None
    return cat if _taken_apart(fusing, output, (step, "output")) else None


def made_in_place(fusing: Fusing, step: Step, cat: Step, rule: str) -> None:
    """What the step leaves lies in the concatenation; of several places there, the first one."""
    name = next(name for name, symbol in cat.reads.items() if symbol is step.output)
    fusing.within[step.output] = Within(cat.output, *place(cat, name))
    fusing.put(step, replace(step, rules=(*step.rules, rule)))


def _places_pixels(cat: Step) -> bool:
    """Whether a concatenation puts whole images, or channels of pixels, side by side; loops walk two axes of these."""
    axis, _ = place(cat, next(iter(cat.node.named)))
    return axis < 2 and cat.node.output.ndim <= 4


def _taken_apart(fusing: Fusing, symbol: Symbol, maker: tuple[Step, str]) -> bool:
    """Whether the pixels of a tensor may lie apart, for who makes it and for all who read it."""
    readers = fusing.roles.get(fusing.steps.true(symbol), ())
    return all(takes_strided(step, role, fusing.setting) for step, role in (maker, *readers))


def _parts_read(fusing: Fusing, step: Step) -> list[str]:
    """The gradients of a concatenation's operands that all who read them can read in the output's."""
    roles = [role for role in step.makes if role not in step.bases] if _places_pixels(step) else []
    return [role for role in roles if _taken_apart(fusing, step.makes[role], (step, role))]


def has_parts(fusing: Fusing, step: Step) -> Step | None:
    """The concatenation itself, which takes in nothing."""
    return step if _parts_read(fusing, step) else None


def left_in_place(fusing: Fusing, step: Step, cat: Step, rule: str) -> None:
    """These gradients are parts of the output's."""
    for role in _parts_read(fusing, cat):
        part = Within(step.reads["grad_output"], *place(step, role.removeprefix("grad_")))
        fusing.within[step.makes[role]] = part
    fusing.put(step, replace(step, rules=(*step.rules, rule)))


def is_stretch(fusing: Fusing, step: Step) -> Step | None:
    """The slice itself, if all who read it can read it in the whole; it takes in nothing."""
    output = step.output
    if output in fusing.steps.graph.outputs or _stretch(step) is None:
        return None
    return step if _taken_apart(fusing, output, (step, "output")) else None


def read_in_place(fusing: Fusing, step: Step, slice_: Step, rule: str) -> None:
    """The slice lies in what it is one of."""
    axis, start = _stretch(slice_) or (0, 0)
    fusing.within[step.output] = Within(step.reads["input"], axis, start)
    fusing.put(step, replace(step, rules=(*step.rules, rule)))


def _stretch(step: Step) -> tuple[int, int] | None:
    """Along which axis a slice takes neighbouring images or channels, and the first of them; None for other slices."""
    pattern, rank = pattern_of(step, "input"), step.output.ndim
    input, output = pattern.labels["input"], pattern.labels["output"]
    if not rank == len(input) == len(output) <= 4 or len(pattern.links) != 1 or 0 in step.output.shape:
        return None
    axis, (run,) = output.index("y0"), runs_of(pattern, "y0")
    if axis > 1 or run is None or run.step != 1 or input[axis] != "i0":
        return None
    return axis, run.i
