"""Random calls of the ops with windows: distinct and odd sizes, single positions, windows wider and narrower than their
stride, padding on one side alone, empty batches and none.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from tests.support.dice import Dice, Draw, Reference
from tests.support.last_stays import last_stays
from torch.nn import functional as T


def padded(function: str, pairs: Any, value: float = 0, **settings: Any) -> Reference:
    """PyTorch's call on an input that has been padded first."""
    pad = [width for pair in reversed(pairs) for width in pair]
    return lambda x, *rest: getattr(T, function)(T.pad(x, pad, value=value), *rest, **settings)


def channelled(dice: Dice) -> tuple[int, int, int]:
    """Groups, input channels and output channels."""
    groups = dice.upto(1, 3)
    return groups, groups * dice.upto(1, 3), groups * dice.upto(1, 3)


def conv(dice: Dice, dims: int) -> Draw:
    """Some of them true convolution: PyTorch's is then called with the weight flipped."""
    call = cross_correlation(dice, dims)
    if dice.upto(0, 3):
        return call
    plain = call.reference or partial(getattr(T, call.function), **call.settings)
    axes = tuple(range(2, dims + 2))
    return Draw(
        call.function,
        call.operands,
        call.settings | {"flip": True},
        lambda x, weight, *rest: plain(x, weight.flip(axes), *rest),
    )


def cross_correlation(dice: Dice, dims: int) -> Draw:
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
    p = dice.one_of(1, 2, 2.0, 3, 4, 0.5, 1.5, math.inf, -math.inf)
    settings = {
        "norm_type": p,
        "kernel_size": kernel_size(dice, dims, 3, x.shape[-dims:]),
        "stride": dice.one_of(None, dice.each(dims, 1, 3) if dims > 1 else dice.upto(1, 3)),
        "ceil_mode": bool(dice.upto(0, 1)),
    }
    return Draw(f"lp_pool{dims}d", [x if p in (1, 2, 4, math.inf, -math.inf) else abs(x) + 0.25], settings)


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
    unpool = getattr(T, f"max_unpool{dims}d")

    def reference(x: Any, at: Any) -> Any:
        return unpool(last_stays(x, at, dims), at, **settings)

    return Draw(f"max_unpool{dims}d", [values.numpy(), indices.numpy()], settings, reference, constants=(1,))
