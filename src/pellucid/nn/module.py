"""A module owns parameters and other modules, and says in `forward` what it does with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from itertools import count
from reprlib import recursive_repr
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pellucid.engine import graph
from pellucid.engine.structure import items
from pellucid.errors import ArgumentError, MissingError, say
from pellucid.kernels.turns import changing
from pellucid.nn.parameter import Buffer, Parameter, State
from pellucid.nn.runner import Runner
from pellucid.nn.table import module_html
from pellucid.nn.tree import children, is_state, named_states, own, walk
from pellucid.nn.written import IncompatibleKeys, assign, fitting, write_states
from pellucid.ops.checks import flag

Array = NDArray[Any]

# The path of every module of the network that is being traced, by identity; the outermost call writes it.
_paths: ContextVar[dict[int, str] | None] = ContextVar("paths", default=None)

# Grows with every change of any module's structure; while it stands still, every cached plan is up to date.
_editions = count(1)
_edition = 0

_EDITION = "_edition"  # the attribute that says when a module was last changed
# The attribute that caches edition, structure and what runs the module; copies and pickles leave it out.
_PROGRAM = "_program"

_CASTS = "use model.astype('float32') or model.astype('float64')"
_ELSEWHERE = {  # what PyTorch's modules have, and where it is here
    "requires_grad": "use requires_grad_(False) or requires_grad_(True)",
    **dict.fromkeys(("training", "train", "eval"), "model(x) infers, TrainStep and fit train"),
    **dict.fromkeys(("float", "double", "half", "to"), _CASTS),
    "zero_grad": "leave it out: each step makes its gradients anew",
}


def _forward_missing(self: Module, *_: Any) -> Any:
    name = type(self).__name__
    raise ArgumentError(
        name, "forward is not written", hint=say("add `def forward(self, x)` to {name}", name=name)
    )


class Module:
    """The base of every network and layer. Assign layers in `__init__`, write `forward(self, x)`.

    Modules, parameters and buffers are found in the attributes, in the order of their assignment; modules
    also in lists and tuples, at most 100 deep. An array assigned to a parameter is copied into the parameter's
    memory; a new `Parameter` takes its place.

    Example:
        >>> class Net(Module):
        ...     def __init__(self):
        ...         self.scale = Parameter([1.0, 2.0])
        >>> net = Net()
        >>> net.scale = np.array([3.0, 4.0])
        >>> net.state_dict()
        {'scale': array([3., 4.], dtype=float32)}
    """

    is_layer: ClassVar[bool] = False  # one op that bears the module's name
    forward: Callable[..., Any] = _forward_missing

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _ELSEWHERE and isinstance(value, bool):
            rule = say("an attribute {name!r} would change nothing", name=name)
            raise ArgumentError(type(self).__name__, rule, got=f"{name} = {value!r}", hint=_ELSEWHERE[name])
        current = vars(self).get(name)
        if is_state(current) and not (value is None or is_state(value) or isinstance(value, Module)):
            assign([(current, fitting(f"{type(self).__name__}.{name}", value, current))])
            return
        if value is not current or current is None:
            _changed(self)
            super().__setattr__(name, value)
            _changed(self)

    def __delattr__(self, name: str) -> None:
        _changed(self)
        super().__delattr__(name)
        _changed(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise MissingError(
            type(self).__name__, say("there is no attribute {name!r}", name=name), hint=_ELSEWHERE.get(name)
        )

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Run the network on arrays in inference mode, as its forward is called: (N,C,…) in, a new array out.

        Where forward returns several tensors, in a tuple, a list or a dict, there are arrays in the same structure.
        Arrays are converted to the model's dtype: whole numbers and truth values count as what they are, but images of
        8 or 16 bits (uint8, uint16) are refused, since data divide them by white (see `Dataset.batches`). Whole numbers
        that forward takes for such, as an embedding does, stay so. While the network is traced, the module's forward
        runs on symbols instead.

        Raises: ArgumentError when an input is not an array of real numbers in the dtype's range, or of 8 or 16 bits;
            SignatureError for arguments that forward does not take; ShapeError from the layer that they do not fit.
        """
        if graph.tracing() and (id(self) in (_paths.get() or ()) or _symbolic((inputs, named))):
            return self._traced(*inputs, **named)
        return self._infer(inputs, named)

    def trace_forward(self, *inputs: Any, **named: Any) -> Any:
        """Run forward on symbols as the root of a network: paths of ops begin at this module."""
        token = _paths.set({id(module): path for path, module in self.named_modules()})
        try:
            with graph.scope("", layer=self.is_layer):
                return self.forward(*inputs, **named)
        except RecursionError:
            rule, hint = "forward never ends", "a module's forward must not call the module itself"
            raise ArgumentError(type(self).__name__, rule, got="calls without end", hint=hint) from None
        finally:
            _paths.reset(token)

    def _traced(self, *inputs: Any, **named: Any) -> Any:
        paths = _paths.get()
        if paths is None:
            return self.trace_forward(*inputs, **named)
        if id(self) not in paths:  # made inside a forward: its ops belong to the module that made it
            return self.forward(*inputs, **named)
        with graph.scope(paths[id(self)], layer=self.is_layer):
            return self.forward(*inputs, **named)

    def _infer(self, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
        now = _edition
        edition, structure, runner = vars(self).get(_PROGRAM, (None, None, None))
        if edition != now:
            if structure != (found := self.structure()):
                arrays = dict(self.named_arrays())
                structure = found
                runner = Runner(type(self).__name__, self.forward, self.trace_forward, arrays)
            vars(self)[_PROGRAM] = now, structure, runner
        return runner(inputs, named)

    def structure(self) -> tuple[tuple[int, int], ...]:
        """The modules of the tree and when each was last changed: unequal once a plan is out of date."""
        return tuple((id(module), vars(module).get(_EDITION, 0)) for module in self.modules())

    def _children(self) -> Iterator[tuple[str, Module]]:
        return children(self, Module)

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Every module with its path, this one first with path ''; a shared one has its first path only."""
        return walk(self, Module, once=True)

    def modules(self) -> Iterator[Module]:
        """Every module of the tree, this one first."""
        return (module for _, module in self.named_modules())

    def named_arrays(self) -> Iterator[tuple[str, State]]:
        """Parameters and buffers with their names; a shared one has its first name only."""
        return named_states(self, Module, once=True)

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

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """The arrays that hold statistics, with their names."""
        return ((name, state) for name, state in self.named_arrays() if isinstance(state, Buffer))

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers, with PyTorch's keys, shapes and order."""
        states = named_states(self, Module, once=False)
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
        states = dict(named_states(self, Module, once=False))
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
            for module in self.modules():
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

    def __getstate__(self) -> dict[str, Any]:
        deque(self.modules(), 0)  # refuses what nests too deep for copies and pickles
        return {name: value for name, value in vars(self).items() if name not in (_PROGRAM, _EDITION)}

    def extra_repr(self) -> str:
        """The settings, as they stand in the parentheses of the repr."""
        return ""

    def _repr_html_(self) -> str:
        return module_html(self)

    @recursive_repr("…")
    def __repr__(self) -> str:
        deque(self.modules(), 0)  # the same
        lines = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self._children()]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        return "\n  ".join([f"{type(self).__name__}({self.extra_repr()}", *lines]) + "\n)"


def _symbolic(arguments: object) -> bool:
    """Whether tensors of the network that is being traced are among a call's arguments."""
    return any(graph.is_symbolic(item) for _, item in items(arguments))


def _changed(module: Module) -> None:
    """Say, before a module changes and after, that plans may be out of date: an exception may come in between."""
    global _edition  # noqa: PLW0603 - see _editions
    _edition = vars(module)[_EDITION] = next(_editions)


def edition() -> int:
    """A number that changes whenever the structure of any module does: layers or arrays added or replaced."""
    return _edition
