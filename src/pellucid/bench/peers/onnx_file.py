"""A network as an ONNX file, for the engines that read one: a reading of its graph, node by node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pellucid.bench.cases import Case, axes_of, weights
from pellucid.engine.graph import Node
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.add import Add
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv
from pellucid.ops.flatten import Flatten
from pellucid.ops.linear import Linear
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.relu import ReLU

FILE = "model.onnx"
_OPSET, _IR = 17, 8  # of 2022: what every reader of today knows


def write(case: Case, folder: Path) -> None:
    """Write the network in inference."""
    import onnx
    from onnx import helper, numpy_helper

    graph = case.graph()
    (input,) = graph.inputs.values()
    nodes = []
    for node in graph.nodes:
        kind, settings = _translated(node)
        operands = _ordered(node)
        nodes.append(helper.make_node(kind, operands, [node.output.name], name=node.path, **settings))
    used = {symbol.name for symbol in graph.arrays}
    model = helper.make_model(
        helper.make_graph(
            nodes,
            case.model,
            [helper.make_tensor_value_info(input.name, onnx.TensorProto.FLOAT, input.shape)],
            [helper.make_tensor_value_info(graph.output.name, onnx.TensorProto.FLOAT, graph.output.shape)],
            [numpy_helper.from_array(array, name) for name, array in weights(folder) if name in used],
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR,
    )
    onnx.checker.check_model(model)
    onnx.save(model, folder / FILE)


def _ordered(node: Node) -> list[str]:
    names = [symbol.name for symbol in node.operands if symbol is not None]
    if isinstance(node.op, BatchNorm):  # ONNX: input, weight, bias, mean, variance
        names = [names[0], *names[3:], *names[1:3]]
    return names


def _translated(node: Node) -> tuple[str, dict[str, Any]]:
    """ONNX's name and settings of an op."""
    op = node.op
    if isinstance(op, Conv | MaxPool):
        axes = axes_of(node)
        settings = {
            "kernel_shape": [axis.kernel for axis in axes],
            "strides": [axis.stride for axis in axes],
            "dilations": [axis.dilation for axis in axes],
            "pads": [axis.before for axis in axes] + [axis.after for axis in axes],
        }
        return ("Conv", settings | {"group": op.groups}) if isinstance(op, Conv) else ("MaxPool", settings)
    if isinstance(op, BatchNorm):
        return "BatchNormalization", {"epsilon": op.eps}
    if isinstance(op, Linear):
        return "Gemm", {"transB": 1}
    if isinstance(op, AdaptiveAvgPool) and node.output.shape[2:] == (1, 1):
        return "GlobalAveragePool", {}
    return {ReLU: "Relu", Add: "Add", Flatten: "Flatten"}[type(op)], {}
