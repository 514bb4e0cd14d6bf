"""What ops share that split axes up and put the parts together in another order."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.ops.base import Shape
from pellucid.ops.rearranging import linked
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.sizes import is_integer


def factor(op: str, name: str, value: int) -> int:
    """A setting that is an integer from 1 on.

    Raises: ArgumentError for anything else.
    """
    if not is_integer(value) or value < 1:
        raise ArgumentError(
            op, say("{name} must be an integer from 1 on", name=name), got=f"{name}={value!r}"
        )
    return value


def ranked(op: str, input: Shape, least: int) -> Shape:
    """The axes in front of channels and positions.

    Raises: ShapeError where there are not so many axes.
    """
    if len(input) < least:
        rule = say("input must have at least {least} axes", least=least)
        raise ShapeError(op, rule, got=f"input {input}")
    return input[:-3]


def shuffled(sizes: Sequence[tuple[str, int]], input: str, output: str) -> IndexPattern:
    """A pattern of labels with these sizes, in the order of the input and in that of the output.

    Example:
        >>> shuffled([("g", 2), ("c", 3)], "g c", "c g").labels["output"]
        ('c', 'g')
    """
    labels: list[Labels] = [tuple(order.split()) for order in (input, output)]
    return linked(dict(sizes), (), *labels)
