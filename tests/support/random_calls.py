"""Random calls of every op, family by family (`tests/support/random_windows.py` has those with windows)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from tests.support.dice import Dice, Draw
from tests.support.random_windows import (
    adaptive_avg_pool,
    adaptive_max_pool,
    avg_pool,
    channelled,
    conv,
    conv_transpose,
    lp_pool,
    max_pool,
    max_unpool,
    padded,
)
from torch.nn import functional as T

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


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


def over_axes(dice: Dice, function: str) -> Draw:
    """Over one axis, several or all."""
    x = dice.one_of(dice.floats, dice.ties)(*dice.batch(), *dice.sizes(dice.upto(0, 4), 6))
    axes = [axis - dice.one_of(0, x.ndim) for axis in range(x.ndim) if dice.upto(0, 1)]
    dim = dice.one_of(None, axes[0] if axes else None, tuple(axes) or None)
    settings = {} if dim is None else {"dim": dim, "keepdim": dice.one_of(True, False)}
    if function == "var":
        settings |= {"correction": dice.one_of(0, 1)}
    return Draw(function, [x], settings, partial(getattr(torch, function), **settings))


def cross_entropy(dice: Dice) -> Draw:
    classes, n = dice.upto(1, 6), dice.one_of((), (0,), (1,), (3,), (4,))
    space = dice.sizes(dice.upto(0, 2), 4) if n else ()
    soft = dice.one_of(True, False)
    target = dice.random.integers(0, classes, (*n, *space))
    weight = dice.one_of(None, abs(dice.floats(classes)) + 0.125)
    settings = {
        "ignore_index": -100 if soft else dice.one_of(-100, 0),
        "reduction": dice.one_of("mean", "sum", "none"),
        "label_smoothing": dice.one_of(0.0, 0.2),
    }
    logits = dice.floats(*n, classes, *space)
    if soft:
        probabilities = abs(dice.floats(*n, classes, *space))
        return Draw("cross_entropy", [logits, probabilities, weight], settings, constants=(2,))
    return Draw("cross_entropy", [logits, target, weight], settings, constants=(1, 2))


def nll_loss(dice: Dice) -> Draw:
    classes, n = dice.upto(1, 6), dice.one_of((), (0,), (1,), (3,), (4,))
    space = dice.sizes(dice.upto(0, 2), 4) if n else ()
    operands = [dice.floats(*n, classes, *space), dice.random.integers(0, classes, (*n, *space))]
    weight = dice.one_of(None, abs(dice.floats(classes)) + 0.125)
    settings = {"ignore_index": dice.one_of(-100, 0), "reduction": dice.one_of("mean", "sum", "none")}
    return Draw("nll_loss", [*operands, weight], settings, constants=(1, 2))


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
    for name in ["sum", "mean", "amax", "amin", "var"]:
        found[name] = lambda dice, name=name: over_axes(dice, name)  # type: ignore[misc]
    plain = (unfold, fold, group_norm, layer_norm, instance_norm, batch_norm, local_response_norm, linear)
    for family in (*plain, cross_entropy, nll_loss, mse_loss):
        found[family.__name__] = family
    return found
