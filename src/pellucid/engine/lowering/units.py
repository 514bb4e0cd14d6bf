"""Units: one float64 number for each place along the axes of a tensor that stay, and the work that makes them of it.

See `kernels/loops/over_axes.py`. How numbers are added follows from what lies side by side, by shapes alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid import batch
from pellucid.engine.loops import Work
from pellucid.engine.lowering.broadcast import five_axes, merged
from pellucid.engine.plan import CHUNKS
from pellucid.functions.sums import LANES
from pellucid.kernels.loops import over_axes as loops
from pellucid.kernels.loops import over_axes_gradient as gradient
from pellucid.kernels.loops.broadcast import Repeated, Strides
from pellucid.kernels.loops.rows import Sizes
from pellucid.ops.base import Shape
from pellucid.ops.over_axes import OverAxes
from pellucid.sizes import size_of

_LINE = 1024  # units that lie side by side and are made at a time
_LEAST = 64  # of these, where threads share a line


@dataclass(frozen=True)
class Units:
    """One float64 number for each place along the axes that stay.

    Attributes:
        sizes: N, D, H, W, C of the tensor.
        kept: of the units: 1 along the axes that go.
    """

    sizes: Sizes
    kept: Sizes

    @classmethod
    def of(cls, op: OverAxes, shape: Shape) -> Units:
        """Those that an op makes of a tensor of this shape."""
        return cls(Sizes(*five_axes(shape, 1)), Sizes(*five_axes(op.kept(shape), 1)))

    @property
    def size(self) -> int:
        """How many there are."""
        return size_of(self.kept)

    @property
    def parts(self) -> int:
        """Into how many parts of a batch sums are cut."""
        return batch.small_parts(self.sizes.images) if self.kept.images != self.sizes.images else 1

    @property
    def along(self) -> bool:
        """Whether the numbers of a unit lie side by side."""
        return self._goes[1] or (self.sizes.channels == 1 and self._goes[0])

    @property
    def _goes(self) -> tuple[bool, bool]:
        """Whether pixels go, and channels."""
        return self.kept.width != self.sizes.width, self.kept.channels != self.sizes.channels

    @property
    def width(self) -> int:
        """How many units a line has."""
        return self.kept.width * self.kept.channels

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return self.kept.images * self.kept.depth * self.kept.height

    @property
    def stretch(self) -> int:
        """How many units are made at a time: few enough that all threads have some."""
        most = _LEAST if self.along else _LINE
        shared = -(-self.width * max(1, self.lines) // CHUNKS)
        return max(1, min(self.width, most, max(_LEAST, shared)))

    @property
    def stretches(self) -> int:
        """How many stretches there are."""
        return self.lines * -(-self.width // self.stretch)

    @property
    def shares(self) -> int:
        """Into how many subtrees the parts are shared out: all apart where threads find too few stretches."""
        return 1 if self.stretches >= CHUNKS else self.parts

    @property
    def scratch(self) -> int:
        """Bytes of all sums that wait for their right halves."""
        slots = batch.depth(self.parts // self.shares) + 2
        return 8 * slots * self.stretch * (LANES if self.along else 1)

    @property
    def strides(self) -> Strides:
        """How far apart units are along the tensor's axes; 0 along those that go."""
        _, d, h, w, c = self.kept
        steps = (d * h * w * c, h * w * c, w * c, c, 1)
        return Strides(*(0 if size == 1 else step for size, step in zip(self.kept, steps, strict=True)))

    def made(self, x: Repeated, beside: Any, made: Any, setting: float = 1.0) -> Work:
        """What makes them of a tensor: all shares."""
        n, _, _, w, c = self.sizes
        goes, _ = self._goes
        per_chunk = max(1, self.stretches // CHUNKS)
        table = loops.OverAxes(
            x=x,
            sizes=self.sizes,
            kept=self.kept,
            edges=np.array(batch.edges(n, self.parts)),
            parts=self.parts,
            shares=self.shares,
            along=self.along,
            repeats=w if goes else 1,
            run=w * c if goes else c,
            width=self.width,
            stretch=self.stretch,
            per_chunk=per_chunk,
            setting=setting,
            beside=beside,
            made=made,
        )
        return Work(-(-self.stretches // per_chunk) * self.shares, table)

    def finished(
        self, made: Any, units: Any, y: Repeated | None, factor: float = 1.0, divisor: float = 1.0
    ) -> Work:
        """What adds the shares, and hands the whole out."""
        per_chunk = max(1, self.lines // CHUNKS)
        table = loops.Finish(
            kept=self.kept,
            made=made,
            shares=self.shares,
            per_chunk=per_chunk,
            factor=factor,
            divisor=divisor,
            units=units,
            keeps=units is not None,
            y=None if y is None else y.numbers,
            strides=self.strides if y is None else y.strides,
            hands_out=y is not None,
        )
        return Work(-(-self.lines // per_chunk), table)

    def shared(
        self, x: Repeated, units: Any, divisors: Any = None, factor: float = 1.0, divisor: float = 1.0
    ) -> Work:
        """What makes units of a tensor that has one number for each."""
        per_chunk = max(1, self.lines // CHUNKS)
        table = gradient.Shares(
            kept=self.kept,
            x=x,
            per_chunk=per_chunk,
            factor=factor,
            divisor=divisor,
            divisors=divisors,
            divides=divisors is not None,
            units=units,
        )
        return Work(-(-self.lines // per_chunk), table)

    def length_shares(
        self, grad_output: Repeated, lengths: Any, units: Any, exponent: float, least: float
    ) -> Work:
        """What makes units of the gradient of lengths."""
        per_chunk = max(1, self.lines // CHUNKS)
        table = gradient.LengthShares(
            kept=self.kept,
            grad_output=grad_output,
            lengths=lengths,
            per_chunk=per_chunk,
            exponent=exponent,
            least=least,
            units=units,
        )
        return Work(-(-self.lines // per_chunk), table)

    def spread(
        self, units: Any, beside: Any, x: Repeated, base: Repeated, out: Repeated, exponent: float = 0.0
    ) -> Work:
        """What gives each number of a tensor its share of a unit."""
        n, d, h, w, c = self.sizes
        by = Repeated(units, self.strides)
        w, c, (by, x, base, out) = merged(w, c, [by, x, base, out])
        per_chunk = max(1, n * d * h // CHUNKS)
        table = gradient.Spread(
            sizes=Sizes(n, d, h, w, c),
            per_chunk=per_chunk,
            units=units,
            beside=beside,
            by=by.strides,
            x=x,
            exponent=exponent,
            base=base,
            begins=base.numbers is not None,
            out=out.numbers,
            strides=out.strides,
        )
        return Work(-(-n * d * h // per_chunk), table)
