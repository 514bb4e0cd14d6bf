"""What of each axis of a tensor an op takes: runs of positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pellucid.ops.rearranging import linked
from pellucid.ops.relation import IndexPattern, Run, Runs


class Part(NamedTuple):
    """An axis's size, and the positions that are taken."""

    size: int
    run: Run


def sliced(parts: Sequence[Part]) -> IndexPattern:
    """The pattern of an op that takes a run of every axis.

    Example:
        >>> sliced([Part(4, Run(0, 0, 4)), Part(9, Run(0, 1, 3, 2))]).labels["output"]
        ('a0', 'y0')
    """
    sizes, links, input, output = dict[str, int](), list[Runs](), list[str](), list[str]()
    for d, (size, run) in enumerate(parts):
        if run == Run(0, 0, size):
            input.append(f"a{d}")
            output.append(f"a{d}")
            sizes[f"a{d}"] = size
        else:
            i, y = (f"{kind}{len(links)}" for kind in "iy")
            input.append(i)
            output.append(y)
            sizes |= {i: size, y: run.length}
            links.append(Runs((run,) if run.length else ()))
    return linked(sizes, links, tuple(input), tuple(output))
