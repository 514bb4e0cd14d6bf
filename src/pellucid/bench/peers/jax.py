"""JAX: the network's graph read as one jitted function in NHWC, its arrays donated from step to step.

XLA sets flush-to-zero in its threads. It takes a thread for each core that the process may run on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import singledispatch
from pathlib import Path
from typing import Any

from pellucid.bench.cases import LR, MOMENTUM, Array, Case, axes_of, weights
from pellucid.engine.graph import Graph, Node
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.add import Add
from pellucid.ops.base import Op
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv
from pellucid.ops.dropout import Dropout
from pellucid.ops.flatten import Flatten
from pellucid.ops.linear import Linear
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.relu import ReLU

_AXES = ("NHWC", "HWIO", "NHWC")
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def load() -> None:
    """Import it."""
    import jax

    jax.config.update("jax_default_prng_impl", "unsafe_rbg")  # the fastest draws for dropout


def train(case: Case, folder: Path, threads: int) -> Callable[[int], float]:
    """SGD with momentum, one jitted call for forward, backward and update."""
    import jax
    from jax import numpy as jnp

    _take_cores(threads)
    graph, arrays = case.graph(), _arrays(folder)
    statistics = {name: arrays.pop(name) for name in list(arrays) if name.endswith(_STATISTICS)}
    velocities = {name: jnp.zeros_like(array) for name, array in arrays.items()}
    batches = [(jnp.asarray(x.transpose(0, 2, 3, 1)), jnp.asarray(y)) for x, y in case.batches()]

    def loss_of(parameters: Any, statistics: Any, x: Any, y: Any, number: Any) -> tuple[Any, Any]:
        logits, statistics = _run(graph, parameters | statistics, x, number)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1)
        return -chosen.mean(), statistics

    def update(parameters: Any, velocities: Any, statistics: Any, *batch: Any) -> Any:
        loss_and_gradients = jax.value_and_grad(loss_of, has_aux=True)
        (loss, statistics), gradients = loss_and_gradients(parameters, statistics, *batch)
        velocities = {name: MOMENTUM * v + gradients[name] for name, v in velocities.items()}
        parameters = {name: w - LR * velocities[name] for name, w in parameters.items()}
        return loss, parameters, velocities, statistics

    jitted, state = jax.jit(update, donate_argnums=(0, 1, 2)), (arrays, velocities, statistics)

    def step(number: int) -> float:
        nonlocal state
        loss, *state = jitted(*state, *batches[number % len(batches)], number)
        return float(loss)

    return step


def infer(case: Case, folder: Path, threads: int) -> Callable[[int], Array]:
    """One jitted call."""
    import jax
    import numpy as np
    from jax import numpy as jnp

    _take_cores(threads)
    graph, arrays = case.graph(), _arrays(folder)
    images = [jnp.asarray(x.transpose(0, 2, 3, 1)) for x, _ in case.batches()]
    jitted = jax.jit(lambda arrays, x: _run(graph, arrays, x)[0])
    return lambda number: np.asarray(jitted(arrays, images[number % len(images)]))


def _take_cores(threads: int) -> None:
    """Run on so many cores only, which JAX counts when it is first used: it has no other setting for threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def _arrays(folder: Path) -> dict[str, Any]:
    """The weights in JAX's order: convolutions (Kh,Kw,C,O), linear layers (in,out)."""
    from jax import numpy as jnp

    orders = {4: (2, 3, 1, 0), 2: (1, 0)}
    return {name: jnp.array(array.transpose(orders.get(array.ndim))) for name, array in weights(folder)}


def _run(graph: Graph, arrays: dict[str, Any], x: Any, number: Any = 0) -> tuple[Any, dict[str, Any]]:
    """The output for images x in NHWC in step `number`, and the running statistics afterwards."""
    values: dict[Any, Any] = {symbol: arrays[symbol.name] for symbol in graph.arrays}
    (input,) = graph.inputs.values()
    values[input] = x
    statistics = {name: array for name, array in arrays.items() if name.endswith(_STATISTICS)}
    for place, node in enumerate(graph.nodes):
        operands = [None if symbol is None else values[symbol] for symbol in node.operands]
        if isinstance(node.op, BatchNorm):
            values[node.output], moved = _batch_norm(node, *operands)
            statistics |= moved
        elif isinstance(node.op, Dropout):
            values[node.output] = _dropout(node.op, operands[0], (place, number))
        else:
            values[node.output] = _apply(node.op, node, *operands)
    return values[graph.output], statistics


@singledispatch
def _apply(op: Op, node: Node, *operands: Any) -> Any:
    """An op that has neither state nor chance; each that some network has is registered here."""
    raise NotImplementedError(f"{op.name} for JAX")


@_apply.register
def _(_op: Conv, node: Node, x: Any, weight: Any, bias: Any) -> Any:
    from jax import lax

    axes = axes_of(node)
    stride, padding = [axis.stride for axis in axes], [(axis.before, axis.after) for axis in axes]
    out = lax.conv_general_dilated(x, weight, stride, padding, dimension_numbers=_AXES)
    return out if bias is None else out + bias


@_apply.register
def _(_op: MaxPool, node: Node, x: Any) -> Any:
    from jax import lax
    from jax import numpy as jnp

    axes, whole = axes_of(node), (0, 0)
    kernel, stride = (1, *(axis.kernel for axis in axes), 1), (1, *(axis.stride for axis in axes), 1)
    padding = (whole, *((axis.before, axis.after) for axis in axes), whole)
    return lax.reduce_window(x, -jnp.inf, lax.max, kernel, stride, padding)


@_apply.register
def _(_op: Linear, _node: Node, x: Any, weight: Any, bias: Any) -> Any:
    return x @ weight + bias


@_apply.register
def _(op: AdaptiveAvgPool, node: Node, x: Any) -> Any:
    if node.output.shape[2:] != (1, 1):
        raise NotImplementedError(f"{op.name} to {node.output.shape} for JAX")
    return x.mean(axis=(1, 2), keepdims=True)


@_apply.register
def _(_op: Flatten, _node: Node, x: Any) -> Any:
    return x.transpose(0, 3, 1, 2).reshape(len(x), -1)


@_apply.register
def _(_op: Add, _node: Node, x: Any, other: Any) -> Any:
    return x + other


@_apply.register
def _(_op: ReLU, _node: Node, x: Any) -> Any:
    from jax import numpy as jnp

    return jnp.maximum(x, 0)


def _dropout(op: Dropout, x: Any, stream: tuple[Any, ...]) -> Any:
    import jax
    from jax import numpy as jnp

    key = jax.random.key(0)
    for part in stream:
        key = jax.random.fold_in(key, part)
    return jnp.where(jax.random.bernoulli(key, 1 - op.p, x.shape), x * op.scale, 0)


def _batch_norm(node: Node, x: Any, mean: Any, variance: Any, weight: Any, bias: Any) -> tuple[Any, Any]:
    """With the batch's statistics in training; then also what the running ones become."""
    from jax import lax

    op, moved = node.op, {}
    assert isinstance(op, BatchNorm)
    if op.training:
        names = [symbol.name for symbol in node.operands[1:3] if symbol is not None]
        running, count = (mean, variance), x.size // x.shape[-1]
        mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
        for name, old, new in zip(names, running, (mean, variance * (count / (count - 1))), strict=True):
            moved[name] = old + op.momentum * (lax.stop_gradient(new) - old)
    return (x - mean) * (weight * lax.rsqrt(variance + op.eps)) + bias, moved
