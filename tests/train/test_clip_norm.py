"""Gradients clipped by their norm: by hand, beside PyTorch, in the open, and whatever runs it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.support.twins import ours_and_pytorchs
from torch.nn import functional as TF

import pellucid as pc
from pellucid.functions.sums import total
from pellucid.ops.grad_norm import STRETCH, GradNorm

OPTIMIZERS = {
    "sgd": (
        lambda: pc.SGD(lr=0.05, momentum=0.9, weight_decay=0.01),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
    ),
    "adamw": (lambda: pc.AdamW(lr=1e-3), lambda p: torch.optim.AdamW(p, lr=1e-3)),
}


def linear(clip_norm):
    """One output of two inputs: gradient 2·output·input = (4, 3)·2·output with output 1 at first."""
    network = pc.Sequential(pc.Linear(2, 1, bias=False))
    network[0].weight[...] = [[0.25, 0.0]]
    return pc.TrainStep(network, pc.SGD(lr=0.5), "mse_loss", clip_norm=clip_norm), [[4.0, 3.0]], [[0.0]]


def test_by_hand():
    step, x, y = linear(clip_norm=1)
    rec = step.record(x, y)
    assert rec["grad(0.weight)"].tolist() == [[8, 6]]
    assert rec["grad_norm"] == 10
    assert rec["clip_factor"] == 1 / (10 + 1e-6)
    factor = np.float32(1 / (10 + 1e-6))
    g = np.array([[8, 6]], np.float32) * factor
    updated = np.array([[0.25, 0]], np.float32) - np.float32(0.5) * g
    assert rec["updated(0.weight)"].tobytes() == updated.tobytes()
    norm = rec.explain("grad_norm")
    assert (norm.value, norm.exact, norm.root, norm.replay) == (10, 10, 2, 10)
    assert [term.product for term in norm.terms] == [64, 36]
    assert norm.terms[0].factors == (("grad(0.weight)[0,0]", 8.0), ("grad(0.weight)[0,0]", 8.0))
    clip = rec.explain("clip_factor")
    assert clip.formula == "clip_factor = min(1, max_norm/(grad_norm + 1e-6))"
    assert [term.factors[0] for term in clip.terms] == [("max_norm", 1.0)]
    trace = rec.explain("updated(0.weight)[0,1]")
    assert trace.formula == "updated = parameter − lr·gradient·clip_factor"
    assert [term.factors for term in trace.terms] == [
        (("0.weight[0,1]", 0.0),),
        (("−lr", -0.5), ("grad(0.weight)[0,1]", 6.0), ("clip_factor", float(factor))),
    ]
    assert trace.certified
    assert trace.replay == trace.value
    assert rec.certify().certified
    rec.commit()
    assert step.model[0].weight.tobytes() == updated.tobytes()


def test_small_gradients_stay_as_they_are():
    (clipped, x, y), (free, *_) = linear(clip_norm=11.0), linear(clip_norm=None)
    rec = clipped.record(x, y)
    assert rec["clip_factor"] == 1
    assert [term.factors for term in rec.explain("clip_factor").terms] == [(("1", 1.0),)]
    assert clipped(x, y) == free(x, y)
    assert clipped.model[0].weight.tobytes() == free.model[0].weight.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_beside_pytorch(optimizer, dtype):
    ours, theirs = ours_and_pytorchs("lenet5", dtype)
    mine, other = OPTIMIZERS[optimizer]
    step, rule = pc.TrainStep(ours, mine(), clip_norm=0.75), other(theirs.parameters())
    rng, norms = np.random.default_rng(7), []
    for _ in range(5):
        x, y = rng.normal(size=(7, 1, 28, 28)).astype(dtype), rng.integers(0, 10, 7)
        rec = step.record(x, y)
        assert step(x, y) == rec.loss
        theirs.zero_grad(set_to_none=True)
        TF.cross_entropy(theirs(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        norm = torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.75).item()
        rule.step()
        norms.append(norm)
        np.testing.assert_allclose(float(rec["grad_norm"]), norm, rtol=1e-4 if dtype == "float32" else 1e-9)
        if dtype == "float64":
            for name, tensor in theirs.state_dict().items():
                np.testing.assert_allclose(step.model.state_dict()[name], tensor, rtol=1e-9, atol=1e-12)
    assert max(norms) > 0.75


def test_the_order_of_the_sum():
    """Stretches of one gradient, lanes of each, whatever its shape; then all stretches."""
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=size).astype(np.float32) for size in (2 * STRETCH + 77, 5, 17)]
    cut = [gradients[0][a:b] for a, b in ((0, STRETCH), (STRETCH, 2 * STRETCH), (2 * STRETCH, None))]
    parts = [total(part.astype(np.float64) ** 2) for part in (*cut, *gradients[1:])]
    assert GradNorm().norm(*gradients) == np.sqrt(total(np.array(parts)))


def test_threads_and_recordings_have_the_same_bits(request):
    before = pc.get_num_threads()
    request.addfinalizer(lambda: pc.set_num_threads(before))
    x, y = np.random.default_rng(1).random((9, 1, 28, 28)), np.arange(9)
    found = set()
    for threads, recorded in ((1, False), (3, False), (2, True)):
        pc.set_num_threads(threads)
        pc.seed(3)
        step = pc.TrainStep(pc.models.lenet5(), pc.Adam(), clip_norm=0.2)
        for _ in range(3):
            step.record(x, y).commit() if recorded else step(x, y)
        found.add(b"".join(array.tobytes() for array in step.model.state_dict().values()))
    assert len(found) == 1


def test_a_saved_recording_is_read_as_it_was(tmp_path):
    step, x, y = linear(clip_norm=2)
    rec = step.record(x, y)
    rec.save(tmp_path / "step.safetensors")
    loaded = pc.load_recording(tmp_path / "step.safetensors")
    assert loaded.names() == rec.names()
    assert loaded.certify().certified
    assert [group.region.name for group in loaded.uses("grad_norm")] == ["clip_factor"]
    assert [group.region.name for group in loaded.uses("clip_factor")] == ["updated(0.weight)"]


@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan, "1", True])
def test_a_norm_is_a_number_above_0(value):
    with pytest.raises(pc.ArgumentError) as caught:
        linear(clip_norm=value)
    rule = "TrainStep: clip_norm must be a number in (0, inf)."
    assert str(caught.value) == f"{rule} Got clip_norm={value!r}."


def test_it_stays():
    step, *_ = linear(clip_norm=1)
    with pytest.raises(pc.ArgumentError, match="'clip_norm' is no setting of a step that can change"):
        step.clip_norm = 2
