"""Products of matrices: every number is the sum in the documented order, wherever matrices lie, for any threads."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from tests.kernels.test_kernels import FLOATS, normal
from tests.support.one_op import run_op

from pellucid import batch
from pellucid.kernels.loops.replay import replay
from pellucid.ops.matmul import MatMul

# Operands and those that are arrays of the model: ranks, broadcasting, sizes around tiles, parts of the batch.
SIZES = [
    ((3, 5, 7), (3, 7, 4), ()),
    ((2, 37, 33), (2, 33, 35), ()),
    ((2, 3, 5, 7), (2, 3, 7, 4), ()),
    ((2, 1, 5, 7), (2, 3, 7, 4), ()),
    ((2, 2, 3, 4, 5), (2, 1, 3, 5, 6), ()),
    ((19, 7), (7, 40), ("other",)),
    ((19, 7), (7,), ("other",)),
    ((19, 3, 7), (7, 40), ("other",)),
    ((19, 3, 7), (7,), ("other",)),
    ((40, 3), (19, 3, 7), ("input",)),
    ((3,), (19, 3, 7), ("input",)),
    ((17, 3, 5, 7), (3, 7, 4), ("other",)),
    ((17, 3, 5, 7), (1, 7, 4), ("other",)),
    ((17, 3, 5, 7), (7, 4), ("other",)),
    ((64, 2, 30), (30, 70), ("other",)),
    ((0, 5, 7), (0, 7, 4), ()),
    ((2, 5, 0), (2, 0, 4), ()),
    ((2, 0, 7), (2, 7, 4), ()),
]


def sums(op: MatMul, of: str, arrays: dict[str, Any], shape: tuple[int, ...], start: Any, parts: int) -> Any:
    """Every number of a result: the products that the op says, in their order, in parts of the batch."""
    at = np.array(list(np.ndindex(*shape)), np.int64).reshape(-1, len(shape))
    if not at.size and len(shape):
        return np.zeros(shape, start.dtype)
    terms = op.terms(of, at, arrays["input"].shape, arrays["other"].shape)
    left, right = (arrays[name][rows] for name, rows in terms.factors)
    whole = np.broadcast_shapes(left.shape, right.shape, (len(at), 1))
    left, right = (np.ascontiguousarray(np.broadcast_to(side, whole)) for side in (left, right))
    images = len(arrays["grad_output"])
    edges = (
        np.array(batch.edges(images, parts)) * (whole[1] // max(1, images)) if parts > 1 else [0, whole[1]]
    )
    out = np.zeros((whole[0], parts), start.dtype)
    out[:, 0] = start.ravel()
    for k, (first, last) in enumerate(pairwise(edges)):
        column = out[:, k : k + 1].copy()
        replay(left[:, first:last].copy(), right[:, first:last].copy(), np.array([0, last - first]), column)
        out[:, k] = column[:, 0]
    return batch.added(list(out.T), np.add).reshape(shape)


@pytest.mark.slow
@FLOATS
@pytest.mark.parametrize(("input", "other", "owned"), SIZES, ids=str)
def test_every_number_is_its_sum_in_the_documented_order(
    input: tuple[int, ...], other: tuple[int, ...], owned: tuple[str, ...], dtype: Any
) -> None:
    op = MatMul()
    arrays = {"input": normal(input, dtype), "other": normal(other, dtype, 1)}
    output = op.infer(input, other)
    arrays["grad_output"] = normal(output, dtype, 2)
    base = normal(input, dtype, 3)
    for given in (np.zeros_like(base), base) if "input" not in owned else (np.zeros_like(base),):
        expected = {"output": sums(op, "output", arrays, output, np.zeros(output, dtype), 1)}
        for name in ("input", "other"):
            start = given if name == "input" else np.zeros_like(arrays[name])
            parts = batch.large_parts(output[0]) if name in owned else 1
            expected[name] = sums(op, f"grad_{name}", arrays, arrays[name].shape, start, parts)
        for threads in (1, 3):
            result = run_op(
                op,
                arrays["input"],
                arrays["other"],
                grad=arrays["grad_output"],
                base=given if given is base else None,
                arrays=owned,
                halo=threads == 3,
                threads=threads,
            )
            np.testing.assert_array_equal(result.output, expected["output"])
            for name, gradient in result.gradients.items():
                np.testing.assert_array_equal(gradient, expected[name], name)
