"""The one relation behind convolution and pooling: which input position meets which output and kernel position.

    i = y·stride + k·dilation − padding          0 ≤ k < kernel,   0 ≤ i < input

Output sizes, the taps of an output element, the inverse map (which outputs an input reaches) and the tables that
kernels walk are all readings of it, axis by axis. Nothing outside this file solves it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, floor, gcd
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.derived import derived
from pellucid.errors import ShapeError, say
from pellucid.sizes import Index, size_of

Where: TypeAlias = tuple[Any, ...]  # what indexes an array along its spatial axes: integers or slices
Meeting: TypeAlias = dict[str, slice]  # outputs "y", kernel positions "k" and input positions "i" that meet


@dataclass(frozen=True)
class Axis:
    """The relation along one axis.

    Example:
        >>> axis = Axis(input=28, kernel=3)
        >>> axis.output, axis.formula
        (26, 'floor((28 + 2·0 − 1·(3−1) − 1)/1) + 1 = 26')
        >>> Axis(input=5, kernel=3, stride=2, before=1, after=1).taps(0)   # (k, i): k = 0 meets padding
        ((1, 0), (2, 1))
    """

    input: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    ceil_mode: bool = False

    @property
    def extent(self) -> int:
        """How many input positions one window spans: dilation·(kernel−1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    @derived
    def output(self) -> int:
        """How many windows fit. In ceil mode the last one may overhang, but must start inside input or padding."""
        if not self.ceil_mode:
            return floor(self._free / self.stride) + 1
        count = self._overhanging
        return count - 1 if (count - 1) * self.stride >= self.input + self.before else count

    @property
    def _free(self) -> int:
        """How far the first window can move."""
        return self.input + self.before + self.after - self.extent

    @property
    def _overhanging(self) -> int:
        """How many windows there are when the last one may start anywhere."""
        return ceil(self._free / self.stride) + 1

    @property
    def formula(self) -> str:
        """The output size with its numbers put in; − 1 for a last window that would start behind input and padding.

        Example:
            >>> Axis(input=3, kernel=2, stride=3, ceil_mode=True).formula
            'ceil((3 + 2·0 − 1·(2−1) − 1)/3) + 1 − 1 = 1'
        """
        padding = f"2·{self.before}" if self.before == self.after else f"{self.before} + {self.after}"
        rounding = "ceil" if self.ceil_mode else "floor"
        inner = f"{self.input} + {padding} − {self.dilation}·({self.kernel}−1) − 1"
        left_out = " − 1" if self.ceil_mode and self.output < self._overhanging else ""
        return f"{rounding}(({inner})/{self.stride}) + 1{left_out} = {self.output}"

    @property
    def padded_formula(self) -> str:
        """The size with its padding, which may be negative, and nothing sliding over it.

        Example:
            >>> Axis(input=9, kernel=1, before=3, after=-1).padded_formula
            '9 + 3 − 1 = 11'
        """
        widths = "".join(f" {'−' if width < 0 else '+'} {abs(width)}" for width in (self.before, self.after))
        return f"{self.input}{widths} = {self.output}"

    @property
    def input_formula(self) -> str:
        """The input size as the output of the relation read backwards, a transposed convolution, with its numbers.

        Example:
            >>> Axis(input=8, kernel=3, stride=2, before=1, after=0).input_formula   # output_padding 1
            '(4 − 1)·2 − 2·1 + 1·(3−1) + 1 + 1 = 8'
        """
        more = max(0, self.before - self.after)  # output_padding, unless padding itself is asymmetric
        even = self.before == self.after + more
        padding = f"2·{self.before}" if even else f"({self.before} + {self.after})"
        inner = f"({self.output} − 1)·{self.stride} − {padding} + {self.dilation}·({self.kernel}−1)"
        return f"{inner} + {more} + 1 = {self.input}" if more else f"{inner} + 1 = {self.input}"

    def position(self, y: Any, k: Any) -> Any:
        """The input position that output `y` meets at kernel position `k`; outside 0…input−1 it is padding.

        Whole numbers, or arrays of them.
        """
        return y * self.stride + k * self.dilation - self.before

    def taps(self, y: int) -> tuple[tuple[int, int], ...]:
        """The pairs (k, i) that output `y` reads, padding left out, k ascending."""
        pairs = ((k, self.position(y, k)) for k in range(self.kernel))
        return tuple((k, i) for k, i in pairs if 0 <= i < self.input)

    def sources(self, i: int) -> tuple[tuple[int, int], ...]:
        """The inverse: the pairs (y, k) whose window holds input position `i`, k ascending."""
        pairs = ((i + self.before - k * self.dilation, k) for k in range(self.kernel))
        return tuple(
            (shift // self.stride, k)
            for shift, k in pairs
            if shift % self.stride == 0 and 0 <= shift // self.stride < self.output
        )

    def holding(self, i: int) -> range:
        """The output positions whose windows hold input position `i`, ascending, were there no borders.

        That is y = (i + padding − k·dilation)/stride for every stride/g-th k, g = gcd(stride, dilation); none where
        i + padding is no multiple of g, or where the first such k lies behind the kernel.

        Example:
            >>> Axis(input=8, kernel=4, stride=2, before=1, after=1).holding(2)
            range(0, 2)
            >>> Axis(input=12, kernel=4, stride=2, dilation=3, before=2, after=2).holding(4)  # k = 0 and 2
            range(0, 4, 3)
        """
        shared, shift = gcd(self.stride, self.dilation), i + self.before
        every, apart = self.stride // shared, self.dilation // shared
        first = shift // shared * pow(apart, -1, every) % every
        taps = range(first, self.kernel, every)
        if shift % shared or not taps:
            return range(0)
        return range(
            (shift - taps[-1] * self.dilation) // self.stride,
            (shift - first * self.dilation) // self.stride + 1,
            apart,
        )

    @derived
    def meetings(self) -> tuple[Meeting, ...]:
        """For each kernel position that meets the input at all: the outputs there and, side by side, their inputs.

        Example:
            >>> Axis(input=5, kernel=3, stride=2, before=1, after=1).meetings[0]
            {'y': slice(1, 3, None), 'k': slice(0, 1, None), 'i': slice(1, 4, 2)}
        """
        found = []
        for k in range(self.kernel):
            shift = self.position(0, k)  # input = y·stride + shift
            first = max(0, -(shift // self.stride))
            last = min(self.output - 1, (self.input - 1 - shift) // self.stride)
            if first <= last:
                begin, end = self.position(first, k), self.position(last, k)
                found.append(
                    {
                        "y": slice(first, last + 1),
                        "k": slice(k, k + 1),
                        "i": slice(begin, end + 1, self.stride),
                    }
                )
        return tuple(found)

    @derived
    def table(self) -> NDArray[np.int64]:
        """For kernels, one row per output position: start (y·stride − padding), first and past-the-last valid k."""
        start = np.arange(self.output, dtype=np.int64) * self.stride - self.before
        first = np.clip(-(start // self.dilation), 0, self.kernel)
        stop = np.clip(-((start - self.input) // self.dilation), 0, self.kernel)
        return np.stack([start, first, np.maximum(first, stop)], axis=1)


def skips_padding(axes: Sequence[Axis]) -> bool:
    """Whether an input gradient leaves out what it would multiply with padding along its last axis.

    It does where that is a fifth of all products or more, and where there are lines enough across that axis to work
    on side by side.

    Example:
        >>> skips_padding([Axis(14, 5), Axis(14, 5)]), skips_padding([Axis(14, 5, before=2, after=2)] * 2)
        (True, False)
    """
    *across, along = axes
    if along.stride > 1 or size_of([axis.input for axis in across]) < 8:
        return False
    met = sum(len(along.sources(i)) for i in range(along.input))
    return 5 * met <= 4 * along.input * along.kernel


@dataclass(frozen=True)
class Geometry:
    """The relation along every spatial axis at once."""

    axes: tuple[Axis, ...]

    @property
    def input(self) -> Index:
        """Input sizes."""
        return tuple(axis.input for axis in self.axes)

    @property
    def kernel(self) -> Index:
        """Window sizes."""
        return tuple(axis.kernel for axis in self.axes)

    @property
    def output(self) -> Index:
        """Output sizes."""
        return tuple(axis.output for axis in self.axes)

    @property
    def padded(self) -> tuple[tuple[int, int], ...]:
        """Zeros that the windows really read before and after the input, axis by axis."""
        return tuple(
            (a.before, max(0, (a.output - 1) * a.stride + a.extent - a.before - a.input)) for a in self.axes
        )

    def taps(self, output: Index) -> Iterator[tuple[Index, Index]]:
        """The pairs (kernel index, input index) that one output element reads, in row-major kernel order."""
        for pairs in product(*(axis.taps(y) for axis, y in zip(self.axes, output, strict=True))):
            yield tuple(k for k, _ in pairs), tuple(i for _, i in pairs)

    def sources(self, position: Index) -> Iterator[tuple[Index, Index]]:
        """The pairs (output index, kernel index) whose windows hold one input element, in row-major kernel order."""
        for pairs in product(*(axis.sources(i) for axis, i in zip(self.axes, position, strict=True))):
            yield tuple(y for y, _ in pairs), tuple(k for _, k in pairs)

    @property
    def inside(self) -> Where:
        """The slices of the *padded* input that hold the input itself."""
        return tuple(slice(a.before, a.before + a.input) for a in self.axes)

    def kernel_slices(self) -> Iterator[tuple[Where, Where]]:
        """Each kernel position with the slices of the *padded* input that it meets over all outputs at once."""
        for k in np.ndindex(*self.kernel):
            yield (
                tuple(int(j) for j in k),
                tuple(
                    slice(j * a.dilation, j * a.dilation + (a.output - 1) * a.stride + 1, a.stride)
                    for j, a in zip(k, self.axes, strict=True)
                ),
            )


def window(
    op: str,
    input: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    ceil_mode: bool = False,
) -> Geometry:
    """Check that windows of these sizes fit the input, and return their geometry.

    Raises: ShapeError when a window is larger than the padded input and ceil mode does not let it overhang.

    Example:
        >>> window("conv2d", (5, 7), (3, 3), (1, 2), ((0, 0), (1, 1)), (1, 1)).output
        (3, 4)
    """
    axes = tuple(
        Axis(i, k, s, d, lo, hi, ceil_mode)
        for i, k, s, (lo, hi), d in zip(input, kernel, stride, padding, dilation, strict=True)
    )
    for axis, name in zip(axes, "DHW"[-len(axes) :], strict=True):
        room = axis.input + axis.before + axis.after
        if axis.input > 0 and axis.output < 1:
            raise ShapeError(
                op,
                "the window must not be larger than the padded input",
                expected=say("at most {room} positions along {name}", room=room, name=name),
                got=say(
                    "{extent} (kernel {kernel}, dilation {dilation}) on input {input} with padding {before}+{after}",
                    extent=axis.extent,
                    kernel=axis.kernel,
                    dilation=axis.dilation,
                    input=axis.input,
                    before=axis.before,
                    after=axis.after,
                ),
                hint="use a smaller kernel_size or more padding",
            )
        if axis.input == 0:
            raise ShapeError(
                op, "spatial sizes must be positive", got=say("input sizes {sizes}", sizes=tuple(input))
            )
    return Geometry(axes)
