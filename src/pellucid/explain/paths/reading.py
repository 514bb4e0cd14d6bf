"""A question to an op: which elements of an operand does each element of a result read?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from pellucid.explain.paths.relation import AnyRelation, Chained, Relation, Routes, Transposed
from pellucid.explain.source import Source
from pellucid.ops.base import Op, Shape
from pellucid.ops.grad_norm import GradNorm
from pellucid.ops.relation import Copies, Each, IndexPattern, Labels
from pellucid.ops.rule import Rule
from pellucid.sizes import size_of


@dataclass(frozen=True, eq=False)
class Reading:
    """One result, one operand.

    Attributes:
        source: where the result comes from.
        argument: the operand's role in its op.
        shapes: the shapes of all operands.
        read: gives any array of the recording by name.
    """

    source: Source
    argument: str
    shapes: Mapping[str, Shape]
    read: Callable[[str], NDArray[Any]]

    @property
    def relation(self) -> AnyRelation:
        """What the op says of these two."""
        op = self.source.op
        if isinstance(op, Rule | GradNorm):
            met = op.meeting({argument: self.shapes[argument] for argument in self.source.read})
            return _between(met, met.labels[self.argument], met.labels["result"])
        assert isinstance(op, Op)
        found = op.relation(self.shapes, self._operand)
        if isinstance(found, Each):
            found = found.patterns[self._result if self._read == "output" else self._read]
        if isinstance(found, Copies):
            if self.argument in op.integers and found.pattern is not None and self._stands_apart(op):
                return _between(
                    found.pattern, found.pattern.labels[self.argument], found.pattern.labels[self._result]
                )
            return self._copied(op, found) if "output" in (self._read, self._result) else self._alike()
        chosen = op.selected(self._operand) if self._backward and self._read == "output" else None
        if chosen is not None:
            return self._copied(op, chosen)
        if self._backward and self._read == self._result and found.through is not None:
            read, between, result = (found.labels[of] for of in (self._read, found.through, self._result))
            return Chained(_between(found, read, between), _between(found, between, result))
        labels = found.read_by(self.source.of, self.argument)
        return _between(found, labels, found.labels[self._result])

    @property
    def _backward(self) -> bool:
        """Whether the result is a gradient."""
        return self.source.of.startswith("grad_")

    @property
    def _read(self) -> str:
        """The operand, or what it is the gradient of, whose axes it has."""
        return self.argument.removeprefix("grad_")

    @property
    def _result(self) -> str:
        """The same of the result."""
        return self.source.of.removeprefix("grad_")

    def _operand(self, argument: str) -> NDArray[Any]:
        return self.read(self.source.operands[argument])

    def _stands_apart(self, op: Op) -> bool:
        """Whether an operand of whole numbers has not one beside each number of what is copied."""
        return self.shapes[self.argument] != self.shapes.get(op.differentiable[0])

    def _alike(self) -> Relation:
        """Each element by itself."""
        return Relation(("j",), ("j",), {"j": size_of(self.shapes[self.argument])})

    def _copied(self, op: Op, copies: Copies) -> Routes | Transposed:
        """From the array each of whose elements meets one element to the other array, or the other way round."""
        output = op.infer(*op.ordered(self.shapes))
        others = self.shapes[op.differentiable[0]] if copies.of == "output" else output
        routes = Routes(copies.places, others)
        return routes if (self._read == "output") == (copies.of == "output") else Transposed(routes)


def _between(pattern: IndexPattern, operand: Labels, result: Labels) -> Relation:
    return Relation(operand, result, pattern.sizes, tuple(link.meetings for link in pattern.links))
