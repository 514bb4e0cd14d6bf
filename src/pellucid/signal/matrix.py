"""A convolution layer as a matrix: sparse, with every weight in many places (Toeplitz: constant along diagonals).

    output = W·input,        grad_input = Wᵀ·grad_output

Rows are output elements, columns input elements, both in row-major order of channels and space. A fully connected layer
between the same elements has the same matrix with every place filled by a parameter of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pellucid import memory
from pellucid.derived import derived
from pellucid.errors import ShapeError, say, told_by
from pellucid.geometry import Axis
from pellucid.language import text
from pellucid.nn.linear import Linear
from pellucid.numbers import as_array
from pellucid.ops.base import Array, Shape
from pellucid.ops.conv import Conv
from pellucid.signal.optional import scipy
from pellucid.sizes import IntOrTuple, PaddingLike, size_of
from pellucid.sizes import input_shape as read_shape

_MOST_PLACES = 10**8  # they take 4 GB while the matrix is made


def conv_matrix(
    weight: ArrayLike,
    input_shape: Sequence[int],
    stride: IntOrTuple = 1,
    padding: PaddingLike = 0,
    dilation: IntOrTuple = 1,
    groups: int = 1,
    *,
    flip: bool = False,
) -> Any:
    """The matrix W of a convolution layer without bias, in one to three dimensions.

        (W·input)[o,y] = Σ_{c,k} input[c,i]·weight[o,c,k],        i = y·stride + k·dilation − padding

    or, of a true convolution (`flip`), i = y·stride + (K−1−k)·dilation − padding.

    Shapes: weight (O,C/groups,…), input_shape (C,…) → scipy.sparse.csr_array (O·Ho·Wo, C·H·W) of weight's
        type, of integers int64, in which sums do not wrap around. Products with padding have no place in it.
    Raises: ShapeError when shapes disagree; ArgumentError for settings out of range; PellucidError without SciPy.

    Example:
        >>> conv_matrix([[[1, 2, 3]]], (1, 5)).toarray()
        array([[1, 2, 3, 0, 0],
               [0, 1, 2, 3, 0],
               [0, 0, 1, 2, 3]])
        >>> W = conv_matrix([[[[0, 1], [2, 3]]]], (1, 3, 3))
        >>> W @ range(9), W.T @ [1, 0, 0, 0]
        (array([19, 25, 37, 43]), array([0, 1, 0, 2, 3, 0, 0, 0, 0]))
    """
    sparse = scipy("conv_matrix", "sparse")
    w, shape = _weight(weight), read_shape("conv_matrix", input_shape, "(C,…)")
    op, output = _layer(w, shape, stride, padding, dilation, groups, flip)
    places = size_of(output) * size_of(w.shape[1:])
    if places > _MOST_PLACES:
        rule, got = "the matrix must not become too large", f"{places:,}"
        raise ShapeError(
            "conv_matrix",
            rule,
            expected=say("at most {most:,} places to fill", most=_MOST_PLACES),
            got=got,
        )
    y, k, i = _meetings(op.geometry((1, *shape), w.shape).axes)
    out_channels, per_group = w.shape[:2]
    o = np.arange(out_channels)[:, None, None]
    c = np.arange(per_group)[:, None]
    channel = o // (out_channels // groups) * per_group + c
    rows = o * size_of(output[1:]) + y
    columns = channel * size_of(shape[1:]) + i
    values = op.laid(w).reshape(out_channels, per_group, -1)[:, :, k]
    rows, columns, values = (a.ravel() for a in np.broadcast_arrays(rows, columns, values))
    matrix = sparse.coo_array((values, (rows, columns)), shape=(size_of(output), size_of(shape)))
    return matrix.tocsr()


@dataclass(frozen=True, eq=False)
class MatrixForm:
    """A convolution layer as a matrix, beside the fully connected layer between the same elements.

    Attributes:
        matrix: as `conv_matrix` makes it.
        input_shape: (C,…).
        output_shape: (O,…).
        parameters: how many weights the convolution has; biases apart.
    """

    matrix: Any
    input_shape: Shape
    output_shape: Shape
    parameters: int

    @property
    def dense_parameters(self) -> int:
        """How many weights the fully connected layer has: one for every pair of elements."""
        return size_of(self.input_shape) * size_of(self.output_shape)

    @derived
    @memory.enough("matrix_form")
    def dense(self) -> Linear:
        """The fully connected layer that computes the same, from flattened inputs to flattened outputs."""
        layer = Linear(size_of(self.input_shape), size_of(self.output_shape), bias=False)
        layer.load_state_dict({"weight": self.matrix.toarray().astype(np.float32)})
        return layer

    def forward(self, input: ArrayLike) -> Array:
        """W·input, in the layer's shapes: (C,…) → (O,…)."""
        return self._multiplied("input", self.matrix, input, self.input_shape).reshape(self.output_shape)

    def grad_input(self, grad_output: ArrayLike) -> Array:
        """Wᵀ·grad_output, in the layer's shapes: (O,…) → (C,…)."""
        product = self._multiplied("grad_output", self.matrix.T, grad_output, self.output_shape)
        return product.reshape(self.input_shape)

    def _multiplied(self, name: str, matrix: Any, vector: ArrayLike, shape: Shape) -> Array:
        array = as_array("matrix_form", name, vector)
        if array.shape != shape:
            raise ShapeError(
                "matrix_form",
                say("{name} must have the layer's shape", name=name),
                expected=f"{shape}",
                got=f"{array.shape}",
            )
        product: Array = matrix @ array.ravel()
        return product

    def text(self, lang: str | None = None) -> str:
        """Sizes and both numbers of weights in a language, "en" or "ko"; None for the default.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        (rows, columns), filled = self.matrix.shape, self.matrix.nnz
        lines = (
            text(
                "signal.matrix",
                lang,
                input=self.input_shape,
                output=self.output_shape,
                rows=rows,
                columns=columns,
                filled=filled,
                share=filled / (rows * columns),
            ),
            "  " + text("signal.shared", lang, weights=self.parameters),
            "  " + text("signal.dense", lang, rows=rows, columns=columns, weights=self.dense_parameters),
        )
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


@told_by("matrix_form", "conv_matrix")
def matrix_form(
    weight: ArrayLike,
    input_shape: Sequence[int],
    stride: IntOrTuple = 1,
    padding: PaddingLike = 0,
    dilation: IntOrTuple = 1,
    groups: int = 1,
    *,
    flip: bool = False,
) -> MatrixForm:
    """A convolution layer's matrix, and what a fully connected layer in its place would cost.

    Shapes and errors: those of `conv_matrix`.

    Example:
        >>> import numpy as np
        >>> print(matrix_form(np.ones((6, 1, 5, 5)), (1, 28, 28)))
        input (1, 28, 28) → output (6, 24, 24): W is 3456×784, 86,400 places filled (3.19%)
          convolution: 150 weights, each in many places
          fully connected: 784 · 3,456 = 2,709,504 weights
    """
    w, shape = _weight(weight), read_shape("conv_matrix", input_shape, "(C,…)")
    settings = stride, padding, dilation, groups
    matrix = conv_matrix(w, shape, *settings, flip=flip)
    _, output = _layer(w, shape, *settings, flip)
    return MatrixForm(matrix, shape, output, w.size)


def _weight(weight: ArrayLike) -> Array:
    """The weight in a type that SciPy multiplies, and in which the sums of its products stay what they are."""
    array = as_array("conv_matrix", "weight", weight)
    if array.dtype.kind in "iub":
        return array.astype(np.int64)
    return array.astype(
        np.float32 if array.dtype == np.float16 else array.dtype.newbyteorder("="), copy=False
    )


def _layer(
    weight: Array,
    shape: Shape,
    stride: IntOrTuple,
    padding: PaddingLike,
    dilation: IntOrTuple,
    groups: int,
    flip: bool,
) -> tuple[Conv, Shape]:
    """The layer's op and the shape of its output, without the batch."""
    if weight.ndim not in (3, 4, 5):
        expected, got = "(O,C/groups,…) with one to three spatial axes", f"{weight.shape}"
        raise ShapeError("conv_matrix", "weight must have three to five axes", expected=expected, got=got)
    op = Conv(weight.ndim - 2, stride, padding, dilation, groups, flip)
    return op, op.infer((1, *shape), weight.shape, None)[1:]


def _meetings(axes: Sequence[Axis]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """All triples (output, kernel, input) of positions that meet, each counted in row-major order."""
    y = k = i = np.zeros(1, np.int64)
    for axis in axes:
        pairs = [(p, j, q) for p in range(axis.output) for j, q in axis.taps(p)]
        table = np.array(pairs, np.int64).reshape(-1, 3).T
        sizes = (axis.output, axis.kernel, axis.input)
        y, k, i = (
            (old[:, None] * size + new).ravel()
            for old, size, new in zip((y, k, i), sizes, table, strict=True)
        )
    return y, k, i
