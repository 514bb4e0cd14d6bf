"""What an op is: a shape rule, a forward, a gradient and the terms of any one number. Pure NumPy, float32 or wider."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.maker import Maker
from pellucid.ops.reduction import Reduction
from pellucid.ops.relation import Copies, Each, IndexPattern, Sliding
from pellucid.sizes import size_of

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Gradients: TypeAlias = tuple[Array | None, ...]
Rows: TypeAlias = tuple[NDArray[np.int64], ...]  # where elements lie: one array of integers for each axis
FUNCTION_EFFORT = 4096  # of a definition that takes a number through an elementary function: see `Op.effort`
T = TypeVar("T")


@dataclass(frozen=True)
class Terms:
    """Elements written as sums of products: for each a row of terms, in the order in which they are summed.

    All arrays broadcast to (elements, terms).

    Attributes:
        factors: the operand that each factor of a term is read from, and where. Positions outside of the operand are
            padding: zeros stand there.
        start: the operand and the positions, one for each element, that the sums begin with (a bias).
        present: which terms there are; not every element has as many. None for all.
        divisors: whole numbers that divide the terms (the sizes of the windows of averages).
        weights: numbers in float64 that multiply the terms, rounded to their type first (those of interpolation).
    """

    factors: tuple[tuple[str, Rows], ...]
    start: tuple[str, Rows] | None = None
    present: NDArray[np.bool_] | None = None
    divisors: NDArray[np.int64] | None = None
    weights: Array | None = None


class Op(Maker):
    """One operation of a network: what is true of it whatever runs it.

    Attributes:
        arguments: the names of its operands.
        variadic: whether the last of them stands for any number of operands: "inputs" for inputs[0], inputs[1], ….
        optional: arguments that may be None.
        differentiable: arguments that have a gradient.
        integers: arguments that are whole numbers.
        owned: arguments that are arrays of the model, which lie in memory in the order of parameters.
        broadcast: arguments that are repeated to the output's shape: activations, arrays of the model or numbers.
        operator: how Python writes the op, as "*".
        dtype: the output's, where it is not that of the operands.
        passes: arguments whose gradient is that of the output, unchanged, where the two have one shape.
        leaves: what a forward leaves for the backward besides statistics, in a form of the engine's.
        is_loss: whether gradients can begin at the output: without a grad_output that is 1.
        is_linear: whether gradients depend on no operand.
        selects: whether every output is one of its candidates, so that its gradient goes where it came from.
        no_place: rooms in which the op has no place, and why (see `tests/whole/test_ops_and_rooms.py`).
        keeps_positions: whether outputs lie where the inputs that they depend on do; statistics are taken as given.
    """

    arguments: ClassVar[tuple[str, ...]] = ("input",)
    variadic: ClassVar[bool] = False
    optional: ClassVar[tuple[str, ...]] = ()
    differentiable: ClassVar[tuple[str, ...]] = ("input",)
    integers: ClassVar[tuple[str, ...]] = ()
    owned: ClassVar[tuple[str, ...]] = ()
    broadcast: ClassVar[tuple[str, ...]] = ()
    operator: ClassVar[str] = ""
    dtype: ClassVar[str | None] = None
    passes: ClassVar[tuple[str, ...]] = ()
    leaves: ClassVar[tuple[str, ...]] = ()
    is_loss: ClassVar[bool] = False
    is_linear: ClassVar[bool] = False
    selects: ClassVar[bool] = False
    keeps_positions: ClassVar[bool] = False
    no_place: ClassVar[Mapping[str, str]] = {}

    @property
    def mutates(self) -> tuple[str, ...]:
        """The arguments that a forward updates in place: running statistics."""
        return ()

    @property
    def sample_axes(self) -> int | None:
        """How many axes a sample without a batch has, where the op takes one; None where it takes batches alone."""
        return None

    def reads(self, of: str) -> tuple[str, ...]:
        """The arguments that a result's elements read: of "output", "grad_<argument>" or a statistic."""
        if of == "output":
            return self.arguments
        return ("grad_output",) if self.is_linear else ("grad_output", *self.arguments)

    def statistics(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """What is computed on the way to output and gradients, always in float64, for operands of these shapes."""
        return {}

    @property
    def needs_forward(self) -> bool:
        """Whether a gradient needs what the forward left: the output, a statistic, or which candidate was selected."""
        left = {"output", *self.statistics({})}
        reads = (self.reads(f"grad_{name}") for name in self.differentiable)
        return self.selects or bool(self.leaves) or any(left & {*read} for read in reads)

    @abstractmethod
    def relation(
        self, shapes: Mapping[str, Shape], read: Callable[[str], Array]
    ) -> IndexPattern | Copies | Each:
        """Which elements of operands, of these shapes, and of results meet; `read` gives an operand by name."""

    def out_of_range(self, integers: Array, *shapes: Shape | None) -> tuple[NDArray[np.bool_], str]:
        """Which numbers of the operand in `integers` point at nothing, and the rule that they break."""
        raise NotImplementedError(f"{self.name} has no operand of whole numbers")

    def check_numbers(self, *operands: Array | None) -> None:
        """Raise for operands whose numbers point at nothing, before kernels that do not look read them."""

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction | None:
        """How elements that meet become a result's number; None where the formula is no sum or choice of them."""
        return None

    def selected(self, read: Callable[[str], Array]) -> Copies | None:
        """Where outputs come from that are selected among candidates."""
        return None

    def sliding(self, *shapes: Shape | None) -> Sliding | None:
        """The windows along spatial axes by which the output sees the input; None where there are none."""
        return None

    def mixed(self, rank: int) -> tuple[int, ...]:
        """The axes, of so many, along which every output depends on all of the input."""
        return ()

    def size_formulas(self, *shapes: Shape | None) -> tuple[str, ...]:
        """How the output's spatial sizes come about, with the numbers put in, where windows make them."""
        return ()

    def work(self, of: str, *shapes: Shape | None) -> int:
        """How many multiply–adds make the output or a gradient, those with padding included."""
        return 0

    def effort(self, *shapes: Shape | None) -> int:
        """How many products of a dense convolution take the time of this definition; 0 where kernels are no faster."""
        return 0

    def listed(self, *shapes: Shape | None) -> int:
        """How many taps a plan would list, position by position along each axis."""
        return 0

    def names(self, count: int) -> tuple[str, ...]:
        """The names of so many operands.

        Example:
            >>> from pellucid.ops.add import Add
            >>> Add().names(2)
            ('input', 'other')
        """
        if not self.variadic:
            return self.arguments[:count]
        *fixed, last = self.arguments
        return (*fixed, *(f"{last}[{i}]" for i in range(count - len(fixed))))

    def named(self, operands: Sequence[T]) -> dict[str, T]:
        """Operands by name."""
        return dict(zip(self.names(len(operands)), operands, strict=True))

    def differentiated(self, operands: Sequence[T]) -> dict[str, T]:
        """Those operands that have a gradient, by name."""
        named = self.named(operands)
        return {name: named[name] for name in self.counted(self.differentiable, named)}

    def ordered(self, named: Mapping[str, T]) -> tuple[T | None, ...]:
        """The inverse: operands in their order, None for those that are not there."""
        return tuple(named.get(name) for name in self.names(self._count(named)))

    def counted(self, arguments: Sequence[str], given: Collection[str]) -> tuple[str, ...]:
        """Those of some arguments that are given, a variadic one counted out."""
        if self.variadic and arguments[-1:] == self.arguments[-1:]:
            return (
                *super().counted(arguments[:-1], given),
                *self.names(self._count(given))[len(self.arguments) - 1 :],
            )
        return super().counted(arguments, given)

    def _count(self, given: Collection[str]) -> int:
        """How many operands there are, those that may be None included."""
        if not self.variadic:
            return len(self.arguments)
        return len(self.arguments) - 1 + sum(name.startswith(f"{self.arguments[-1]}[") for name in given)

    @abstractmethod
    def infer(self, *shapes: Shape | None) -> Shape:
        """The output's shape; every check of arguments against each other lives here."""

    @abstractmethod
    def forward(self, *operands: Any) -> Array:
        """The output, from the definition."""

    @abstractmethod
    def backward(self, grad_output: Array, *operands: Any) -> Gradients:
        """The gradients of the `differentiable` arguments, in their order (None for an absent operand)."""

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """The terms of elements of ``output`` or ``grad_<argument>``; ops that are sums of products give them.

        `at` holds an element's index in each row, `shapes` are those of the op's arguments.
        """
        raise NotImplementedError(f"{self.name} is not a sum of products")


def choices(*sizes: int) -> Rows:
    """Every combination of one number below each size, the last one changing fastest: a row of each number.

    Example:
        >>> choices(2, 3)
        (array([0, 0, 0, 1, 1, 1]), array([0, 1, 2, 0, 1, 2]))
    """
    return tuple(np.indices(sizes, np.int64).reshape(len(sizes), prod(sizes)))


def columns(at: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """The indices of elements axis by axis, shaped to meet rows of terms."""
    return tuple(at.T[:, :, None])


def alike(names: Sequence[str], shape: Shape) -> IndexPattern:
    """The pattern of arrays that meet element by element."""
    return IndexPattern(dict.fromkeys(names, ("j",)), {"j": size_of(shape)})
