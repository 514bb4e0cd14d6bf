"""How a class's logit changes with what a network computes: ∂logit[class]/∂a, image by image."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.order import edges
from pellucid.data.preprocessing import as_float
from pellucid.engine.graph import Graph, Symbol
from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.nn import Module
from pellucid.numbers import as_array
from pellucid.train.batch import images
from pellucid.train.evaluation import raw
from pellucid.train.kinds import check_model

Array = NDArray[Any]
_BATCH = 32  # images at a time: all that a network computes of them is kept


def slopes(
    where: str, model: Module, x: Any, class_: Any, find: Callable[[Graph], Symbol]
) -> tuple[Array, Array, Array]:
    """The inputs, the numbers of one array of the network, and the gradients of each image's logit by them.

    Args:
        where: the function that was called.
        model: a classifier; it infers.
        x: images (N,C,…).
        class_: one for all images, or one for each; None for the class that the network names.
        find: the array's symbol.

    Raises: as `saliency`.
    """
    x = inputs(where, model, x)
    logits = raw(where, model, x)
    if logits.ndim != 2:
        raise ShapeError(where, "a classifier's output is (N, classes)", got=f"{logits.shape}")
    one_hot = np.zeros_like(logits)
    one_hot[np.arange(len(x)), _classes(where, class_, logits)] = 1
    with memory.enough(where):
        parts = _parts(model, x, one_hot, find)
        values, gradients = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return x, values, gradients


def _parts(
    model: Module, x: Array, one_hot: Array, find: Callable[[Graph], Symbol]
) -> list[tuple[Array, Array]]:
    """Both for a few images at a time; an image's result depends on no other."""
    from pellucid.engine.gradients import Gradients  # imports LLVM: only when it is needed
    from pellucid.kernels.flushing import to_nearest

    arrays, programs, found = dict(model.named_arrays()), dict[int, Gradients](), []
    for start, stop in pairwise(edges(len(x), -(-len(x) // -(-len(x) // _BATCH)))):
        some, count = x[start:stop], stop - start
        if count not in programs:
            programs[count] = to_nearest(partial(Gradients, model.trace_forward, arrays, some))
        program = programs[count]
        found.append(program.run(some, one_hot[start:stop], find(program.graph)))
    return found


def inputs(where: str, model: Module, x: Any) -> Array:
    """Images as inputs, as `predict` takes them, in the model's float type."""
    check_model(where, model)
    array = as_array(where, "x", x)
    return images(as_float(array) if array.dtype.kind == "u" else array, model.dtype, where=where)


def _classes(where: str, class_: Any, logits: Array) -> Array:
    """Each image's class."""
    if class_ is None:
        return np.asarray(logits.argmax(axis=1))
    chosen = as_array(where, "class_", class_)
    if chosen.dtype.kind not in "iu" or chosen.shape not in ((), logits.shape[:1]):
        expected = say("a whole number, or {count} of them, or None", count=len(logits))
        got = f"{chosen.dtype} {chosen.shape}" if chosen.shape else repr(class_)
        raise ArgumentError(where, "class_ is a class, or one for each image", expected=expected, got=got)
    chosen = np.broadcast_to(chosen, logits.shape[:1])
    wrong = np.flatnonzero((chosen < 0) | (chosen >= logits.shape[1]))
    if wrong.size:
        expected = say("0 to {last}", last=logits.shape[1] - 1)
        got = f"{chosen[wrong[0]]}"
        raise ArgumentError(where, "class_ must be a class of the network", expected=expected, got=got)
    return chosen
