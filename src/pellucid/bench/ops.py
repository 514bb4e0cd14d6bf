"""Single ops beside PyTorch: forward and all gradients; of what has no weights to multiply also forward on arrays.

    python -m pellucid.bench.ops [--rounds N] [--threads N]

In networks Pellucid's side is what a layer does there: the launches of a plan. PyTorch's are its functions in either
memory format. All tensors already lie as their engine wants them. On arrays both sides are functions, which also make
the memory of their results. Each is a process of its own; all take turns, and who does not run sleeps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from pellucid.bench import turns
from pellucid.bench.report import Table
from pellucid.bench.turns import Call, Turns

Shape = tuple[int, ...]
ENGINES = ("pellucid", "torch-eager", "torch-channels_last")
_NAMES = ("input", "weight", "bias")


@dataclass(frozen=True)
class Op:
    """A function of `torch.nn.functional` and of this package, its arrays and settings.

    Attributes:
        shapes: of input, weight and bias.
        classes: how many a target has, where there is one.
        on_arrays: whether only its forward is measured, called with arrays.
    """

    label: str
    function: str
    shapes: tuple[Shape, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    classes: int = 0
    on_arrays: bool = False

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Input, weight, bias."""
        random = np.random.default_rng(0)
        return {
            name: random.standard_normal(shape, np.float32)
            for name, shape in zip(_NAMES, self.shapes, strict=False)
        }

    def targets(self) -> dict[str, np.ndarray[Any, Any]]:
        """The target."""
        classes = np.random.default_rng(1).integers(self.classes or 1, size=self.shapes[0][0])
        return {"target": classes} if self.classes else {}


_IMAGES, _ROWS = (32, 128, 32, 32), (4000, 1000)
_NETWORKS = (
    Op("Conv1d 32×64×4096 → 128, k 9", "conv1d", ((32, 64, 4096), (128, 64, 9), (128,)), {"padding": 4}),
    Op(
        "Conv3d 4×16×16×32×32 → 32, k 3",
        "conv3d",
        ((4, 16, 16, 32, 32), (32, 16, 3, 3, 3), (32,)),
        {"padding": 1},
    ),
    Op(
        "depthwise 32×128×56×56, k 3",
        "conv2d",
        ((32, 128, 56, 56), (128, 1, 3, 3), (128,)),
        {"padding": 1, "groups": 128},
    ),
    Op(
        "grouped 32×128×28×28 → 128, g 8, k 3",
        "conv2d",
        ((32, 128, 28, 28), (128, 16, 3, 3), (128,)),
        {"padding": 1, "groups": 8},
    ),
    Op(
        "ConvTranspose2d 16×64×16×16 → 32, k 4, s 2",
        "conv_transpose2d",
        ((16, 64, 16, 16), (64, 32, 4, 4), (32,)),
        {"stride": 2, "padding": 1},
    ),
    Op("MaxPool2d 32×64×56×56, k 3, s 2", "max_pool2d", ((32, 64, 56, 56),), {"kernel_size": 3, "stride": 2}),
)
_POINTWISE = (
    *(Op(f"{name} 32×128×32×32", name, (_IMAGES,)) for name in ("sigmoid", "tanh", "silu", "gelu")),
    *(
        Op(f"{name}, {over}", name, (shape,), {"dim": 1})
        for name in ("softmax", "log_softmax")
        for over, shape in (("channels of 32×128×32×32", _IMAGES), ("rows of 4000×1000", _ROWS))
    ),
    Op("cross_entropy 4000×1000", "cross_entropy", (_ROWS,), classes=1000),
    Op("group_norm 32×128×32×32, 8 groups", "group_norm", (_IMAGES, (128,), (128,)), {"num_groups": 8}),
    Op("instance_norm 32×128×32×32", "instance_norm", (_IMAGES, (128,), (128,))),
    Op(
        "layer_norm 32×128×32×32",
        "layer_norm",
        (_IMAGES, *[_IMAGES[1:]] * 2),
        {"normalized_shape": _IMAGES[1:]},
    ),
    Op("layer_norm 4000×1000", "layer_norm", (_ROWS, (1000,), (1000,)), {"normalized_shape": (1000,)}),
)
OPS = (*_NETWORKS, *_POINTWISE, *(replace(op, on_arrays=True) for op in _POINTWISE))


def pellucid(op: Op, threads: int) -> Callable[[], object]:
    """One forward and backward of a plan, or one call."""
    from pellucid import functional as F
    from pellucid.kernels.tape import set_num_threads

    set_num_threads(threads)
    if op.on_arrays:
        return partial(getattr(F, op.function), **op.arrays(), **op.targets(), **op.settings)
    return _in_network(op)


def _in_network(op: Op) -> Callable[[], object]:
    from pellucid import functional as F
    from pellucid.engine.compose import lower, plan_of
    from pellucid.engine.graph import trace
    from pellucid.engine.program import Program
    from pellucid.kernels.tape import team
    from pellucid.nn import Parameter

    arrays, targets = op.arrays(), op.targets()
    x = arrays.pop("input")
    owned = {name: Parameter(array) for name, array in arrays.items()}

    def network(*symbols: Any) -> Any:
        return getattr(F, op.function)(*symbols, **owned, **op.settings)

    inputs = {"input": x, **targets}
    graph = trace(network, {name: (a.shape, a.dtype) for name, a in inputs.items()}, owned, training=True)
    symbol = graph.inputs["input"]
    plan = lower(plan_of(graph, x.dtype, keep=False, gradients="given", of={symbol, *graph.arrays}))
    root, results = plan.gradients[graph.output], [plan.value(graph.output), *plan.gradients.values()]
    plan.last(plan.value(symbol), *results)
    program = Program(plan)
    root.memory[...] = np.random.default_rng(1).standard_normal(root.memory.shape, np.float32)
    program.results([], **inputs)
    rows = program.launches[[loop.name not in inputs for loop in program.loops]]

    def step() -> Program:  # which holds all memory that the rows point to
        team.play(rows, program.plan.scratch_bytes)
        return program

    return step


def torch(op: Op, threads: int, *, channels_last: bool) -> Callable[[], object]:
    """The same in PyTorch."""
    import torch as engine

    engine.set_num_threads(threads)
    engine.set_flush_denormal(True)
    layout = engine.contiguous_format
    if channels_last and len(op.shapes[0]) > 3:
        layout = engine.channels_last if len(op.shapes[0]) == 4 else engine.channels_last_3d
    given = op.on_arrays
    tensors = {
        name: engine.from_numpy(a)
        .to(memory_format=layout if a.ndim > 3 else engine.contiguous_format)
        .requires_grad_(not given)
        for name, a in op.arrays().items()
    }
    targets = {name: engine.from_numpy(a) for name, a in op.targets().items()}
    function = partial(getattr(engine.nn.functional, op.function), **tensors, **targets, **op.settings)
    if given:
        return function
    grad = engine.randn_like(function())
    return lambda: engine.autograd.grad(function(), list(tensors.values()), grad)


def serve(engine: str, threads: int) -> None:
    """Be an engine."""

    def prepare(number: int) -> Call:
        op = OPS[number]
        call = (
            pellucid(op, threads)
            if engine == "pellucid"
            else torch(op, threads, channels_last=engine.endswith("channels_last"))
        )
        call()  # the first time compiles, and takes memory
        return call

    turns.serve(prepare)


def measure(rounds: int, threads: int) -> Table:
    """A row for each op: medians of all engines, and PyTorch's better one over Pellucid's, round by round."""
    rows = []
    with Turns("pellucid.bench.ops", ENGINES, threads) as contenders:
        for number, op in enumerate(OPS):
            label = f"{op.label}, arrays" if op.on_arrays else op.label
            rows.append((label, *turns.compared(contenders.times_ms(number, rounds))))
    return Table(
        "Single ops", ("forward and gradients; of arrays forward alone; ms", *ENGINES, "ratio"), rows
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print Markdown."""
    turns.run(__doc__, arguments, ENGINES, serve, measure)


if __name__ == "__main__":
    main()
