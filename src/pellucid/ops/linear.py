"""The linear (fully connected) layer.

n stands for any number of leading axes, also none. Order of summation: the summed index ascending; of several leading
axes the first one, then those behind the second, then the second, as they lie in a network's memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError, say
from pellucid.functions.sums import products, total
from pellucid.ops.base import Array, Gradients, Rows, Shape, Terms, choices, columns
from pellucid.ops.product import Product
from pellucid.ops.reduction import Reduction
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.sizes import size_of

_FACTORS = {
    "output": (("input", "weight"), ("i",)),
    "grad_input": (("grad_output", "weight"), ("o",)),
    "grad_weight": (("grad_output", "input"), ()),
    "grad_bias": (("grad_output",), ()),
}


@dataclass(frozen=True)
class Linear(Product):
    """A product with a matrix of weights, plus a bias. Its sizes are the weight's, so it has no settings."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,o] = ⟦bias[o] + ⟧Σ_i input[n,i]·weight[o,i]",
        "grad_input": "grad_input[n,i] = Σ_o grad_output[n,o]·weight[o,i]",
        "grad_weight": "grad_weight[o,i] = Σ_n grad_output[n,o]·input[n,i]",
        "grad_bias": "grad_bias[o] = Σ_n grad_output[n,o]",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "linear"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(…,in_features), (out_features,in_features), (out_features,) or None → (…,out_features)."""
        input, weight, bias = shapes
        assert input is not None
        assert weight is not None
        if len(weight) != 2:
            rule = "weight must have 2 axes (out_features, in_features)"
            raise ShapeError(self.name, rule, got=f"weight {weight}")
        if not input or input[-1] != weight[1]:
            hint = say("set in_features={size}", size=input[-1]) if input else None
            raise ShapeError(
                self.name,
                "the input's last axis must equal in_features",
                expected=say("{size} from weight {weight}", size=weight[1], weight=weight),
                got=say(
                    "{size} from input {input}", size=input[-1] if input else say("no axis"), input=input
                ),
                hint="put Flatten before the layer" if len(input) > 2 else hint,
            )
        if bias is not None and bias != weight[:1]:
            rule = "bias must have one value per output feature"
            raise ShapeError(self.name, rule, expected=f"{weight[:1]}", got=f"{bias}")
        return (*input[:-1], weight[0])

    def mixed(self, rank: int) -> tuple[int, ...]:
        """The features."""
        return (rank - 1,)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """By the labels of the formula; n stands for the samples, c for axis 1, s for those between it and the last."""
        outputs, inputs = shapes["weight"]
        sizes = _leading(shapes["input"])
        labels: dict[str, Labels] = {
            "input": (*sizes, "i"),
            "weight": ("o", "i"),
            "bias": ("o",),
            "output": (*sizes, "o"),
        }
        return IndexPattern(labels, {**sizes, "i": inputs, "o": outputs})

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The products; the bias gradient's are sums alone."""
        input = shapes[0]
        assert input is not None
        factors, over = _FACTORS[of]
        samples = tuple(sorted(_leading(input), key="nsc".index))
        return Reduction("fma", factors, over or samples, start="bias" if of == "output" else None)

    def factors(self, *shapes: Shape | None) -> Shape:
        """in_features, out_features."""
        _, weight, _ = shapes
        assert weight is not None
        return weight[::-1]

    def positions(self, *shapes: Shape | None) -> Shape:
        """The samples."""
        input = shapes[0]
        assert input is not None
        return input[:-1]

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """The products of elements of output, grad_input, grad_weight or grad_bias."""
        input, weight, bias = shapes
        assert input is not None
        assert weight is not None
        *n, last = columns(at)
        if of == "output":
            (i,) = choices(weight[1])
            start = None if bias is None else ("bias", (at[:, -1],))
            return Terms((("input", (*n, i)), ("weight", (last, i))), start)
        if of == "grad_input":
            (o,) = choices(weight[0])
            return Terms((("grad_output", (*n, o)), ("weight", (o, last))))
        batch = _positions(input[:-1])
        if of == "grad_weight":
            return Terms((("grad_output", (*batch, *n)), ("input", (*batch, last))))
        return Terms((("grad_output", (*batch, last)),))

    def forward(self, *operands: Array | None) -> Array:
        """One product of matrices, in lanes."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        self.infer(input.shape, weight.shape, None if bias is None else bias.shape)
        output = products(input[..., None, :], weight)
        return output if bias is None else output + bias

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """Send every product back to both of its factors."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        grad_input = products(grad_output[..., None, :], weight.T)
        grads, inputs = (_by_positions(x).T for x in (grad_output, input))
        grad_weight = products(grads[:, None], inputs)
        return grad_input, grad_weight, None if bias is None else total(grads, (1,))


def _leading(input: Shape) -> dict[str, int]:
    """The sizes of the axes before the last: the samples, axis 1, and those between it and the last as one.

    Example:
        >>> _leading((7,)), _leading((5, 7)), _leading((5, 4, 3, 2, 7))
        ({'n': 1}, {'n': 5}, {'n': 5, 'c': 4, 's': 6})
    """
    samples, *others = input[:-1] or (1,)
    return {"n": samples} | ({"c": others[0], "s": size_of(others[1:])} if others else {})


def _positions(leading: Shape) -> Rows:
    """All indices of the leading axes, in the order in which sums go over them."""
    order = [0, *range(2, len(leading)), 1][: len(leading)]
    found = dict(zip(order, choices(*(leading[axis] for axis in order)), strict=True))
    return tuple(found[axis] for axis in range(len(leading)))


def _by_positions(array: Array) -> Array:
    """A row of features for each position, in that order."""
    moved = np.moveaxis(array, 1, -2) if array.ndim > 2 else array
    return moved.reshape(-1, array.shape[-1])
