"""Convolution as mathematics: on arrays, on functions, as laws, as a matrix; and filters for images."""

from pellucid.signal.channels import ChannelsAsDepth, channels_as_depth
from pellucid.signal.continuous import ContinuousConvolution, convolve_continuous
from pellucid.signal.discrete import Convolution, convolve, correlate
from pellucid.signal.explanation import Explanation, Product
from pellucid.signal.gradients import gradient_is_convolution
from pellucid.signal.images import filter_image
from pellucid.signal.laws import (
    Law,
    associativity,
    commutativity,
    derivative,
    derivative_continuous,
    linearity,
    locality,
)
from pellucid.signal.matrix import MatrixForm, conv_matrix, matrix_form
from pellucid.signal.shift import shift_equivariance

__all__ = [
    "ChannelsAsDepth",
    "ContinuousConvolution",
    "Convolution",
    "Explanation",
    "Law",
    "MatrixForm",
    "Product",
    "associativity",
    "channels_as_depth",
    "commutativity",
    "conv_matrix",
    "convolve",
    "convolve_continuous",
    "correlate",
    "derivative",
    "derivative_continuous",
    "filter_image",
    "gradient_is_convolution",
    "linearity",
    "locality",
    "matrix_form",
    "shift_equivariance",
]
