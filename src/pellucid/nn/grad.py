"""Gradients of any function that makes one number, with respect to its arguments and to a module's parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid import memory
from pellucid.engine.structure import items, mapped
from pellucid.errors import ArgumentError, say
from pellucid.nn.call import Call, call_of
from pellucid.nn.module import Module
from pellucid.numbers import as_array, contiguous
from pellucid.sizes import is_integer

Array = NDArray[Any]
Which: TypeAlias = int | str | Sequence[int | str]


def grad(function: Callable[..., Any], argnums: Which = 0, *, of: Module | None = None) -> Callable[..., Any]:
    """The function that gives the gradient of `function`, which makes one number of its arguments.

    The function is traced anew in each call, as a network in inference: it takes arrays, or structures of arrays, and
    uses the functions of `pellucid.functional`, modules and Python's operators.

    Args:
        function: what is differentiated.
        argnums: with respect to which argument, by its place or its name; several give a tuple of gradients. Each has
            the structure of its argument.
        of: a module: the gradients are those of its parameters that are not frozen instead, in a dict by their names.

    Raises: ArgumentError for an argument that there is not or that holds no floats; ShapeError when the function makes
        more than one number.

    Example:
        >>> import pellucid as pc
        >>> pc.grad(lambda x: (x * x * 3.0).sum())(np.array([[1.0, 2.0]]))
        array([[ 6., 12.]])
        >>> layer, x, y = pc.Linear(2, 1), np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32)
        >>> found = pc.grad(lambda x, y: pc.functional.mse_loss(layer(x), y), of=layer)(x, y)
        >>> bool(np.allclose(found["bias"], 2 * layer(x).mean()))
        True
    """
    if not callable(function):
        raise ArgumentError("grad", "there must be a function to differentiate", got=repr(function)[:80])
    if of is not None and not isinstance(of, Module):
        raise ArgumentError("grad", "of must be a pellucid Module", got=type(of).__name__)
    forward = function.forward if isinstance(function, Module) else function

    @memory.enough("grad")
    def gradient(*args: Any, **kwargs: Any) -> Any:
        from pellucid.engine.scalar import gradients  # imports LLVM: only when it is needed
        from pellucid.kernels.flushing import to_nearest

        call = call_of("grad", forward, args, kwargs)
        model = of if of is not None else function if isinstance(function, Module) else None
        inputs = _inputs(call, model)
        arrays = {} if model is None else dict(model.named_arrays())
        wanted = [_argument(call, one) for one in _several(argnums)] if of is None else []
        trained = [] if of is None else [n for n, p in of.named_parameters() if p.requires_grad]
        names = [name for _, some in wanted for name in some] + trained

        def made() -> dict[str, Array]:
            return gradients("grad", call.of(function), inputs, arrays, names)

        found = to_nearest(made)
        if of is not None:
            return {name: found[name] for name in trained}
        structures = [mapped(lambda _, place: found[place.name], structure) for structure, _ in wanted]
        return structures[0] if isinstance(argnums, int | str) else tuple(structures)

    return gradient


def _several(argnums: Which) -> list[int | str]:
    one = isinstance(argnums, int | str)
    return [argnums] if one else list(argnums)  # type: ignore[list-item, arg-type]


def _inputs(call: Call, model: Module | None) -> dict[str, Array]:
    """The tensors of a call: floats of one type, the model's if it has one; whole numbers as they are."""
    arrays = {name: as_array("grad", name, value) for name, value in call.tensors.items()}
    floats = [array.dtype for array in arrays.values() if array.dtype.kind == "f"]
    owns = model is not None and next(model.parameters(), None) is not None
    dtype = model.dtype if owns and model is not None else np.result_type(*floats, np.float32)
    return {
        name: contiguous("grad", name, array, np.dtype(np.int64) if array.dtype.kind in "iu" else dtype)
        for name, array in arrays.items()
    }


def _argument(call: Call, which: int | str) -> tuple[Any, list[str]]:
    """An argument with places for its tensors, and their names."""
    taken, given = list(call.arguments.signature.parameters), call.arguments.arguments
    place = is_integer(which) and -len(taken) <= int(which) < len(taken)
    name = taken[int(which)] if place else which
    if name not in given:
        rule = say("there is no argument {which!r}", which=which)
        raise ArgumentError("grad", rule, expected=", ".join(taken))
    names = [getattr(item, "name", None) for _, item in items(given[str(name)])]
    if not all(name in call.tensors and np.asarray(call.tensors[name]).dtype.kind == "f" for name in names):
        raise ArgumentError("grad", say("argument {name!r} must hold floats to have a gradient", name=name))
    return given[str(name)], [str(name) for name in names]
