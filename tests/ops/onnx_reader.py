"""ONNX's operators read as calls of `pellucid.functional`: attributes, order of operands, what ONNX has beyond it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto
from onnx.helper import get_attribute_value

from pellucid import functional as F
from pellucid.geometry import Axis

Pairs = list[tuple[int, int]]


def run_node(node: NodeProto, operands: list[Any]) -> list[np.ndarray]:
    """The outputs of a node that the functions give (layer_norm keeps means and deviations to itself).

    The functions compute in floats, so whole numbers come back as they went.
    """
    attributes = {a.name: get_attribute_value(a) for a in node.attribute}
    first = operands[0]
    outputs = READERS[node.op_type](attributes, *operands)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return [outputs[0].astype(first.dtype), *outputs[1:]]


def windows(attributes: dict[str, Any], input: np.ndarray, kernel: Any) -> tuple[Any, Any, Pairs]:
    """Stride, dilation and padding; auto_pad makes an output of ⌈size/stride⌉ positions."""
    dims = input.ndim - 2
    stride, dilation = (tuple(attributes.get(name, [1] * dims)) for name in ("strides", "dilations"))
    automatic = attributes.get("auto_pad", b"NOTSET")
    if not automatic.startswith(b"SAME"):
        return stride, dilation, pairs(attributes, dims)
    padding = []
    for size, k, s, d in zip(input.shape[2:], kernel, stride, dilation, strict=True):
        padding.append(halves(max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0), automatic))
    return stride, dilation, padding


def pairs(attributes: dict[str, Any], dims: int) -> Pairs:
    """(before, after) of every axis, which ONNX lists as all befores and then all afters."""
    pads = attributes.get("pads", [0] * 2 * dims)
    return list(zip(pads[:dims], pads[dims:], strict=True))


def halves(total: int, automatic: bytes) -> tuple[int, int]:
    """The odd one goes to the end for SAME_UPPER, to the beginning for SAME_LOWER."""
    small, large = total // 2, total - total // 2
    return (large, small) if automatic == b"SAME_LOWER" else (small, large)


def flat(padding: Pairs) -> list[int]:
    """In the order of `pad`: the last axis first."""
    return [width for pair in reversed(padding) for width in pair]


def function(name: str, input: np.ndarray) -> Any:
    """conv → conv2d for an image."""
    return getattr(F, f"{name}{input.ndim - 2}d")


def conv(a: dict[str, Any], x: Any, weight: Any, bias: Any = None) -> Any:
    stride, dilation, padding = windows(a, x, weight.shape[2:])
    return function("conv", x)(x, weight, bias, stride, padding, dilation, a.get("group", 1))


def conv_transpose(a: dict[str, Any], x: Any, weight: Any, bias: Any = None) -> Any:
    """An output_shape, also that of auto_pad (size·stride), says how much is cropped, or if negative, added."""
    dims, kernel = x.ndim - 2, weight.shape[2:]
    stride, dilation = (a.get(name, [1] * dims) for name in ("strides", "dilations"))
    more = list(a.get("output_padding", [0] * dims))
    padding, automatic = pairs(a, dims), a.get("auto_pad", b"NOTSET")
    shape = a.get("output_shape")
    if automatic.startswith(b"SAME"):
        shape = [size * s for size, s in zip(x.shape[2:], stride, strict=True)]
    if shape is not None:
        for i, size in enumerate(x.shape[2:]):
            total = stride[i] * (size - 1) + more[i] + dilation[i] * (kernel[i] - 1) + 1 - shape[i]
            padding[i], more[i] = halves(max(total, 0), automatic), more[i] + max(-total, 0)
    call = function("conv_transpose", x)
    return call(x, weight, bias, stride, padding, more, a.get("group", 1), dilation)


def fits(kernel: Any, padding: Pairs) -> bool:
    """Whether the pooling functions take this padding: at most half a window, as in PyTorch."""
    return all(max(pair) <= k // 2 for pair, k in zip(padding, kernel, strict=True))


def max_pool(a: dict[str, Any], x: Any) -> list[Any]:
    """ONNX's indices count the whole tensor, in column-major planes with storage_order."""
    kernel = a["kernel_shape"]
    stride, dilation, padding = windows(a, x, kernel)
    ceil = bool(a.get("ceil_mode", 0))
    if not fits(kernel, padding):
        x, padding = F.pad(x, flat(padding), value=-np.inf), 0
    values, indices = function("max_pool", x)(x, kernel, stride, padding, dilation, ceil, return_indices=True)
    if a.get("storage_order"):
        indices = np.ravel_multi_index(np.unravel_index(indices, x.shape[2:]), x.shape[2:], order="F")
    return [values, indices + planes(x, prod(x.shape[2:]))]


def planes(x: np.ndarray, size: int) -> np.ndarray:
    """Where each channel's plane begins, shaped to meet the input."""
    return np.arange(prod(x.shape[:2])).reshape(*x.shape[:2], *[1] * (x.ndim - 2)) * size


def average_pool(a: dict[str, Any], x: Any) -> Any:
    kernel = a["kernel_shape"]
    stride, dilation, padding = windows(a, x, kernel)
    ceil, include = bool(a.get("ceil_mode", 0)), bool(a.get("count_include_pad", 0))
    if fits(kernel, padding) and set(dilation) == {1}:
        return function("avg_pool", x)(x, kernel, stride, padding, ceil, include)
    ones = F.pad(np.ones_like(x), flat(padding), value=float(include))
    return sums(a, F.pad(x, flat(padding))) / sums(a, ones)


def sums(a: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """The sums of windows, which may be dilated: a depthwise convolution with ones. Ceil mode pads with zeros."""
    kernel = a["kernel_shape"]
    stride, dilation, _ = windows({k: v for k, v in a.items() if k != "auto_pad"}, x, kernel)
    after = []
    for size, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True):
        axis = Axis(size, k, s, d, ceil_mode=bool(a.get("ceil_mode", 0)))
        after.append((0, max((axis.output - 1) * s + axis.extent - size, 0)))
    weight = np.ones((x.shape[1], 1, *kernel), x.dtype)
    return function("conv", x)(x, weight, None, stride, after, dilation, x.shape[1])


def lp_pool(a: dict[str, Any], x: Any) -> Any:
    """ONNX takes magnitudes, PyTorch the numbers."""
    kernel, p = a["kernel_shape"], a.get("p", 2)
    stride, dilation, padding = windows(a, x, kernel)
    x = F.pad(abs(x), flat(padding))
    if set(dilation) == {1}:
        return function("lp_pool", x)(x, p, kernel, stride, bool(a.get("ceil_mode", 0)))
    return sums(a, x**p) ** (1 / p)


def max_unpool(a: dict[str, Any], x: Any, indices: Any, shape: Any = None) -> Any:
    """Indices count the whole tensor; an output_shape adds zeros behind what the windows cover."""
    kernel, stride = a["kernel_shape"], a.get("strides")
    size = [(y - 1) * s + k for y, s, k in zip(x.shape[2:], stride or kernel, kernel, strict=True)]
    output = function("max_unpool", x)(x, indices - planes(x, prod(size)), kernel, stride)
    if shape is None:
        return output
    return F.pad(output, flat([(0, want - got) for want, got in zip(shape, output.shape, strict=True)]))


def batch_norm(a: dict[str, Any], x: Any, scale: Any, bias: Any, mean: Any, var: Any) -> list[Any]:
    """ONNX's momentum is what stays, and its running variance divides by m, PyTorch's by m − 1."""
    keep, training = a.get("momentum", 0.9), bool(a.get("training_mode", 0))
    old, mean, var = var, mean.copy(), var.copy()
    output = F.batch_norm(x, mean, var, scale, bias, training, 1 - keep, a.get("epsilon", 1e-5))
    count = x.size // x.shape[1]
    return [output, mean, (var - keep * old) * (count - 1) / count + keep * old] if training else [output]


def layer_norm(a: dict[str, Any], x: Any, scale: Any, bias: Any = None) -> Any:
    return F.layer_norm(x, x.shape[a.get("axis", -1) :], scale, bias, a.get("epsilon", 1e-5))


def gemm(a: dict[str, Any], left: Any, right: Any, more: Any = None) -> Any:
    left = left.T if a.get("transA") else left
    right = right if a.get("transB") else right.T
    output = F.linear(left * np.float32(a.get("alpha", 1.0)), right)
    if more is None:
        return output
    return F.add(output, np.broadcast_to(more * np.float32(a.get("beta", 1.0)), output.shape))


def pad(a: dict[str, Any], x: Any, pads: Any, value: Any = None, axes: Any = None) -> Any:
    widths = np.zeros((x.ndim, 2), int)
    widths[list(range(x.ndim) if axes is None else axes)] = pads.reshape(2, -1).T
    mode = {"edge": "replicate", "wrap": "circular"}.get(name := a["mode"].decode(), name)
    return F.pad(x, flat(widths.tolist()), mode, None if value is None else float(value))


def col2im(a: dict[str, Any], x: Any, image: Any, block: Any) -> Any:
    return F.fold(
        x,
        *(tuple(size.tolist()) for size in (image, block)),
        a.get("dilations", 1),
        pairs(a, 2),
        a.get("strides", 1),
    )


READERS = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalAveragePool": lambda _, x: function("adaptive_avg_pool", x)(x, 1),
    "GlobalMaxPool": lambda _, x: function("adaptive_max_pool", x)(x, 1),
    "LpPool": lp_pool,
    "MaxUnpool": max_unpool,
    "BatchNormalization": batch_norm,
    "InstanceNormalization": lambda a, x, *rest: F.instance_norm(
        x, None, None, *rest, eps=a.get("epsilon", 1e-5)
    ),
    "GroupNormalization": lambda a, x, *rest: F.group_norm(x, a["num_groups"], *rest, a.get("epsilon", 1e-5)),
    "LayerNormalization": layer_norm,
    "LRN": lambda a, x: F.local_response_norm(
        x, a["size"], a.get("alpha", 1e-4), a.get("beta", 0.75), a.get("bias", 1.0)
    ),
    "Softmax": lambda a, x: F.softmax(x, a.get("axis", -1)),
    "LogSoftmax": lambda a, x: F.log_softmax(x, a.get("axis", -1)),
    "Gemm": gemm,
    "Pad": pad,
    "Col2Im": col2im,
}
