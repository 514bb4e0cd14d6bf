"""A run with every number kept: names, arrays, and the explanation of any one number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from pellucid.engine.buffers import Block, External
from pellucid.errors import ArgumentError
from pellucid.explain import address as addresses
from pellucid.explain.catalogue import Entry, catalogue
from pellucid.explain.conv import explain_conv
from pellucid.explain.linear import explain_linear
from pellucid.explain.question import Operand, Question
from pellucid.explain.shared import explain_shared
from pellucid.explain.trace import Trace
from pellucid.ops.base import Op
from pellucid.ops.conv import Conv
from pellucid.ops.linear import Linear

if TYPE_CHECKING:  # importing the plan imports LLVM
    from pellucid.engine.plan import Program

EXPLAINERS: dict[type[Op], Callable[[Question], Trace]] = {Conv: explain_conv, Linear: explain_linear}
_EXPLAINED = "an output or a gradient of a convolution or a linear layer"


class Recording:
    """What one run computed. It owns its numbers: later steps and other runs do not change them.

    Args:
        program: a program whose plan keeps every tensor, after its run; the recording is its only user from now on.
        aliases: short names, as "loss" for "cross_entropy.output".
        commit: what carries out the recorded update; None for a run without one.
        extra: further arrays, in the memory order of the parameter named in brackets ("updated(conv1.weight)").
    """

    def __init__(
        self,
        program: Program,
        aliases: Mapping[str, str],
        commit: Callable[[], None] | None,
        extra: Mapping[str, Block],
    ) -> None:
        self._program = program  # owns the memory
        self._aliases = dict(aliases)
        self._entries = catalogue(program.plan, aliases, extra)
        self._arrays: dict[str, NDArray[Any]] = {}
        self._commit, self._committed = commit, False
        for name, entry in self._entries.items():
            if isinstance(entry.block, External):  # its owner goes on changing it
                self._array(name)

    def names(self) -> list[str]:
        """The names of all arrays: forward, gradients, updates, each in the order of computation."""
        return list(self._entries)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A copy of one array, indexed with public axes (N,C,… or O,C/groups,…).

        Raises: AddressError when there is no array of that name.
        """
        return self._array(self._entry("recording", name).name).copy()

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._aliases.values()

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def loss(self) -> float:
        """The mean loss of the batch.

        Raises: ArgumentError for a recording of inference.
        """
        if "loss" not in self._entries:
            raise ArgumentError("recording", "inference has no loss", hint="record a training step")
        return float(self._array("loss").item())

    def commit(self) -> None:
        """Carry out the recorded update, once.

        Raises: ArgumentError when there is nothing to carry out, or when it has been done.
        """
        if self._commit is None:
            raise ArgumentError("commit", "this recording holds no update", hint="record a training step")
        if self._committed:
            raise ArgumentError(
                "commit", "this recording's update has been carried out", hint="record a new step"
            )
        self._commit()
        self._committed = True

    def explain(self, address: str) -> Trace:
        """Show the arithmetic that made one number, and certify it.

        Args:
            address: a name and an index, as "conv1.output[0,5,3,7]"; negative indices count from the end.

        Raises: AddressError for a name or an index that the recording does not hold; ArgumentError for a number
            whose kind cannot be explained.
        """
        name, index = addresses.parse(address)
        entry = self._entry("explain", name)
        index = addresses.located(entry.name, entry.shape, index)
        if not entry.made_by:
            rule = "a number that was given has no arithmetic to show"
            raise ArgumentError("explain", rule, expected=_EXPLAINED, got=f"'{entry.name}'")
        node = entry.node
        if node is None or (type(node.op) not in EXPLAINERS and not entry.parts):
            rule = f"numbers made by {entry.made_by} cannot be explained yet"
            raise ArgumentError("explain", rule, expected=_EXPLAINED, got=f"'{entry.name}'")
        question = Question(
            address=addresses.written(entry.name, index),
            value=self._array(entry.name)[index],
            node=node,
            of=entry.of,
            index=index,
            operand=lambda argument: self._operand(entry, argument),
            base=None if entry.base is None else Operand(entry.base, self._array(entry.base)),
            per_part=self._program.plan.per_part.get(node),
            winograd=self._program.plan.winograd.get(node),
        )
        if entry.parts:
            return explain_shared(question, [Operand(part, self._array(part)) for part in entry.parts])
        return EXPLAINERS[type(node.op)](question)

    def __repr__(self) -> str:
        parts = [f"{len(self)} arrays"]
        if "loss" in self._entries:
            parts.insert(0, f"loss={self.loss:.6g}")
        if self._commit is not None:
            parts.append("committed" if self._committed else "not committed")
        return f"Recording({', '.join(parts)})"

    def _entry(self, where: str, name: object) -> Entry:
        """An array by its name or by the name that an alias stands for."""
        short = {real: alias for alias, real in self._aliases.items()}
        found = self._entries.get(short.get(name, name)) if isinstance(name, str) else None
        if found is None:
            raise addresses.unknown(where, name, self._entries)
        return found

    def _operand(self, entry: Entry, argument: str) -> Operand:
        """An argument of the op that made an array."""
        assert entry.node is not None
        if argument == "grad_output":
            name = f"grad({entry.node.output.name})"
        else:
            symbol = dict(zip(entry.node.op.arguments, entry.node.operands, strict=True))[argument]
            assert symbol is not None
            name = symbol.name
        name = self._entry("explain", name).name
        return Operand(name, self._array(name))

    def _array(self, name: str) -> NDArray[Any]:
        """The recording's own copy, made when first needed."""
        if name not in self._arrays:
            self._arrays[name] = self._entries[name].read()
        return self._arrays[name]
