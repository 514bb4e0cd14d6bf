"""A network as an ONNX file, for the engines that read one: a reading of its graph, node by node."""

from __future__ import annotations

from functools import singledispatch
from pathlib import Path
from typing import Any

from pellucid.bench.cases import Case, axes_of, weights
from pellucid.engine.graph import Node
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.add import Add
from pellucid.ops.base import Op
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
        kind, settings = _translated(node.op, node)
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


@singledispatch
def _translated(op: Op, node: Node) -> tuple[str, dict[str, Any]]:
    """ONNX's name and settings of an op; each op that some network has is registered here."""
    raise NotImplementedError(f"{op.name} as ONNX")


_translated.register(ReLU, lambda _op, _node: ("Relu", {}))
_translated.register(Add, lambda _op, _node: ("Add", {}))
_translated.register(Flatten, lambda _op, _node: ("Flatten", {}))
_translated.register(Linear, lambda _op, _node: ("Gemm", {"transB": 1}))
_translated.register(BatchNorm, lambda op, _node: ("BatchNormalization", {"epsilon": op.eps}))
_translated.register(Conv, lambda op, node: ("Conv", _windows(node) | {"group": op.groups}))
_translated.register(MaxPool, lambda _op, node: ("MaxPool", _windows(node)))


@_translated.register
def _(op: AdaptiveAvgPool, node: Node) -> tuple[str, dict[str, Any]]:
    if node.output.shape[2:] != (1, 1):
        raise NotImplementedError(f"{op.name} to {node.output.shape} as ONNX")
    return "GlobalAveragePool", {}


def _windows(node: Node) -> dict[str, Any]:
    axes = axes_of(node)
    return {
        "kernel_shape": [axis.kernel for axis in axes],
        "strides": [axis.stride for axis in axes],
        "dilations": [axis.dilation for axis in axes],
        "pads": [axis.before for axis in axes] + [axis.after for axis in axes],
    }
