"""The numbers in another shape; their row-major order stays."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.ops.base import Shape
from pellucid.ops.row_major import RowMajor
from pellucid.sizes import is_integer, size_of


@dataclass(frozen=True)
class Reshape(RowMajor):
    """The sizes; one of them may be −1, which stands for what is left."""

    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(shape=listed(self.shape))

    @property
    def name(self) -> str:
        """The op's name."""
        return "reshape"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → another one of as many numbers."""
        (input,) = shapes
        assert input is not None
        return filled(self.name, "shape", self.shape, input, input)


def listed(sizes: object) -> object:
    """A list of integers as a tuple of Python's; a single one as a tuple of one; all else as it is."""
    given = (sizes,) if is_integer(sizes) else sizes
    whole = isinstance(given, list | tuple) and all(map(is_integer, given))
    return tuple(map(int, given)) if whole else sizes  # type: ignore[call-overload]


def filled(op: str, name: str, sizes: object, axes: Shape, input: Shape) -> Shape:
    """Sizes that hold as many numbers as some axes of the input, with what is left in the place of −1.

    Raises: ArgumentError for what are no sizes, ShapeError when they hold another number.

    Example:
        >>> filled("reshape", "shape", (2, -1), (2, 3, 5), (2, 3, 5))
        (2, 15)
    """
    if (
        not isinstance(sizes, tuple)
        or not all(is_integer(s) and s >= -1 for s in sizes)
        or sizes.count(-1) > 1
    ):
        raise ArgumentError(
            op,
            say("{name} must hold integers from 0 on, and −1 once at most", name=name),
            got=f"{name}={sizes!r}",
        )
    known, total = size_of([size for size in sizes if size != -1]), size_of(axes)
    fits = known == total if -1 not in sizes else known > 0 and total % known == 0
    if not fits:
        rule = say("{name} must hold as many numbers as there are", name=name)
        where = f"input {input}" if axes == input else say("{axes} of input {input}", axes=axes, input=input)
        expected = say("{total} numbers from {where}", total=total, where=where)
        raise ShapeError(op, rule, expected=expected, got=f"{name}={sizes}")
    return tuple(total // known if size == -1 else size for size in sizes)
