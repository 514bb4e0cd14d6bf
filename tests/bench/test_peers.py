"""The bench beside other engines: they compute the same, and so do the files that are written for them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from tests.bench.test_bench import inference, peer, quiet

import pellucid as pc
from pellucid.bench.cases import INFER, TRAIN, Case
from pellucid.bench.measure import Settings, measure
from pellucid.bench.peers import onnx_file


def test_a_bench_beside_pytorch(run, tmp_path):
    """Everything once: training, inference and layers, one round, PyTorch with one of its settings."""
    report = tmp_path / "report.md"
    line = ["bench", "lenet5", "--batch", 2, "--rounds", 1, "--no-cold", "--peers", "pellucid,torch-eager"]
    code, out, _ = run(*line, "--threads", 1, "--json", "--markdown", report)
    assert code == 0
    document = json.loads(out)
    assert document["settings"] == {"threads": 1, "rounds": 1, "cold": False}
    assert document["peak_gflops"] > 0
    assert [(case["task"], case["best_peer"]) for case in document["cases"]] == [
        (TRAIN, "torch-eager"),
        (INFER, "torch-eager"),
    ]
    for case in document["cases"]:
        ours, theirs = case["engines"]
        assert (ours["peer"], theirs["peer"]) == ("pellucid", "torch-eager")
        assert (ours["problem"], theirs["problem"]) == (None, None)
        assert theirs["ratio"]["median"] == theirs["ms"] / ours["ms"]
        assert ours["ratio"] is None
        assert ours["start_s"] > ours["import_s"] > 0
    (layers,) = document["layers"]
    assert [layer["path"] for layer in layers["layers"]] == ["conv1", "conv2", "fc1", "fc2", "fc3"]
    assert set(layers["layers"][0]["ms"]) == {"forward", "grad_weight"}
    assert set(layers["layers"][1]["ms"]) == {"forward", "grad_input", "grad_weight"}
    assert set(layers["layers"][4]["ms"]) == {"forward", "backward"}
    assert "sgd" in [loop["kernel"] for loop in layers["loops"]]
    text = report.read_text(encoding="utf-8")
    assert "## Training step, SGD with momentum 0.9: overview" in text
    assert "| lenet5 b2 | torch-eager |" in text


@pytest.mark.parametrize("name", ["mnist_cnn", "resnet20"])
def test_the_onnx_file_is_the_network(name, tmp_path):
    reference = pytest.importorskip("onnx.reference")
    case, logits, x = inference(name, tmp_path)
    onnx_file.write(case, tmp_path)
    (found,) = reference.ReferenceEvaluator(str(tmp_path / onnx_file.FILE)).run(None, {"input": x})
    np.testing.assert_allclose(found, logits, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["jax", "onnxruntime", "openvino-throughput", "ncnn-images"])
def test_engines_agree_where_they_are_installed(name):
    engine = peer(name)
    if engine.missing():
        pytest.skip(engine.missing())
    for task in engine.tasks:
        outcome = measure(Case(task, "resnet20", 2), [engine], Settings(2, 1, cold=False), quiet)
        assert outcome.results[1].problem is None


def test_single_ops_run_in_both_engines() -> None:
    from pellucid.bench import ops

    small = ops.Op("small", "conv2d", ((2, 3, 5, 4), (4, 3, 3, 3), (4,)), {"padding": 1})
    step = ops.pellucid(small, 2)
    plan = step().plan
    results = plan.value(plan.graph.output), plan.gradients[plan.graph.inputs["input"]]
    output, grad_input = (result.array() for result in results)
    step()  # the input stays, so that another turn is the same
    assert [result.array().tobytes() for result in results] == [output.tobytes(), grad_input.tobytes()]
    expected = torch.nn.functional.conv2d(*map(torch.from_numpy, small.arrays().values()), padding=1)
    np.testing.assert_allclose(output, expected.numpy(), atol=1e-5)
    try:
        for channels_last in (False, True):
            gradients = ops.torch(small, 2, channels_last=channels_last)()
            assert [tuple(g.shape) for g in gradients] == list(small.shapes)  # type: ignore[attr-defined]
    finally:
        torch.set_flush_denormal(False)  # a contender has a process of its own, this test has not
    assert all(len(op.shapes) in (1, 3) for op in ops.OPS)


@pytest.mark.parametrize("on_arrays", [False, True])
def test_single_ops_with_targets(on_arrays: bool) -> None:
    from pellucid.bench import ops

    small = ops.Op("small", "cross_entropy", ((3, 5),), classes=5, on_arrays=on_arrays)
    made: Any = ops.pellucid(small, 2)()
    output = made if on_arrays else made.plan.value(made.plan.graph.output).array()
    arrays = {name: torch.from_numpy(array) for name, array in (small.arrays() | small.targets()).items()}
    expected = torch.nn.functional.cross_entropy(**arrays)
    np.testing.assert_allclose(output, expected.numpy(), rtol=1e-5)
    try:
        result: Any = ops.torch(small, 2, channels_last=False)()
    finally:
        torch.set_flush_denormal(False)
    assert result == expected if on_arrays else result[0].shape == (3, 5)


def test_steps_of_convmixers_run_in_both_engines() -> None:
    """Both have the same layers, and learn."""
    from pellucid.bench import convmixer

    small = convmixer.Size(8, 2, 3)
    ours = convmixer.pellucid(small, 2)
    losses: Any = [ours(), ours()]
    assert losses[1] < losses[0]
    try:
        for kind in convmixer.ENGINES[1:3]:
            step = convmixer.torch(small, 2, kind)
            theirs: Any = [step(), step()]
            assert theirs[1] < theirs[0]
    finally:
        torch.set_flush_denormal(False)
    mine = convmixer.layers(small, pc.nn, convmixer.Residual)
    other = convmixer.layers(small, torch.nn, lambda layer: layer)
    sizes = [sum(p.size for _, p in mine.named_parameters()), sum(p.numel() for p in other.parameters())]
    assert sizes[0] == sizes[1] > 0
