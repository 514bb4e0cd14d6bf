"""Recordings: names, arrays, addresses and commits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid import nn
from pellucid.engine import derivation
from pellucid.engine.buffers import Block, External
from pellucid.errors import AddressError, ArgumentError
from pellucid.explain.catalogue import Update
from pellucid.explain.ops import explainers
from pellucid.explain.recorded import recording_of
from pellucid.ops.relu import ReLU
from pellucid.ops.sgd import SGD


def small() -> Any:
    arrays = {"conv.weight": normal(4, 3, 2, 3), "conv.bias": normal(4)}
    return run(lambda s, **p: F.conv2d(s, *p.values()), normal(2, 3, 5, 6), arrays)


RANGES = "'conv2d.output[0…1, 0…3, 0…3, 0…3]'"
WRONG = {
    "conv2d.outptu[0,0,0,0]": (
        "explain: the recording holds no such name. Expected 'conv2d.output' or 'grad(conv2d.output)' "
        "or 'conv.weight'. Got 'conv2d.outptu'. Hint: names() lists all of them."
    ),
    "qqqqqq": (
        "explain: the recording holds no such name. Got 'qqqqqq'. Hint: it holds 'input', 'conv.weight', "
        "'conv.bias', …; names() lists all of them."
    ),
    "CONV2D.output": (
        "explain: the recording holds no such name. Expected 'conv2d.output' or 'grad(conv2d.output)' "
        "or 'conv.weight'. Got 'CONV2D.output'. Hint: names() lists all of them."
    ),
    "GRAD(c": (
        "explain: the recording holds no such name. Expected 'grad(conv2d.output)' or 'grad(conv.weight)' "
        "or 'grad(conv.bias)'. Got 'GRAD(c'. Hint: names() lists all of them."
    ),
    **{
        wrong: (
            f"explain: the recording holds no such name. Expected '{name}{ranges}'. Got '{wrong}'. "
            f"Hint: it is called '{name}' here."
        )
        for wrong, name, ranges in (
            ("conv2d", "conv2d.output", "[0…1, 0…3, 0…3, 0…3]"),
            ("conv.weight.grad", "grad(conv.weight)", "[0…3, 0…2, 0…1, 0…2]"),
            ("grad_conv.bias", "grad(conv.bias)", "[0…3]"),
            ("input.grad", "grad(input)", "[0…1, 0…2, 0…4, 0…5]"),
            ("conv2d.grad", "grad(conv2d.output)", "[0…1, 0…3, 0…3, 0…3]"),
            ("grad(conv2d)", "grad(conv2d.output)", "[0…1, 0…3, 0…3, 0…3]"),
            ("conv.weight.data", "conv.weight", "[0…3, 0…2, 0…1, 0…2]"),
        )
    },
    "conv2d.output": (
        f"explain: 'conv2d.output' holds 128 numbers, and an address says which. Expected {RANGES}. "
        "Got 'conv2d.output'. Hint: for example 'conv2d.output[1,2,2,2]'."
    ),
    "conv2d.output[0, 1]": (
        f"explain: 'conv2d.output' takes 4 indices. Expected {RANGES}. Got 'conv2d.output[0,1]'."
    ),
    "conv2d.output[]": f"explain: 'conv2d.output' takes 4 indices. Expected {RANGES}. Got 'conv2d.output[]'.",
    "grad(conv.bias)[1,2]": (
        "explain: 'grad(conv.bias)' takes 1 index. Expected 'grad(conv.bias)[0…3]'. Got 'grad(conv.bias)[1,2]'."
    ),
    "conv2d.output[0,4,0,0]": (
        f"explain: index 4 lies outside axis 1 of 'conv2d.output'. Expected {RANGES}. Got 'conv2d.output[0,4,0,0]'."
    ),
    "conv2d.output[0,0,0,-5]": (
        f"explain: index -5 lies outside axis 3 of 'conv2d.output'. Expected {RANGES}. "
        "Got 'conv2d.output[0,0,0,-5]'."
    ),
    **{
        text: (
            "explain: an address is a name and an index of plain integers. "
            f"Expected for example 'conv1.output[0,5,3,7]'. Got {text!r}."
        )
        for text in (
            "conv2d.output[0,1.5,0,0]",
            "conv2d.output[0,:,0,0]",
            "conv2d.output[0",
            "x[1][2]",
            "",
            "x[１]",
        )
    },
    "conv2d.output[" + "9" * 100 + "]": (
        "explain: an address is a name and an index of plain integers. "
        f"Expected for example 'conv1.output[0,5,3,7]'. Got 'conv2d.output[{'9' * 64}…."
    ),
}


@pytest.mark.parametrize("address", WRONG, ids=range(len(WRONG)))
def test_a_wrong_address_is_answered_with_the_right_ones(address: str) -> None:
    rec = recording(small())
    with pytest.raises(AddressError) as caught:
        rec.explain(address)
    assert str(caught.value) == WRONG[address]
    assert isinstance(caught.value, KeyError)


def test_an_optimiser_of_pytorch_has_other_names() -> None:
    x, y = np.ones((1, 2), np.float32), np.array([0])
    for optimizer, names in (
        (pc.SGD(lr=0.1, momentum=0.5), {"momentum_buffer": "velocity(0.weight)"}),
        (pc.Adam(), {"exp_avg": "mean(0.weight)", "exp_avg_sq": "variance(0.weight)"}),
    ):
        rec = pc.record(pc.Sequential(pc.Linear(2, 1)), x, np.array([0]), optimizer=optimizer)
        for theirs, ours in names.items():
            with pytest.raises(AddressError) as caught:
                rec.explain(f"0.weight.{theirs}[0,1]")
            assert str(caught.value) == (
                f"explain: the recording holds no such name. Expected '{ours}[0, 0…1]'. "
                f"Got '0.weight.{theirs}'. Hint: it is called '{ours}' here."
            )
    with pytest.raises(AddressError, match=r"Expected 'updated\(0\.weight\)\[0, 0…1\]'"):
        pc.record(pc.Sequential(pc.Linear(2, 1)), x, y, optimizer=pc.Adam())["new_0.weight"]


def test_two_arrays_of_one_name_are_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        recording(run(lambda s, **p: F.linear(s, *p.values()), normal(1, 2), {"input": normal(2, 2)}))
    assert str(caught.value) == (
        "record: two arrays of a recording cannot have the same name. Got 'input'. Hint: rename the model's attribute."
    )


def test_an_address_must_be_text() -> None:
    with pytest.raises(AddressError, match=r"Got 5\.$"):
        recording(small()).explain(5)  # type: ignore[arg-type]
    with pytest.raises(AddressError, match=r"^recording: the recording holds no such name. Expected 'input'"):
        recording(small())["inptu"]


def test_numbers_without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = recording(run(lambda s, w: F.relu(F.linear(s, w)), normal(2, 3), {"w": normal(4, 3)}))
    assert rec.explain("relu.output[0,0]").certified
    monkeypatch.delitem(explainers._EXPLAINERS, ReLU)  # as of an op that nobody explains
    expected = "Expected an output, a gradient, a statistic or an update."
    for address, rule in {
        "input[0,0]": f"a number that was given has no arithmetic to show. {expected} Got 'input'.",
        "relu.output[0,0]": f"numbers made by relu cannot be explained yet. {expected} Got 'relu.output'.",
        "grad(linear.output)[0,0]": (
            f"numbers made by relu cannot be explained yet. {expected} Got 'grad(linear.output)'."
        ),
    }.items():
        with pytest.raises(ArgumentError) as caught:
            rec.explain(address)
        assert str(caught.value) == f"explain: {rule}"


def test_a_module_without_an_output_of_its_own_names_its_last_one() -> None:
    model = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU()), nn.Flatten(), nn.Linear(8, 2))
    rec = pc.record(model, normal(1, 1, 2, 2))
    for name in ("0.output", "0"):
        with pytest.raises(AddressError) as caught:
            rec.explain(f"{name}[0,0,0,0]")
        assert str(caught.value) == (
            f"explain: the recording holds no such name. Expected '0.1.output'. Got '{name}'. "
            "Hint: that is the last output within this module; names() lists all of them."
        )
    step = pc.TrainStep(model, pc.SGD(lr=0.1)).record(normal(1, 1, 2, 2), np.array([1]))
    with pytest.raises(AddressError, match=r"Expected 'grad\(0\.1\.output\)'\. Got 'grad\(0\.output\)'\."):
        step.explain("grad(0.output)[0,0,0,0]")


def test_negative_indices_and_spaces() -> None:
    rec = recording(small())
    trace = rec.explain(" conv2d.output [ -1, 3 ,-4,-1] ")
    assert trace.address == "conv2d.output[1,3,0,3]"
    assert trace.value == rec["conv2d.output"][-1, 3, -4, -1]
    assert trace.terms[-1].factors[1][0] == "conv.weight[3,2,1,2]"


def test_names_arrays_and_their_owner() -> None:
    program = small()
    rec = recording(program)
    assert rec.names() == [
        "input", "conv.weight", "conv.bias", "conv2d.output",
        "grad(conv2d.output)", "grad(conv.weight)", "grad(conv.bias)", "grad(input)",
    ]  # fmt: skip
    assert (len(rec), list(rec), "input" in rec, "x" in rec) == (8, rec.names(), True, False)
    np.testing.assert_array_equal(rec["input"], normal(2, 3, 5, 6))
    np.testing.assert_array_equal(rec["conv.weight"], normal(4, 3, 2, 3))
    grad_input, grad_weight, grad_bias = F.conv2d_backward(
        rec["grad(conv2d.output)"], rec["input"], rec["conv.weight"], rec["conv.bias"]
    )
    np.testing.assert_allclose(rec["grad(input)"], grad_input, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(rec["grad(conv.weight)"], grad_weight, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(rec["grad(conv.bias)"], grad_bias, rtol=1e-4, atol=1e-5)
    before = rec.explain("conv2d.output[0,0,0,0]").value
    rec["input"][...] = 0  # the user's own copy
    for parameter in program.owners.values():
        parameter[...] = 0  # a later step
    trace = rec.explain("conv2d.output[0,0,0,0]")
    assert trace.value == before
    assert trace.certified


def test_loss_commit_updates_and_repr() -> None:
    def loss(s: Any, w: Any) -> Any:
        return F.linear(F.flatten(s, 1), w)

    program = run(loss, normal(1, 2, 3), {"w": normal(1, 6)})
    plan, rule = program.plan, SGD(momentum=0.5)
    w = next(iter(plan.graph.arrays))
    step = derivation._update(rule, w, plan.steps.gradients[w], None)
    plan.steps = replace(plan.steps, order=(*plan.steps.order, step))
    updated, velocity = Block("updated(w)", 6, np.float32), External("velocity", np.ones(6, np.float32))
    updated.place(np.arange(6, dtype=np.float32).view(np.uint8))
    for symbol in (step.reads["velocity before"], step.makes["velocity"]):
        plan.put(symbol, velocity)
    plan.put(step.makes["parameter"], updated)
    calls: list[int] = []
    rec = recording_of(program, {"loss": "linear.output"}, Update(0.25, 3), lambda: calls.append(1))
    assert rec.names()[-3:] == ["velocity(w) before", "velocity(w)", "updated(w)"]
    assert rec["updated(w)"].tolist() == [[0, 1, 2, 3, 4, 5]]
    velocity.memory[:] = 7  # its owner goes on
    assert rec["velocity(w)"].tolist() == [[1] * 6]
    assert "loss" in rec.names()
    assert "linear.output" not in rec.names()
    assert "linear.output" in rec
    assert (
        rec.loss
        == rec["linear.output"].item()
        == rec.explain("loss").value
        == rec.explain("loss[0,-1]").value
    )
    assert repr(rec) == f"Recording(loss={rec.loss:.6g}, 11 arrays, not committed)"
    rec.commit()
    assert calls == [1]
    assert repr(rec).endswith("11 arrays, committed)")
    with pytest.raises(ArgumentError, match="this recording's update has been carried out"):
        rec.commit()
    inference = recording(small())
    with pytest.raises(ArgumentError, match="this recording holds no update"):
        inference.commit()
    with pytest.raises(ArgumentError, match="inference has no loss"):
        _ = inference.loss
    assert repr(inference) == "Recording(8 arrays)"


def test_a_failed_commit_can_be_tried_again() -> None:
    outcomes = iter([RuntimeError("no"), None])

    def commit() -> None:
        if error := next(outcomes):
            raise error

    rec = recording_of(small(), {}, commit=commit)
    with pytest.raises(RuntimeError):
        rec.commit()
    rec.commit()
