"""A module's inference: programs for the module as it is, for each form in which it is called."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.nn.call import call_of
from pellucid.numbers import as_array, check_scaled, contiguous

if TYPE_CHECKING:
    from pellucid.engine.inference import Inference

Array = NDArray[Any]


class Runner:
    """Takes what a module is called with, and runs it.

    Args:
        where: what the module is called in messages.
        forward: its forward, which says what arguments there are.
        trace: runs forward on symbols.
        arrays: those of the module.
    """

    def __init__(
        self, where: str, forward: Callable[..., Any], trace: Callable[..., Any], arrays: Mapping[str, Array]
    ) -> None:
        self._where, self._forward, self._trace, self._arrays = where, forward, trace, arrays
        self._dtype = next((array.dtype for array in arrays.values() if array.dtype.kind == "f"), None)
        self._forms: dict[Hashable, Inference] = {}

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the module makes of these arguments."""
        if len(args) == 1 and not kwargs and type(args[0]) is np.ndarray:  # as nearly always, and at once
            return self._inference(None, self._trace)(input=self._tensor("input", args[0]))
        call = call_of(self._where, self._forward, args, kwargs)
        run = self._inference(call.form, call.of(self._trace))
        return run(**{name: self._tensor(name, value) for name, value in call.tensors.items()})

    def _inference(self, form: Hashable, function: Any) -> Inference:
        if form not in self._forms:
            from pellucid.engine.inference import Inference  # imports LLVM: only when it is needed

            self._forms[form] = Inference(function, self._arrays)
        return self._forms[form]

    def _tensor(self, name: str, value: Any) -> Array:
        """An array of the model's float type, or of its own where the model has no numbers to have one of.

        Whole numbers stay what they are, until the network says what it takes them for.
        """
        array = as_array(self._where, name, value)
        check_scaled(self._where, name, array)
        dtype = self._dtype
        if array.dtype.kind in "iu" and array.dtype != np.uint64:
            dtype = np.dtype(np.int64)
        elif dtype is None:
            dtype = array.dtype.newbyteorder("=") if array.dtype.char in "fd" else np.dtype(np.float32)
        return contiguous(self._where, name, array, dtype)
