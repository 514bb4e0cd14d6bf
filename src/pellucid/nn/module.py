"""A module owns parameters and other modules, and says in `forward` what it does with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from itertools import count
from reprlib import recursive_repr
from typing import Any, ClassVar, Self

from pellucid.engine import graph
from pellucid.engine.structure import items
from pellucid.errors import ArgumentError, MissingError, say
from pellucid.nn.owner import Owner
from pellucid.nn.runner import Runner
from pellucid.nn.table import module_html
from pellucid.nn.tree import children, is_state, walk
from pellucid.nn.written import assign, fitting
from pellucid.ops.checks import flag

# The path of every module of the network that is being traced, by identity; the outermost call writes it.
_paths: ContextVar[dict[int, str] | None] = ContextVar("paths", default=None)

# Grows with every change of any module's structure; while it stands still, every cached plan is up to date.
_editions = count(1)
_edition = 0

_EDITION = "_edition"  # the attribute that says when a module was last changed
# The attribute that caches edition, structure and what runs the module; copies and pickles leave it out.
_PROGRAM = "_program"
_MODE = "_mode"  # the attribute that says whether training changes what the module does, where somebody has said so

_CASTS = "use model.astype('float32') or model.astype('float64')"
_ELSEWHERE = {  # what PyTorch's modules have, and where it is here
    "requires_grad": "use requires_grad_(False) or requires_grad_(True)",
    **dict.fromkeys(("float", "double", "half", "to"), _CASTS),
    "zero_grad": "leave it out: each step makes its gradients anew",
}


def _forward_missing(self: Module, *_: Any) -> Any:
    name = type(self).__name__
    raise ArgumentError(
        name, "forward is not written", hint=say("add `def forward(self, x)` to {name}", name=name)
    )


class Module(Owner):
    """The base of every network and layer. Assign layers in `__init__`, write `forward(self, x)`.

    Modules, parameters and buffers are found in the attributes, in the order of their assignment; modules
    also in lists and tuples, at most 100 deep. An array assigned to a parameter is copied into the parameter's
    memory; a new `Parameter` takes its place.

    Example:
        >>> import numpy as np, pellucid as pc
        >>> class Net(pc.Module):
        ...     def __init__(self):
        ...         self.scale = pc.Parameter([1.0, 2.0])
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

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules right below with their names; a shared one has its first name only."""
        first = {id(module): name for name, module in reversed(list(self._children()))}
        return ((name, module) for name, module in self._children() if first[id(module)] == name)

    def children(self) -> Iterator[Module]:
        """The same without their names."""
        return (module for _, module in self.named_children())

    def get_submodule(self, target: str) -> Module:
        """The module of a path, as "features.0"; "" is the module itself.

        Raises: MissingError when there is none.
        """
        found = dict(walk(self, Module, once=False))
        if target not in found:
            rule = say("there is no module {path!r}", path=target)
            raise MissingError(type(self).__name__, rule, got=", ".join(list(found)[1:])[:120])
        return found[target]

    def add_module(self, name: str, module: Module | None) -> None:
        """The same as assigning it to an attribute."""
        setattr(self, name, module)

    def apply(self, function: Callable[[Module], object]) -> Self:
        """Call a function with every module below, then with this one; returns the module.

        Example:
            >>> import pellucid as pc
            >>> def ones(module):
            ...     if isinstance(module, pc.Linear):
            ...         module.weight[...] = 1
            >>> pc.Sequential(pc.Linear(2, 1)).apply(ones)[0].weight.tolist()
            [[1.0, 1.0]]
        """
        for module in self.children():
            module.apply(function)
        function(self)
        return self

    @property
    def training(self) -> bool:
        """Whether training changes what the module does, as it does at first; `eval()` ends that.

        While a network is traced for inference, it is False: so a forward may ask `if self.training:`.
        """
        return vars(self).get(_MODE, True) and (graph.is_training() or not graph.tracing())

    @training.setter
    def training(self, mode: bool) -> None:
        mode = flag(type(self).__name__, "training", mode)
        if mode != vars(self).get(_MODE, True):
            _changed(self)
            vars(self)[_MODE] = mode
            _changed(self)

    def train(self, mode: bool = True) -> Self:
        """Let training change what the modules of the tree do (True), or not (False); returns the module.

        `model(x)` infers in any case. In `TrainStep` and `fit` a module that was set to `eval()` does as in inference:
        a batch norm normalises by its running statistics, which stay, and a dropout passes everything. Parameters are
        trained all the same; `requires_grad_(False)` freezes them.

        Example:
            >>> import pellucid as pc
            >>> model = pc.Sequential(pc.Conv2d(1, 2, 3), pc.BatchNorm2d(2))
            >>> _ = model[1].eval()
            >>> model.training, model[1].training
            (True, False)
        """
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """The same as `train(False)`."""
        return self.train(False)

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
