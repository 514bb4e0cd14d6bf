"""Windows of an image as columns, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid import functional as F
from pellucid.nn.layer import Layer
from pellucid.sizes import IntOrTuple, per_axis


class _Columns(Layer):
    """The windows, as PyTorch keeps them: one number, or one for each axis."""

    def _set_windows(
        self, kernel_size: IntOrTuple, dilation: IntOrTuple, padding: IntOrTuple, stride: IntOrTuple
    ) -> None:
        self.kernel_size = self._checked("kernel_size", kernel_size)
        self.dilation = self._checked("dilation", dilation)
        self.padding = self._checked("padding", padding, 0)
        self.stride = self._checked("stride", stride)

    def _checked(self, name: str, value: IntOrTuple, minimum: int = 1) -> IntOrTuple:
        sizes = per_axis(type(self).__name__, name, value, 2, minimum)
        return sizes if isinstance(value, Sequence) else sizes[0]

    def extra_repr(self) -> str:
        """The windows."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


class Unfold(_Columns):
    """The windows of an image as columns (im2col): what a convolution multiplies its weight with.

        output[n,(c,k),y] = input[n,c,i],   i = y·stride + k·dilation − padding

    Shapes: (N,C,H,W) → (N, C·Kh·Kw, L) with L windows.

    Args:
        kernel_size: the window, one number or (rows, columns).
        dilation: distance between the window's elements.
        padding: zeros around the input.
        stride: step between windows.

    Raises: ArgumentError for a setting outside its range; ShapeError when a window does not fit.

    Example:
        >>> import numpy as np
        >>> Unfold(2)(np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]))
        array([[[1., 2.],
                [2., 3.],
                [4., 5.],
                [5., 6.]]])
    """

    def __init__(
        self,
        kernel_size: IntOrTuple,
        dilation: IntOrTuple = 1,
        padding: IntOrTuple = 0,
        stride: IntOrTuple = 1,
    ) -> None:
        self._set_windows(kernel_size, dilation, padding, stride)

    def forward(self, input: Any) -> Any:
        """(N,C,H,W) → (N, C·Kh·Kw, L)."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(_Columns):
    """Columns added up to the image whose windows they are (col2im), the gradient of `Unfold`.

        output[n,c,i] = Σ_{k,y at i} input[n,(c,k),y],   i = y·stride + k·dilation − padding

    Shapes: (N, C·Kh·Kw, L) → (N,C,*output_size).

    Args:
        output_size: the image, one number or (height, width).
        kernel_size: the window, one number or (rows, columns).
        dilation: distance between the window's elements.
        padding: zeros around the image that are not in the output.
        stride: step between windows.

    Raises: ArgumentError for a setting outside its range; ShapeError when the columns are not the windows of such an
        image.

    Example:
        >>> import numpy as np
        >>> Fold((2, 3), 2)(np.array([[[1.0, 2.0], [2.0, 3.0], [4.0, 5.0], [5.0, 6.0]]]))
        array([[[[ 1.,  4.,  3.],
                 [ 4., 10.,  6.]]]])
    """

    def __init__(
        self,
        output_size: IntOrTuple,
        kernel_size: IntOrTuple,
        dilation: IntOrTuple = 1,
        padding: IntOrTuple = 0,
        stride: IntOrTuple = 1,
    ) -> None:
        self.output_size = self._checked("output_size", output_size)
        self._set_windows(kernel_size, dilation, padding, stride)

    def forward(self, input: Any) -> Any:
        """(N, C·Kh·Kw, L) → (N,C,*output_size)."""
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The image and the windows."""
        return f"output_size={self.output_size}, {super().extra_repr()}"
