"""Padding layers: wider axes, or with negative widths narrower ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

from pellucid import functional as F
from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.nn.layer import Layer
from pellucid.ops.checks import number
from pellucid.sizes import is_integer

Widths: TypeAlias = int | Sequence[int]  # one for all, or (before, after) of each axis, the last axis first


class _Pad(Layer):
    """Padding of `dims` spatial axes."""

    dims: ClassVar[int]
    mode: ClassVar[str]
    value: float | None = None

    def __init__(self, padding: Widths) -> None:
        widths = tuple(padding) if isinstance(padding, Sequence) else (padding,) * (2 * self.dims)
        if len(widths) != 2 * self.dims or not all(map(is_integer, widths)):
            raise ArgumentError(
                type(self).__name__,
                "padding must be an integer, or (before, after) of each axis, the last axis first",
                expected=say("{count} integers", count=2 * self.dims),
                got=f"padding={padding!r}",
            )
        self.padding = tuple(int(width) for width in widths)

    def forward(self, input: Any) -> Any:
        """(N,C,…) → (N,C,…)."""
        if input.ndim != self.dims + 2:
            rule = say("input must have {rank} axes", rank=self.dims + 2)
            raise ShapeError(type(self).__name__, rule, got=f"input {input.shape}")
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Widths, value: float) -> None:
        super().__init__(padding)
        number(type(self).__name__, "value", value, "[-inf, inf]")
        self.value = value

    def extra_repr(self) -> str:
        """The widths and what stands there."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Widths) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _ReflectionPad(_Pad):
    mode = "reflect"


class _ReplicationPad(_Pad):
    mode = "replicate"


class _CircularPad(_Pad):
    mode = "circular"


class ConstantPad1d(_ConstantPad):
    """A constant before and behind each row: (N,C,W) → (N,C,Wo). Settings as those of `ConstantPad2d`."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """A constant around each image.

    Shapes: (N,C,H,W) → (N,C,H+top+bottom,W+left+right).

    Args:
        padding: (left, right, top, bottom), or one number for all; a negative width crops.
        value: what stands there.

    Raises: ArgumentError for a setting of another kind; ShapeError for an input of another rank, or when more is
        cropped than there is.

    Example:
        >>> import numpy as np
        >>> ConstantPad2d((1, 0, 0, 1), 9.0)(np.array([[[[1.0, 2.0]]]]))
        array([[[[9., 1., 2.],
                 [9., 9., 9.]]]])
    """

    dims = 2


class ConstantPad3d(_ConstantPad):
    """A constant around each volume: (N,C,D,H,W) → (N,C,Do,Ho,Wo). Settings as those of `ConstantPad2d`."""

    dims = 3


class ZeroPad1d(_ZeroPad):
    """Zeros before and behind each row: (N,C,W) → (N,C,Wo). Settings as those of `ConstantPad2d`."""

    dims = 1


class ZeroPad2d(_ZeroPad):
    """Zeros around each image: (N,C,H,W) → (N,C,Ho,Wo). Settings as those of `ConstantPad2d`."""

    dims = 2


class ZeroPad3d(_ZeroPad):
    """Zeros around each volume: (N,C,D,H,W) → (N,C,Do,Ho,Wo). Settings as those of `ConstantPad2d`."""

    dims = 3


class ReflectionPad1d(_ReflectionPad):
    """Each row mirrored at its first and its last element: (N,C,W) → (N,C,Wo). Settings as `ReflectionPad2d`."""

    dims = 1


class ReflectionPad2d(_ReflectionPad):
    """Each image mirrored at its border elements, which are not repeated.

    Shapes: (N,C,H,W) → (N,C,H+top+bottom,W+left+right).

    Args:
        padding: (left, right, top, bottom), or one number for all, less than the axis is long; a negative width crops.

    Raises: ArgumentError for a width that the input cannot fill; ShapeError for an input of another rank.

    Example:
        >>> import numpy as np
        >>> ReflectionPad2d((2, 1, 0, 0))(np.array([[[[1.0, 2.0, 3.0]]]]))
        array([[[[3., 2., 1., 2., 3., 2.]]]])
    """

    dims = 2


class ReflectionPad3d(_ReflectionPad):
    """Each volume mirrored at its border elements: (N,C,D,H,W) → (N,C,Do,Ho,Wo). Settings as `ReflectionPad2d`."""

    dims = 3


class ReplicationPad1d(_ReplicationPad):
    """The first and the last element of each row repeated: (N,C,W) → (N,C,Wo). Settings as `ReplicationPad2d`."""

    dims = 1


class ReplicationPad2d(_ReplicationPad):
    """The border elements of each image repeated.

    Shapes: (N,C,H,W) → (N,C,H+top+bottom,W+left+right).

    Args:
        padding: (left, right, top, bottom), or one number for all; a negative width crops.

    Raises: ArgumentError for a setting of another kind; ShapeError for an input of another rank, or when more is
        cropped than there is.

    Example:
        >>> import numpy as np
        >>> ReplicationPad2d((2, 1, 0, 0))(np.array([[[[1.0, 2.0, 3.0]]]]))
        array([[[[1., 1., 1., 2., 3., 3.]]]])
    """

    dims = 2


class ReplicationPad3d(_ReplicationPad):
    """The border elements of each volume repeated: (N,C,D,H,W) → (N,C,Do,Ho,Wo). Settings as `ReplicationPad2d`."""

    dims = 3


class CircularPad1d(_CircularPad):
    """Each row goes on with itself: (N,C,W) → (N,C,Wo). Settings as those of `CircularPad2d`."""

    dims = 1


class CircularPad2d(_CircularPad):
    """Each image goes on with itself, as a tile among equal tiles.

    Shapes: (N,C,H,W) → (N,C,H+top+bottom,W+left+right).

    Args:
        padding: (left, right, top, bottom), or one number for all, at most the axis' length; a negative width crops.

    Raises: ArgumentError for a width that the input cannot fill; ShapeError for an input of another rank.

    Example:
        >>> import numpy as np
        >>> CircularPad2d((2, 1, 0, 0))(np.array([[[[1.0, 2.0, 3.0]]]]))
        array([[[[2., 3., 1., 2., 3., 1.]]]])
    """

    dims = 2


class CircularPad3d(_CircularPad):
    """Each volume goes on with itself: (N,C,D,H,W) → (N,C,Do,Ho,Wo). Settings as those of `CircularPad2d`."""

    dims = 3
