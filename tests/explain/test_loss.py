"""Explanations of losses and softmax: every number of small networks, and what faults look like."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import Array, added_up, normal, recording, replaced, run

import pellucid as pc
from pellucid import functional as F
from pellucid.explain import Recording

IGNORED = -100


def certified(rec: Recording, count: int) -> None:
    """So many numbers are checked, all are certified, and the terms of each add up."""
    certificates = rec.certify()
    assert certificates.certified, str(certificates)
    assert certificates.checked == count
    for array in certificates.arrays:
        for index in np.ndindex(*rec[array.name].shape):
            trace = rec.explain(f"{array.name}[{','.join(map(str, index))}]" if index else array.name)
            if math.isfinite(trace.exact):
                total, size = added_up(rec, trace)
                assert abs(total - Fraction(trace.exact)) <= 16 * Fraction(2) ** -53 * size, trace.address


def targets(shape: tuple[int, ...], classes: int, ignored: float = 0.3) -> Array:
    random = np.random.default_rng(4)
    return np.where(random.random(shape) < ignored, IGNORED, random.integers(0, classes, shape))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 7), (1, 3), (4, 1), (3, 5, 2), (2, 4, 3, 5), (2, 3, 2, 1, 3)], ids=str)
def test_cross_entropy_is_certified(shape: tuple[int, ...], dtype: Any) -> None:
    target = targets((shape[0], *shape[2:]), shape[1])
    program = run(F.cross_entropy, normal(*shape, dtype=dtype) * 3, {}, target=target)
    rec = recording(program)
    assert rec.names() == [
        "input", "target", "cross_entropy.losses", "cross_entropy.count", "cross_entropy.output",
        "grad(cross_entropy.output)", "grad(input)",
    ]  # fmt: skip
    assert rec["cross_entropy.losses"].shape == target.shape
    certified(rec, 2 + target.size + math.prod(shape))
    assert rec["cross_entropy.count"] == np.count_nonzero(target != IGNORED)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 7), (4, 1), (3, 5, 2), (2, 4, 3, 5)], ids=str)
@pytest.mark.parametrize("settings", [{}, {"label_smoothing": 0.15}], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("soft", [False, True])
def test_spread_targets_are_certified(
    shape: tuple[int, ...], settings: dict[str, float], weighted: bool, soft: bool, dtype: Any, tmp_path: Path
) -> None:
    """And so they are when a recording has been a file."""
    losses = (shape[0], *shape[2:])
    target = abs(normal(*shape, dtype=dtype, seed=3)) if soft else targets(losses, shape[1])
    weights = {"w": np.linspace(0.3, 2, shape[1])} if weighted else {}

    def network(s: Any, t: Any, w: Any = None) -> Any:
        return F.cross_entropy(s, t, w, **settings)

    rec = recording(run(network, normal(*shape, dtype=dtype) * 3, weights, target=target))
    rec.save(tmp_path / "rec.safetensors")
    size = math.prod(shape)
    for one in rec, pc.load_recording(tmp_path / "rec.safetensors"):
        certified(one, 1 + math.prod(losses) + (2 * size if soft else 1 + size))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 7), (3, 5, 2), (2, 4, 3, 5)], ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("kind", ["nll_loss", "cross_entropy", "smoothed", "soft"])
def test_reductions_are_certified(
    kind: str, reduction: str, shape: tuple[int, ...], dtype: Any, tmp_path: Path
) -> None:
    """Weighted, and so they are when a recording has been a file."""
    losses = (shape[0], *shape[2:])
    target = abs(normal(*shape, dtype=dtype, seed=3)) if kind == "soft" else targets(losses, shape[1])
    settings = {"label_smoothing": 0.15} if kind == "smoothed" else {}
    function = F.nll_loss if kind == "nll_loss" else F.cross_entropy

    def network(s: Any, t: Any, w: Any) -> Any:
        return function(s, t, w, reduction=reduction, **settings)

    weights = {"w": np.linspace(0.3, 2, shape[1])}
    rec = recording(run(network, normal(*shape, dtype=dtype) * 3, weights, target=target))
    rec.save(tmp_path / "rec.safetensors")
    size, count = math.prod(shape), reduction == "mean" and kind != "soft"
    for one in rec, pc.load_recording(tmp_path / "rec.safetensors"):
        output = math.prod(losses) if reduction == "none" else 1
        certified(one, output + math.prod(losses) + (2 * size if kind == "soft" else count + size))


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_weighted_losses_and_gradients_against_python(smoothing: float) -> None:
    x, w, target = normal(5, 3, 4), np.array([0.5, 2.0, 1.25]), targets((5, 4), 3)
    network = lambda s, t, w: F.cross_entropy(s, t, w, label_smoothing=smoothing)  # noqa: E731
    rec = recording(run(network, x, {"w": w}, target=target))
    g, count = float(rec["grad(cross_entropy.output)"]), math.fsum(w[target[target != IGNORED]])
    assert rec["cross_entropy.count"] == pytest.approx(count, rel=1e-15)
    for n, y in np.ndindex(5, 4):
        shares = np.exp(x[n, :, y].astype(float)) / np.exp(x[n, :, y].astype(float)).sum()
        loss = rec.explain(f"cross_entropy.losses[{n},{y}]")
        if target[n, y] == IGNORED:
            assert (loss.value, loss.exact, len(loss.terms)) == (0, 0, 0)
            assert not rec["grad(input)"][n, :, y].any()
            continue
        q = w * ((1 - smoothing) * (np.arange(3) == target[n, y]) + smoothing / 3)
        assert loss.exact == pytest.approx(-(q * np.log(shares)).sum(), rel=1e-12)
        for c in range(3):
            expected = (shares[c] * q.sum() - q[c]) * g / count
            assert rec.explain(f"grad(input)[{n},{c},{y}]").exact == pytest.approx(
                expected, rel=1e-11, abs=1e-16
            )
    loss = rec.explain("cross_entropy.output")
    assert loss.note.startswith("17 of 20 targets count; where count = 25; order: 4 parts")


def test_losses_and_gradients_against_python() -> None:
    x, target = normal(5, 3, 4), targets((5, 4), 3)
    rec = recording(run(F.cross_entropy, x, {}, target=target))
    g = float(rec["grad(cross_entropy.output)"])
    counts = [index for index in np.ndindex(5, 4) if target[index] != IGNORED]
    for n, y in np.ndindex(5, 4):
        powers = [math.exp(v) for v in x[n, :, y].tolist()]
        shares = [power / sum(powers) for power in powers]
        loss = rec.explain(f"cross_entropy.losses[{n},{y}]")
        if (n, y) not in counts:
            assert loss.value == loss.exact == 0
            assert not loss.terms
            assert loss.note == f"target[{n},{y}] = -100 is to be ignored"
            assert not rec["grad(input)"][n, :, y].any()
            continue
        assert loss.exact == pytest.approx(-math.log(shares[target[n, y]]), rel=1e-13)
        for c in range(3):
            trace = rec.explain(f"grad(input)[{n},{c},{y}]")
            expected = (shares[c] - (c == target[n, y])) * g / len(counts)
            assert trace.exact == pytest.approx(expected, rel=1e-12)
            assert len(trace.terms) == 2
    loss = rec.explain("cross_entropy.output")
    assert loss.exact == pytest.approx(
        math.fsum(rec["cross_entropy.losses"].ravel()) / len(counts), rel=1e-15
    )
    assert loss.note == (
        f"{len(counts)} of 20 targets count; order: 4 parts of up to 8 numbers, each from 0, which are then added in "
        "pairs, neighbours first"
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_at_the_edges(dtype: Any) -> None:
    x = np.zeros((8, 3), dtype)
    x[0], x[1], x[2] = [800, -800, 0], [60, 0, 0], [-np.inf, 1, 2]
    x[3, 1], x[4, 2], x[5] = np.nan, np.inf, -np.inf
    x[6], x[7] = np.finfo(dtype).tiny / 4, np.finfo(dtype).max * np.array([1, -1, 0.5])
    for target in np.zeros(8, np.int64), np.array([1, 0, 1, 2, 0, 1, 2, 1]):
        rec = recording(run(F.cross_entropy, x, {}, target=target))
        certificates = rec.certify()
        assert certificates.certified, str(certificates)
    for op in F.softmax, F.log_softmax:
        certificates = recording(run(lambda s: op(s, 1), x, {})).certify()  # noqa: B023
        assert certificates.certified, str(certificates)


def test_when_no_target_counts_the_loss_is_nan() -> None:
    rec = recording(run(F.cross_entropy, normal(3, 2), {}, target=np.full(3, IGNORED)))
    trace = rec.explain("cross_entropy.output")
    assert trace.certified
    assert math.isnan(trace.value)
    assert rec.certify().certified
    assert not rec["grad(input)"].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", [F.softmax, F.log_softmax])
@pytest.mark.parametrize("shape", [(4, 5), (3, 1), (2, 3, 4), (2, 3, 2, 5)], ids=str)
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_softmax_is_certified(op: Callable[..., Any], dim: int, shape: tuple[int, ...], dtype: Any) -> None:
    rec = recording(run(lambda s: op(s, dim), normal(*shape, dtype=dtype) * 4, {}))
    certified(rec, 2 * math.prod(shape))


def test_softmax_by_hand() -> None:
    x = np.log(np.array([[1.0, 2.0, 5.0]]))
    rec = recording(run(lambda s: F.softmax(s, 1), x, {}))
    trace = rec.explain("softmax.output[0,1]")
    assert trace.formula == "output = exp(input)/Σ exp(input)"
    ((term,),) = [trace.terms]
    assert [name for name, _ in term.factors] == [
        "exp(input[0,1] − max input[0,:])",
        "1/Σ exp(input[0,:] − max input[0,:])",
    ]
    assert [value for _, value in term.factors] == pytest.approx([0.4, 1 / 1.6])
    g = rec["grad(softmax.output)"][0]
    gradient = rec.explain("grad(input)[0,1]")
    assert gradient.exact == pytest.approx(0.25 * (g[1] - (g @ [0.125, 0.25, 0.625])), rel=1e-13)
    assert [[name for name, _ in term.factors] for term in gradient.terms[:2]] == [
        ["softmax.output[0,1]", "grad(softmax.output)[0,1]"],
        ["−1", "softmax.output[0,1]", "grad(softmax.output)[0,0]", "softmax.output[0,0]"],
    ]
    log = recording(run(lambda s: F.log_softmax(s, 1), x, {})).explain("log_softmax.output[0,1]")
    assert log.exact == pytest.approx(math.log(0.25), rel=1e-14)
    assert [term.factors[0][0] for term in log.terms] == ["input[0,1]", "−log Σ exp(input[0,:])"]


ELEMENTS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "mse_loss": (F.mse_loss, {}),
    "l1_loss": (F.l1_loss, {}),
    "smooth_l1_loss": (F.smooth_l1_loss, {"beta": 0.4}),
    "smooth_l1_loss without squares": (F.smooth_l1_loss, {"beta": 0}),
    "huber_loss": (F.huber_loss, {"delta": 0.3}),
    "binary_cross_entropy": (F.binary_cross_entropy, {}),
    "binary_cross_entropy_with_logits": (F.binary_cross_entropy_with_logits, {}),
    "kl_div": (F.kl_div, {}),
    "kl_div logarithms": (F.kl_div, {"log_target": True}),
}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(4, 3), (19, 5), (3, 2, 4), (2, 3, 4, 5), (2, 1, 3, 2, 2), (5,)], ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("case", ELEMENTS)
def test_losses_of_elements_are_certified(
    case: str, reduction: str, shape: tuple[int, ...], dtype: Any, tmp_path: Path
) -> None:
    """And so they are when a recording has been a file."""
    function, settings = ELEMENTS[case]
    random = np.random.default_rng(1)
    x, target = (random.uniform(0.02, 0.98, shape).astype(dtype) for _ in range(2))
    rec = recording(run(lambda s, t: function(s, t, reduction=reduction, **settings), x, {}, target=target))
    rec.save(tmp_path / "rec.safetensors")
    for one in rec, pc.load_recording(tmp_path / "rec.safetensors"):
        certified(one, 3 * x.size + (reduction != "none"))


@pytest.mark.parametrize("function", [F.binary_cross_entropy, F.binary_cross_entropy_with_logits])
def test_weights_of_elements_are_certified(function: Callable[..., Any]) -> None:
    """Weights that are repeated, on top of another gradient."""
    random = np.random.default_rng(1)
    x, target = (random.uniform(0.02, 0.98, (3, 4, 5)).astype(np.float32) for _ in range(2))
    with_logits = function is F.binary_cross_entropy_with_logits

    def network(s: Any, t: Any, w: Any, p: Any) -> Any:
        return function(s, t, w, **({"pos_weight": p} if with_logits else {})) + F.mse_loss(s, s * p)

    arrays = {"w": np.array([[0.5], [2.0], [1.5], [1.0]]), "p": np.array([0.5, 1.0, 2.0, 3.0, 1.5])}
    certificates = recording(run(network, x, arrays, target=target)).certify()
    assert certificates.certified, str(certificates)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", ELEMENTS)
def test_elements_at_the_edges(case: str, dtype: Any) -> None:
    """Bends, zeros, infinite inputs, NaN and numbers that count as 0."""
    function, settings = ELEMENTS[case]
    odd = [0.0, -0.0, 1.0, 0.5, np.inf, -np.inf, np.nan, np.finfo(dtype).tiny / 4, 800.0, -800.0, 1e-30]
    wanted = [0.0, -0.0, 1.0, 0.5, np.nan, 800.0, -800.0, 1e-30]
    x, target = (array.astype(dtype) for array in np.meshgrid(odd, wanted))
    rec = recording(run(lambda s, t: function(s, t, reduction="none", **settings), x, {}, target=target))
    certificates = rec.certify()
    assert certificates.certified, str(certificates)


def test_squares_by_hand() -> None:
    x, target = normal(2, 3, 4, 5), normal(2, 3, 4, 5, seed=7)
    rec = recording(run(F.mse_loss, x, {}, target=target))
    g, m, difference = float(rec["grad(mse_loss.output)"]), x.size, x.astype(float) - target
    assert rec.explain("mse_loss.output").exact == pytest.approx(float((difference**2).mean()), rel=1e-13)
    assert rec.explain("mse_loss.losses[1,2,3,4]").exact == pytest.approx(
        difference[-1, -1, -1, -1] ** 2, rel=1e-13
    )
    for name, other, sign in ("input", "target", 2), ("target", "input", -2):
        trace = rec.explain(f"grad({name})[1,2,3,4]")
        assert trace.exact == pytest.approx(sign * difference.flat[-1] * g / m, rel=1e-12)
        ((term,),) = [trace.terms]
        assert [label for label, _ in term.factors] == [
            f"2·({name}[1,2,3,4] − {other}[1,2,3,4])", "grad(mse_loss.output)", "1/m",
        ]  # fmt: skip


class Classifier(pc.Module):
    """A linear layer whose outputs may count twice."""

    def __init__(self) -> None:
        self.fc = pc.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        return self.fc(x)


def test_the_loss_of_a_step_is_the_root() -> None:
    pc.seed(1)
    x = normal(5, 4)
    rec = pc.record(Classifier(), x, np.array([0, 2, 1, 1, 0]), optimizer=pc.SGD(lr=0.1))
    assert {"loss", "cross_entropy.losses", "cross_entropy.count"} <= set(rec.names())
    assert rec.certify().certified
    trace = rec.explain("grad(fc.output)[1,2]")
    assert trace.formula == "grad_input[n,c] = (softmax(input)[n,c] − [c = target[n]])/count"
    assert [[name for name, _ in term.factors] for term in trace.terms] == [
        ["softmax(fc.output[1,2])", "1/count"],
        ["−[target[1] = 2]", "1/count"],
    ]
    assert [term.factors[0][1] for term in rec.explain("grad(fc.output)[1,0]").terms][1] == 0
    squares = pc.record(Classifier(), x, normal(5, 3), optimizer=pc.SGD(lr=0.1), loss="mse_loss")
    assert squares.certify().certified
    assert squares.explain("grad(fc.output)[1,2]").formula == "grad_input = 2·(input − target)/m"
    assert squares.explain("loss").terms[7].factors[0][0] == "mse_loss.losses[2,1]"


def test_a_gradient_with_several_contributions() -> None:
    def network(x: Any, y: Any, w: Any) -> Any:
        hidden = F.linear(x, w)
        return (
            F.cross_entropy(hidden, y)
            + F.cross_entropy(F.log_softmax(F.softmax(hidden, 1), 1), y)
            + F.cross_entropy(hidden, y)
        )

    rec = recording(run(network, normal(4, 5), {"w": normal(3, 5)}, target=np.array([0, 2, IGNORED, 1])))
    assert rec.certify().certified
    names = [name for name in rec.names() if name.startswith("grad(linear.output)")]
    assert len(names) == 3
    for name, before in zip(names[1:], names, strict=False):
        trace = rec.explain(f"{name}[1,2]")
        assert trace.terms[0].factors[0][0] == f"{before}[1,2]"
        assert f"added to {before}[1,2]" in trace.note
        assert " = gradient so far + " in trace.formula


Fault = Callable[[Recording], Array]


def shares(rec: Recording) -> Array:
    powers = np.exp(rec["input"].astype(float))
    return powers / powers.sum(axis=1, keepdims=True)


def hits(rec: Recording) -> Array:
    return np.eye(3)[rec["target"]]


FAULTS: dict[str, tuple[str, Fault]] = {
    "the sum for the mean": ("cross_entropy.output", lambda r: r["cross_entropy.losses"].sum()),
    "the mean over n − 1": ("cross_entropy.output", lambda r: r["cross_entropy.losses"].sum() / 4),
    "a loss left out": ("cross_entropy.output", lambda r: r["cross_entropy.losses"][:-1].sum() / 5),
    "one too many": ("cross_entropy.count", lambda r: r["cross_entropy.count"] + 1),
    "the wrong sign": ("cross_entropy.losses", lambda r: -r["cross_entropy.losses"]),
    "base 2": ("cross_entropy.losses", lambda r: r["cross_entropy.losses"] / math.log(2)),
    "a few units": ("cross_entropy.losses", lambda r: r["cross_entropy.losses"] + 40 * 2.0**-52),
    "no 1/N": ("grad(input)", lambda r: r["grad(input)"] * 5),
    "no target": ("grad(input)", lambda r: r["grad(cross_entropy.output)"] * shares(r) / 5),
    "no softmax": ("grad(input)", lambda r: -r["grad(cross_entropy.output)"] * hits(r) / 5),
    "no grad_output": ("grad(input)", lambda r: (shares(r) - hits(r)) / 5),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_noticed(fault: str) -> None:
    rec = recording(run(F.cross_entropy, normal(5, 3), {}, target=np.array([0, 2, 1, 1, 0])))
    name, make = FAULTS[fault]
    array = np.asarray(make(rec), rec[name].dtype)
    wrong = replaced(rec, name, array)
    changed = [index for index in np.ndindex(*array.shape) if array[index] != rec[name][index]]
    assert changed
    for index in changed:
        address = f"{name}[{','.join(map(str, index))}]" if index else name
        assert not wrong.explain(address).certified


def spread(rec: Recording) -> Array:
    return rec["w"] * (0.75 * rec["target"] + 0.25 / 3)


SPREAD_FAULTS: dict[str, tuple[str, Fault]] = {
    "a mean weighted as that of labels": ("cross_entropy.output", lambda r: r["cross_entropy.losses"].sum() / 4),
    "a loss left out": ("cross_entropy.output", lambda r: r["cross_entropy.losses"][:-1].sum() / 5),
    "no weights": ("cross_entropy.losses", lambda r: r["cross_entropy.losses"] / 1.5),
    "no smoothing": (
        "cross_entropy.losses", lambda r: -(r["w"] * r["target"] * np.log(shares(r))).sum(axis=1),
    ),
    "a few units": ("cross_entropy.losses", lambda r: r["cross_entropy.losses"] * (1 + 100 * 2.0**-52)),
    "as if targets added up to 1": (
        "grad(input)", lambda r: r["grad(cross_entropy.output)"] * (shares(r) - spread(r)) / 5,
    ),
    "no target": (
        "grad(input)",
        lambda r: r["grad(cross_entropy.output)"] * shares(r) * spread(r).sum(axis=1, keepdims=True) / 5,
    ),
    "no 1/m": ("grad(target)", lambda r: r["grad(target)"] * 5),
    "no 1 − ε": ("grad(target)", lambda r: r["grad(target)"] / 0.75),
}  # fmt: skip


@pytest.mark.parametrize("fault", SPREAD_FAULTS)
def test_faults_of_spread_targets_are_noticed(fault: str) -> None:
    network = lambda s, t, w: F.cross_entropy(s, t, w, label_smoothing=0.25)  # noqa: E731
    rec = recording(
        run(network, normal(5, 3), {"w": np.array([0.5, 2.0, 1.25])}, target=abs(normal(5, 3, seed=5)))
    )
    name, make = SPREAD_FAULTS[fault]
    array = np.asarray(make(rec), rec[name].dtype)
    wrong = replaced(rec, name, array)
    for index in np.ndindex(*array.shape):
        assert array[index] != rec[name][index]
        assert not wrong.explain(f"{name}[{','.join(map(str, index))}]" if index else name).certified


MSE_FAULTS: dict[str, tuple[str, Fault]] = {
    "the sum": ("mse_loss.output", lambda r: r["mse_loss.output"] * 12),
    "one square left out": (
        "mse_loss.output",
        lambda r: ((r["input"] - r["target"]) ** 2).ravel()[:-1].sum() / 12,
    ),
    "no 2": ("grad(input)", lambda r: r["grad(input)"] / 2),
    "no 1/m": ("grad(target)", lambda r: r["grad(target)"] * 12),
    "the wrong sign": ("grad(target)", lambda r: r["grad(input)"]),
}


@pytest.mark.parametrize("fault", MSE_FAULTS)
def test_faults_of_the_squared_error_are_noticed(fault: str) -> None:
    rec = recording(run(F.mse_loss, normal(4, 3), {}, target=normal(4, 3, seed=7)))
    name, make = MSE_FAULTS[fault]
    wrong = replaced(rec, name, np.asarray(make(rec), np.float32))
    for index in np.ndindex(*rec[name].shape):
        address = f"{name}[{','.join(map(str, index))}]" if index else name
        assert not wrong.explain(address).certified


TEXT = """\
cross_entropy.losses[0] = 1.3862943611198906  (float64)
  formula    losses[n] = −log softmax(input)[n,target[n]], 0 where target[n] is to be ignored
  numbers    cross_entropy.losses[0] = 1.3862943611198906 + (-1.0)·0.0
  note       target[0] is class 2, which has probability 0.25; order: in 16 lanes: every sixteenth
             number from 0, and the lanes in pairs, 8, 4, 2 and 1 apart
  largest 2 of 2 terms
    1.38629 = log Σ exp(input[0,:]) 1.3862943611198906
          0 = −1 -1.0                                  · input[0,2] 0.0
  certified: """


SPREAD_TEXT = """\
cross_entropy.losses[0] = 1.7328679513998633  (float64)
  formula    losses[n] = −Σ_c q[n,c]·log softmax(input)[n,c], q[n,c] = weight[c]·((1 − ε)·[c =
             target[n]] + ε/C), 0 where target[n] is to be ignored
  numbers    cross_entropy.losses[0] = (-0.5)·1.0·0.0·(-0.6931471805599453) +
             (-0.5)·3.0·1.0·(-0.6931471805599453) + (-0.25)·1.0·(-0.6931471805599453) +
             (-0.25)·3.0·(-0.6931471805599453)
  note       where ε = 0.5, C = 2; order: in 16 lanes: every sixteenth number from 0, and the lanes
             in pairs, 8, 4, 2 and 1 apart
"""


def test_a_smoothed_loss_by_hand() -> None:
    """Two equal logits, each log 2; q = 0.25 and 3·0.75."""
    network = lambda s, t, w: F.cross_entropy(s, t, w, label_smoothing=0.5)  # noqa: E731
    rec = recording(run(network, np.zeros((1, 2)), {"w": np.array([1.0, 3.0])}, target=np.array([1])))
    trace = rec.explain("cross_entropy.losses[0]")
    assert str(trace).startswith(SPREAD_TEXT)
    assert trace.value == pytest.approx(2.5 * math.log(2), rel=1e-15)
    count = rec.explain("cross_entropy.count")
    assert (count.value, count.error_bound > 0, count.certified) == (3, True, True)
    assert [[name for name, _ in term.factors] for term in count.terms] == [["w[1]"]]
    gradient = rec.explain("grad(input)[0,1]")
    assert [[name for name, _ in term.factors][:3] for term in gradient.terms] == [
        ["softmax(input[0,1])", "Σ q[0,:]", "grad(cross_entropy.output)"],
        ["−(1 − ε)", "w[1]", "[1 = target[0]]"],
        ["−ε/C", "w[1]", "grad(cross_entropy.output)"],
    ]
    assert gradient.value == pytest.approx((0.5 * 2.5 - 2.25) / 3 * float(rec["grad(cross_entropy.output)"]))


def test_a_loss_by_hand() -> None:
    rec = recording(run(F.cross_entropy, np.zeros((1, 4)), {}, target=np.array([2])))
    assert str(rec.explain("cross_entropy.losses[0]")).startswith(TEXT)
    count = rec.explain("cross_entropy.count")
    assert count.substituted == "cross_entropy.count = 1.0"
    assert (count.error_bound, count.certified) == (0, True)
