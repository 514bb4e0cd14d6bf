"""A network as ncnn's two files, layers as text and weights as bytes, in the form that ncnn runs fastest.

ncnn's own optimiser is no part of its Python package, so what it would do is done here: a batch norm goes into the
weights of the convolution before it, and a ReLU becomes the activation of the layer before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatch
from pathlib import Path

import numpy as np

from pellucid.bench.cases import Array, Case, axes_of, weights
from pellucid.engine.graph import Graph, Node
from pellucid.ops.adaptive_avg_pool import AdaptiveAvgPool
from pellucid.ops.add import Add
from pellucid.ops.base import Op
from pellucid.ops.batch_norm import BatchNorm
from pellucid.ops.conv import Conv
from pellucid.ops.flatten import Flatten
from pellucid.ops.linear import Linear
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.product import Product
from pellucid.ops.relu import ReLU

LAYERS, WEIGHTS = "model.param", "model.bin"
INPUT, OUTPUT = "input", "output"  # what these blobs are called
_MAGIC = 7767517  # the first line of every such file
_FLOAT32 = bytes(4)  # the tag before a weight that is stored as it is


@dataclass
class _Layer:
    """A line of the text; settings are numbered as in ncnn's source of the layer."""

    kind: str
    inputs: list[str]
    output: str
    settings: dict[int, int] = field(default_factory=dict)
    weight: Array | None = None
    bias: Array | None = None


def write(case: Case, folder: Path) -> None:
    """Write the network in inference, for one image: ncnn has no batches."""
    graph, arrays = case.graph(), dict(weights(folder))
    layers: list[_Layer] = []
    for node in graph.nodes:
        if isinstance(node.op, BatchNorm):
            _fold(node, layers[-1], arrays)
        elif isinstance(node.op, ReLU) and layers[-1].weight is not None:
            layers[-1].settings[9] = 1
        else:
            layers.append(_layer(node, arrays))
            continue
        _check_follows(node, layers[-1], graph)
        layers[-1].output = node.output.name
    layers[-1].output = OUTPUT
    lines = _with_splits(layers)
    blobs = {blob for line in lines for blob in line.split()[4:] if "=" not in blob}
    text = "\n".join([str(_MAGIC), f"{len(lines)} {len(blobs)}", *lines])
    (folder / LAYERS).write_text(f"{text}\n", encoding="ascii")
    with (folder / WEIGHTS).open("wb") as file:
        for layer in layers:
            if layer.weight is not None and layer.bias is not None:
                file.write(_FLOAT32 + layer.weight.tobytes() + layer.bias.tobytes())


def _layer(node: Node, arrays: dict[str, Array]) -> _Layer:
    names = [symbol.name for symbol in node.operands if symbol is not None]
    layer = _Layer("", names[:1], node.output.name)
    if isinstance(node.op, Product):
        layer.weight = arrays[names[1]]
        layer.bias = arrays[names[2]] if len(names) > 2 else np.zeros(len(layer.weight), np.float32)
    _describe(node.op, node, layer)
    return layer


@singledispatch
def _describe(op: Op, node: Node, layer: _Layer) -> None:
    """Put in a layer's kind and settings; each op that some network has is registered here."""
    raise NotImplementedError(f"{op.name} for ncnn")


@_describe.register
def _(_op: Conv, node: Node, layer: _Layer) -> None:
    assert layer.weight is not None
    h, w = axes_of(node)
    layer.kind = "Convolution"
    layer.settings = {0: len(layer.weight), 1: w.kernel, 11: h.kernel, 2: w.dilation, 12: h.dilation}
    layer.settings |= {3: w.stride, 13: h.stride, 4: w.before, 15: w.after, 14: h.before, 16: h.after}
    layer.settings |= {5: 1, 6: layer.weight.size}


@_describe.register
def _(_op: Linear, _node: Node, layer: _Layer) -> None:
    assert layer.weight is not None
    layer.kind, layer.settings = "InnerProduct", {0: len(layer.weight), 1: 1, 2: layer.weight.size}


@_describe.register
def _(_op: MaxPool, node: Node, layer: _Layer) -> None:
    h, w = axes_of(node)
    layer.kind = "Pooling"
    layer.settings = {0: 0, 1: w.kernel, 11: h.kernel, 2: w.stride, 12: h.stride}
    layer.settings |= {3: w.before, 13: h.before, 5: 1}  # 5: windows that overhang are left out


@_describe.register
def _(op: AdaptiveAvgPool, node: Node, layer: _Layer) -> None:
    if node.output.shape[2:] != (1, 1):
        raise NotImplementedError(f"{op.name} to {node.output.shape} for ncnn")
    layer.kind, layer.settings = "Pooling", {0: 1, 4: 1}


@_describe.register
def _(_op: Add, node: Node, layer: _Layer) -> None:
    layer.kind, layer.settings = "BinaryOp", {0: 0}
    layer.inputs = [symbol.name for symbol in node.operands if symbol is not None]


@_describe.register
def _(_op: ReLU, _node: Node, layer: _Layer) -> None:
    layer.kind = "ReLU"


@_describe.register
def _(_op: Flatten, _node: Node, layer: _Layer) -> None:
    layer.kind = "Flatten"


def _fold(node: Node, layer: _Layer, arrays: dict[str, Array]) -> None:
    """(w·x + b − mean)·scale + shift is (w·scale)·x + (b − mean)·scale + shift."""
    assert isinstance(node.op, BatchNorm)
    assert layer.weight is not None
    assert layer.bias is not None
    mean, variance, gamma, beta = (arrays[symbol.name] for symbol in node.operands[1:] if symbol is not None)
    scale = gamma / np.sqrt(variance + node.op.eps, dtype=np.float32)
    layer.weight = layer.weight * scale.reshape(-1, 1, 1, 1)
    layer.bias = (layer.bias - mean) * scale + beta


def _check_follows(node: Node, layer: _Layer, graph: Graph) -> None:
    """What is fused with the layer before must be the only one that reads it."""
    (input,) = (symbol for symbol in node.operands[:1] if symbol is not None)
    readers = [other for other in graph.nodes if input in other.operands]
    if input.name != layer.output or len(readers) > 1:
        raise NotImplementedError(f"ncnn: {node.path} does not follow {layer.output} alone")


def _with_splits(layers: list[_Layer]) -> list[str]:
    """The lines; a blob that is read more than once goes through a Split, which gives each reader a name of its own."""
    readers: dict[str, int] = {}
    for layer in layers:
        for name in layer.inputs:
            readers[name] = readers.get(name, 0) + 1
    left = {name: [f"{name}/{i}" for i in range(count)] for name, count in readers.items() if count > 1}

    def splits(name: str) -> list[str]:
        if name not in left:
            return []
        return [" ".join(["Split", f"split:{name}", "1", str(len(left[name])), name, *left[name]])]

    lines = [f"Input {INPUT} 0 1 {INPUT}", *splits(INPUT)]
    for layer in layers:
        inputs = [left[name].pop(0) if name in left else name for name in layer.inputs]
        settings = [f"{key}={value}" for key, value in layer.settings.items()]
        words = [layer.kind, layer.output, str(len(inputs)), "1", *inputs, layer.output, *settings]
        lines += [" ".join(words), *splits(layer.output)]
    return lines
