"""Random calls of the ops, family by family: distinct and odd sizes, single positions, windows wider and narrower than
their stride, padding on one side alone, empty batches and none.

Float operands are whole multiples of 1/64 below 4, so both float types hold the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import functional as T

Reference = Callable[..., Any]
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


@dataclass
class Draw:
    """One call; `constants` are the operands that have no gradient, `reference` is PyTorch's call where it differs."""

    function: str
    operands: list[Any]
    settings: dict[str, Any] = field(default_factory=dict)
    reference: Reference | None = None
    constants: tuple[int, ...] = ()

    def __str__(self) -> str:
        shapes = ", ".join(str(x.shape if isinstance(x, np.ndarray) else x) for x in self.operands)
        return f"{self.function}({shapes}, {self.settings})"


class Dice:
    """What the families draw from, the same numbers in every run."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def upto(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def one_of(self, *values: Any) -> Any:
        return values[self.upto(0, len(values) - 1)]

    def each(self, dims: int, low: int, high: int) -> Any:
        """An integer for every axis, sometimes one for all of them."""
        values = tuple(self.upto(low, high) for _ in range(dims))
        return self.one_of(values, values, values, values[0])

    def sizes(self, dims: int, high: int) -> tuple[int, ...]:
        """Distinct sizes; each is 1 now and then."""
        sizes = self.random.permutation(np.arange(2, high + 1))[:dims]
        return tuple(1 if self.upto(0, 7) == 0 else int(size) for size in sizes)

    def batch(self) -> tuple[int, ...]:
        """No batch axis, or an empty one, or up to three images."""
        return self.one_of((), (0,), (1,), (2,), (2,), (3,), (3,))

    def floats(self, *shape: int) -> np.ndarray:
        return np.asarray(self.random.integers(-256, 257, shape) / 64)

    def ties(self, *shape: int) -> np.ndarray:
        return np.asarray(self.random.integers(-2, 3, shape), np.float64)

    def pairs(self, dims: int, high: int) -> tuple[tuple[int, int], ...]:
        return tuple((self.upto(0, high), self.upto(0, high)) for _ in range(dims))


def padded(function: str, pairs: Any, value: float = 0, **settings: Any) -> Reference:
    """PyTorch's call on an input that has been padded first."""
    pad = [width for pair in reversed(pairs) for width in pair]
    return lambda x, *rest: getattr(T, function)(T.pad(x, pad, value=value), *rest, **settings)


def channelled(dice: Dice) -> tuple[int, int, int]:
    """Groups, input channels and output channels."""
    groups = dice.upto(1, 3)
    return groups, groups * dice.upto(1, 3), groups * dice.upto(1, 3)


def conv(dice: Dice, dims: int) -> Draw:
    groups, c, o = channelled(dice)
    kernel = tuple(dice.upto(1, 4) for _ in range(dims))
    operands = [dice.floats(*dice.batch(), c, *dice.sizes(dims, 7)), dice.floats(o, c // groups, *kernel)]
    operands.append(dice.floats(o) if dice.upto(0, 1) else None)
    settings = {"stride": dice.each(dims, 1, 3), "dilation": dice.each(dims, 1, 2), "groups": groups}
    form = dice.one_of("numbers", "numbers", "pairs", "name")
    if form == "name":
        padding = dice.one_of("valid", "same")
        settings |= {"padding": padding} | ({"stride": 1} if padding == "same" else {})
    elif form == "numbers":
        settings["padding"] = dice.each(dims, 0, 3)
    else:
        pairs = dice.pairs(dims, 3)
        return Draw(
            f"conv{dims}d",
            operands,
            settings | {"padding": pairs},
            padded(f"conv{dims}d", pairs, **settings),
        )
    return Draw(f"conv{dims}d", operands, settings)


def conv_transpose(dice: Dice, dims: int) -> Draw:
    groups, c, o = channelled(dice)
    kernel = tuple(dice.upto(1, 4) for _ in range(dims))
    operands = [dice.floats(*dice.batch(), c, *dice.sizes(dims, 5)), dice.floats(c, o // groups, *kernel)]
    operands.append(dice.floats(o) if dice.upto(0, 1) else None)
    settings = {
        "stride": tuple(dice.upto(1, 3) for _ in range(dims)),
        "padding": dice.each(dims, 0, 2),
        "groups": groups,
        "dilation": tuple(dice.upto(1, 2) for _ in range(dims)),
    }
    wider = [max(pair) for pair in zip(settings["stride"], settings["dilation"], strict=True)]
    settings["output_padding"] = tuple(dice.upto(0, most - 1) for most in wider)
    if len(operands[0]) == 0:  # then PyTorch does not check that an output is left
        settings["padding"] = 0
    if settings["padding"] == 0 or dice.upto(0, 3):
        return Draw(f"conv_transpose{dims}d", operands, settings)
    pairs = dice.pairs(dims, 2)
    whole = settings | {"padding": 0}
    reference = partial(cropped, f"conv_transpose{dims}d", pairs, whole)
    return Draw(f"conv_transpose{dims}d", operands, settings | {"padding": pairs}, reference)


def cropped(function: str, pairs: Any, settings: dict[str, Any], *operands: Any) -> torch.Tensor:
    """PyTorch's call without padding, which then crops the output; nothing left is an error, as in PyTorch itself."""
    crop = [-width for pair in reversed(pairs) for width in pair]
    output = T.pad(getattr(T, function)(*operands, **settings), crop)
    if 0 in output.shape[-len(pairs) :]:
        raise ValueError("cropped to nothing")
    return output


def half(dice: Dice, kernel: Any, dims: int) -> tuple[tuple[int, int], ...]:
    """Paddings up to half a window."""
    kernels = kernel if isinstance(kernel, tuple) else (kernel,) * dims
    return tuple((dice.upto(0, k // 2), dice.upto(0, k // 2)) for k in kernels)


def kernel_size(dice: Dice, dims: int, high: int, sizes: tuple[int, ...]) -> Any:
    """Windows of averages: in three dimensions PyTorch takes none larger than the input before padding."""
    if dims == 3:
        return tuple(min(dice.upto(1, high), size) for size in sizes)
    return dice.each(dims, 1, high) if dims == 2 else dice.upto(1, high)


def max_pool(dice: Dice, dims: int) -> Draw:
    function = f"max_pool{dims}d"
    x = dice.one_of(dice.floats, dice.ties)(*dice.batch(), dice.upto(1, 3), *dice.sizes(dims, 9))
    settings = {"kernel_size": dice.each(dims, 1, 4), "stride": dice.one_of(None, dice.each(dims, 1, 4))}
    if dice.upto(0, 3):
        settings |= {"padding": dice.each(dims, 0, 2), "dilation": dice.each(dims, 1, 2)}
        settings["ceil_mode"] = bool(dice.upto(0, 1))
        return Draw(function, [x], settings, partial(winners, function, settings))
    pairs = half(dice, settings["kernel_size"], dims)
    reference = padded(function, pairs, -9, **settings)
    return Draw(function, [x], settings | {"padding": pairs}, reference)


def winners(function: str, settings: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
    """PyTorch's max pooling, but a window of nothing but padding, −inf there, is an error."""
    output = getattr(T, function)(x, **settings)
    if output.isinf().any():
        raise ValueError("a window without an element")
    return output


def avg_pool(dice: Dice, dims: int) -> Draw:
    function = f"avg_pool{dims}d"
    x = dice.floats(*dice.batch(), dice.upto(1, 3), *dice.sizes(dims, 9))
    settings = {"kernel_size": kernel_size(dice, dims, 4, x.shape[-dims:])}
    settings["stride"] = dice.one_of(None, dice.each(dims, 1, 4))
    if dims > 1:
        settings["divisor_override"] = dice.one_of(None, None, dice.upto(1, 9), -dice.upto(1, 9))
    if dice.upto(0, 3) == 0:
        pairs = half(dice, settings["kernel_size"], dims)
        return Draw(function, [x], settings | {"padding": pairs}, padded(function, pairs, **settings))
    flags = {"ceil_mode": bool(dice.upto(0, 1)), "count_include_pad": bool(dice.upto(0, 1))}
    return Draw(function, [x], settings | flags | {"padding": dice.each(dims, 0, 2)})


def lp_pool(dice: Dice, dims: int) -> Draw:
    x = dice.one_of(dice.floats, dice.ties)(*dice.batch(), dice.upto(1, 3), *dice.sizes(dims, 7))
    p = dice.one_of(1, 2, 2.0, 3, 4, 0.5, 1.5)
    settings = {
        "norm_type": p,
        "kernel_size": kernel_size(dice, dims, 3, x.shape[-dims:]),
        "stride": dice.one_of(None, dice.each(dims, 1, 3) if dims > 1 else dice.upto(1, 3)),
        "ceil_mode": bool(dice.upto(0, 1)),
    }
    return Draw(f"lp_pool{dims}d", [x if p in (1, 2, 4) else abs(x) + 0.25], settings)


def adaptive_avg_pool(dice: Dice, dims: int) -> Draw:
    x = dice.floats(*dice.batch(), dice.upto(1, 3), *dice.sizes(dims, 8))
    return Draw(f"adaptive_avg_pool{dims}d", [x], {"output_size": output_size(dice, dims)})


def adaptive_max_pool(dice: Dice, dims: int) -> Draw:
    x = dice.one_of(dice.floats, dice.ties)(*dice.batch(), dice.upto(1, 3), *dice.sizes(dims, 8))
    return Draw(f"adaptive_max_pool{dims}d", [x], {"output_size": output_size(dice, dims)})


def output_size(dice: Dice, dims: int) -> Any:
    sizes = tuple(
        dice.one_of(None, *[dice.upto(1, 9)] * 5) if dims > 1 else dice.upto(1, 9) for _ in range(dims)
    )
    return dice.one_of(sizes, sizes, dice.upto(1, 9))


def max_unpool(dice: Dice, dims: int) -> Draw:
    """What a pooling found; windows that overlap may share a winner, whose value is then one and the same."""
    kernel, stride = (tuple(dice.upto(1, 3) for _ in range(dims)) for _ in range(2))
    sizes = tuple(k + dice.upto(0, 7) for k in kernel)
    x = dice.floats(*dice.batch(), dice.upto(1, 3), *sizes)
    pool = getattr(T, f"max_pool{dims}d")
    values, indices = pool(torch.tensor(x), kernel, stride, return_indices=True)
    settings = {"kernel_size": kernel, "stride": stride}
    settings["output_size"] = dice.one_of(sizes, sizes, (1, 1, *sizes)[-dims:])
    return Draw(f"max_unpool{dims}d", [values.numpy(), indices.numpy()], settings, constants=(1,))


def pad(dice: Dice, mode: str) -> Draw:
    dims = dice.upto(1, 3)
    x = dice.floats(*dice.batch(), dice.upto(1, 3), *dice.sizes(dims, 7))
    axes = dims if mode != "constant" else dice.upto(1, x.ndim)
    widths = [dice.upto(-2, 4) for _ in range(2 * axes)]
    if mode == "circular":  # beyond what cropping leaves PyTorch reads numbers that no rule gives; we refuse
        for i, size in enumerate(x.shape[::-1][:axes]):
            widths[2 * i] = min(widths[2 * i], max(size + min(widths[2 * i + 1], 0), 0))
            widths[2 * i + 1] = min(widths[2 * i + 1], max(size + min(widths[2 * i], 0), 0))
    elif mode != "constant":  # without any position left PyTorch refuses in one dimension only
        for i, size in enumerate(x.shape[::-1][:axes]):
            widths[2 * i] = max(widths[2 * i], 1 - size - widths[2 * i + 1])
    settings = {"pad": tuple(widths), "mode": mode}
    if mode == "constant":
        settings["value"] = dice.one_of(None, 1.5, -np.inf, 0)
    return Draw("pad", [x], settings)


def unfold(dice: Dice) -> Draw:
    x = dice.floats(*dice.batch(), dice.upto(1, 3), *dice.sizes(2, 7))
    settings = {name: dice.each(2, 1, 3) for name in ("kernel_size", "dilation", "stride")}
    if dice.upto(0, 2):
        return Draw("unfold", [x], settings | {"padding": dice.each(2, 0, 2)})
    pairs = dice.pairs(2, 2)
    return Draw("unfold", [x], settings | {"padding": pairs}, padded("unfold", pairs, **settings))


def fold(dice: Dice) -> Draw:
    settings = {name: dice.each(2, 1, 3) for name in ("kernel_size", "dilation", "stride")}
    settings["padding"] = dice.each(2, 0, 2)
    size, c = dice.sizes(2, 8), dice.upto(1, 3)
    try:
        rows, columns = T.unfold(torch.zeros(1, c, *size), **settings).shape[1:]
    except RuntimeError:  # no window fits; so does the call below
        rows, columns = 1, 1
    return Draw("fold", [dice.floats(*dice.batch(), rows, columns)], settings | {"output_size": size})


def nearest(x: torch.Tensor, **settings: Any) -> torch.Tensor:
    """PyTorch's nearest elements, picked one by one: its own gradient is not the transpose where a scale is no integer.

    Planes come in pairs, because for a single one PyTorch takes another formula.
    """
    plane = torch.arange(float(np.prod(x.shape[2:]))).reshape(x.shape[2:])
    places = T.interpolate(plane.expand(1, 2, *plane.shape), **settings)[0, 0].long()
    return x.flatten(2)[:, :, places]


def interpolate(dice: Dice, mode: str) -> Draw:
    dims = dice.upto(1, 3)
    x = dice.floats(dice.upto(0, 3), dice.upto(1, 3), *dice.sizes(dims, 7))
    settings = {"mode": mode if mode == "nearest" else LINEAR[dims]}
    if mode != "nearest":
        settings["align_corners"] = dice.one_of(None, False, True)
    if dice.upto(0, 1):
        settings["size"] = dice.each(dims, 1, 12)
    else:
        scale = [dice.one_of(0.5, 1.0, 2, 3, float(dice.random.uniform(0.4, 3))) for _ in range(dims)]
        settings["scale_factor"] = dice.one_of(scale, scale[0])
    reference = partial(nearest, **settings) if mode == "nearest" else None
    return Draw("interpolate", [x], settings, reference)


def affine(dice: Dice, *shape: int) -> list[Any]:
    return [dice.one_of(None, dice.floats(*shape)), dice.one_of(None, dice.floats(*shape))]


def group_norm(dice: Dice) -> Draw:
    groups, c, _ = channelled(dice)
    x = dice.floats(dice.upto(0, 3), c, *dice.sizes(dice.upto(0, 3), 6))
    weight, bias = affine(dice, c)
    bias = None if weight is None else bias  # a bias alone makes PyTorch's gradient fail
    return Draw("group_norm", [x, groups, weight, bias], {"eps": dice.one_of(1e-5, 0.1)})


def layer_norm(dice: Dice) -> Draw:
    shape = dice.sizes(dice.upto(1, 3), 6)
    x = dice.floats(*dice.batch(), *dice.sizes(dice.upto(0, 1), 4), *shape)
    return Draw("layer_norm", [x, shape, *affine(dice, *shape)], {"eps": dice.one_of(1e-5, 0.1)})


def statistics(dice: Dice, c: int) -> list[Any]:
    return [dice.floats(c), abs(dice.floats(c)) + 0.125]


def instance_norm(dice: Dice) -> Draw:
    c = dice.upto(1, 4)
    x = dice.floats(dice.upto(0, 3), c, *dice.sizes(dice.upto(1, 3), 6))
    own = dice.upto(0, 2) > 0
    alone = len(x) == 0 or dice.upto(0, 1)  # after an empty batch PyTorch's statistics are NaN
    running = [None, None] if own and alone else statistics(dice, c)
    settings = {"use_input_stats": own, "eps": dice.one_of(1e-5, 0.1), "momentum": 0.3}
    scale = affine(dice, c) if len(x) else [None, None]  # with an empty batch PyTorch's gradient fails
    return Draw("instance_norm", [x, *running, *scale], settings, constants=(1, 2))


def batch_norm(dice: Dice) -> Draw:
    c, training = dice.upto(1, 4), dice.upto(0, 1) > 0
    x = dice.floats(dice.upto(0, 4), c, *dice.sizes(dice.upto(0, 3), 6))
    running = [None, None] if training and dice.upto(0, 2) == 0 else statistics(dice, c)
    settings = {"training": training, "eps": dice.one_of(1e-5, 0.1), "momentum": 0.3}
    return Draw("batch_norm", [x, *running, *affine(dice, c)], settings, constants=(1, 2))


def local_response_norm(dice: Dice) -> Draw:
    x = dice.floats(dice.upto(0, 3), dice.upto(1, 7), *dice.sizes(dice.upto(1, 3), 5))
    settings = {"size": dice.upto(1, 6), "alpha": dice.one_of(1e-4, 0.3, 2.0)}
    return Draw(
        "local_response_norm", [x], settings | {"beta": dice.one_of(0.75, 0.5), "k": dice.one_of(1.0, 2.5)}
    )


def linear(dice: Dice) -> Draw:
    i, o = dice.upto(1, 9), dice.upto(1, 9)
    x = dice.floats(*dice.batch(), *dice.sizes(dice.upto(0, 2), 5), i)
    return Draw("linear", [x, dice.floats(o, i), dice.one_of(None, dice.floats(o))])


def activation(dice: Dice, function: str) -> Draw:
    x = dice.one_of(dice.floats, dice.ties)(*dice.batch(), *dice.sizes(dice.upto(0, 4), 6))
    settings: dict[str, Any] = {}
    if function.endswith("softmax"):
        x = x[None] if x.ndim == 0 else x
        settings["dim"] = dice.upto(-x.ndim, x.ndim - 1)
    elif function == "leaky_relu":
        settings["negative_slope"] = dice.one_of(0.01, 0.3, 0.0)
    elif function == "gelu":
        settings["approximate"] = dice.one_of("none", "tanh")
    return Draw(function, [x], settings)


def cross_entropy(dice: Dice) -> Draw:
    classes, n = dice.upto(1, 6), dice.one_of((), (0,), (1,), (3,), (4,))
    space = dice.sizes(dice.upto(0, 2), 4) if n else ()
    target = dice.random.integers(0, classes, (*n, *space))
    weight = dice.one_of(None, abs(dice.floats(classes)) + 0.125)
    settings = {
        "ignore_index": dice.one_of(-100, 0),
        "reduction": dice.one_of("mean", "sum", "none"),
        "label_smoothing": dice.one_of(0.0, 0.2),
    }
    return Draw(
        "cross_entropy", [dice.floats(*n, classes, *space), target, weight], settings, constants=(1, 2)
    )


def mse_loss(dice: Dice) -> Draw:
    shape = (*dice.batch(), *dice.sizes(dice.upto(0, 3), 5))
    return Draw(
        "mse_loss",
        [dice.floats(*shape), dice.floats(*shape)],
        {"reduction": dice.one_of("mean", "sum", "none")},
    )


def families() -> dict[str, Callable[[Dice], Draw]]:
    """Every family by name."""
    windowed = (
        conv,
        conv_transpose,
        max_pool,
        avg_pool,
        lp_pool,
        adaptive_avg_pool,
        adaptive_max_pool,
        max_unpool,
    )
    found: dict[str, Callable[[Dice], Draw]] = {
        f"{family.__name__}{dims}d": lambda dice, family=family, dims=dims: family(dice, dims)  # type: ignore[misc]
        for family in windowed
        for dims in (1, 2, 3)
    }
    for mode in ("constant", "reflect", "replicate", "circular"):
        found[f"pad {mode}"] = lambda dice, mode=mode: pad(dice, mode)  # type: ignore[misc]
    for mode in ("nearest", "linear"):
        found[f"interpolate {mode}"] = lambda dice, mode=mode: interpolate(dice, mode)  # type: ignore[misc]
    for name in ["relu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu", "softmax", "log_softmax"]:
        found[name] = lambda dice, name=name: activation(dice, name)  # type: ignore[misc]
    plain = (unfold, fold, group_norm, layer_norm, instance_norm, batch_norm, local_response_norm, linear)
    for family in (*plain, cross_entropy, mse_loss):
        found[family.__name__] = family
    return found
