"""Functions, smooth activations and their gradients along stretches of numbers: in float64, each result rounded once.

    out = f(A),   or   out = start + A·f′(B)   where B is what the forward read, or made

`count` numbers of each lie side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from pellucid.functions import activation, exponential, logarithm, normal, power
from pellucid.kernels.simd.emit import Emitter, int64, symbol_of
from pellucid.kernels.simd.numbers import Registers
from pellucid.kernels.simd.stretch import Stretch, first_lanes
from pellucid.kernels.simd.target import vector_lanes

_GROUP = 4  # registers at a time


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": lambda a, _, x: exponential.exp(x, a),
    "expm1": lambda a, _, x: exponential.expm1(x, a),
    "log": lambda a, bits, x: logarithm.log(x, bits, a),
    "log1p": lambda a, bits, x: logarithm.log1p(x, bits, a),
    "erf": lambda a, _, x: normal.erf(x, a),
    "rsqrt": lambda a, _, x: power.rsqrt(x, a),
    "sigmoid": lambda a, bits, x: exponential.sigmoid(x, bits, a),
    "tanh": lambda a, _, x: exponential.tanh(x, a),
    "silu": lambda a, _, x: activation.silu(x, a),
    "gelu": lambda a, bits, x: activation.gelu(x, bits, a),
    "near_gelu": lambda a, _, x: activation.near_gelu(x, a),
    "sigmoid_gradient": lambda _a, _bits, grad, y: grad * (y * (1.0 - y)),
    "tanh_gradient": lambda _a, _bits, grad, y: grad * (1.0 - y * y),
    "silu_gradient": lambda a, _, grad, x: grad * activation.silu_slope(x, a),
    "gelu_gradient": lambda a, bits, grad, x: grad * activation.gelu_slope(x, bits, a),
    "near_gelu_gradient": lambda a, _, grad, x: grad * activation.near_gelu_slope(x, a),
}


@dataclass(frozen=True)
class Activation:
    """One of the functions above, of numbers of so many bits; with `base`, added to what `start` holds."""

    bits: int
    function: str
    base: bool = False

    @property
    def symbol(self) -> str:
        """A name that no other code has."""
        return symbol_of("activation", self)

    def emit(self) -> ir.Module:
        """Groups of whole registers; then one register at a time, the last of which may have lanes to spare."""
        lanes = vector_lanes(64)
        e = Emitter(self.symbol, self.bits, lanes)
        count, step = e.function.args[5], int64(_GROUP * lanes)
        groups = e.b.udiv(count, step)
        repeat(e, groups, lambda i: self._write(e, e.b.mul(i, step), _GROUP, None))
        first = e.b.mul(groups, step)
        rest = e.b.udiv(e.b.add(e.b.sub(count, first), int64(lanes - 1)), int64(lanes))

        def some(i: Any) -> None:
            at = e.b.add(first, e.b.mul(i, int64(lanes)))
            self._write(e, at, 1, e.b.sub(count, at))

        repeat(e, rest, some)
        e.b.ret_void()
        return e.module

    def _write(self, e: Emitter, at: Any, group: int, count: Any) -> None:
        """The results from a place on: as many as a group of registers holds, or so many."""
        arithmetic = Registers(e.b, vector_lanes(64), group)
        a, b, out, start = (Stretch(e, arithmetic, pointer) for pointer in e.function.args[:4])
        masks = None if count is None else first_lanes(e, arithmetic, count)
        operands = (a, b) if self.function.endswith("gradient") else (a,)
        numbers = [operand.read(at, masks) for operand in operands]
        result = FUNCTIONS[self.function](arithmetic, self.bits, *numbers)
        out.write(at, result, masks, start if self.base else None)


def repeat(e: Emitter, count: Any, body: Callable[[Any], None]) -> None:
    """A loop that may have nothing to do."""

    def once(i: Any, state: Any) -> Any:
        body(i)
        return state

    with e.b.if_then(e.b.icmp_signed(">", count, int64(0))):
        e.loop(count, [], once)
