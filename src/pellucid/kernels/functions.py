"""The house's functions of one float64 number, for kernels: the same operations as everywhere, in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pellucid.functions import exponential, logarithm, power
from pellucid.kernels.jit import intrinsic
from pellucid.kernels.machine_code import types
from pellucid.kernels.simd.numbers import Numbers, Registers


def _code(function: Callable[..., Any]) -> Callable[..., Any]:
    """What Numba asks an intrinsic for: the instructions."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arithmetic = Registers(builder, lanes=0)
        (result,) = function(*(Numbers(arithmetic, [x]) for x in args), arithmetic).registers
        return result

    return code


@intrinsic
def exp(typing: Any, x: Any) -> Any:
    """eˣ."""
    return types.float64(types.float64), _code(exponential.exp)


@intrinsic
def log(typing: Any, x: Any) -> Any:
    """log x, in float64."""
    return types.float64(types.float64), _code(lambda x, a: logarithm.log(x, 64, a))


@intrinsic
def raised(typing: Any, x: Any, p: Any) -> Any:
    """x to a power p that loops know before they begin: they do not ask in each round which it is."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arithmetic = Registers(builder, lanes=0)
        x, p = (Numbers(arithmetic, [number]) for number in args)
        found, end = [], builder.append_basic_block("raised")
        for exponent, function in power.PLAIN.items():
            with builder.if_then(builder.fcmp_ordered("==", args[1], args[1].type(exponent))):
                (result,) = function(x, arithmetic).registers
                found.append((result, builder.block))
                builder.branch(end)
        (result,) = power.power(x, p, arithmetic).registers
        found.append((result, builder.block))
        builder.branch(end)
        builder.position_at_end(end)
        value = builder.phi(args[0].type)
        for result, block in found:
            value.add_incoming(result, block)
        return value

    return types.float64(types.float64, types.float64), code
