"""What one op of a network costs, each count as a number and as the formula with its numbers put in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from pellucid.engine.graph import Node, Symbol
from pellucid.ops.base import Shape
from pellucid.ops.flatten import Flatten
from pellucid.ops.product import Bilinear, Product


@dataclass(frozen=True)
class Count:
    """A product of whole numbers, or a sum of such products: `number`, and `formula` says how it comes about."""

    number: int
    formula: str


NOTHING = Count(0, "")


def product(*groups: Iterable[int]) -> Count:
    """The product of all factors; groups of factors stand a little apart.

    Example:
        >>> product((26, 26), (3, 3, 1, 8)).formula
        '26·26 · 3·3·1·8 = 48,672'
    """
    factors = [tuple(group) for group in groups]
    number = prod(factor for group in factors for factor in group)
    return Count(
        number, f"{' · '.join('·'.join(map(str, group)) for group in factors if group)} = {number:,}"
    )


def parameters(node: Node, own: Iterable[Symbol]) -> tuple[Count, int]:
    """Those of the arrays in `own`, and how many of them are biases of products.

    A weight is kernel size × input channels of a group × output channels of a group × groups.
    """
    weight, bias = _argument(node, "weight"), _argument(node, "bias")
    counts = {symbol: product(factors(node) if symbol is weight else symbol.shape) for symbol in own}
    total = sum(count.number for count in counts.values())
    steps = [" + ".join(count.formula.partition(" = ")[0] for count in counts.values())]
    products = isinstance(node.op, Product)
    if products and len(counts) > 1:
        steps.append(" + ".join(f"{count.number:,}" for count in counts.values()))
    biases = counts[bias].number if products and bias in counts else 0
    return (Count(total, " = ".join([*steps, f"{total:,}"])) if counts else NOTHING), biases


def macs(node: Node) -> Count:
    """Multiply–accumulates: every weight is used once at every position (`ops/product.py`)."""
    if not isinstance(node.op, Bilinear):
        return NOTHING
    positions = node.op.positions(*shapes(node))
    samples = positions[1:] if positions[:1] == (1,) else positions
    return product(samples, factors(node) if isinstance(node.op, Product) else node.op.factors(*shapes(node)))


def dense(node: Node) -> Count:
    """The weights of a dense layer with the inputs and the outputs of a convolution."""
    input = _argument(node, "input")
    if not isinstance(node.op, Product) or input is None or not node.op.sliding(*shapes(node)):
        return NOTHING
    return product(_channels_last(input.shape), _channels_last(node.output.shape))


def memory(node: Node) -> Count:
    """Bytes of the op's output."""
    shape = node.output.shape
    samples = shape[:1] if shape[:1] != (1,) else ()
    return product((*samples, *_channels_last(shape)), (node.output.dtype.itemsize,))


def factors(node: Node) -> Shape:
    """The sizes of an op's weight in the order of the rule: kernel, input channels, output channels, groups.

    The inputs of a linear layer are height × width × channels, where a map was flattened for it.
    """
    weight, input = _argument(node, "weight"), _argument(node, "input")
    assert weight is not None
    if not isinstance(node.op, Product):
        return weight.shape
    found = node.op.factors(*shapes(node))
    before = input.node if input is not None and input.ndim == 2 else None
    if before is None or not isinstance(before.op, Flatten):
        return found
    map_ = _argument(before, "input")
    assert map_ is not None
    return (*_channels_last(map_.shape), *found[1:])


def _channels_last(shape: Shape) -> Shape:
    """(N,C,H,W) → (H,W,C), as the rule counts."""
    return (*shape[2:], *shape[1:2])


def _argument(node: Node, name: str) -> Symbol | None:
    return node.op.named(node.operands).get(name)


def shapes(node: Node) -> list[Shape | None]:
    """Those of the operands; None for one that is not there."""
    return [None if operand is None else operand.shape for operand in node.operands]
