"""The layers between the others: linear and dropout."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pellucid.engine.graph import Symbol
from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.checks import flag, number
from pellucid.ops.dropout import Dropout
from pellucid.ops.dropout_slices import DropoutSlices, FeatureDropout, StochasticDepth
from pellucid.ops.linear import Linear
from pellucid.seeds import check_seed


@function
def linear(input: Tensor, weight: Tensor, bias: Tensor = None) -> Call:
    """output[…,o] = bias[o] + Σ_i input[…,i]·weight[o,i].

    Shapes: input (…,in_features), weight (out_features,in_features), bias (out_features,) → (…,out_features).
    Raises: ShapeError when shapes disagree.

    Example:
        >>> linear([[1, 2]], [[3, 4], [5, 6]], [100, 200])
        array([[111., 217.]])
    """
    return Call(Linear(), (input, weight), (bias,))


linear_backward = gradient(linear)


@dataclass(frozen=True)
class DropoutCall(Call):
    """Dropout, which outside training is not part of a network."""

    op: Dropout

    def forward(self) -> Tensor:
        """The output; a traced tensor that keeps everything stays as it is."""
        (input,) = self.required
        return input if isinstance(input, Symbol) and self.op.p == 0 else super().forward()


@function
def dropout(input: Tensor, p: float = 0.5, training: bool = True, *, seed: int = 0) -> Call:
    """Each element becomes 0 with probability p, else input/(1 − p); nothing changes outside training.

    Any shape. What is kept is a pure function of `seed` and the element's flat index.
    Raises: ArgumentError when p is not in [0, 1] or seed is no whole number from 0 to 2⁶³ − 1.

    Example:
        >>> dropout([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], p=0.5, seed=1)
        array([0., 2., 0., 2., 0., 2.])
    """
    number("dropout", "p", p, "[0, 1]")
    flag("dropout", "training", training)
    options = {"seed": check_seed("dropout", seed)}
    return DropoutCall(Dropout(p if training else 0.0), (input,), options=options)


dropout_backward = gradient(dropout)


def _slices(op: DropoutSlices, input: Tensor, training: bool, seed: int) -> Call:
    """A call of dropout that drops whole slices."""
    number(op.name, "p", op.p, "[0, 1]")
    options = {"seed": check_seed(op.name, seed)}
    return DropoutCall(
        op if flag(op.name, "training", training) else replace(op, p=0.0), (input,), options=options
    )


@function
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, *, seed: int = 0) -> Call:
    """Each channel becomes 0 as a whole with probability p, else grows by 1/(1 − p); nothing changes outside training.

    Shapes: (N,C,L) or (C,L). What is kept is a pure function of `seed` and the channel's flat index.
    Raises: as `dropout`; ShapeError for another number of axes.

    Example:
        >>> dropout1d([[1.0, 1.0], [1.0, 1.0]], seed=1)
        array([[0., 0.],
               [2., 2.]])
    """
    return _slices(FeatureDropout(p, 1), input, training, seed)


dropout1d_backward = gradient(dropout1d)


@function
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, *, seed: int = 0) -> Call:
    """Each channel becomes 0 as a whole with probability p, else grows by 1/(1 − p); nothing changes outside training.

    Shapes: (N,C,H,W); (N,C,L), as in PyTorch. What is kept is a pure function of `seed` and the channel's flat index.
    Raises: as `dropout`; ShapeError for another number of axes.

    Example:
        >>> dropout2d([[[[1.0, 1.0]], [[1.0, 1.0]]]], seed=1)
        array([[[[0., 0.]],
        <BLANKLINE>
                [[2., 2.]]]])
    """
    return _slices(FeatureDropout(p, 2), input, training, seed)


dropout2d_backward = gradient(dropout2d)


@function
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, *, seed: int = 0) -> Call:
    """Each channel becomes 0 as a whole with probability p, else grows by 1/(1 − p); nothing changes outside training.

    Shapes: (N,C,D,H,W) or (C,D,H,W). What is kept is a pure function of `seed` and the channel's flat index.
    Raises: as `dropout`; ShapeError for another number of axes.

    Example:
        >>> dropout3d([[[[1.0, 1.0]]], [[[1.0, 1.0]]]], seed=1).ravel()
        array([0., 0., 2., 2.])
    """
    return _slices(FeatureDropout(p, 3), input, training, seed)


dropout3d_backward = gradient(dropout3d)


@function
def stochastic_depth(input: Tensor, p: float, mode: str, training: bool = True, *, seed: int = 0) -> Call:
    """Each image ("row"), or all together ("batch"), becomes 0 with probability p, else grows by 1/(1 − p).

    So a residual branch is left out at random (torchvision's; Huang et al., Deep networks with stochastic depth). Any
    shape whose first axis is the batch's; nothing changes outside training.
    Raises: as `dropout`; ArgumentError for another mode.

    Example:
        >>> stochastic_depth([[1.0, 1.0], [1.0, 1.0]], 0.5, "row", seed=1)
        array([[0., 0.],
               [2., 2.]])
    """
    return _slices(StochasticDepth(p, mode), input, training, seed)


stochastic_depth_backward = gradient(stochastic_depth)
