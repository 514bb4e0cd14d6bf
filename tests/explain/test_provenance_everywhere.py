"""Every array of recordings of networks that together have all ops and rules says where it comes from."""

from __future__ import annotations

import importlib.util
import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F
from pellucid.engine.graph import trace
from pellucid.engine.lowering import registry
from pellucid.explain import Recording
from pellucid.explain.ops.explainers import explained
from pellucid.ops.maker import kinds
from pellucid.ops.rule import Rule

_spec = importlib.util.spec_from_file_location("digests", Path(__file__).parents[2] / "soak" / "digests.py")
assert _spec is not None
assert _spec.loader is not None
digests = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(digests)


class Adaptive(pc.Module):
    """Where adaptive max pooling chose, and a norm in inference."""

    def __init__(self) -> None:
        self.conv = pc.Conv2d(3, 4, 3)

    def forward(self, x: Any) -> Any:
        """What was largest, back at its place."""
        y = self.conv(x)
        values, indices = F.adaptive_max_pool2d(y, (2, 3), return_indices=True)
        return F.max_unpool2d(values, indices, 5, output_size=y.shape[2:])


NETWORKS = {name: (build, shape) for name, build, shape in digests.networks()}
NETWORKS["adaptive"] = Adaptive, (2, 3, 12, 15)


def complete(rec: Recording) -> None:
    """Check every array of a recording."""
    document = json.loads(json.dumps(rec.provenance(), allow_nan=False))
    arrays = {array["name"]: array for array in document["arrays"]}
    assert list(arrays) == rec.names()
    for name, array in arrays.items():
        source = array["source"]
        assert (source is None) != (array["given"] is None), f"'{name}' does not say where it comes from"
        assert array["shape"] == list(rec[name].shape), name
        assert array["dtype"] == rec[name].dtype.name, name
        if source is None:
            assert array["given"] in ("input", "model", "optimizer", "gradient"), name
            continue
        read = {role: source["operands"][role] for role in source["reads"]}
        read |= {"base": source["base"]} if source["base"] else {}
        assert read or source["parts"], f"'{name}' reads nothing"
        assert {*read.values(), *source["parts"]} <= arrays.keys(), name
        assert source["path"], name
        for relation in source["relation"].get("each", {"all": source["relation"]}).values():
            for role, labels in relation["labels"].items():
                met = arrays[read[role]]["shape"] if role in read else array["shape"]
                assert prod(relation["sizes"][label] for label in labels) == prod(met), f"{name}, {role}"
        assert explained(rec.entries[name].source), name


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_every_array_has_provenance(name: str) -> None:
    build, shape = NETWORKS[name]
    index = list(NETWORKS).index(name)
    pc.seed(index)
    model, random = build(), np.random.default_rng(index)
    x = random.standard_normal(shape, np.float32)
    out = model(x)
    complete(pc.record(model, x))
    classes = out.ndim == 2
    y = random.integers(0, out.shape[1], len(x)) if classes else random.standard_normal(out.shape, np.float32)
    step = pc.TrainStep(
        model, digests.RULES[index % len(digests.RULES)], "cross_entropy" if classes else "mse_loss"
    )
    complete(step.record(x, y))


def test_these_networks_have_all_ops_and_rules() -> None:
    seen = {type(rule).__name__ for rule in digests.RULES}
    for build, shape in NETWORKS.values():
        model = build()
        inputs = {"input": (shape, np.dtype(np.float32))}
        graph = trace(model.trace_forward, inputs, dict(model.named_arrays()), training=True)
        seen |= {type(node.op).__name__ for node in graph.nodes}
        seen.add("CrossEntropy" if graph.output.ndim == 2 else "MSELoss")
    # of targets and inputs that these networks do not have: tests/explain/test_loss.py, tests/nn/test_embedding.py
    seen |= {"SoftCrossEntropy", "NLLLoss", "Embedding"}
    wanted = {
        name
        for name, kind in kinds().items()
        if kind.__module__.startswith("pellucid.")
        and (issubclass(kind, Rule) or registry.lowering("forward", kind) is not None)
    }
    assert wanted - seen == set(), "no network of soak/digests.py has these"
