"""Max unpooling: elements go back to where max pooling found them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from pellucid import functional as F
from pellucid.engine.graph import Symbol
from pellucid.nn.layer import Layer
from pellucid.sizes import IntOrTuple, per_axis


class _MaxUnpool(Layer):
    """The windows of the pooling over `dims` spatial axes."""

    dims: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def __init__(
        self, kernel_size: IntOrTuple, stride: IntOrTuple | None = None, padding: IntOrTuple = 0
    ) -> None:
        where = type(self).__name__
        self.kernel_size = per_axis(where, "kernel_size", kernel_size, self.dims)
        self.stride = self.kernel_size if stride is None else per_axis(where, "stride", stride, self.dims)
        self.padding = per_axis(where, "padding", padding, self.dims, minimum=0)

    def __call__(self, input: Any, indices: Any, output_size: Sequence[int] | None = None) -> Any:
        """On traced tensors, as every layer; arrays are unpooled at once: a network knows which pooling it follows."""
        if isinstance(input, Symbol):
            return super().__call__(input, indices, output_size)
        return self.forward(input, indices, output_size)

    def forward(self, input: Any, indices: Any, output_size: Sequence[int] | None = None) -> Any:
        """Twice (N,C,…) → (N,C,…)."""
        return type(self).function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        """The windows."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Elements back where max pooling found them: (N,C,W) → (N,C,Wo). Settings as those of `MaxUnpool2d`."""

    dims = 1
    function = staticmethod(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """Every element back where `MaxPool2d(…, return_indices=True)` found it; all other positions are 0.

    Where windows overlap and several elements go to one position, the last one in row-major order stays, and the others
    have gradient 0 (in PyTorch that of the last). Called with the pooled tensor, or another of its shape, the indices
    and, where the windows leave the size open, `output_size`.

    Shapes: twice (N,C,H,W) → (N,C,Ho,Wo): along an axis (Y − 1)·stride − 2·padding + kernel_size, or output_size.

    Args:
        kernel_size: the pooling's window, one number or (rows, columns).
        stride: step between windows; None means `kernel_size`.
        padding: the pooling's.

    Raises: ArgumentError for a setting outside its range or an index that is no position of the output; ShapeError when
        shapes disagree, or when pooling may have found a position that the output does not have.

    Example:
        >>> import numpy as np
        >>> from pellucid.nn import MaxPool2d
        >>> values, indices = MaxPool2d(2, return_indices=True)(np.array([[[[1.0, 2.0], [4.0, 3.0]]]]))
        >>> MaxUnpool2d(2)(values, indices)
        array([[[[0., 0.],
                 [4., 0.]]]])
    """

    dims = 2
    function = staticmethod(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    """Elements back where max pooling found them: (N,C,D,H,W) → (N,C,Do,Ho,Wo). Settings as those of `MaxUnpool2d`."""

    dims = 3
    function = staticmethod(F.max_unpool3d)
