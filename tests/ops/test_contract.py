"""One contract for every op: finite differences, the dtype kept, terms that add up again.

PyTorch's numbers for the same calls: `test_beside_pytorch.py`.

Shapes have odd, distinct sizes, windows overlap, paddings differ, batches are empty or missing, values tie.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from tests.support.curves import ABOVE_0, CURVES
from tests.support.last_stays import last_stays
from tests.support.recorded import run

from pellucid import functional as F
from pellucid.errors import ArgumentError
from pellucid.ops.adam import Adam
from pellucid.ops.base import Array, Terms
from pellucid.ops.dropout import Dropout
from pellucid.ops.sgd import SGD


@dataclass(frozen=True)
class Case:
    """A call. Operands are shapes (to be filled with random numbers), constant arrays or None.

    Random numbers are at least `least` in size. Where `listed`, the operands are one argument, a list. Where PyTorch's
    function of that name does something else, `reference` is a function of PyTorch and the operands. Several outputs,
    of one shape, are taken as one array.
    Random numbers are at least `least` in size, or `positive`. Where `listed`, the operands are one argument, a list.
    Where PyTorch's function of that name does something else, `reference` is a function of PyTorch and the operands.
    Random numbers are at least `least` in size, or `positive`, or `shares` of 1. Where `listed`, the operands are one
    argument, a list. Where PyTorch's function of that name does something else, `reference` is a function of PyTorch
    and the operands.
    """

    id: str
    function: str
    operands: tuple[Any, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    reference: Callable[..., Any] | None = None
    ties: bool = False
    least: float = 0.0
    shares: bool = False
    listed: bool = False
    positive: bool = False

    def draw(self, dtype: type = np.float64) -> list[Any]:
        random = np.random.default_rng(zlib.crc32(self.id.encode()))
        return [self.fill(random, operand, dtype) for operand in self.operands]

    def fill(self, random: np.random.Generator, operand: Any, dtype: type) -> Any:
        if not isinstance(operand, tuple):
            return operand.copy() if isinstance(operand, np.ndarray) else operand
        if self.shares:
            return random.uniform(0.1, 0.9, operand).astype(dtype)
        values = random.integers(-2, 3, operand) if self.ties else random.normal(size=operand)
        values = abs(values) + 0.1 if self.positive else values + np.copysign(self.least, values)
        return np.asarray(values, dtype)

    @property
    def differentiated(self) -> list[int]:
        return [i for i, operand in enumerate(self.operands) if isinstance(operand, tuple)]

    def forward(self, *operands: Any) -> Any:
        found = getattr(F, self.function)(*self.arguments(operands), **self.settings)
        return np.stack(found) if isinstance(found, tuple) else found

    def arguments(self, operands: Any) -> Any:
        return [[*operands]] if self.listed else operands

    def backward(self, grad_output: Any, *operands: Any) -> list[Any]:
        gradients = getattr(F, f"{self.function}_backward")(
            grad_output, *self.arguments(operands), **self.settings
        )
        return [gradient for gradient in gradients if gradient is not None]


def padded(function: str, pad: tuple[int, ...], **settings: Any) -> Callable[..., Any]:
    """A convolution in PyTorch whose input gets its zeros first: `pad` counts from the last axis."""
    return lambda torch, x, *rest: getattr(torch.nn.functional, function)(
        torch.nn.functional.pad(x, pad), *rest, **settings
    )


def flipped(function: str, **settings: Any) -> Callable[..., Any]:
    """A true convolution in PyTorch: the weight is flipped along every spatial axis first."""
    return lambda torch, x, w, *rest: getattr(torch.nn.functional, function)(
        x, w.flip(tuple(range(2, w.ndim))), *rest, **settings
    )


def dropped(x: Any, p: float, seed: int) -> Any:
    """Dropout with Philox written out on Python's integers: a block of four draws, purpose 2, for four elements."""
    draws: list[int] = []
    while len(draws) < x.numel():
        a, b, c, d = len(draws) // 4, 0, 0, 2 << 24
        for i in range(10):
            left, right = a * 0xD2511F53, c * 0xCD9E8D57
            k, m = seed % 2**32 + i * 0x9E3779B9, seed // 2**32 + i * 0xBB67AE85
            a, b = (right >> 32 ^ b ^ k) % 2**32, right % 2**32
            c, d = (left >> 32 ^ d ^ m) % 2**32, left % 2**32
        draws += [a, b, c, d]
    kept = [draw >= p * 2**32 for draw in draws[: x.numel()]]
    return x * x.new_tensor(kept).reshape(x.shape) / (1 - p)


def whole(axes: int) -> Callable[..., Any]:
    """The same of slices, which have the same first indices."""

    def drop(torch: Any, x: Any, p: float = 0.3, seed: int = 7) -> Any:
        kept = dropped(torch.ones(x.shape[:axes], dtype=x.dtype), p, seed)
        return x * kept.reshape(*x.shape[:axes], *(1,) * (x.ndim - axes))

    return drop


def stacked(function: str, **settings: Any) -> Callable[..., Any]:
    """Parts of one size in PyTorch, one beside the other."""
    return lambda torch, x: torch.stack(getattr(torch, function)(x, **settings))


def indexed(*index: Any) -> Any:
    """The settings of an index, and PyTorch's elements by it."""
    return {"index": index}, lambda _, x: x[index]


CLASSES = np.array([4, 0, 2, -100, 1])
PLANES = np.array([[[0, 3], [2, 1], [3, 3]], [[1, 1], [0, 2], [-100, 0]]])
STATISTICS = np.array([0.3, -1.0, 2.0]), np.array([0.5, 1.0, 3.0])
CLASS_WEIGHT = np.array([0.5, 2.0, 0.0, 1.5, 3.0])
HOLDS = np.random.default_rng(2).random((2, 3, 5)) < 0.5
TIED = np.random.default_rng(3).choice([0.0, 1.0, -1.0, np.nan], (2, 3, 5))
TIES = np.random.default_rng(4).choice([0.0, 1.0, -0.0, np.nan], (3, 5))
NUMPYS: dict[str, Any] = {"gt": np.greater, "ge": np.greater_equal, "lt": np.less, "le": np.less_equal}
NUMPYS |= {"eq": np.equal, "ne": np.not_equal}
COMPARISONS = [Case(name, name, (TIED, TIES)) for name in NUMPYS]  # without gradients

# PyTorch's gradient of this one takes 1/6 for a float32 number.
REFERENCES = {"hardsigmoid": lambda torch, x: torch.nn.functional.relu6(x + 3) / 6}
CASES = [
    Case("conv1d", "conv1d", ((2, 3, 11), (5, 3, 4), (5,)), {"stride": 3, "padding": 2}),
    Case("conv1d groups", "conv1d", ((2, 6, 13), (9, 2, 3), None), {"groups": 3, "dilation": 2}),
    Case("conv2d", "conv2d", ((2, 3, 7, 9), (5, 3, 3, 2), (5,)), {"stride": (1, 2), "padding": (2, 1)}),
    Case("conv2d groups", "conv2d", ((3, 4, 8, 11), (6, 2, 3, 2), (6,)), {"groups": 2, "dilation": (2, 3)}),
    Case(
        "conv2d depthwise",
        "conv2d",
        ((2, 5, 7, 6), (10, 1, 2, 3), None),
        {"groups": 5, "stride": 2, "padding": 1},
    ),
    Case(
        "conv2d same",
        "conv2d",
        ((2, 3, 6, 7), (4, 3, 2, 3), (4,)),
        {"padding": "same"},
        padded("conv2d", (1, 1, 0, 1)),
    ),
    Case("conv2d unbatched", "conv2d", ((3, 7, 9), (5, 3, 3, 2), (5,)), {"padding": 1}),
    Case("conv2d empty batch", "conv2d", ((0, 3, 7, 9), (5, 3, 3, 2), (5,))),
    Case("conv2d gap", "conv2d", ((1, 1, 9, 10), (2, 1, 2, 2), None), {"stride": (4, 3)}),
    Case(
        "conv2d asymmetric",
        "conv2d",
        ((2, 3, 7, 9), (5, 3, 3, 4), (5,)),
        {"padding": ((2, 0), (1, 3)), "stride": (2, 3)},
        padded("conv2d", (1, 3, 2, 0), stride=(2, 3)),
    ),
    Case(
        "conv3d",
        "conv3d",
        ((2, 2, 5, 6, 7), (3, 2, 2, 3, 2), (3,)),
        {"stride": (2, 1, 3), "padding": (1, 0, 2)},
    ),
    Case(
        "conv1d flip",
        "conv1d",
        ((2, 3, 11), (5, 3, 4), (5,)),
        {"stride": 3, "padding": 2, "flip": True},
        flipped("conv1d", stride=3, padding=2),
    ),
    Case(
        "conv2d flip groups",
        "conv2d",
        ((3, 4, 8, 11), (6, 2, 3, 2), (6,)),
        {"groups": 2, "dilation": (2, 3), "flip": True},
        flipped("conv2d", groups=2, dilation=(2, 3)),
    ),
    Case(
        "conv3d flip",
        "conv3d",
        ((2, 2, 5, 6, 7), (3, 2, 2, 3, 2), None),
        {"stride": (2, 1, 3), "padding": (1, 0, 2), "flip": True},
        flipped("conv3d", stride=(2, 1, 3), padding=(1, 0, 2)),
    ),
    Case("max_pool1d", "max_pool1d", ((2, 3, 11),), {"kernel_size": 4, "stride": 3, "padding": 2}),
    Case(
        "max_pool2d",
        "max_pool2d",
        ((2, 3, 9, 11),),
        {"kernel_size": (3, 4), "stride": (2, 1), "padding": (1, 2)},
    ),
    Case("max_pool2d ties", "max_pool2d", ((2, 3, 9, 8),), {"kernel_size": 3, "stride": (1, 2)}, ties=True),
    Case(
        "max_pool2d ceil",
        "max_pool2d",
        ((2, 3, 8, 11),),
        {"kernel_size": (3, 2), "stride": (3, 4), "padding": 1, "ceil_mode": True},
        ties=True,
    ),
    Case(
        "max_pool2d dilation",
        "max_pool2d",
        ((2, 3, 9, 11),),
        {"kernel_size": 3, "stride": 1, "dilation": (2, 3)},
    ),
    Case(
        "max_pool1d overhang", "max_pool1d", ((2, 3, 2),), {"kernel_size": 5, "stride": 4, "ceil_mode": True}
    ),
    Case(
        "avg_pool1d overhang", "avg_pool1d", ((2, 3, 2),), {"kernel_size": 5, "stride": 4, "ceil_mode": True}
    ),
    Case("max_pool2d unbatched", "max_pool2d", ((3, 9, 11),), {"kernel_size": 2}),
    Case("max_pool2d empty batch", "max_pool2d", ((0, 3, 9, 11),), {"kernel_size": 2}),
    Case(
        "max_pool3d",
        "max_pool3d",
        ((2, 2, 5, 6, 7),),
        {"kernel_size": (2, 3, 2), "stride": (1, 2, 3), "padding": 1},
    ),
    Case(
        "avg_pool1d",
        "avg_pool1d",
        ((2, 3, 11),),
        {"kernel_size": 4, "stride": 3, "padding": 2, "ceil_mode": True},
    ),
    Case(
        "avg_pool2d",
        "avg_pool2d",
        ((2, 3, 9, 11),),
        {"kernel_size": (3, 4), "stride": (2, 1), "padding": (1, 2)},
    ),
    Case(
        "avg_pool2d without padding",
        "avg_pool2d",
        ((2, 3, 8, 11),),
        {
            "kernel_size": (3, 2),
            "stride": (2, 3),
            "padding": 1,
            "ceil_mode": True,
            "count_include_pad": False,
        },
    ),
    Case(
        "avg_pool2d ceil",
        "avg_pool2d",
        ((2, 3, 8, 11),),
        {"kernel_size": (3, 4), "stride": (4, 3), "padding": (1, 2), "ceil_mode": True},
    ),
    Case(
        "avg_pool2d override",
        "avg_pool2d",
        ((2, 3, 7, 5),),
        {"kernel_size": 3, "stride": 2, "divisor_override": 7},
    ),
    Case("avg_pool2d unbatched", "avg_pool2d", ((3, 7, 5),), {"kernel_size": 2}),
    Case("avg_pool2d empty batch", "avg_pool2d", ((0, 3, 7, 5),), {"kernel_size": 2}),
    Case(
        "avg_pool3d",
        "avg_pool3d",
        ((2, 2, 5, 6, 7),),
        {"kernel_size": (2, 3, 2), "stride": (1, 2, 3), "padding": 1},
    ),
    Case("adaptive_avg_pool1d", "adaptive_avg_pool1d", ((2, 3, 11),), {"output_size": 4}),
    Case("adaptive_avg_pool2d", "adaptive_avg_pool2d", ((2, 3, 7, 11),), {"output_size": (3, None)}),
    Case("adaptive_avg_pool2d grows", "adaptive_avg_pool2d", ((3, 2, 5),), {"output_size": (3, 7)}),
    Case("adaptive_avg_pool2d empty batch", "adaptive_avg_pool2d", ((0, 3, 2, 5),), {"output_size": 1}),
    Case("adaptive_avg_pool3d", "adaptive_avg_pool3d", ((2, 2, 5, 6, 7),), {"output_size": (2, 1, 3)}),
    Case(
        "conv_transpose1d",
        "conv_transpose1d",
        ((2, 3, 5), (3, 4, 3), (4,)),
        {"stride": 2, "output_padding": 1},
    ),
    Case(
        "conv_transpose2d",
        "conv_transpose2d",
        ((2, 3, 5, 4), (3, 5, 3, 2), (5,)),
        {"stride": (1, 3), "padding": (2, 1), "dilation": (1, 2), "output_padding": (0, 2)},
    ),
    Case(
        "conv_transpose2d groups",
        "conv_transpose2d",
        ((2, 6, 3, 5), (6, 2, 2, 3), None),
        {"groups": 3, "stride": (3, 2)},
    ),
    Case("conv_transpose2d unbatched", "conv_transpose2d", ((3, 4, 5), (3, 2, 3, 3), (2,)), {"padding": 1}),
    Case("conv_transpose2d empty batch", "conv_transpose2d", ((0, 3, 4, 5), (3, 2, 3, 3), (2,))),
    Case(
        "conv_transpose3d",
        "conv_transpose3d",
        ((2, 4, 2, 3, 4), (4, 3, 2, 3, 2), (6,)),
        {"stride": (2, 1, 3), "padding": (0, 1, 1), "groups": 2},
    ),
    Case("adaptive_max_pool1d", "adaptive_max_pool1d", ((2, 3, 11),), {"output_size": 4}),
    Case(
        "adaptive_max_pool2d", "adaptive_max_pool2d", ((2, 3, 7, 11),), {"output_size": (3, None)}, ties=True
    ),
    Case("adaptive_max_pool2d grows", "adaptive_max_pool2d", ((3, 2, 5),), {"output_size": (3, 7)}),
    Case("adaptive_max_pool3d", "adaptive_max_pool3d", ((2, 2, 5, 6, 7),), {"output_size": (2, 1, 3)}),
    Case("lp_pool1d", "lp_pool1d", ((2, 3, 11),), {"norm_type": 2, "kernel_size": 4, "stride": 3}),
    Case(
        "lp_pool2d ceil",
        "lp_pool2d",
        ((2, 3, 8, 11),),
        {"norm_type": 2.0, "kernel_size": (3, 4), "stride": (3, 2), "ceil_mode": True},
    ),
    Case("lp_pool2d sum", "lp_pool2d", ((3, 7, 6),), {"norm_type": 1, "kernel_size": 2}),
    Case(
        "lp_pool2d ties",
        "lp_pool2d",
        ((2, 3, 7, 6),),
        {"norm_type": 4, "kernel_size": 2, "stride": 1},
        ties=True,
    ),
    Case(
        "lp_pool3d",
        "lp_pool3d",
        ((2, 2, 5, 6, 7),),
        {"norm_type": 2, "kernel_size": (2, 3, 2), "stride": (1, 2, 3)},
        lambda torch, x, **s: (torch.nn.functional.avg_pool3d(x**2, (2, 3, 2), (1, 2, 3)) * 12) ** 0.5,
    ),
    Case(
        "max_unpool1d", "max_unpool1d", ((2, 1, 3), np.array([[[1, 3, 6]], [[0, 2, 4]]])), {"kernel_size": 3}
    ),
    Case(
        "max_unpool2d",
        "max_unpool2d",
        ((1, 2, 2, 2), np.array([[[[0, 3], [11, 14]], [[6, 2], [8, 9]]]])),
        {"kernel_size": 2, "stride": 2, "output_size": (4, 5)},
    ),
    Case(
        "max_unpool2d unbatched",
        "max_unpool2d",
        ((2, 1, 2), np.array([[[0, 3]], [[6, 2]]])),
        {"kernel_size": 2},
    ),
    Case(
        "max_unpool2d shared places",  # the last value stays, and no other has a gradient
        "max_unpool2d",
        ((1, 2, 2, 3), np.array([[[[0, 5, 5], [3, 5, 0]], [[7, 7, 7], [2, 2, 7]]]])),
        {"kernel_size": 2, "stride": (2, 1)},
        lambda torch, x, at: torch.nn.functional.max_unpool2d(last_stays(x, at, 2), at, 2, (2, 1)),
        ties=True,
    ),
    Case(
        "max_unpool1d empty batch", "max_unpool1d", ((0, 2, 3), np.zeros((0, 2, 3), int)), {"kernel_size": 2}
    ),
    Case(
        "max_unpool3d",
        "max_unpool3d",
        ((1, 2, 1, 1, 2), np.array([[[[[0, 10]]], [[[15, 3]]]]])),
        {"kernel_size": (2, 2, 2)},
    ),
    Case("pad", "pad", ((2, 3, 5),), {"pad": (2, 1, 0, 3), "value": 1.5}),
    Case("pad crops", "pad", ((2, 3, 5, 4),), {"pad": (-1, 2, 3, -2)}),
    Case("pad reflect", "pad", ((2, 3, 5, 4),), {"pad": (3, 1, 0, 4), "mode": "reflect"}),
    Case("pad replicate", "pad", ((2, 3, 5, 4),), {"pad": (6, 1, 0, 7), "mode": "replicate"}),
    Case("pad replicate crops", "pad", ((2, 3, 5, 4),), {"pad": (-1, 1, 2, -3), "mode": "replicate"}),
    Case("pad circular", "pad", ((2, 3, 5, 4),), {"pad": (4, 1, 0, 5), "mode": "circular"}),
    Case("pad circular crops", "pad", ((2, 3, 5, 4),), {"pad": (-1, 3, 2, -2), "mode": "circular"}),
    Case("pad reflect one axis", "pad", ((2, 3, 5),), {"pad": (4, 2), "mode": "reflect"}),
    Case("pad reflect volume", "pad", ((2, 3, 5, 4, 3),), {"pad": (1, 2, 3, 0, 1, 4), "mode": "reflect"}),
    Case(
        "unfold",
        "unfold",
        ((2, 3, 7, 6),),
        {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)},
    ),
    Case("unfold unbatched", "unfold", ((3, 7, 6),), {"kernel_size": 2}),
    Case("unfold empty batch", "unfold", ((0, 3, 7, 6),), {"kernel_size": 2}),
    Case(
        "unfold asymmetric",
        "unfold",
        ((2, 3, 4, 6),),
        {"kernel_size": (2, 3), "padding": ((2, 0), (1, 3)), "stride": (3, 2)},
        padded("unfold", (1, 3, 2, 0), kernel_size=(2, 3), stride=(3, 2)),
    ),
    Case(
        "fold",
        "fold",
        ((2, 18, 24),),
        {
            "output_size": (7, 8),
            "kernel_size": (3, 2),
            "stride": (2, 1),
            "padding": (1, 0),
            "dilation": (1, 2),
        },
    ),
    Case("fold gap", "fold", ((2, 4, 6),), {"output_size": (7, 5), "kernel_size": (1, 2), "stride": 3}),
    Case("fold empty batch", "fold", ((0, 8, 6),), {"output_size": (3, 4), "kernel_size": 2}),
    Case("fold unbatched", "fold", ((8, 6),), {"output_size": (3, 4), "kernel_size": 2}),
    Case("interpolate nearest", "interpolate", ((2, 3, 5, 4),), {"size": (7, 3)}),
    Case("interpolate nearest scale", "interpolate", ((2, 3, 5),), {"scale_factor": 1.7}),
    Case("interpolate linear", "interpolate", ((2, 3, 5),), {"size": 8, "mode": "linear"}),
    Case(
        "interpolate bilinear", "interpolate", ((2, 3, 5, 7),), {"scale_factor": (2, 0.6), "mode": "bilinear"}
    ),
    Case(
        "interpolate corners",
        "interpolate",
        ((2, 3, 5, 7),),
        {"size": (9, 1), "mode": "bilinear", "align_corners": True},
    ),
    Case(
        "interpolate trilinear", "interpolate", ((1, 2, 3, 4, 5),), {"size": (5, 3, 9), "mode": "trilinear"}
    ),
    Case("group_norm", "group_norm", ((2, 6, 5, 4),), {"num_groups": 3}),
    Case(
        "group_norm weight",
        "group_norm",
        ((2, 6, 5, 4), 2, (6,), (6,)),
        {"eps": 0.1},
    ),
    Case("layer_norm", "layer_norm", ((3, 4, 5),), {"normalized_shape": (4, 5)}),
    Case("layer_norm weight", "layer_norm", ((2, 3, 5), [5], (5,), (5,)), {"eps": 0.1}),
    Case("instance_norm", "instance_norm", ((3, 4, 5, 2), None, None, (4,), (4,)), {"eps": 0.1}),
    Case(
        "instance_norm running",
        "instance_norm",
        ((4, 3, 5), *STATISTICS, (3,), (3,)),
        {"use_input_stats": False},
    ),
    Case("local_response_norm", "local_response_norm", ((2, 7, 5, 4),), {"size": 5, "alpha": 0.3, "k": 2.0}),
    Case(
        "local_response_norm even",
        "local_response_norm",
        ((2, 3, 5),),
        {"size": 4, "alpha": 2.0, "beta": 0.5},
    ),
    Case("linear", "linear", ((5, 7), (3, 7), (3,))),
    Case("linear deep", "linear", ((2, 4, 5, 7), (3, 7), None)),
    Case("linear single", "linear", ((7,), (3, 7), (3,))),
    Case("linear empty batch", "linear", ((0, 7), (3, 7), (3,))),
    Case("embedding", "embedding", (np.array([[2, 0, 2], [4, 1, 2]]), (5, 3))),
    Case("embedding padding", "embedding", (np.array([2, 0, 2, 4]), (5, 3)), {"padding_idx": -2}),
    Case("embedding number", "embedding", (np.array(2), (5, 3))),
    Case("embedding empty batch", "embedding", (np.zeros((0, 2), int), (5, 3))),
    Case("matmul", "matmul", ((5, 7), (7, 3))),
    Case("matmul row", "matmul", ((7,), (2, 7, 3))),
    Case("matmul column", "matmul", ((2, 4, 7), (7,))),
    Case("matmul row and column", "matmul", ((7,), (7,))),
    Case("matmul both repeated", "matmul", ((3, 1, 5, 7), (2, 7, 4))),
    Case("matmul repeated once", "matmul", ((1, 3, 5, 7), (2, 3, 7, 4))),
    Case("matmul empty batch", "matmul", ((0, 5, 7), (7, 3))),
    Case("matmul of nothing", "matmul", ((2, 5, 0), (2, 0, 3))),
    Case("bmm", "bmm", ((2, 5, 7), (2, 7, 3))),
    Case("mm", "mm", ((5, 7), (7, 3))),
    Case("add", "add", ((2, 3, 5), (2, 3, 5))),
    Case("add channels", "add", ((2, 3, 5, 4), (3, 1, 1))),
    Case("add both repeated", "add", ((3, 1, 5), (2, 1, 4, 5))),
    Case("add number", "add", ((2, 3), ())),
    Case("add empty batch", "add", ((0, 3, 5), (1, 3, 1))),
    Case("mul", "mul", ((2, 3, 5), (2, 3, 5))),
    Case("mul channels", "mul", ((2, 3, 5, 4), (2, 3, 1, 1))),
    Case("mul both repeated", "mul", ((3, 1, 5), (2, 1, 4, 5))),
    Case("mul number", "mul", ((), (3, 5))),
    Case("mul empty batch", "mul", ((0, 3, 5), (3, 1))),
    Case("cat", "cat", ((2, 3, 5, 4), (2, 2, 5, 4), (2, 1, 5, 4)), {"dim": 1}, listed=True),
    Case("cat last", "cat", ((2, 3), (2, 4)), {"dim": -1}, listed=True),
    Case("cat images", "cat", ((2, 3, 5), (4, 3, 5)), listed=True),
    Case("cat one", "cat", ((2, 3, 5),), {"dim": 2}, listed=True),
    Case("cat empty batch", "cat", ((0, 3), (0, 5)), {"dim": 1}, listed=True),
    Case("div", "div", ((2, 3, 5), (2, 3, 5)), least=0.5),
    Case("div channels", "div", ((2, 3, 5, 4), (2, 3, 1, 1)), least=0.5),
    Case("div both repeated", "div", ((3, 1, 5), (2, 1, 4, 5)), least=0.5),
    Case("div number", "div", ((), (3, 5)), least=0.5),
    Case("pow", "pow", ((2, 3, 5),), {"exponent": 2}),
    Case("pow 0", "pow", ((2, 3, 5),), {"exponent": 0.0}),
    Case("pow 1", "pow", ((2, 3, 5),), {"exponent": 1}),
    Case("pow -3", "pow", ((2, 3, 5),), {"exponent": -3}, least=0.5),
    Case("pow number", "pow", ((),), {"exponent": 3}),
    *(
        Case(f"{name} {shapes}", name, shapes)
        for name in ("minimum", "maximum", "clamp_min", "clamp_max")
        for shapes in (((2, 3, 5), (2, 3, 5)), ((2, 3, 5, 4), (3, 1, 1)), ((3, 1, 5), (2, 1, 4, 1)), ((), ()))
    ),
    Case("where", "where", (HOLDS, (2, 3, 5), (3, 1))),
    Case("where number", "where", (HOLDS, (), (2, 3, 5))),
    Case("clamp max", "clamp", ((2, 3, 5),), {"max": 0.7}),
    Case("pow of tensors", "pow", ((2, 3, 5), (3, 1)), positive=True),
    Case("prelu", "prelu", ((2, 3, 5, 4), (3,))),
    Case("prelu one weight", "prelu", ((2, 3, 5), (1,))),
    Case("prelu without channels", "prelu", ((5,), (1,))),
    Case("neg", "neg", ((2, 3, 5),)),
    Case("glu", "glu", ((2, 3, 6),)),
    Case("glu channels", "glu", ((2, 4, 5, 3),), {"dim": 1}),
    Case("sub", "sub", ((2, 3, 5), (2, 3, 5))),
    Case("sub channels", "sub", ((2, 3, 5, 4), (1, 3, 1, 1))),
    Case("sub both repeated", "sub", ((3, 1, 5), (2, 1, 4, 1))),
    Case("relu", "relu", ((2, 3, 5),)),
    Case("relu ties", "relu", ((3, 5, 7),), ties=True),
    Case("leaky_relu", "leaky_relu", ((2, 3, 5),), {"negative_slope": 0.3}),
    Case("sigmoid", "sigmoid", ((2, 3, 5),)),
    Case("tanh", "tanh", ((2, 3, 5),)),
    Case("gelu", "gelu", ((2, 3, 5),)),
    Case("gelu tanh", "gelu", ((2, 3, 5),), {"approximate": "tanh"}),
    Case("silu", "silu", ((2, 3, 5),)),
    Case("silu number", "silu", ((),)),
    *(Case(c.function, c.function, ((2, 3, 5),), c.named, REFERENCES.get(c.function)) for c in CURVES),
    *(Case(c.function, c.function, ((2, 3, 5),), positive=True) for c in ABOVE_0),
    Case("elu number", "elu", ((),)),
    Case("softmax", "softmax", ((2, 3, 5),), {"dim": 1}),
    Case("softmax empty batch", "softmax", ((0, 3),), {"dim": -1}),
    Case("log_softmax", "log_softmax", ((2, 3, 5),), {"dim": -1}),
    Case(
        "batch_norm training",
        "batch_norm",
        ((4, 3, 5, 2), *STATISTICS, (3,), (3,)),
        {"training": True, "momentum": 0.3},
    ),
    Case("batch_norm bare", "batch_norm", ((4, 3), None, None), {"training": True, "eps": 0.1}),
    Case("batch_norm inference", "batch_norm", ((4, 3, 5), *STATISTICS, (3,), None)),
    Case("batch_norm empty batch", "batch_norm", ((0, 3, 5), *STATISTICS, (3,), (3,)), {"training": True}),
    Case("flatten", "flatten", ((2, 3, 5, 7),), {"start_dim": 1, "end_dim": 2}),
    Case("flatten number", "flatten", ((),)),
    Case("flatten empty batch", "flatten", ((0, 3, 5),), {"start_dim": 1}),
    Case("reshape", "reshape", ((2, 3, 5, 4),), {"shape": (-1, 10, 3)}),
    Case("reshape cuts through", "reshape", ((2, 3, 5),), {"shape": (6, 5)}),
    Case("reshape number", "reshape", ((),), {"shape": ()}),
    Case("reshape empty batch", "reshape", ((0, 3, 5),), {"shape": (-1, 5)}),
    Case("unflatten", "unflatten", ((2, 12, 5),), {"dim": 1, "sizes": (3, -1, 2)}),
    Case("squeeze", "squeeze", ((1, 3, 1, 5),)),
    Case("squeeze axes", "squeeze", ((1, 3, 1, 5),), {"dim": (0, 1, -2)}),
    Case("unsqueeze", "unsqueeze", ((2, 3),), {"dim": -1}),
    Case("permute", "permute", ((2, 3, 5, 4),), {"dims": (0, -2, 3, 1)}),
    Case("transpose", "transpose", ((2, 3, 5),), {"dim0": -1, "dim1": 0}),
    Case("movedim", "movedim", ((2, 3, 5, 4),), {"source": (0, 1), "destination": (-1, 0)}),
    Case(
        "getitem",
        "getitem",
        ((3, 7, 2, 5),),
        *indexed(slice(-2, None), slice(1, None, 3), None, 1, slice(-3, -1)),
    ),
    Case("getitem all but one", "getitem", ((3, 7, 5),), *indexed(..., -1)),
    Case("getitem one", "getitem", ((3,),), *indexed(1)),
    Case("getitem none", "getitem", ((3, 4),), *indexed(slice(2, 1))),
    Case("narrow", "narrow", ((2, 7, 5),), {"dim": 1, "start": -4, "length": 3}),
    Case(
        "split",
        "split",
        ((2, 6, 5),),
        {"split_size_or_sections": 2, "dim": 1},
        stacked("split", split_size_or_sections=2, dim=1),
    ),
    Case("chunk", "chunk", ((2, 4, 5),), {"chunks": 2, "dim": -2}, stacked("chunk", chunks=2, dim=-2)),
    Case("flip", "flip", ((2, 3, 5),), {"dims": (0, -1)}),
    Case("roll", "roll", ((2, 3, 5),), {"shifts": (4, -1, 9), "dims": (1, 2, -1)}),
    Case("roll all", "roll", ((2, 3, 5),), {"shifts": 7}),
    Case("roll none", "roll", ((2, 3),), {"shifts": (0, 3), "dims": (0, 1)}),
    Case("stack", "stack", ((2, 3, 5), (2, 3, 5)), {"dim": 1}, listed=True),
    Case("stack last", "stack", ((2,), (2,), (2,)), {"dim": -1}, listed=True),
    Case("stack numbers", "stack", ((), ()), listed=True),
    Case("pixel_shuffle", "pixel_shuffle", ((2, 18, 2, 4),), {"upscale_factor": 3}),
    Case("pixel_shuffle unbatched", "pixel_shuffle", ((8, 3, 2),), {"upscale_factor": 2}),
    Case("pixel_unshuffle", "pixel_unshuffle", ((2, 2, 6, 9),), {"downscale_factor": 3}),
    Case("channel_shuffle", "channel_shuffle", ((2, 6, 3, 5),), {"groups": 3}),
    Case("channel_shuffle line", "channel_shuffle", ((2, 6, 5),), {"groups": 2}),
    Case("dropout", "dropout", ((2, 3, 5),), {"p": 0.3, "seed": 7}, lambda _, x: dropped(x, 0.3, 7)),
    Case(
        "dropout large seed",
        "dropout",
        ((7, 5),),
        {"seed": 2**63 - 1},
        lambda _, x: dropped(x, 0.5, 2**63 - 1),
    ),
    Case("dropout1d", "dropout1d", ((2, 3, 5),), {"p": 0.3, "seed": 7}, whole(2)),
    Case("dropout1d unbatched", "dropout1d", ((3, 5),), {"p": 0.3, "seed": 7}, whole(1)),
    Case("dropout2d", "dropout2d", ((2, 3, 5, 4),), {"p": 0.3, "seed": 7}, whole(2)),
    Case("dropout2d line", "dropout2d", ((2, 3, 5),), {"p": 0.3, "seed": 7}, whole(2)),
    Case("dropout3d", "dropout3d", ((2, 3, 2, 5, 4),), {"p": 0.3, "seed": 7}, whole(2)),
    Case("dropout3d unbatched", "dropout3d", ((3, 2, 5, 4),), {"p": 0.3, "seed": 7}, whole(1)),
    Case("dropout2d inference", "dropout2d", ((2, 3, 5, 4),), {"p": 0.3, "training": False}),
    Case(
        "stochastic_depth", "stochastic_depth", ((7, 3, 4),), {"p": 0.3, "mode": "row", "seed": 7}, whole(1)
    ),
    Case(
        "stochastic_depth batch",
        "stochastic_depth",
        ((7, 3),),
        {"p": 0.3, "mode": "batch", "seed": 7},
        whole(0),
    ),
    Case("dropout inference", "dropout", ((2, 3, 5),), {"p": 0.3, "training": False}),
    Case("cross_entropy", "cross_entropy", ((5, 5), CLASSES)),
    Case("cross_entropy weight", "cross_entropy", ((5, 5), CLASSES, CLASS_WEIGHT), {"label_smoothing": 0.2}),
    Case(
        "cross_entropy sum", "cross_entropy", ((5, 5), CLASSES % 5), {"reduction": "sum", "ignore_index": 2}
    ),
    Case(
        "cross_entropy planes",
        "cross_entropy",
        ((2, 4, 3, 2), PLANES),
        {"reduction": "none", "label_smoothing": 0.1},
    ),
    Case("cross_entropy planes mean", "cross_entropy", ((2, 5, 3, 2), PLANES, CLASS_WEIGHT)),
    Case("cross_entropy single", "cross_entropy", ((5,), np.array(3), CLASS_WEIGHT), {"reduction": "none"}),
    Case("cross_entropy smoothing", "cross_entropy", ((5, 5), CLASSES), {"label_smoothing": 0.3}),
    Case(
        "cross_entropy smoothing planes",
        "cross_entropy",
        ((2, 5, 3, 2), PLANES % 5, CLASS_WEIGHT),
        {"label_smoothing": 0.1, "ignore_index": 1, "reduction": "sum"},
    ),
    Case("cross_entropy probabilities", "cross_entropy", ((4, 5), (4, 5))),
    Case(
        "cross_entropy probabilities weight",
        "cross_entropy",
        ((4, 5), (4, 5), CLASS_WEIGHT),
        {"label_smoothing": 0.2},
    ),
    Case(
        "cross_entropy probabilities planes",
        "cross_entropy",
        ((2, 5, 3, 4), (2, 5, 3, 4), CLASS_WEIGHT),
        {"reduction": "sum"},
    ),
    Case(
        "cross_entropy probabilities none",
        "cross_entropy",
        ((2, 4, 3), (2, 4, 3)),
        {"reduction": "none", "label_smoothing": 1.0},
    ),
    Case("cross_entropy probabilities single", "cross_entropy", ((5,), (5,), CLASS_WEIGHT)),
    Case("sum", "sum", ((2, 3, 5, 4),)),
    Case("sum channels", "sum", ((2, 3, 5, 4),), {"dim": 1}),
    Case("sum of a batch", "sum", ((2, 3, 5, 4),), {"dim": (0, -1), "keepdim": True}),
    Case("sum over none", "sum", ((2, 3),), {"dim": ()}),
    Case("sum number", "sum", ((),), {"dim": -1}),
    Case("sum empty batch", "sum", ((0, 3, 5),), {"dim": 0}),
    Case("mean", "mean", ((2, 3, 5),)),
    Case("mean positions", "mean", ((2, 3, 5, 4),), {"dim": (2, 3)}),
    Case("mean kept", "mean", ((2, 3, 5, 4),), {"dim": [-2, 1], "keepdim": True}),
    Case("mean number", "mean", ((),)),
    Case("mean empty batch", "mean", ((0, 3, 5),), {"dim": (1, 2)}),
    Case("nll_loss", "nll_loss", ((5, 5), CLASSES)),
    Case("nll_loss weight", "nll_loss", ((5, 5), CLASSES % 5, CLASS_WEIGHT), {"ignore_index": 2}),
    Case("nll_loss sum", "nll_loss", ((2, 5, 3, 2), PLANES, CLASS_WEIGHT), {"reduction": "sum"}),
    Case("nll_loss planes", "nll_loss", ((2, 5, 3, 2), PLANES), {"reduction": "none"}),
    Case("nll_loss single", "nll_loss", ((5,), np.array(3))),
    Case("amax", "amax", ((2, 3, 5),)),
    Case("amax channels", "amax", ((2, 3, 5, 4),), {"dim": 1, "keepdim": True}),
    Case("amax ties", "amax", ((3, 5, 7),), {"dim": (0, 2)}, ties=True),
    Case("amax number", "amax", ((),), {"dim": 0}),
    Case("amin", "amin", ((2, 3, 5, 4),), {"dim": (-1, -2)}),
    Case("amin ties", "amin", ((3, 5, 7),), {"dim": 1}, ties=True),
    Case("amin empty batch", "amin", ((0, 3),), {"dim": 1}),
    Case("norm", "norm", ((2, 3, 5),), {}, lambda torch, x: torch.linalg.vector_norm(x)),
    Case("norm 1", "norm", ((2, 3, 5),), {"p": 1, "dim": 1}),
    Case("norm 3", "norm", ((2, 3, 5, 4),), {"p": 3.0, "dim": (2, 3), "keepdim": True}),
    Case("norm 1.5", "norm", ((2, 3),), {"p": 1.5, "dim": 0}, least=0.1),
    Case("normalize", "normalize", ((2, 3, 5),)),
    Case("normalize 3", "normalize", ((2, 3, 5),), {"p": 3.0, "dim": -1}),
    Case("normalize short", "normalize", ((4, 3),), {"eps": 1.5}),
    Case("cosine_similarity", "cosine_similarity", ((2, 3, 5), (2, 3, 5))),
    Case("cosine_similarity broadcast", "cosine_similarity", ((2, 3, 5), (3, 1)), {"dim": 1}),
    Case("softmin", "softmin", ((2, 3, 5),), {"dim": 1}),
    Case("var", "var", ((2, 3, 5),)),
    Case("var channels", "var", ((2, 5, 3, 4),), {"dim": 1, "keepdim": True}),
    Case("var of all", "var", ((2, 5, 3),), {"dim": (0, 2), "unbiased": False}),
    Case("var correction", "var", ((2, 5, 3),), {"dim": 1, "correction": 2}),
    Case("var empty batch", "var", ((0, 5, 3),), {"dim": 1}),
    Case("mse_loss", "mse_loss", ((2, 3, 5), (2, 3, 5))),
    Case("mse_loss sum", "mse_loss", ((2, 3), (2, 3)), {"reduction": "sum"}),
    Case("mse_loss none", "mse_loss", ((2, 3), (2, 3)), {"reduction": "none"}),
    Case("mse_loss of numbers", "mse_loss", ((), ())),
    Case("l1_loss", "l1_loss", ((2, 3, 5), (2, 3, 5))),
    Case("l1_loss none", "l1_loss", ((2, 3), (2, 3)), {"reduction": "none"}),
    Case("smooth_l1_loss", "smooth_l1_loss", ((2, 3, 5), (2, 3, 5)), {"beta": 0.7}),
    Case("smooth_l1_loss without squares", "smooth_l1_loss", ((7,), (7,)), {"beta": 0, "reduction": "sum"}),
    Case("huber_loss", "huber_loss", ((2, 3, 5), (2, 3, 5)), {"delta": 0.8}),
    Case("huber_loss none", "huber_loss", ((2, 7), (2, 7)), {"delta": 2, "reduction": "none"}),
    Case("binary_cross_entropy", "binary_cross_entropy", ((3, 5), (3, 5)), shares=True),
    Case(
        "binary_cross_entropy weight",
        "binary_cross_entropy",
        ((3, 5), (3, 5), CLASS_WEIGHT),
        {"reduction": "sum"},
        shares=True,
    ),
    Case("binary_cross_entropy_with_logits", "binary_cross_entropy_with_logits", ((3, 5), (3, 5))),
    Case(
        "binary_cross_entropy_with_logits weights",
        "binary_cross_entropy_with_logits",
        ((3, 5), (3, 5), np.array([[0.5], [2.0], [1.5]])),
        {"pos_weight": CLASS_WEIGHT, "reduction": "none"},
        lambda torch, x, *rest: torch.nn.functional.binary_cross_entropy_with_logits(
            x, *rest, pos_weight=x.new_tensor(CLASS_WEIGHT), reduction="none"
        ),
    ),
    Case("kl_div", "kl_div", ((4, 3), (4, 3)), {"reduction": "batchmean"}, shares=True),
    Case("kl_div sum", "kl_div", ((3, 5), (3, 5)), {"reduction": "sum"}, shares=True),
    Case("kl_div logarithms", "kl_div", ((3, 5), (3, 5)), {"log_target": True, "reduction": "batchmean"}),
]
_SUMS = ("conv", "avg", "adaptive_avg", "linear", "add", "unfold", "fold", "sum", "mean")
_SUMS = ("conv", "avg", "adaptive_avg", "linear", "matmul", "bmm", "mm", "add", "unfold", "fold")
SUMS = [case for case in CASES if case.function.startswith(_SUMS)]
_SUMS = ("conv", "avg", "adaptive_avg", "linear", "add", "unfold", "fold")
_MOVES = ("reshape", "permute", "getitem", "narrow", "flip", "roll", "pixel", "channel_shuffle", "flatten")
SUMS = [case for case in CASES if case.function.startswith((*_SUMS, *_MOVES)) and "none" not in case.id]


def parametrised(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in cases])


@pytest.mark.parametrize("case", COMPARISONS, ids=lambda case: case.id)
def test_comparisons_are_numpys(case: Case) -> None:
    found = case.forward(TIED, TIES)
    assert found.dtype == np.bool_
    np.testing.assert_array_equal(found, NUMPYS[case.function](TIED, TIES))
    number = case.forward(TIED.astype(np.float32), 0)
    np.testing.assert_array_equal(number, NUMPYS[case.function](TIED, 0))


def test_table_is_complete() -> None:
    names = {name for name in F.__all__ if not name.endswith("_backward")}
    assert names == {case.function for case in (*CASES, *COMPARISONS)}
    comparisons = {case.function for case in COMPARISONS}
    assert set(F.__all__) == names | {f"{name}_backward" for name in names - comparisons}


@parametrised([case for case in CASES if not case.ties])
def test_finite_differences(case: Case) -> None:
    random, h = np.random.default_rng(1), 1e-5
    operands = case.draw()
    directions = [random.normal(size=x.shape) for x in (operands[i] for i in case.differentiated)]

    def moved(step: float) -> Array:
        values = [x.copy() if isinstance(x, np.ndarray) else x for x in operands]
        for i, direction in zip(case.differentiated, directions, strict=True):
            values[i] = values[i] + step * direction
        return np.asarray(case.forward(*values))

    grad_output = random.normal(size=moved(0).shape)
    numeric = np.vdot(grad_output, (moved(h) - moved(-h)) / (2 * h))
    products = [g * v for g, v in zip(case.backward(grad_output, *operands), directions, strict=True)]
    scale = sum(np.abs(product).sum() for product in products)
    assert abs(numeric - sum(product.sum() for product in products)) <= 1e-6 * scale


@parametrised(CASES)
def test_float32_stays_and_is_close(case: Case) -> None:
    narrow = case.draw(np.float32)
    wide = [
        x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype == np.float32 else x
        for x in case.draw(np.float32)
    ]
    output, expected = np.asarray(case.forward(*narrow)), case.forward(*wide)
    assert output.dtype == np.float32
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)
    grad_output = np.random.default_rng(2).normal(size=output.shape).astype(np.float32)
    for gradient, want in zip(
        case.backward(grad_output, *narrow), case.backward(grad_output, *wide), strict=True
    ):
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(gradient, want, rtol=1e-4, atol=1e-4)


def totals(terms: Terms, arrays: dict[str, Array], elements: int) -> Array:
    """What the terms of each element add up to."""
    product: Any = np.ones((elements, 1))
    for name, rows in terms.factors:
        array = arrays[name]
        inside = np.logical_and.reduce(
            np.broadcast_arrays(*((r >= 0) & (r < size) for r, size in zip(rows, array.shape, strict=True)))
        )
        at = tuple(np.clip(r, 0, size - 1) for r, size in zip(rows, array.shape, strict=True))
        product = product * np.where(inside, array[at], 0)
    if terms.divisors is not None:
        product = product / terms.divisors
    if terms.present is not None:
        product = np.where(terms.present, product, 0)
    start = 0.0 if terms.start is None else arrays[terms.start[0]][terms.start[1]]
    result: Array = start + np.broadcast_to(product, (elements, product.shape[1])).sum(axis=1)
    return result


@parametrised(SUMS)
def test_terms_add_up(case: Case) -> None:
    random = np.random.default_rng(3)
    call = getattr(F, case.function).__wrapped__(*case.arguments(case.draw()), **case.settings)
    operands, *_ = call.arrays()
    arrays = dict(zip(call.op.arguments, operands, strict=True))
    shapes = [None if x is None else x.shape for x in operands]
    arrays["output"] = call.op.forward(*operands)
    arrays["grad_output"] = random.normal(size=arrays["output"].shape)
    gradients = call.op.backward(arrays["grad_output"], *operands)
    numbers = {"output": arrays["output"]}
    numbers |= {
        f"grad_{name}": g for name, g in zip(call.op.differentiable, gradients, strict=True) if g is not None
    }
    for of, array in numbers.items():
        positions = np.array(list(np.ndindex(*array.shape)), np.int64).reshape(array.size, array.ndim)
        at = positions[random.choice(len(positions), size=min(12, len(positions)), replace=False)]
        found = totals(call.op.terms(of, at, *shapes), arrays, len(at))
        np.testing.assert_allclose(found, array[tuple(at.T)], rtol=1e-12, atol=1e-12)


def test_convolution_by_hand() -> None:
    image, weight = np.arange(9.0).reshape(1, 1, 3, 3), np.array([[[[0.0, 1.0], [2.0, 3.0]]]])
    assert F.conv2d(image, weight).tolist() == [[[[19, 25], [37, 43]]]]
    grad_input, grad_weight, grad_bias = F.conv2d_backward(np.ones((1, 1, 2, 2)), image, weight)
    assert grad_input.tolist() == [[[[0, 1, 1], [2, 6, 4], [2, 5, 3]]]]
    assert grad_weight.tolist() == [[[[8, 12], [20, 24]]]]
    assert grad_bias is None


def test_convolution_of_a_binary_image() -> None:
    image = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    weight = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert F.conv2d([image], [[weight]]).tolist() == [[[4, 3, 4], [2, 4, 3], [2, 3, 4]]]


def test_pooling_by_hand() -> None:
    image = np.array([[[1.0, 3.0, 3.0], [3.0, 2.0, 0.0]]])
    output, indices = F.max_pool2d(image, 2, stride=1, return_indices=True)
    assert output.tolist() == [[[3, 3]]]
    assert indices.tolist() == [[[1, 1]]]
    assert F.max_pool2d_backward([[[10, 1]]], image, 2, stride=1)[0].tolist() == [[[0, 11, 0], [0, 0, 0]]]
    assert F.avg_pool2d(image, 2, stride=1).tolist() == [[[2.25, 2.0]]]
    assert F.avg_pool2d(image, 2, padding=1, ceil_mode=True).tolist() == [[[0.25, 1.5], [0.75, 0.5]]]


def test_max_pool_of_minus_infinity_takes_no_padding() -> None:
    lowest = np.full((1, 1, 3), -np.inf)
    output, indices = F.max_pool1d(lowest, 2, padding=1, return_indices=True)
    assert output.tolist() == [[[-np.inf, -np.inf]]]
    assert indices.tolist() == [[[0, 1]]]


def test_nan_and_infinity_pass_without_warnings() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1e300, -1e300])
    assert F.relu(x).tolist()[1:] == [np.inf, 0, 1e300, 0]
    for function in (F.relu, F.leaky_relu, F.sigmoid, F.tanh, F.gelu, F.silu):
        assert np.isnan(function(x)[0])
        getattr(F, f"{function.__name__}_backward")(np.ones(5), x)
    np.testing.assert_array_equal(F.sigmoid(x)[1:], [1, 0, 1, 0])
    np.testing.assert_array_equal(F.gelu(x, approximate="tanh")[[1, 3, 4]], [np.inf, 1e300, 0])
    assert np.isnan(F.softmax([np.inf, 1.0], dim=0)[0])


def test_sigmoid_keeps_small_slopes() -> None:
    assert F.sigmoid_backward([1.0], [40.0])[0][0] == pytest.approx(np.exp(-40.0), rel=1e-12)


def test_batch_norm_with_many_equal_values_is_exact() -> None:
    output = F.batch_norm(np.full((4, 1, 3), 1e6, np.float32), None, None, bias=[2.0], training=True)
    np.testing.assert_array_equal(output, 2.0)


def test_cross_entropy_without_any_target_is_nan_with_gradient_zero() -> None:
    logits, ignored = np.zeros((2, 3)), np.array([-100, -100])
    assert np.isnan(F.cross_entropy(logits, ignored))
    assert np.isnan(F.cross_entropy(logits[:0], ignored[:0]))
    assert F.cross_entropy_backward(1.0, logits, ignored)[0].tolist() == [[0, 0, 0], [0, 0, 0]]


def test_impossible_classes_cost_nothing_until_they_are_the_target() -> None:
    logits = np.array([[0.0, -np.inf]])
    assert F.cross_entropy(logits, [0]) == 0
    assert F.cross_entropy(logits, [0], [2.0, 1.0]) == 0
    assert F.cross_entropy(logits, [1]) == np.inf
    assert F.cross_entropy(logits, [0], label_smoothing=0.1) == np.inf


def test_label_smoothing_by_hand() -> None:
    """Of three classes with the shares 1/4, 1/4, 1/2 and a target that is spread as 0.8, 0.1, 0.1."""
    logits = np.log([[1.0, 1.0, 2.0]])
    expected = 0.9 * np.log(4) + 0.1 * np.log(2)
    assert F.cross_entropy(logits, [0], label_smoothing=0.3) == pytest.approx(expected, rel=1e-14)
    assert F.cross_entropy(logits, [[0.8, 0.1, 0.1]]) == pytest.approx(expected, rel=1e-14)
    (gradient,) = F.cross_entropy_backward(1.0, logits, [0], label_smoothing=0.3)
    np.testing.assert_allclose(gradient, [[0.25 - 0.8, 0.25 - 0.1, 0.5 - 0.1]], rtol=1e-14)
    gradient, of_target = F.cross_entropy_backward(1.0, logits, [[0.8, 0.1, 0.1]])
    np.testing.assert_allclose(gradient, [[0.25 - 0.8, 0.25 - 0.1, 0.5 - 0.1]], rtol=1e-14)
    np.testing.assert_allclose(of_target, [[np.log(4), np.log(4), np.log(2)]], rtol=1e-14)


def test_one_hot_probabilities_are_labels() -> None:
    logits, labels = (
        np.random.default_rng(2).normal(size=(4, 3, 2)),
        np.array([[0, 2], [1, 1], [2, 0], [0, 0]]),
    )
    rows = np.moveaxis(np.eye(3)[labels], -1, 1)
    for settings in ({}, {"label_smoothing": 0.25}, {"reduction": "none"}):
        np.testing.assert_allclose(
            F.cross_entropy(logits, rows, **settings), F.cross_entropy(logits, labels, **settings), rtol=1e-14
        )


def test_dropout_keeps_the_expected_share() -> None:
    ones = np.ones(100_000)
    for p in (0.1, 0.5, 0.9):
        kept = F.dropout(ones, p, seed=3)
        assert set(np.unique(kept)) == {0.0, 1 / (1 - p)}
        assert kept.mean() == pytest.approx(1, abs=6 * np.sqrt(p / (1 - p) / ones.size))
    assert not F.dropout(ones, 1.0).any()
    np.testing.assert_array_equal(F.dropout(ones, 0.0), ones)


def test_dropout_depends_on_each_of_its_integers() -> None:
    op, ones = Dropout(0.5), np.ones(1000)
    outputs = [op.forward(ones, seed=s, step=t, layer=u) for s, t, u in np.ndindex(2, 2, 2)]
    agreement = np.mean([[np.mean(a == b) for b in outputs] for a in outputs] - np.eye(8) / 2)
    assert agreement == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("rule", [SGD(0.9, 0.1, True), Adam(weight_decay=0.1), Adam(decoupled=True)], ids=str)
def test_updates_keep_float32(rule: Any) -> None:
    parameter = np.ones(3, np.float32)
    updated, state = rule.update(parameter, parameter, {}, lr=np.float64(0.1), step=1)
    assert {array.dtype for array in (updated, *state.values())} == {np.dtype(np.float32)}


def test_an_infinite_norm_is_pooled_on_arrays_and_refused_in_a_network() -> None:
    x = np.array([[[1.0, -3, 2, 2, 0, 0]]])
    assert F.lp_pool1d(x, np.inf, 2).tolist() == [[[3, 2, 0]]]
    assert F.lp_pool1d(x, -np.inf, 2).tolist() == [[[1, 2, 0]]]
    assert F.lp_pool1d_backward([[[5, 7, 9]]], x, np.inf, 2)[0].tolist() == [[[0, -5, 7, 0, 0, 0]]]
    rule = r"in a network norm_type must be finite\. Got norm_type=inf\. Hint: pool the absolute values by max_pool"
    with pytest.raises(ArgumentError, match=rf"^lp_pool1d 'lp_pool1d': {rule}\.$"):
        run(lambda s: F.lp_pool1d(s, np.inf, 2), x, {})
