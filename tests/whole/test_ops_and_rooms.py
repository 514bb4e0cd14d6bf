"""All ops × all rooms: what an op must have, and what of it is missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import pytest
from tests.ops.test_contract import CASES, COMPARISONS

from pellucid import functional as F
from pellucid.engine.lowering import registry
from pellucid.explain.ops.explainers import explained
from pellucid.explain.source import Source
from pellucid.functional._call import Call
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.base import Array, Gradients, Op, Shape, alike
from pellucid.ops.conv import Conv
from pellucid.ops.conv_transpose import ConvTranspose
from pellucid.ops.layer_norm import LayerNorm
from pellucid.ops.maker import kinds
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.max_unpool import MaxUnpool
from pellucid.ops.product import Bilinear
from pellucid.ops.relation import Copies, Each, IndexPattern
from pellucid.ops.rule import Rule
from pellucid.ops.sum import Sum
from pellucid.sizes import size_of

KINDS: list[type[Op]] = [
    kind for kind in kinds().values() if issubclass(kind, Op) and kind.__module__.startswith("pellucid.")
]


@dataclass(frozen=True)
class Example:
    """An op with operands, from a row of the contract table, or from one of the op that it is a variant of."""

    op: Op
    operands: list[Any]
    functions: tuple[str, ...]

    @property
    def shapes(self) -> list[Shape | None]:
        return [None if operand is None else operand.shape for operand in self.operands]

    @property
    def named(self) -> dict[str, Array]:
        return {name: x for name, x in self.op.named(self.operands).items() if x is not None}


def calls() -> Iterator[tuple[str, Any]]:
    """Of all functions that are one op."""
    for case in (*CASES, *COMPARISONS):
        call = getattr(F, case.function).__wrapped__(*case.arguments(case.draw()), **case.settings)
        if isinstance(call, Call) and not any(
            0 in shape for shape in case.operands if isinstance(shape, tuple)
        ):
            yield case.function, call


EXAMPLES: dict[type[Op], list[tuple[str, Any]]] = {}
for name_, call_ in calls():
    EXAMPLES.setdefault(type(call_.op), []).append((name_, call_))


def example(kind: type[Op]) -> Example | None:
    for parent in kind.__mro__:
        for _, call in EXAMPLES.get(parent, []):
            settings: Any = call.op
            op = kind(**{field.name: getattr(settings, field.name) for field in fields(settings)})
            names = tuple(dict.fromkeys(name for name, _ in EXAMPLES.get(kind, [])))
            return Example(op, call.arrays()[0], names)
    return None


def lowered(kind: type[Op], backward: bool) -> bool:
    """Whether the engine has loops for an op; the one place of this test that knows how a lowering is found."""
    return registry.lowering("backward" if backward else "forward", kind) is not None


def results(op: Op) -> list[str]:
    return ["output", *(f"grad_{name}" for name in op.differentiable), *op.statistics({})]


def definition(x: Example) -> str | None:
    output = x.op.forward(*x.operands)
    gradients = x.op.backward(np.ones_like(output), *x.operands)
    right = output.shape == x.op.infer(*x.shapes) and len(gradients) == len(x.op.differentiated(x.operands))
    named = {*x.op.optional, *x.op.differentiable, *x.op.integers, *x.op.owned} <= {*x.op.arguments}
    return None if right and named else "shapes of a forward, a gradient for each differentiable argument"


def settings(x: Example) -> str | None:
    made: Any = x.op
    again = type(made)(**{field.name: getattr(made, field.name) for field in fields(made)})
    return None if again == made and hash(again) == hash(made) else "settings that compare and hash by value"


def formulas(x: Example) -> str | None:
    missing = [of for of in results(x.op) if not x.op.formulas.get(of, "").startswith(of)]
    return f"formulas of {', '.join(missing)}" if missing else None


def reads(x: Example) -> str | None:
    known = {*x.op.arguments, "grad_output", *x.op.statistics({}), *x.op.formulas}
    odd = [
        of for of in {**x.op.formulas, **dict.fromkeys(results(x.op))} if not known.issuperset(x.op.reads(of))
    ]
    return f"names of operands that {', '.join(odd)} read" if odd else None


def statistics(x: Example) -> str | None:
    found = x.op.statistics({name: array.shape for name, array in x.named.items()})
    right = found.keys() == x.op.statistics({}).keys() and all(isinstance(s, tuple) for s in found.values())
    return None if right else "shapes of its statistics"


def contract(x: Example) -> str | None:
    return None if x.functions else "a row in the contract table, and a function"


def functional(x: Example) -> str | None:
    missing = [name for name in x.functions if x.op.differentiable and f"{name}_backward" not in F.__all__]
    return f"{', '.join(f'{name}_backward' for name in missing)}" if missing else None


def lowering(x: Example) -> str | None:
    passes = {"forward": False} | ({"backward": True} if x.op.differentiable else {})
    missing = [name for name, backward in passes.items() if not lowered(type(x.op), backward)]
    return f"a lowering {' and '.join(missing)}" if missing else None


def account(x: Example) -> str | None:
    return None if explained(Source(x.op, "output")) else "an explainer"


def reduction(x: Example) -> str | None:
    shapes = {name: array.shape for name, array in x.named.items()}
    found = x.op.relation(shapes, x.named.__getitem__)
    patterns = [found.pattern] if isinstance(found, Copies) else [found]
    if isinstance(found, Each):
        patterns = [*found.patterns.values()]
    if None in patterns:
        return "labels of its axes"
    if type(x.op).terms is Op.terms:
        return None
    for of in results(x.op):
        made = x.op.reduced(of, *x.shapes)
        if made is None or not {*made.factors} <= {*x.op.counted(x.op.reads(of), [*x.named, "grad_output"])}:
            return f"how the terms of {of} become a number"
        labels = {label for pattern in patterns for label in pattern.sizes}
        if not {*made.over, *made.skips} <= {*labels, *(f"-{label}" for label in labels)}:
            return f"labels that terms of {of} are found by"
    return None


def relation(x: Example) -> str | None:
    shapes = {name: array.shape for name, array in x.named.items()}
    found, output = x.op.relation(shapes, x.named.__getitem__), x.op.infer(*x.shapes)
    arrays = shapes | {"output": output} | x.op.statistics(shapes)
    if isinstance(found, Each):
        return None if {*found.patterns} == {*shapes} else "a place for every operand"
    if isinstance(found, Copies):
        right = found.of == "output" or found.of in shapes
        return None if right and found.places.shape == arrays[found.of] else "a place for every element"
    assert isinstance(found, IndexPattern)
    met = {name for of in results(x.op) for name in (of, *x.op.reads(of)) if name != "grad_output"}
    met = {name.removeprefix("grad_") for name in met} & arrays.keys()
    odd = [n for n in met if size_of([found.sizes[label] for label in found.labels[n]]) != size_of(arrays[n])]
    return f"labels of the axes of {', '.join(odd)}" if odd else None


def cost(x: Example) -> str | None:
    found = {of: x.op.work(of, *x.shapes) for of in results(x.op)}
    if not isinstance(x.op, Bilinear):
        return None if not any(found.values()) else "multiply–adds that `summary` counts, as a `Bilinear` op"
    second = x.op.arguments[1]
    weight = x.named[second].shape
    terms = x.op.terms(f"grad_{second}", np.zeros((1, len(weight)), np.int64), *x.shapes)
    each = np.broadcast_shapes(*(row.shape for _, rows in terms.factors for row in rows))[1]
    counted = {found["output"], found["grad_input"], found[f"grad_{second}"]}
    return (
        None if counted == {each * size_of(weight)} else f"multiply–adds: one for every term of grad_{second}"
    )


ROOMS: dict[str, Callable[[Example], str | None]] = {
    room.__name__: room
    for room in (
        *(definition, settings, formulas, reads, statistics, contract, functional),
        *(lowering, account, relation, reduction, cost),
    )
}
EXCUSED = {"functional": ("contract", "functional")}  # the contract calls functions


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_op_has_its_place_in_every_room(kind: type[Op]) -> None:
    excused = {room for name in kind.no_place for room in EXCUSED.get(name, (name,))}
    assert all(kind.no_place.values()), "a room without the op needs a reason"
    assert {*kind.no_place} <= ROOMS.keys()
    found = example(kind)
    assert found, f"{kind.__name__} is missing: a row in the contract table, and a function"
    missing = {name: room(found) for name, room in ROOMS.items()}
    told = [f"{name}: {what}" for name, what in missing.items() if what and name not in excused]
    assert not told, f"{kind.__name__} is missing {'; '.join(told)}"
    idle = [room for room in kind.no_place if not any(missing[name] for name in EXCUSED.get(room, (room,)))]
    assert not idle, f"{kind.__name__} has a place in {idle} after all"


def test_rules_have_formulas_and_read_their_states() -> None:
    rules = [kind for kind in kinds().values() if issubclass(kind, Rule)]
    assert {kind.__name__ for kind in rules} >= {"SGD", "Adam"}
    for kind in rules:
        rule = kind(momentum=0.5, weight_decay=0.1) if kind.__name__ == "SGD" else kind(weight_decay=0.1)
        assert explained(Source(rule, "parameter"))
        for result in ("parameter", *rule.states):
            assert "{" not in rule.formula(result, ())
            assert {*rule.reads(result)} & {"gradient", *rule.states, f"{result} before"}
            assert hash(rule) == hash(kind(**{f.name: getattr(rule, f.name) for f in fields(rule)}))


SAME: list[tuple[Op, Op]] = [
    (Conv(2, 2, 1, 1), Conv(2, [2, np.int64(2)], ((1, 1), [1, 1]), (1, 1), np.int32(1))),
    (Conv(1, 1, "valid"), Conv(1, (1,), (0,))),
    (MaxPool(2, 3), MaxPool(2, (3, 3), 3, (0, 0), [1])),
    (ConvTranspose(2, 2, 1, 1), ConvTranspose(2, [2, 2], ((1, 1), (1, 1)), (1,))),
    (AdaptiveAvgPool(2, 3), AdaptiveAvgPool(2, [3, np.int64(3)])),
    (MaxUnpool(1, 2, None, 0, [7]), MaxUnpool(1, (2,), (2,), (0,), (7,))),
    (Sum(1), Sum((np.int64(1),))),
    (Sum([2, -1]), Sum((2, -1))),  # type: ignore[arg-type]
    (Sum(()), Sum()),
    (LayerNorm([3, 2], np.float64(0.5)), LayerNorm((3, 2), 0.5)),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("one", "other"), SAME, ids=str)
def test_equal_settings_are_equal(one: Op, other: Op) -> None:
    assert one == other
    assert hash(one) == hash(other)


def test_what_has_no_canonical_form_stays_as_given() -> None:
    assert Conv(2, [1, 0]).stride == [1, 0]
    assert Conv(2, 1, "same").padding == "same"
    assert ConvTranspose(2, 1, "valid").padding == "valid"


@dataclass(frozen=True)
class _Stack(Op):
    """Any number of operands behind a first one that is always there."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "others")
    variadic: ClassVar[bool] = True
    differentiable: ClassVar[tuple[str, ...]] = ("others",)
    formulas: ClassVar[dict[str, str]] = {"output": "output = …⟦ + others⟧"}
    name = "stack"

    def infer(self, *shapes: Shape | None) -> Shape:
        return (len(shapes),)

    def relation(self, shapes: Any, read: Any) -> IndexPattern:
        return alike((*shapes, "output"), (1,))

    def forward(self, *operands: Array) -> Array:
        return np.concatenate(operands)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        return tuple(grad_output[1:])


def test_an_argument_may_stand_for_any_number_of_operands() -> None:
    op, names = _Stack(), ("input", "others[0]", "others[1]")
    assert op.names(3) == names
    named = op.named(["x", "y", "z"])
    assert named == dict(zip(names, "xyz", strict=True))
    assert op.ordered(named) == ("x", "y", "z")
    assert op.ordered({}) == (None,)
    assert op.differentiated(["x", "y", "z"]) == {"others[0]": "y", "others[1]": "z"}
    assert Source(op, "output", {name: name for name in names}).read == names
    assert Source(op, "grad_others[1]", {"grad_output": "g", **named}).read == ("grad_output", *names)
    assert op.names(1) == ("input",)
    assert "_Stack" not in kinds()


@pytest.mark.slow
def test_explanations_need_no_docstrings() -> None:
    """`python -OO` drops documentation and assertions."""
    lines = [
        "import numpy as np, pellucid as pc",
        "x, y = np.ones((2, 1, 28, 28), np.float32), np.array([1, 2])",
        "rec = pc.record(pc.models.lenet5(), x, y, optimizer=pc.SGD(0.1, momentum=0.9))",
        "for a in ('conv1.output[0,1,2,3]', 'loss', 'grad(fc2.bias)[1]', 'updated(fc2.bias)[1]'):",
        "    trace = rec.explain(a)",
        "    print(trace.formula, trace.certified)",
    ]
    subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], check=True, capture_output=True
    )  # all is compiled
    run = subprocess.run(
        [sys.executable, "-OO", "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    assert run.stdout.splitlines() == [
        "output[n,o,y] = bias[o] + Σ_{c,k} input[n,c,i]·weight[o,c,k], i = y·stride + k·dilation − padding True",
        "output = Σ_n losses[n]/count True",
        "grad_bias[o] = Σ_n grad_output[n,o] True",
        "updated = parameter − lr·velocity True",
    ]
