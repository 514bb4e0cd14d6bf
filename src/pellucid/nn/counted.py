"""What is counted of a model, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One op of the model. Every formula has the op's numbers put in and ends with the result.

    Attributes:
        path: the layer's path.
        type: the layer's class, or the op's name.
        output_shape: (N,C,…).
        formulas: the output sizes, axis by axis, of ops that slide a window, pad or upsample by a whole factor.
        parameters: those that no row above has counted, biases included.
        trainable: how many of them training changes: those that are not frozen.
        macs: multiply–accumulates, those on padding included.
        biases: how many of the parameters are biases of a convolution or a linear layer.
        parameter_formula: kernel size · input channels · output channels (· groups) + biases; "" without parameters.
        macs_formula: positions · weights; "" for ops that are no sums of products.
        activation_bytes: of the output, for the whole batch.
        activation_formula: sizes · bytes of a number.
        receptive_field: how many positions of the network's input an output sees along each spatial axis, from the
            first to the last; where positions differ (transposed convolution, upsampling, adaptive pooling), the most
            that any sees. It is that of a position far from all borders: nearer to one, `rec.field` shows how much of
            it is padding, or what a reflecting padding adds; what sees a whole tensor (a dense layer) counts padding,
            too. Norms count as they do with their statistics held. None where it is not known.
        jump: how far apart neighbours see along each axis, the stride from the input to here; 0 where all see the
            same, below 1 after a transposed convolution; None where the field is.
        field_formulas: the receptive field, axis by axis, of ops that widen it.
        dense_weights: for a convolution the weights of a dense layer from and to as many numbers, otherwise 0.
        dense_formula: inputs · outputs of that layer.
    """

    path: str
    type: str
    output_shape: tuple[int, ...]
    formulas: tuple[str, ...]
    parameters: int
    trainable: int
    macs: int
    biases: int
    parameter_formula: str
    macs_formula: str
    activation_bytes: int
    activation_formula: str
    receptive_field: tuple[int, ...] | None
    jump: tuple[float, ...] | None
    field_formulas: tuple[str, ...]
    dense_weights: int
    dense_formula: str


@dataclass(frozen=True)
class Counted:
    """The rows of a model in the order in which its ops run, and their sums.

    `activation_bytes` is what keeps every output, as a recorded run does; other runs share memory.
    """

    rows: tuple[Row, ...]
    parameters: int
    trainable: int
    macs: int
    biases: int
    activation_bytes: int
