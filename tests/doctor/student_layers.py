"""Layers as students write them, in plain NumPy: right ones, and ones with a mistake planted in backward.

Each function gives (forward, backward). A mistake is a word, and the line that makes it stands beside the right one.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from scipy.special import erf

Functions = tuple[Callable[..., Any], Callable[..., Any]]


def convolution(
    stride: tuple[int, ...] = (1, 1),
    padding: tuple[int, ...] = (0, 0),
    dilation: tuple[int, ...] | None = None,
    groups: int = 1,
    mistake: str = "",
) -> Functions:
    """Cross-correlation over as many axes as stride has, image by image and place by place."""
    dims = len(stride)
    dilation = dilation or (1,) * dims
    pads = [(0, 0), (0, 0), *((p, p) for p in padding)]

    def windows(weight: Any, output: Any, steps: tuple[int, ...]) -> Any:
        for place in product(*map(range, output.shape[2:])):
            starts = zip(place, steps, dilation, weight.shape[2:], strict=True)
            yield place, tuple(slice(y * s, y * s + d * (k - 1) + 1, d) for y, s, d, k in starts)

    def channels(weight: Any, o: int) -> slice:
        group = o // (weight.shape[0] // groups)
        return slice(group * weight.shape[1], (group + 1) * weight.shape[1])

    def forward(x: Any, weight: Any, bias: Any) -> Any:
        padded = np.pad(x, pads)
        spans = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
        sizes = [(p - w) // s + 1 for p, w, s in zip(padded.shape[2:], spans, stride, strict=True)]
        output = np.zeros((len(x), len(weight), *sizes))
        for o, (place, at) in product(range(len(weight)), list(windows(weight, output, stride))):
            seen = padded[(slice(None), channels(weight, o), *at)]
            output[(slice(None), o, *place)] = np.tensordot(seen, weight[o], dims + 1) + bias[o]
        return output

    def backward(grad_output: Any, x: Any, weight: Any, bias: Any) -> Any:
        padded = np.pad(x, pads)
        grad_padded, grad_weight, grad_bias = (
            np.zeros_like(padded),
            np.zeros_like(weight),
            np.zeros_like(bias),
        )
        kernel = np.flip(weight, range(2, dims + 2)) if mistake == "kernel not flipped" else weight
        steps = (1,) * dims if mistake == "stride ignored" else stride
        for n in range(len(x)):
            if mistake == "last image only":
                grad_weight[:] = 0
            for o, (place, at) in product(range(len(weight)), windows(weight, grad_output, steps)):
                gradient = grad_output[(n, o, *place)]
                seen = (n, channels(weight, o), *at)
                if mistake == "= for the input":
                    grad_padded[seen] = gradient * kernel[o]
                else:
                    grad_padded[seen] += gradient * kernel[o]
                if mistake == "= for the weight":
                    grad_weight[o] = gradient * padded[seen]
                else:
                    grad_weight[o] += gradient * padded[seen]
                grad_bias[o] += gradient
        if mistake == "kernel flipped":
            grad_weight = np.flip(grad_weight, range(2, dims + 2))
        if mistake == "weight transposed":
            grad_weight = grad_weight.swapaxes(0, 1)
        if mistake == "mean over the batch":
            grad_weight /= len(x)
            grad_bias /= len(x)
        inside = [slice(p, p + size) for p, size in zip(padding, x.shape[2:], strict=True)]
        if mistake == "cropped at the end":
            inside = [slice(0, size) for size in x.shape[2:]]
        if mistake == "cropped at the beginning":
            inside = [slice(2 * p, 2 * p + size) for p, size in zip(padding, x.shape[2:], strict=True)]
        if mistake == "not cropped":
            inside = [slice(None)] * dims
        return grad_padded[(..., *inside)], grad_weight, grad_bias

    return forward, backward


def transposed_convolution(stride: int = 2, mistake: str = "") -> Functions:
    """One axis: every input number lays its multiple of the kernel on the output."""

    def forward(x: Any, weight: Any) -> Any:
        K = weight.shape[2]
        output = np.zeros((len(x), weight.shape[1], (x.shape[2] - 1) * stride + K))
        for i in range(x.shape[2]):
            output[:, :, i * stride : i * stride + K] += np.einsum("nc,cok->nok", x[:, :, i], weight)
        return output

    def backward(grad_output: Any, x: Any, weight: Any) -> Any:
        grad_x, grad_weight = np.zeros_like(x), np.zeros_like(weight)
        K, step = weight.shape[2], 1 if mistake == "stride ignored" else stride
        for i in range(x.shape[2]):
            part = grad_output[:, :, i * step : i * step + K]
            grad_x[:, :, i] = np.einsum("nok,cok->nc", part, weight)
            grad_weight += np.einsum(
                "nok,nc->cok", grad_output[:, :, i * stride : i * stride + K], x[:, :, i]
            )
        return grad_x, grad_weight

    return forward, backward


def true_convolution(mistake: str = "") -> Functions:
    """The mathematical convolution of one signal with a kernel, which it flips."""

    def forward(x: Any, kernel: Any) -> Any:
        return np.convolve(x, kernel, "valid")

    def backward(grad_output: Any, x: Any, kernel: Any) -> Any:
        grad_x = np.convolve(
            grad_output, kernel if mistake == "kernel flipped twice" else kernel[::-1], "full"
        )
        grad_kernel = np.correlate(x, grad_output, "valid")
        return grad_x, grad_kernel if mistake == "kernel not flipped" else grad_kernel[::-1]

    return forward, backward


def linear(mistake: str = "") -> Functions:
    """output = x·weightᵀ + bias."""

    def forward(x: Any, weight: Any, bias: Any) -> Any:
        return x @ weight.T + bias

    def backward(grad_output: Any, x: Any, weight: Any, bias: Any) -> Any:
        grad_x = grad_output @ (weight.T if mistake == "weight transposed" else weight)
        grad_weight = grad_output.T @ x
        if mistake == "gradient transposed":
            grad_weight = x.T @ grad_output
        if mistake == "mean over the batch":
            grad_weight = grad_output.T @ x / len(x)
        if mistake == "last image only":
            for n in range(len(x)):
                grad_weight = np.outer(grad_output[n], x[n])
        if mistake == "first image only":
            grad_weight = np.outer(grad_output[0], x[0])
        grad_bias = grad_output if mistake == "bias not summed" else grad_output.sum(axis=0)
        if mistake == "bias summed to one number":
            grad_bias = grad_output.sum()
        return grad_x, grad_weight, grad_bias

    return forward, backward


def relu(slope: float = 0.0, mistake: str = "") -> Functions:
    """ReLU, or with a slope leaky ReLU."""

    def forward(x: Any) -> Any:
        return np.where(x > 0, x, slope * x)

    def backward(grad_output: Any, x: Any) -> Any:
        of = grad_output if mistake == "mask of grad_output" else x
        if mistake == "mask inverted":
            of = -x
        return grad_output * (1.0 if mistake == "no mask" else np.where(of > 0, 1.0, slope))

    return forward, backward


def add_relu(mistake: str = "") -> Functions:
    """relu(x + shortcut), as at the end of a residual block."""

    def forward(x: Any, shortcut: Any) -> Any:
        return np.maximum(x + shortcut, 0)

    def backward(grad_output: Any, x: Any, shortcut: Any) -> Any:
        of = x if mistake == "mask of one summand" else x + shortcut
        grad = grad_output * (of > 0)
        return grad, grad

    return forward, backward


def linear_relu(mistake: str = "") -> Functions:
    """relu(x·weight + bias) as one layer."""

    def forward(x: Any, weight: Any, bias: Any) -> Any:
        return np.maximum(x @ weight + bias, 0)

    def backward(grad_output: Any, x: Any, weight: Any, bias: Any) -> Any:
        of = grad_output if mistake == "mask of grad_output" else x @ weight + bias
        grad = grad_output * (1.0 if mistake == "no mask" else of > 0)
        return grad @ weight.T, x.T @ grad, grad.sum(axis=0)

    return forward, backward


def max_pool(size: int = 2, stride: int = 2, mistake: str = "") -> Functions:
    """Max pooling over the last two axes; of equal numbers the first wins."""

    def places(shape: Any) -> Any:
        return np.ndindex(*((length - size) // stride + 1 for length in shape[2:]))

    def forward(x: Any) -> Any:
        output = np.zeros((*x.shape[:2], *((length - size) // stride + 1 for length in x.shape[2:])))
        for i, j in places(x.shape):
            patch = x[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
            output[:, :, i, j] = patch.max(axis=(2, 3))
        return output

    def backward(grad_output: Any, x: Any) -> Any:
        grad_x = np.zeros_like(x)
        step = 1 if mistake == "stride ignored" else stride
        for (n, c), (i, j) in product(np.ndindex(x.shape[:2]), list(places(x.shape))):
            patch = x[n, c, i * stride : i * stride + size, j * stride : j * stride + size]
            a, b = divmod(int(patch.argmax()), size)
            if mistake == "=":
                grad_x[n, c, i * step + a, j * step + b] = grad_output[n, c, i, j]
            elif mistake == "= with zeros":
                window = grad_x[n, c, i * stride : i * stride + size, j * stride : j * stride + size]
                window[:] = (patch == patch.max()) * grad_output[n, c, i, j]
            else:
                grad_x[n, c, i * step + a, j * step + b] += grad_output[n, c, i, j]
        return grad_x

    return forward, backward


def avg_pool(size: int = 2, stride: int = 2, mistake: str = "") -> Functions:
    """Average pooling over the last axis."""

    def forward(x: Any) -> Any:
        count = (x.shape[-1] - size) // stride + 1
        return np.stack([x[..., i * stride : i * stride + size].mean(axis=-1) for i in range(count)], axis=-1)

    def backward(grad_output: Any, x: Any) -> Any:
        grad_x = np.zeros_like(x)
        for i in range(grad_output.shape[-1]):
            share = grad_output[..., i : i + 1] / (1 if mistake == "sum instead of mean" else size)
            if mistake == "=":
                grad_x[..., i * stride : i * stride + size] = share
            else:
                grad_x[..., i * stride : i * stride + size] += share
        return grad_x

    return forward, backward


def batch_norm(eps: float = 1e-5) -> Functions:
    """Batch norm with the statistics of the batch, over all axes but that of channels."""

    def normalised(x: Any) -> Any:
        axes = (0, *range(2, x.ndim))
        deviation = np.sqrt(x.var(axis=axes, keepdims=True) + eps)
        return (x - x.mean(axis=axes, keepdims=True)) / deviation, deviation, axes

    def per_channel(vector: Any, x: Any) -> Any:
        return vector.reshape(1, -1, *(1,) * (x.ndim - 2))

    def forward(x: Any, weight: Any, bias: Any) -> Any:
        return normalised(x)[0] * per_channel(weight, x) + per_channel(bias, x)

    def backward(grad_output: Any, x: Any, weight: Any, bias: Any) -> Any:
        z, deviation, axes = normalised(x)
        grad = grad_output * per_channel(weight, x)
        means = grad.mean(axis=axes, keepdims=True), (grad * z).mean(axis=axes, keepdims=True)
        grad_x = (grad - means[0] - z * means[1]) / deviation
        return {"x": grad_x, "weight": (grad_output * z).sum(axes), "bias": grad_output.sum(axes)}

    return forward, backward


def layer_norm(eps: float = 1e-5) -> Functions:
    """Layer norm over the last axis."""

    def normalised(x: Any) -> Any:
        deviation = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
        return (x - x.mean(axis=-1, keepdims=True)) / deviation, deviation

    def forward(x: Any, weight: Any, bias: Any) -> Any:
        return normalised(x)[0] * weight + bias

    def backward(grad_output: Any, x: Any, weight: Any, bias: Any) -> Any:
        z, deviation = normalised(x)
        grad = grad_output * weight
        centred = grad - grad.mean(-1, keepdims=True) - z * (grad * z).mean(-1, keepdims=True)
        rows = tuple(range(x.ndim - 1))
        return [centred / deviation, (grad_output * z).sum(rows), grad_output.sum(rows)]

    return forward, backward


def softmax() -> Functions:
    """Softmax over the last axis."""

    def forward(x: Any) -> Any:
        exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
        return exponentials / exponentials.sum(axis=-1, keepdims=True)

    def backward(grad_output: Any, x: Any) -> Any:
        p = forward(x)
        return p * (grad_output - (grad_output * p).sum(axis=-1, keepdims=True))

    return forward, backward


def cross_entropy(mistake: str = "") -> Functions:
    """The batch's mean loss for integer labels."""
    probabilities = softmax()[0]

    def forward(logits: Any, labels: Any) -> Any:
        return -np.log(probabilities(logits)[np.arange(len(labels)), labels]).mean()

    def backward(grad_output: Any, logits: Any, labels: Any) -> Any:
        grad = probabilities(logits)
        grad[np.arange(len(labels)), labels] -= 1
        scale = 1.0 if mistake == "grad_output ignored" else grad_output
        return grad * scale / (1 if mistake == "sum instead of mean" else len(labels))

    return forward, backward


def elementwise(name: str) -> Functions:
    """Sigmoid, tanh or GELU."""

    def bell(x: Any) -> Any:
        return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)

    def phi(x: Any) -> Any:
        return (1 + erf(x / np.sqrt(2))) / 2

    function, slope = {
        "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
        "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        "gelu": (lambda x: x * phi(x), lambda x: phi(x) + x * bell(x)),
    }[name]
    return function, lambda grad_output, x: grad_output * slope(x)


def add() -> Functions:
    """The sum of two tensors."""
    return lambda x, y: x + y, lambda grad_output, x, y: (grad_output, grad_output)


def dropout(p: float = 0.5) -> Functions:
    """Dropout with a mask that is handed in."""
    return lambda x, mask: x * mask / (1 - p), lambda grad_output, x, mask: (
        grad_output * mask / (1 - p),
        None,
    )


def flatten() -> Functions:
    """(N, …) → (N, features)."""
    return lambda x: x.reshape(len(x), -1), lambda grad_output, x: grad_output.reshape(x.shape)


def embedding() -> Functions:
    """Rows of a table, chosen by integers."""

    def backward(grad_output: Any, table: Any, words: Any) -> Any:
        grad_table = np.zeros_like(table)
        np.add.at(grad_table, words, grad_output)
        return grad_table

    return lambda table, words: table[words], backward


class RememberingLinear:
    """A layer as a class that keeps its input for backward, as many courses write it."""

    def forward(self, x: Any, weight: Any) -> Any:
        self.x = x
        return x @ weight

    def backward(self, grad_output: Any, x: Any, weight: Any) -> Any:
        return grad_output @ weight.T, self.x.T @ grad_output
