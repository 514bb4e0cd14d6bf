"""What an expected number is the sum of: grad_output times local derivatives, named where they are an input's element.

grad_input[j] = Σ_k grad_output[k] · ∂output[k]/∂input[j]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from pellucid.doctor.slopes import Floats, Point

_SAME = 1e-7  # of the number: a derivative that near to an input's element is this element
_NONE = 1e-8  # of the largest derivative: less is none


@dataclass(frozen=True)
class Term:
    """One product.

    Attributes:
        output: the index of the output element through which it comes.
        grad_output: the gradient of this output element.
        derivative: the derivative of this output element by the input element.
        name: what the derivative is: "weight[0,1,2,2]" where it equals this element of another input and no other
            element of any, else "∂output[…]/∂input[…]".
    """

    output: tuple[int, ...]
    grad_output: float
    derivative: float
    name: str

    @property
    def product(self) -> float:
        """grad_output times derivative."""
        return self.grad_output * self.derivative

    def to_dict(self) -> dict[str, Any]:
        """The term as values that JSON knows."""
        return {
            "output": list(self.output),
            "grad_output": self.grad_output,
            "derivative": self.derivative,
            "name": self.name,
            "product": self.product,
        }

    def __str__(self) -> str:
        return (
            f"grad_output{_written(self.output)} {self.grad_output:.4g} · {self.name} {self.derivative:.4g}"
            f" = {self.product:.4g}"
        )


@dataclass(frozen=True, eq=False)
class Terms(Sequence[Term]):
    """The terms of one element, the largest first; a term is made when asked for."""

    point: Point
    i: int
    position: int
    derivatives: Floats
    order: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, at: int) -> Term: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Term]: ...

    def __getitem__(self, at: int | slice) -> Term | Sequence[Term]:
        if isinstance(at, slice):
            return [self._term(int(k)) for k in self.order[at]]
        return self._term(int(self.order[at]))

    def _term(self, k: int) -> Term:
        output = tuple(int(x) for x in np.unravel_index(k, self.point.output.shape))
        derivative = float(self.derivatives[k])
        found = self._named(derivative)
        if found is None:
            index = np.unravel_index(self.position, self.point.inputs[self.i].shape)
            name = f"∂output{_written(output)}/∂{self.point.layer.names[self.i]}{_written(index)}"
        else:
            name, derivative = found
        return Term(output, float(self.point.grad_output.flat[k]), derivative, name)

    def _named(self, derivative: float) -> tuple[str, float] | None:
        """The one element of the other inputs that is this derivative; its number is free of rounding."""
        found = None
        for i, array in enumerate(self.point.inputs):
            if i == self.i or array.dtype.kind != "f":
                continue
            places = np.flatnonzero(np.abs(array - derivative) <= _SAME * np.abs(derivative))
            if len(places) > 1 or (len(places) and found):
                return None
            if len(places):
                index = np.unravel_index(places[0], array.shape)
                found = f"{self.point.layer.names[i]}{_written(index)}", float(array.flat[places[0]])
        return found


def terms(point: Point, i: int, position: int, derivatives: Floats) -> Terms:
    """The terms of the element at a flat position, from the derivatives of all outputs by it."""
    weights = np.abs(derivatives) * np.abs(point.grad_output.ravel())
    order = np.argsort(-weights, kind="stable")
    kept = weights[order] > _NONE * weights.max(initial=0.0)
    return Terms(point, i, position, derivatives, order[kept])


def _written(index: Sequence[Any]) -> str:
    """An index in brackets; nothing for a single number."""
    return f"[{','.join(str(int(x)) for x in index)}]" if len(index) else ""
