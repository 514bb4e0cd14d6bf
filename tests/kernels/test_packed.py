"""Positions packed into one vector show in no number: the bits are those of the plain tiles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np
import pytest
from tests.kernels.test_kernels import FLOATS, normal
from tests.support.one_op import run_op

import pellucid as pc
from pellucid.engine.lowering import conv_forward, conv_grad_input, conv_grad_weight
from pellucid.engine.lowering.packed import best_packing
from pellucid.kernels import simd
from pellucid.kernels.simd import TARGETS
from pellucid.ops.conv import Conv

CHOICES = [
    (conv_forward, "packed_outputs"),
    (conv_grad_input, "packed_inputs"),
    (conv_grad_weight, "packed_kernel"),
]


@contextmanager
def choosing(chosen: list[Any], *, plain: bool) -> Iterator[None]:
    """Within, note what is chosen; or choose the plain tiles."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in CHOICES:
            choose = getattr(module, name)

            def noting(layer: Any, choose: Any = choose) -> Any:
                chosen.append(None if plain else choose(layer))
                return chosen[-1]

            patch.setattr(module, name, noting)
        yield


def run(op: Conv, operands: list[Any], *, plain: bool, **options: Any) -> tuple[list[np.ndarray], list[int]]:
    """The output and the gradients, and how many positions are packed in each direction."""
    chosen: list[Any] = []
    with choosing(chosen, plain=plain):
        result = run_op(op, *operands, arrays=("weight", "bias"), **options)
    return [result.output, *result.gradients.values()], [c.positions if c else 1 for c in chosen]


def assert_same_bits(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    """One NaN is as good as another."""
    for x, y in zip(ours, theirs, strict=True):
        x, y = (np.where(np.isnan(z), np.nan, z) for z in (x, y))
        assert x.tobytes() == y.tobytes()


# The settings, the shapes of input and weight; positions packed with 16 lanes: forward, in the input gradient, in
# the weight gradient. ("auto" is direct for all of these: Winograd's algorithm needs 16 channels.)
CASES = [
    (Conv(2, padding=2), (2, 1, 9, 28), (6, 1, 5, 5), (2, 14, 2)),
    (Conv(2), (2, 6, 14, 15), (16, 6, 5, 5), (1, 2, 1)),
    (Conv(2, padding=1), (2, 5, 8, 7), (3, 5, 3, 3), (4, 3, 3)),
    (Conv(2, padding=((1, 0), (2, 5))), (2, 3, 6, 11), (5, 3, 4, 7), (3, 4, 3)),
    (Conv(2, padding=1, stride=(2, 1)), (2, 8, 9, 10), (8, 8, 3, 2), (2, 2, 2)),
    (Conv(2, stride=(1, 2)), (2, 4, 7, 13), (4, 4, 3, 5), (3, 1, 1)),
    (Conv(2, dilation=(1, 2), padding=2), (2, 5, 7, 12), (4, 5, 3, 3), (4, 3, 1)),
    (Conv(2, groups=2), (2, 4, 6, 9), (4, 2, 3, 3), (1, 1, 1)),
    (Conv(1, padding=3), (2, 3, 21), (5, 3, 7), (3, 5, 3)),
    (Conv(3, padding=1), (2, 2, 4, 5, 9), (7, 2, 2, 3, 3), (2, 5, 2)),
    (Conv(2), (2, 3, 6, 5), (3, 3, 2, 5), (1, 5, 1)),
]


@pytest.mark.slow
@FLOATS
@pytest.mark.parametrize(("op", "input", "weight", "packed"), CASES, ids=str)
def test_the_bits_are_those_of_plain_tiles(
    op: Conv, input: tuple[int, ...], weight: tuple[int, ...], packed: tuple[int, ...], dtype: Any
) -> None:
    operands = [normal(input, dtype), normal(weight, dtype, 1), normal(weight[:1], dtype, 2)]
    grad, base = normal(op.infer(input, weight, weight[:1]), dtype, 3), normal(input, dtype, 4)
    for bias, based in product((False, True), repeat=2):
        options = {"grad": grad, "base": base if based else None, "halo": based}
        given = operands if bias else [*operands[:2], None]
        ours, chosen = run(op, given, plain=False, **options)
        theirs, _ = run(op, given, plain=True, **options)
        assert_same_bits(ours, theirs)
        if simd.vector_lanes(operands[0].itemsize * 8) == 16:
            assert tuple(chosen) == packed


@FLOATS
def test_nothing_leaks_from_one_position_to_its_neighbour(dtype: Any) -> None:
    op, input, weight = Conv(2, padding=1), (2, 3, 6, 9), (5, 3, 3, 3)
    x, w = normal(input, dtype), normal(weight, dtype, 1)
    grad = normal(op.infer(input, weight, None), dtype, 3)
    for array, at in ((x, (0, 1, 2, 4)), (x, (1, 0, 3, 8)), (grad, (0, 2, 3, 3)), (grad, (1, 4, 0, 0))):
        array[at] = np.inf
    ours, _ = run(op, [x, w, None], plain=False, grad=grad)
    theirs, _ = run(op, [x, w, None], plain=True, grad=grad)
    assert_same_bits(ours, theirs)
    reached = ~np.isfinite(ours[0]).all(axis=(0, 1))
    assert reached.any()
    assert not reached.all()
    assert not reached[:, :3].any()


@FLOATS
def test_a_step_with_fused_relus_and_masks(dtype: Any) -> None:
    def losses(*, plain: bool) -> list[Any]:
        pc.seed(3)
        layers = [
            pc.Conv2d(1, 6, 5, padding=2),
            pc.ReLU(),
            pc.Conv2d(6, 5, 3),
            pc.ReLU(),
            pc.Conv2d(5, 16, 5),
        ]
        model = pc.Sequential(*layers, pc.Flatten(), pc.Linear(16 * 5 * 6, 4)).astype(np.dtype(dtype).name)
        step = pc.TrainStep(model, optimizer=pc.SGD(lr=0.05), loss="cross_entropy")
        x, y = normal((5, 1, 11, 12), dtype), np.arange(5) % 4
        with choosing([], plain=plain):
            return [step(x, y) for _ in range(4)]

    assert losses(plain=False) == losses(plain=True)


def test_what_pays() -> None:
    kernel = [0, 1, 2, 3, 4]
    with simd.emitting_for(TARGETS["avx512"]):
        assert best_packing(kernel, 1, 28, 6, 32).positions == 2
        assert best_packing(kernel, 1, 28, 9, 32).positions == 1
        assert best_packing([0], 1, 28, 3, 32).positions == 1
        assert len(best_packing(kernel, 1, 28, 6, 32).steps) == 6
    with simd.emitting_for(TARGETS["avx2"]):
        assert best_packing(kernel, 1, 28, 6, 32).positions == 1
        assert best_packing(kernel, 1, 28, 4, 32).positions == 1  # masks cost more there
        assert best_packing(range(28), -1, 5, 4, 32).positions == 2
