"""Explanations of the optimisers' updates: every number replayed, hand-checked, and faults noticed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import pellucid as pc
from pellucid.engine.lowering import update
from pellucid.explain import Recording
from pellucid.explain.accounts.replayed import Replayed
from pellucid.kernels.flushing import flushed

Array = np.ndarray[Any, np.dtype[Any]]
OPTIMIZERS = {
    "sgd": lambda: pc.SGD(lr=0.1),
    "decay": lambda: pc.SGD(lr=0.1, weight_decay=0.02),
    "momentum": lambda: pc.SGD(lr=0.1, momentum=0.9),
    "momentum, decay": lambda: pc.SGD(lr=0.1, momentum=0.9, weight_decay=0.02),
    "nesterov": lambda: pc.SGD(lr=0.1, momentum=0.7, nesterov=True),
    "nesterov, decay": lambda: pc.SGD(lr=0.1, momentum=0.7, weight_decay=0.02, nesterov=True),
    "adam": pc.Adam,
    "adam, decay": lambda: pc.Adam(lr=0.03, betas=(0.8, 0.95), eps=1e-5, weight_decay=0.02),
    "adamw": lambda: pc.AdamW(weight_decay=0.1),
    "matrices": lambda: pc.SGD(lr=0.1, weight_decay=0.02, decay_vectors=False),
    "adam, matrices": lambda: pc.Adam(weight_decay=0.02, decay_vectors=False),
    "adamw, matrices": lambda: pc.AdamW(weight_decay=0.1, decay_vectors=False),
}
STATES = {"sgd": (), "decay": (), "matrices": ()} | {
    name: ("mean", "variance") for name in OPTIMIZERS if name.startswith("adam")
}


def recorded(
    optimizer: Any, dtype: str, steps: int, scale: float = 1.0, clip_norm: float | None = None
) -> Recording:
    """Step number `steps` of a small network."""
    pc.seed(4)
    network = pc.Sequential(pc.Conv2d(2, 3, (3, 2)), pc.ReLU(), pc.Flatten(), pc.Linear(3 * 3 * 3, 5))
    step = pc.TrainStep(network.astype(dtype), optimizer, clip_norm=clip_norm)
    random = np.random.default_rng(1)
    x, y = scale * random.standard_normal((4, 2, 5, 4)), np.arange(4)
    for _ in range(steps - 1):
        step(x, y)
    return step.record(x, y)


def updates(rec: Recording) -> list[str]:
    heads = ("updated(", "velocity(", "mean(", "variance(")
    return [name for name in rec.names() if name.startswith(heads) and not name.endswith(" before")]


@pytest.mark.parametrize("number", [1, 7])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_update_is_replayed(optimizer: str, dtype: str, number: int) -> None:
    rec = recorded(OPTIMIZERS[optimizer](), dtype, number)
    names = updates(rec)
    assert len(names) == 4 * (1 + len(STATES.get(optimizer, ("velocity",))))
    certificates = {array.name: array for array in rec.certify().arrays}
    for name in names:
        array = certificates[name]
        assert (array.kind, array.checked) == ("formula", rec[name].size)
        assert (array.failures, array.replay_mismatches) == (0, 0)
        assert array.largest_share <= 1


@pytest.mark.parametrize("clip_norm", [None, 0.5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_terms_add_up(optimizer: str, dtype: str, clip_norm: float | None) -> None:
    rec = recorded(OPTIMIZERS[optimizer](), dtype, 2, clip_norm=clip_norm)
    for name in updates(rec):
        at = (1,) * rec[name].ndim
        trace = rec.explain(f"{name}[{','.join(map(str, at))}]")
        total = Fraction(0)
        for term in trace.terms:
            product = Fraction(1)
            for address, value in term.factors:
                product *= Fraction(value)
                array, _, index = address.rpartition("[")
                if array:
                    assert rec[array][tuple(map(int, index.rstrip("]").split(",")))] == value
            assert term.product == product
            total += product
        magnitude = sum(abs(Fraction(term.product)) for term in trace.terms)
        assert abs(total - Fraction(trace.exact)) <= 2**-51 * magnitude
        assert trace.replay == trace.value
        assert trace.error <= trace.error_bound < (1e-6 if dtype == "float32" else 1e-14)


def linear(optimizer: Any) -> tuple[Any, Array, Array]:
    """One output of two inputs, whose gradients by the mean squared error are 2·output·input."""
    network = pc.Sequential(pc.Linear(2, 1, bias=False))
    network.load_state_dict({"0.weight": np.array([[1.0, 2.0]], np.float32)})
    return pc.TrainStep(network, optimizer, loss="mse_loss"), np.array([[1.0, 0.5]]), np.array([[0.0]])


def test_momentum_and_decay_by_hand() -> None:
    step, x, y = linear(pc.SGD(lr=0.25, momentum=0.5, weight_decay=0.5))
    first = step.record(x, y)
    assert first["grad(0.weight)"].tolist() == [[4, 2]]
    assert first["velocity(0.weight)"].tolist() == [[4.5, 3]]  # gradient + weight/2
    assert first["updated(0.weight)"].tolist() == [[-0.125, 1.25]]
    first.commit()
    second = step.record(x, y)  # output 0.5, gradient (1, 0.5)
    velocity = second.explain("velocity(0.weight)[0,0]")
    assert velocity.value == velocity.exact == 4.5 / 2 + 1 - 0.125 / 2 == 3.1875
    assert [term.factors for term in velocity.terms] == [
        (("momentum", 0.5), ("velocity(0.weight) before[0,0]", 4.5)),
        (("grad(0.weight)[0,0]", 1.0),),
        (("weight_decay", 0.5), ("0.weight[0,0]", -0.125)),
    ]
    updated = second.explain("updated(0.weight)[0,0]")
    assert updated.value == updated.exact == -0.125 - 0.25 * 3.1875
    assert [term.factors for term in updated.terms] == [
        (("0.weight[0,0]", -0.125),),
        (("−lr", -0.25), ("velocity(0.weight)[0,0]", 3.1875)),
    ]
    assert updated.formula == "updated = parameter − lr·velocity"
    assert updated.substituted == "updated(0.weight)[0,0] = (-0.125) + (-0.25)·3.1875"
    assert updated.note == "update 2 with learning rate 0.25, every operation rounded to float32"


@pytest.mark.parametrize(
    ("kind", "factor"),
    [(pc.SGD, "weight_decay"), (pc.Adam, "weight_decay"), (pc.AdamW, "1 − lr·weight_decay")],
)
def test_vectors_are_left_alone(kind: Any, factor: str, tmp_path: Any) -> None:
    rec = recorded(kind(lr=0.1, weight_decay=0.25, decay_vectors=False), "float32", 2)
    whole = recorded(kind(lr=0.1, weight_decay=0.25), "float32", 2)
    of = "mean" if kind is pc.Adam else "updated"

    def shown(recording: Recording, name: str) -> bool:
        trace = recording.explain(f"{of}({name})[{'1,1' if name == '3.weight' else '1'}]")
        names = [address for term in trace.terms for address, _ in term.factors]
        assert ("weight_decay" in trace.formula) == (factor in names)
        return factor in names

    assert [shown(rec, name) for name in ("3.weight", "3.bias")] == [True, False]
    assert [shown(whole, name) for name in ("3.weight", "3.bias")] == [True, True]
    rec.save(tmp_path / "step.safetensors")
    assert pc.load_recording(tmp_path / "step.safetensors").certify(sample=20).certified


TEXT = """\
updated(0.weight)[0,0] = 0.25  (float32)
  formula    updated = parameter·(1 − lr·weight_decay) − (lr/(1 − β₁ᵗ))·mean/(√variance/√(1 − β₂ᵗ) +
             eps)
  numbers    updated(0.weight)[0,0] = 0.75·1.0 + (-1.0)·2.0·0.25
  note       update 1 with learning rate 0.5, every operation rounded to float32; denominator =
             √variance(0.weight)[0,0]/√(1 − β₂ᵗ) + eps = √4.0/0.5 + 0.0 = 4.0
  largest 2 of 2 terms
    0.75 = 1 − lr·weight_decay 0.75 · 0.weight[0,0] 1.0
    -0.5 = −lr/(1 − β₁ᵗ) -1.0       · mean(0.weight)[0,0] 2.0 · 1/denominator 0.25
  certified: |value − exact| = 0, bound"""


def test_adamw_by_hand() -> None:
    step, x, y = linear(pc.AdamW(lr=0.5, betas=(0.5, 0.75), eps=0, weight_decay=0.5))
    rec = step.record(x, y)  # gradient (4, 2): mean 2, variance 4, √4/√(1/4) = 4
    assert rec["mean(0.weight)"].tolist() == [[2, 1]]
    assert rec["variance(0.weight)"].tolist() == [[4, 1]]
    text, bound = str(rec.explain("updated(0.weight)[0,0]")).rsplit(" ", 5)[0], 2.0**-24
    assert text == TEXT
    assert 0 < rec.explain("updated(0.weight)[0,0]").error_bound < 8 * bound
    assert rec.explain("mean(0.weight)[0,1]").formula.endswith("(gradient − mean before)·(1 − β₁)")


@pytest.mark.parametrize("optimizer", ["nesterov, decay", "adam, decay", "adamw"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_denormal_numbers_count_as_zero(optimizer: str, dtype: str) -> None:
    tiny = float(np.finfo(dtype).tiny)
    rec = recorded(OPTIMIZERS[optimizer](), dtype, 2, scale=tiny**0.5)
    certificates = rec.certify()
    assert all(array.failures == 0 for array in certificates.arrays)
    if "variance(0.weight)" in rec:
        assert (rec["variance(0.weight)"] == 0).any() or optimizer == "adam, decay"


def test_flushing_is_local_and_ends_with_an_error() -> None:
    tiny = np.array([np.finfo(np.float32).tiny])
    denormal = np.array([1e-45], np.float32)
    assert flushed(lambda: (tiny / 2 == 0).all() and (denormal * np.float32(1e20) == 0).all())
    assert flushed(lambda: flushed(lambda: not (tiny / 2).any()) and not (tiny / 2).any())
    assert (tiny / 2 != 0).all()
    with pytest.raises(ZeroDivisionError):
        flushed(lambda: 1 // 0)
    assert (tiny / 2 != 0).all()


def test_a_given_denormal_number_is_enclosed_with_zero() -> None:
    number = Replayed.of(np.array([1e-40, 1.0], np.float32))
    assert number.enclosed.radius.tolist() == [number.value[0], 0]
    total = number + number
    assert total.value.tolist() == [0, 2]
    assert (abs(total.value - total.enclosed.value) <= total.enclosed.radius).all()


@pytest.mark.parametrize("of", ["velocity", "updated"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_ulp_is_noticed_where_it_is(of: str, dtype: str) -> None:
    rec = recorded(OPTIMIZERS["nesterov, decay"](), dtype, 2)
    array = rec._array(f"{of}(3.weight)")
    array[2, 5] = np.nextafter(array[2, 5], array.dtype.type(np.inf))
    failed = [address for array in rec.certify().arrays for address in array.failed]
    assert f"{of}(3.weight)[2,5]" in failed
    assert set(failed) <= {f"{of}(3.weight)[2,5]", "updated(3.weight)[2,5]"}  # the update reads the velocity
    trace = rec.explain(f"{of}(3.weight)[2,5]")
    assert trace.replay != trace.value


def test_settings_that_were_forgotten_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(made: Any) -> Any:
        return made._replace(parameters=tuple(p._replace(decays=0) for p in made.parameters))

    table = update._table
    monkeypatch.setattr(update, "_table", lambda *args: forgetful(table(*args)))
    rec = recorded(OPTIMIZERS["momentum, decay"](), "float32", 2)
    found = {array.name: array.failures for array in rec.certify().arrays if array.failures}
    assert set(found) == {f"velocity({name})" for name in ("0.weight", "0.bias", "3.weight", "3.bias")}
