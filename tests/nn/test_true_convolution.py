"""Layers with `flip=True`: by hand, against NumPy and PyTorch, in training, explanations, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from tests.support.recorded import added_up, normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid.errors import ArgumentError

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def test_five_numbers_and_three_weights() -> None:
    """Each weight is met from the other end: 3·1 + 2·2 + 1·3 = 10."""
    x, w, delta = [[[1, 2, 3, 4, 5]]], [[[1, 2, 3]]], [[[1, 10, 100]]]
    assert F.conv1d(x, w, flip=True).tolist() == [[[10, 16, 22]]]
    grad_input, grad_weight, _ = F.conv1d_backward(delta, x, w, flip=True)
    assert grad_input.tolist() == [[[3, 32, 321, 210, 100]]]
    assert grad_weight.tolist() == [[[543, 432, 321]]]


def test_four_windows() -> None:
    """19, 25, 37, 43 turn into 0·4 + 1·3 + 2·1 + 3·0 = 5 and so on."""
    assert F.conv2d(np.arange(9).reshape(1, 3, 3), [[[[0, 1], [2, 3]]]], flip=True).tolist() == [
        [[5, 11], [23, 29]]
    ]


@pytest.mark.parametrize(("size", "kernel"), [(7, 3), (9, 4), (5, 5), (6, 1)])
def test_along_one_axis_it_is_numpys(size: int, kernel: int) -> None:
    x, w = np.arange(size) ** 2.0, np.arange(kernel) * 3.0 - 4
    for mode, padding in (("valid", 0), ("full", kernel - 1)):
        expected = np.convolve(x, w, mode)  # type: ignore[call-overload]
        assert F.conv1d(x[None, None], w[None, None], padding=padding, flip=True).tolist() == [
            [expected.tolist()]
        ]
        assert pc.signal.convolve(x, w, mode).tolist() == expected.tolist()


def test_a_transposed_layer_is_a_full_true_convolution_already() -> None:
    x, w = normal(2, 3, 5, 4), normal(3, 6, 3, 2)
    full = F.conv2d(x, w.swapaxes(0, 1), padding=(2, 1), flip=True)
    np.testing.assert_allclose(F.conv_transpose2d(x, w), full, rtol=0, atol=1e-5)


def test_symmetric_kernels_meet_the_same_numbers() -> None:
    x, half = normal(2, 3, 7, 6, dtype=np.float64), normal(4, 3, 3, 5, dtype=np.float64)
    w = half + np.flip(half, (2, 3))
    np.testing.assert_allclose(F.conv2d(x, w, flip=True), F.conv2d(x, w), rtol=0, atol=1e-13)


class Net(pc.Module):
    """All ways through the kernels: few channels, Winograd's, depthwise, grouped; one weight used both ways round."""

    def __init__(self) -> None:
        self.few = pc.Conv2d(3, 16, (3, 2), stride=(2, 1), padding=((1, 0), (0, 2)), flip=True)
        self.many = pc.Conv2d(16, 16, 3, padding=1, flip=True)
        self.depthwise = pc.Conv2d(16, 16, (3, 4), padding="same", groups=16, bias=False, flip=True)
        self.grouped = pc.Conv2d(
            16, 6, (2, 3), dilation=(2, 1), groups=2, padding_mode="reflect", padding=1, flip=True
        )
        self.once, self.again = (
            pc.Conv2d(6, 6, (3, 2), padding="same"),
            pc.Conv2d(6, 6, (3, 2), padding="same", flip=True),
        )
        self.again.weight = self.once.weight
        self.last = pc.Linear(6, 5)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.many(F.relu(self.few(x))))
        x = self.again(F.relu(self.once(self.grouped(F.relu(self.depthwise(x))))))
        return self.last(F.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def in_pytorch(p: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The same network of cross-correlations with weights that are flipped."""
    T = torch.nn.functional
    w = {name: array.flip(2, 3) for name, array in p.items() if array.ndim == 4}
    x = T.conv2d(T.pad(x, (0, 2, 1, 0)), w["few.weight"], p["few.bias"], (2, 1)).relu()
    x = T.conv2d(x, w["many.weight"], p["many.bias"], padding=1).relu()
    x = T.conv2d(T.pad(x, (1, 2, 1, 1)), w["depthwise.weight"], groups=16).relu()
    x = T.pad(x, (1, 1, 1, 1), "reflect")
    x = T.conv2d(x, w["grouped.weight"], p["grouped.bias"], dilation=(2, 1), groups=2)
    x = T.conv2d(T.pad(x, (0, 1, 1, 1)), p["once.weight"], p["once.bias"]).relu()
    x = T.conv2d(T.pad(x, (0, 1, 1, 1)), w["once.weight"], p["again.bias"])
    return T.linear(x.mean((2, 3)), p["last.weight"], p["last.bias"])


def batch(dtype: str) -> tuple[Any, Any]:
    return normal(4, 3, 13, 11, dtype=dtype), np.array([0, 3, 1, 4])


@DTYPES
def test_a_network_trains_as_pytorchs_with_flipped_weights(dtype: str) -> None:
    pc.seed(5)
    model, (x, y) = Net().astype(dtype), batch(dtype)
    weights = {
        name: torch.tensor(a, requires_grad=True)
        for name, a in model.state_dict().items()
        if "again.w" not in name
    }
    step = pc.TrainStep(model, pc.SGD(lr=0.25, momentum=0.9))
    theirs = torch.optim.SGD(weights.values(), lr=0.25, momentum=0.9)
    bound = {"float32": 2e-5, "float64": 1e-12}[dtype]
    np.testing.assert_allclose(model(x), in_pytorch(weights, torch.tensor(x)).detach(), rtol=0, atol=bound)
    for _ in range(3):
        theirs.zero_grad()
        loss = torch.nn.functional.cross_entropy(in_pytorch(weights, torch.tensor(x)), torch.tensor(y))
        loss.backward()
        theirs.step()
        assert step(x, y) == pytest.approx(loss.item(), abs=bound)
    for name, tensor in weights.items():
        np.testing.assert_allclose(
            model.state_dict()[name], tensor.detach(), rtol=0, atol=bound, err_msg=name
        )


@DTYPES
def test_a_step_is_recorded_bit_for_bit_and_certified(dtype: str, tmp_path: Path) -> None:
    pc.seed(5)
    step = pc.TrainStep(Net().astype(dtype), pc.SGD(lr=0.25))
    rec = step.record(*batch(dtype))
    certificates = rec.certify()
    assert certificates.certified
    assert {"few.output", "grad(few.weight)", "grad(once.weight) by again", "grad(input)"} <= {
        a.name for a in certificates.arrays
    }
    assert rec.integer_runs().certified
    loss, updated = rec["loss"], rec["updated(many.weight)"]
    rec.save(tmp_path / "step.safetensors")
    again = pc.load_recording(tmp_path / "step.safetensors")
    question = "few.output[1,2,3,4]"
    assert str(again.explain(question)) == str(rec.explain(question))
    assert step(*batch(dtype)) == loss
    assert step.model.many.weight.tobytes() == updated.tobytes()


def test_a_trace_shows_which_weight_each_number_meets() -> None:
    x = np.arange(1, 6, dtype=np.float32).reshape(1, 1, 5)
    rec = recording(
        run(
            lambda s, w, b: F.conv1d(s, w, b, 2, 1, flip=True),
            x,
            {"w": np.float32([[[1, 2, 3]]]), "b": np.float32([7])},
        )
    )
    trace = rec.explain("conv1d.output[0,0,1]")
    assert trace.start is not None
    assert [name for name, _ in trace.start.factors] == ["b[0]"]
    assert [[name for name, _ in term.factors] for term in trace.terms] == [
        ["input[0,0,1]", "w[0,0,2]"], ["input[0,0,2]", "w[0,0,1]"], ["input[0,0,3]", "w[0,0,0]"]
    ]  # fmt: skip
    assert (trace.value, trace.exact, trace.certified) == (23, 23, True)  # 7 + 2·3 + 3·2 + 4·1
    assert trace.formula.endswith("i = y·stride + (K−1−k)·dilation − padding")
    assert "kernel positions descending (true convolution)" in trace.note
    assert "커널 위치 내림차순" in trace.text("ko")
    for name in ("grad(input)[0,0,3]", "grad(w)[0,0,2]"):
        trace = rec.explain(name)
        assert trace.certified
        assert trace.exact == float(added_up(rec, trace)[0])
    uses = rec.uses("w[0,0,2]")  # at a window's first position: −1, which is padding, 1, 3
    assert uses["conv1d.output"].addresses == ["conv1d.output[0,0,1]", "conv1d.output[0,0,2]"]
    assert uses["grad(input)"].addresses == ["grad(input)[0,0,1]", "grad(input)[0,0,3]"]


def test_a_layer_says_that_it_flips_and_its_file_does_not(tmp_path: Path) -> None:
    layer = pc.Conv2d(3, 4, 3, padding=1, flip=True)
    assert repr(layer) == "Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), flip=True)"
    assert "flip" not in repr(pc.Conv2d(3, 4, 3))
    plain = pc.Conv2d(3, 4, 3, padding=1)
    save_file(layer.state_dict(), tmp_path / "layer.safetensors")
    plain.load_state_dict(load_file(tmp_path / "layer.safetensors"))
    x = normal(2, 3, 5, 6)
    weight = plain.weight.copy()
    assert weight.tobytes() == layer.weight.tobytes()
    plain.weight = np.flip(weight, (2, 3))
    assert plain(x).tobytes() == layer(x).tobytes()


def test_sizes_counts_and_fields_are_those_without() -> None:
    rows = [
        pc.summary(
            pc.Sequential(pc.Conv2d(3, 8, 3, 2, 1, flip=flip), pc.Conv2d(8, 4, (2, 3), flip=flip)),
            (1, 3, 9, 8),
        ).rows
        for flip in (False, True)
    ]
    assert rows[0] == rows[1]


def test_flipping_is_all_that_is_added_to_a_step() -> None:
    """One copy of the weight forward, one for the input's gradient, one of the weight's own gradient."""
    x, arrays = normal(2, 3, 7, 6), {"w": normal(4, 3, 3, 2), "b": normal(4)}
    plain, flipped = (
        [loop.name for loop in run(lambda s, w, b, f=flip: F.conv2d(s, w, b, flip=f), x, arrays).plan.loops]
        for flip in (False, True)
    )
    assert [label for label in flipped if "flipped" not in label and label != "grad(w)"] == [
        label for label in plain if label != "grad(w)"
    ]
    assert len(flipped) == len(plain) + 3


@pytest.mark.parametrize("value", [1, None, "yes"])
def test_the_flag_is_a_truth_value(value: Any) -> None:
    rule = f"flip must be True or False. Got flip={value!r}."
    with pytest.raises(ArgumentError, match=f"^conv2d: {rule}$"):
        F.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), flip=value)
    with pytest.raises(ArgumentError, match=f"^Conv2d: {rule}$"):
        pc.Conv2d(1, 1, 2, flip=value)
