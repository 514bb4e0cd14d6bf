"""ONNX's own backend tests of single operators, run on the ops (read by `tests/ops/onnx_reader.py`)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from onnx.backend.test.case import node
from tests.ops.onnx_reader import READERS, run_node

MODULES = (
    "conv convtranspose maxpool averagepool globalaveragepool globalmaxpool lppool maxunpool batch_normalization "
    "instance_normalization groupnormalization layernormalization lrn softmax logsoftmax gemm pad col2im"
)
EXCLUDED = {
    "test_col2im_5d": "columns of a volume: fold is for images, as PyTorch's",
}


def cases() -> dict[str, Any]:
    """The cases of one node; those named …_expanded write the same operator out in ONNX's arithmetic."""
    for name in MODULES.split():
        import_module(f"onnx.backend.test.case.node.{name}")
    found = {case.name: case for case in node._NodeTestCases if case.model is not None}
    return {
        name: case
        for name, case in found.items()
        if case.model.graph.node[0].op_type in READERS and "_expanded" not in name
    }


CASES = cases()


@pytest.mark.parametrize("name", sorted(CASES.keys() - EXCLUDED.keys()))
def test_numbers_are_onnx(name: str) -> None:
    case = CASES[name]
    (only,) = case.model.graph.node
    for operands, wanted in case.data_sets:
        outputs = run_node(only, [np.asarray(operand) for operand in operands])
        for output, want in zip(outputs, wanted, strict=False):
            assert output.dtype == want.dtype
            np.testing.assert_allclose(output, want, rtol=case.rtol, atol=case.atol)


def test_every_operator_has_cases_and_every_exclusion_is_one() -> None:
    tested = {CASES[name].model.graph.node[0].op_type for name in CASES.keys() - EXCLUDED.keys()}
    assert tested == READERS.keys()
    assert EXCLUDED.keys() <= CASES.keys()
