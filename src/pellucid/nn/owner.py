"""What owns parameters and buffers, itself or in what lies below: their names, their numbers, their type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pellucid.errors import ArgumentError, MissingError, say
from pellucid.kernels.turns import changing
from pellucid.nn.parameter import Buffer, Parameter, State
from pellucid.nn.tree import named_states, own, walk
from pellucid.nn.written import IncompatibleKeys, write_states
from pellucid.numbers import as_array
from pellucid.ops.checks import flag

Array = NDArray[Any]
S = TypeVar("S", bound=State)


class Owner:
    """The base of modules, as far as their arrays go."""

    def named_arrays(self) -> Iterator[tuple[str, State]]:
        """Parameters and buffers with their names; a shared one has its first name only."""
        return named_states(self, Owner, once=True)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """The arrays that training changes unless they are frozen, with their names."""
        return ((name, state) for name, state in self.named_arrays() if isinstance(state, Parameter))

    def parameters(self) -> Iterator[Parameter]:
        """The same without their names."""
        return (parameter for _, parameter in self.named_parameters())

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze all parameters of the tree (False), or have all of them trained (True); returns the module.

        A frozen batch norm still follows its batches: its running statistics are no parameters.

        Raises: ArgumentError for anything but True or False.

        Example:
            >>> from pellucid.nn.models import lenet5
            >>> model = lenet5()
            >>> _ = model.requires_grad_(False)
            >>> _ = model.fc3.requires_grad_()
            >>> [name for name, parameter in model.named_parameters() if parameter.requires_grad]
            ['fc3.weight', 'fc3.bias']
        """
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of a name, as "fc.weight".

        Raises: MissingError when there is none.
        """
        return self._named(target, Parameter)

    def get_buffer(self, target: str) -> Buffer:
        """The buffer of a name, as "bn.running_mean".

        Raises: MissingError when there is none.
        """
        return self._named(target, Buffer)

    def _named(self, target: str, kind: type[S]) -> S:
        found = dict(named_states(self, Owner, once=False)).get(target)
        if not isinstance(found, kind):
            kinds = {Parameter: "there is no parameter {name!r}", Buffer: "there is no buffer {name!r}"}
            raise MissingError(type(self).__name__, say(kinds[kind], name=target))
        return found

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """The same as assigning it to an attribute."""
        setattr(self, name, parameter)

    def register_buffer(self, name: str, array: Any, persistent: bool = True) -> None:
        """Let an attribute be a buffer: an array that belongs to the module, has no gradient, and is in state dicts.

        What is not `persistent` is in no state dict: it stays an array of NumPy, a constant where forward uses it.

        Raises: ArgumentError for what is no array of real numbers.

        Example:
            >>> import pellucid as pc
            >>> class Centred(pc.Module):
            ...     def __init__(self):
            ...         self.register_buffer("mean", np.array([1.0, 2.0]))
            ...     def forward(self, x):
            ...         return x - self.mean
            >>> Centred()([[4.0, 4.0]]), Centred().state_dict()
            (array([[3., 2.]], dtype=float32), {'mean': array([1., 2.], dtype=float32)})
        """
        if array is None:
            setattr(self, name, None)
            return
        numbers = as_array(type(self).__name__, name, array)
        whole = numbers.dtype.kind in "iu"
        keeps = flag(type(self).__name__, "persistent", persistent)
        setattr(self, name, Buffer(numbers, np.int64 if whole else np.float32) if keeps else numbers.copy())

    def buffers(self) -> Iterator[Buffer]:
        """The arrays that are no parameters."""
        return (buffer for _, buffer in self.named_buffers())

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """The arrays that hold statistics, with their names."""
        return ((name, state) for name, state in self.named_arrays() if isinstance(state, Buffer))

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers, with PyTorch's keys, shapes and order."""
        states = named_states(self, Owner, once=False)
        return {name: np.array(state, order="C") for name, state in states}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Take over parameters and buffers; a PyTorch model of the same structure fits as it is.

        State dicts from before PyTorch 0.4.1 have no `num_batches_tracked`: where that is missing, the count stays.
        What DataParallel ("module.") or torch.compile ("_orig_mod.") puts before all names is left out. Numbers of
        float16 and bfloat16 are taken exactly.

        Args:
            state_dict: arrays by their names, such as `pellucid.load_weights` reads from a file.
            strict: False takes what has a name of the model's and leaves all else as it is.

        Returns:
            `missing_keys` and `unexpected_keys`: what the state dict lacks, and what the model lacks.

        Raises: ArgumentError for missing or unexpected keys where `strict`, and for values that are not real numbers,
            ShapeError for wrong shapes. All faults are named at once, and then nothing has been changed.

        Example:
            >>> import pellucid as pc
            >>> layer = pc.Linear(2, 1)
            >>> layer.load_state_dict({"weight": [[3, 4]], "scale": 2}, strict=False)
            IncompatibleKeys(missing_keys=['bias'], unexpected_keys=['scale'])
            >>> layer.weight.tolist()
            [[3.0, 4.0]]
        """
        where = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state_dict, Mapping):
            raise ArgumentError(where, "a state dict maps names to arrays", got=type(state_dict).__name__)
        states = dict(named_states(self, Owner, once=False))
        return write_states(where, states, state_dict, strict=flag(where, "strict", strict))

    def astype(self, dtype: DTypeLike) -> Self:
        """Turn all floating parameters and buffers into float32 or float64, in place; returns the module.

        Raises: ArgumentError for any other dtype, and for numbers beyond float32's range; nothing is changed then.
        """
        try:
            target = np.dtype(dtype)
        except TypeError:
            target = None
        if dtype is None or target not in (np.float32, np.float64):
            where = f"{type(self).__name__}.astype"
            expected = "float32 or float64"
            raise ArgumentError(where, "dtype has two choices", expected=expected, got=repr(dtype))

        def convert() -> None:
            converted = {  # all of them before the first is replaced; a shared parameter stays shared
                id(state): state.as_type(target)
                for _, state in self.named_arrays()
                if state.dtype.kind == "f" and state.dtype != target
            }
            for _, module in walk(self, Owner, once=True):
                for name, state in list(own(module, State)):
                    if id(state) in converted:
                        setattr(module, name, converted[id(state)])

        changing(convert)
        return self

    @property
    def dtype(self) -> np.dtype[Any]:
        """The floating type of the parameters; float32 for a module that has none."""
        floats = (state.dtype for _, state in self.named_arrays() if state.dtype.kind == "f")
        return next(floats, np.dtype(np.float32))
