"""Explanations of group, instance, layer and local response norm, and networks of them beside PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.support.recorded import Array, added_up, normal, recording, replaced, run

import pellucid as pc
from pellucid import functional as F
from pellucid.explain import Recording

TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
Network = Callable[..., Any]


def group(x: Any, **p: Any) -> Any:
    return F.group_norm(x, 3, p.get("weight"), p.get("bias"), 1e-3)


def instance(x: Any, **p: Any) -> Any:
    return F.instance_norm(x, weight=p.get("weight"), bias=p.get("bias"))


def layer(x: Any, **p: Any) -> Any:
    return F.layer_norm(x, x.shape[1:], p.get("weight"), p.get("bias"))


def last(x: Any, **p: Any) -> Any:
    return F.layer_norm(x, x.shape[2:], p.get("weight"), p.get("bias"))


def neighbours(x: Any, **_: Any) -> Any:
    return F.local_response_norm(x, 4, 0.5, 0.6, 2.0)


NETWORKS: list[tuple[Network, tuple[int, ...]]] = [
    (group, (18, 6, 3, 4)),
    (group, (3, 9, 2, 3, 2)),
    (group, (4, 6)),
    (instance, (5, 2, 3, 4)),
    (layer, (18, 3, 5)),
    (layer, (2, 3, 4, 5)),
    (layer, (2, 3, 2, 4, 5)),
    (layer, (4, 7)),
    (layer, (5, 32)),
    (last, (18, 3, 7)),
    (last, (2, 3, 4, 5)),
    (last, (2, 1, 4, 5)),
    (group, (2, 36, 3)),
    (neighbours, (3, 6, 4)),
    (neighbours, (2, 3, 3, 4)),
]


def parameters(network: Network, shape: tuple[int, ...], *names: str) -> dict[str, Array]:
    if network is neighbours:
        return {}
    size = shape[2:] if network is last else shape[1:] if network is layer else shape[1:2]
    return {name: normal(*size, seed=seed) for name, seed in (("weight", 5), ("bias", 6)) if name in names}


def made(network: Network, shape: tuple[int, ...], dtype: Any, *names: str) -> Recording:
    x = 3 * normal(*shape, dtype=dtype) + dtype(2)
    return recording(run(network, x, parameters(network, shape, *names)))


@TYPES
@pytest.mark.parametrize(("network", "shape"), NETWORKS)
@pytest.mark.parametrize("names", [("weight", "bias"), ("bias",), ()])
def test_every_number_is_certified(
    network: Network, shape: tuple[int, ...], names: tuple[str, ...], dtype: Any
) -> None:
    rec = made(network, shape, dtype, *names)
    certificates = rec.certify()
    assert certificates.certified
    found = {array.name for array in certificates.arrays}
    assert found == {name for name, entry in rec.entries.items() if entry.source is not None}
    if network is not neighbours:
        inner = ("mean", "var", "istd")
        name = next(name for name in rec if name.endswith(".output")).removesuffix(".output")
        assert {f"{name}.{s}" for s in inner} | {f"grad({name}.{s})" for s in inner} <= found
        assert {f"grad({p})" for p in names} <= found


@TYPES
@pytest.mark.parametrize(("network", "shape"), NETWORKS)
def test_terms_add_up(network: Network, shape: tuple[int, ...], dtype: Any) -> None:
    rec = made(network, shape, dtype, "weight", "bias")
    for name, entry in rec.entries.items():
        for index in list(np.ndindex(*entry.shape))[::7] if entry.source else ():
            trace = rec.explain(f"{name}[{','.join(map(str, index))}]")
            total, size = added_up(rec, trace)
            assert abs(total - Fraction(trace.exact)) <= 16 * Fraction(2) ** -53 * size, trace.address


@pytest.mark.parametrize(("network", "shape"), NETWORKS)
def test_statistics_and_gradients_are_what_they_are_called(network: Network, shape: tuple[int, ...]) -> None:
    if network is neighbours:
        return
    rec = made(network, shape, np.float64, "weight", "bias")
    x, g, (n, c, *_) = rec["input"], None, shape
    name = next(name for name in rec if name.endswith(".output")).removesuffix(".output")
    g = rec[f"grad({name}.output)"]
    along = (slice(None), *(None,) * (len(shape) - 2)) if network not in (layer, last) else ...
    groups = {group: 3, instance: c, layer: 1, last: c}[network]
    sets = (n,) if network is layer else (n, groups)
    values, inner = (a.reshape(n, groups, -1) for a in (x, g * rec["weight"][along]))
    centred = values - values.mean(axis=2, keepdims=True)
    istd = rec[f"{name}.istd"].reshape(n, groups)
    grad_istd = (inner * centred).sum(axis=2)
    expected = {
        f"{name}.mean": values.mean(axis=2),
        f"{name}.var": values.var(axis=2),
        f"grad({name}.istd)": grad_istd,
        f"grad({name}.var)": -(istd**3) * grad_istd / 2,
        f"grad({name}.mean)": -inner.sum(axis=2) * istd,
    }
    for statistic, numbers in expected.items():
        assert rec[statistic].shape == sets
        np.testing.assert_allclose(rec[statistic], numbers.reshape(sets), rtol=1e-9, atol=1e-12)


@TYPES
@pytest.mark.parametrize(("network", "shape"), [NETWORKS[0], NETWORKS[3], NETWORKS[5]])
def test_one_unit_of_the_last_place_is_noticed(network: Network, shape: tuple[int, ...], dtype: Any) -> None:
    rec = made(network, shape, dtype, "weight", "bias")
    for name in (name for name, entry in rec.entries.items() if entry.source is not None):
        wrong = replaced(rec, name, np.nextafter(rec[name], np.inf, dtype=rec[name].dtype))
        (row,) = [array for array in wrong.certify().arrays if array.name == name]
        assert row.failures == row.replay_mismatches == row.checked == rec[name].size, name


@TYPES
def test_neighbours_have_no_replay_and_near_bounds(dtype: Any) -> None:
    rec = made(neighbours, (2, 6, 3, 4), dtype)
    for name in ("local_response_norm.output", "grad(input)"):
        units = 2 if dtype == np.float32 else 200
        wrong = replaced(rec, name, rec[name] + dtype(units) * np.spacing(abs(rec[name]).max()))
        (row,) = [array for array in wrong.certify().arrays if array.name == name]
        assert row.failures == row.checked == rec[name].size, name


FAULTS = {
    "a mean over m − 1": ("group_norm.mean", lambda r: r["group_norm.mean"] * 8 / 7),
    "a variance over m − 1": ("group_norm.var", lambda r: r["group_norm.var"] * 8 / 7),
    "eps left out": ("group_norm.istd", lambda r: 1 / np.sqrt(r["group_norm.var"])),
    "a bias left out": ("group_norm.output", lambda r: r["group_norm.output"] - r["bias"][:, None]),
    "a weight left out": ("group_norm.output", lambda r: r["group_norm.output"] / r["weight"][:, None]),
    "the last image left out": ("grad(bias)", lambda r: r["grad(group_norm.output)"][:-1].sum(axis=(0, 2))),
    "half of grad(istd)": ("grad(group_norm.istd)", lambda r: r["grad(group_norm.istd)"] / 2),
    "½ missing": ("grad(group_norm.var)", lambda r: 2 * r["grad(group_norm.var)"]),
    "a sign in grad(mean)": ("grad(group_norm.mean)", lambda r: -r["grad(group_norm.mean)"]),
    "no way through the mean": (
        "grad(input)",
        lambda r: r["grad(input)"] - r["grad(group_norm.mean)"].repeat(2, axis=1)[..., None] / 8,
    ),
}


@TYPES
@pytest.mark.parametrize(
    ("network", "shape"), [(group, (3, 6, 60, 60)), (layer, (4, 3000)), (instance, (2, 3, 40))]
)
@pytest.mark.parametrize("first", [30.0, 1e3, 1e6])
def test_a_first_number_far_from_the_others(
    network: Network, shape: tuple[int, ...], first: float, dtype: Any
) -> None:
    """Then the sums go around the mean; the replay decides as the engine did."""
    x = normal(*shape, dtype=dtype)
    x[:2].reshape(2, -1)[:, 0] = first
    rec = recording(run(network, x, parameters(network, shape, "weight", "bias")))
    certificates = rec.certify(sample=200)
    assert certificates.certified
    assert not any(array.replay_mismatches for array in certificates.arrays)


@TYPES
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_noticed(fault: str, dtype: Any) -> None:
    rec = made(group, (3, 6, 4), dtype, "weight", "bias")
    name, make = FAULTS[fault]
    wrong = replaced(rec, name, make(rec).astype(rec[name].dtype))
    (row,) = [array for array in wrong.certify().arrays if array.name == name]
    assert row.failures == row.checked == rec[name].size


@pytest.mark.parametrize("network", [group, layer, neighbours])
def test_a_gradient_with_several_readers(network: Network) -> None:
    def twice(x: Any, **p: Any) -> Any:
        z = F.relu(x)
        return network(z, **p) + F.tanh(z) + network(z, **p)

    shape = (3, 6, 4)
    rec = recording(run(twice, normal(*shape), parameters(network, shape, "weight", "bias")))
    assert rec.certify().certified
    assert any(entry.source is not None and entry.source.base for entry in rec.entries.values())


def test_formulas() -> None:
    rec = made(group, (2, 3, 2), np.float32, "weight", "bias")
    assert rec.explain("group_norm.output[1,2,0]").formula == (
        "output[n,c,y] = (input[n,c,y] − mean[n,g])·istd[n,g]·weight[c] + bias[c]"
    )
    assert rec.explain("group_norm.var[1,2]").formula == "var[n,g] = Σ_{c,y} (input[n,c,y] − mean[n,g])²/m"
    rec = made(layer, (2, 3, 2), np.float32)
    assert rec.explain("layer_norm.output[1,2,0]").formula == ("output[n,j] = (input[n,j] − mean[n])·istd[n]")
    trace = rec.explain("layer_norm.mean[1]")
    assert trace.note == (
        "over 6 numbers of input, in float64; order: 3 sums of up to 2 numbers, each from 0; then these in 16 lanes: "
        "every sixteenth from 0, and the lanes in pairs, 8, 4, 2 and 1 apart; added are the differences to the first "
        "number, input[1,0,0], or to the mean where that number lies far apart"
    )
    assert [term.factors[0][0] for term in trace.terms][:3] == [
        "input[1,0,0]",
        "input[1,0,1]",
        "input[1,1,0]",
    ]
    rec = made(neighbours, (2, 3, 2), np.float32)
    assert rec.explain("grad(input)[1,2,0]").formula == (
        "grad_input[n,c,y] = grad_output[n,c,y]·s[n,c,y]^(−beta) − slope·input[n,c,y]·Σ_j inner[n,j,y]"
    )


class Everything(pc.Module):
    def __init__(self) -> None:
        self.conv = pc.Conv2d(2, 6, 3, padding=1)
        self.norms = pc.Sequential(
            pc.GroupNorm(3, 6), pc.ReLU(), pc.InstanceNorm2d(6, affine=True), pc.LocalResponseNorm(3, 0.5)
        )
        self.layer, self.last = pc.LayerNorm((6, 5, 4)), pc.LayerNorm(9)
        self.hidden, self.fc = pc.Linear(120, 9), pc.Linear(9, 3)

    def forward(self, x: Any) -> Any:
        x = self.conv(x)
        x = F.flatten(self.layer(self.norms(x) + x), 1)
        return self.fc(self.last(self.hidden(x)))


class Theirs(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.conv = nn.Conv2d(2, 6, 3, padding=1)
        self.norms = nn.Sequential(
            nn.GroupNorm(3, 6), nn.ReLU(), nn.InstanceNorm2d(6, affine=True), nn.LocalResponseNorm(3, 0.5)
        )
        self.layer, self.last = nn.LayerNorm((6, 5, 4)), nn.LayerNorm(9)
        self.hidden, self.fc = nn.Linear(120, 9), nn.Linear(9, 3)

    def forward(self, x: Any) -> Any:
        x = self.conv(x)
        x = (self.layer(self.norms(x) + x)).flatten(1)
        return self.fc(self.last(self.hidden(x)))


def batch(dtype: Any) -> tuple[Array, Array]:
    random = np.random.default_rng(4)
    return random.standard_normal((19, 2, 5, 4)).astype(dtype), random.integers(0, 3, 19)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_five_steps_run_with_pytorch(optimizer: str) -> None:
    pc.seed(1)
    ours, theirs = Everything().astype("float64"), Theirs().double()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict({k: torch.tensor(np.array(v)) for k, v in ours.state_dict().items()})
    if optimizer == "sgd":
        step = pc.TrainStep(ours, pc.SGD(lr=0.1, momentum=0.9, weight_decay=1e-3))
        other: Any = torch.optim.SGD(theirs.parameters(), 0.1, 0.9, weight_decay=1e-3)
    else:
        step, other = pc.TrainStep(ours, pc.Adam()), torch.optim.Adam(theirs.parameters())
    x, y = batch(np.float64)
    for _ in range(5):
        loss = step(x, y)
        other.zero_grad()
        expected = torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y))
        expected.backward()
        other.step()
        assert loss == pytest.approx(expected.item(), rel=1e-9)
    for name, parameter in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name], parameter.numpy(), rtol=1e-9, atol=1e-9)


@TYPES
def test_a_whole_step_is_certified_and_comes_back(tmp_path: Path, dtype: Any) -> None:
    pc.seed(1)
    model = Everything().astype(np.dtype(dtype).name)
    x, y = batch(dtype)
    rec = pc.TrainStep(model, pc.SGD(lr=0.1)).record(x, y)
    assert rec.certify().certified
    rec.save(tmp_path / "step")
    loaded = pc.load_recording(tmp_path / "step")
    assert loaded.entries == rec.entries
    assert all(loaded[name].tobytes() == rec[name].tobytes() for name in rec)
    assert loaded.certify(20).certified
    for address in ("norms.0.output[3,4,1,2]", "layer.output[3,4,1,2]", "norms.3.output[3,4,1,2]"):
        assert str(loaded.why(address)) == str(rec.why(address))
        assert loaded.uses(address).to_dict() == rec.uses(address).to_dict()
        assert str(loaded.field(address)) == str(rec.field(address))


def test_fields_are_those_of_held_statistics() -> None:
    rec = pc.record(Everything(), batch(np.float32)[0])
    field = rec.field("layer.output[3,4,1,2]")
    assert field.statistics == ("norms.0", "norms.2", "layer", "last")
    assert str(field["input"]) == str(rec.field("conv.output[3,4,1,2]")["input"])


def test_an_empty_batch() -> None:
    for network, shape in NETWORKS:
        assert made(network, (0, *shape[1:]), np.float32, "weight", "bias").certify().certified


@TYPES
@pytest.mark.parametrize(("network", "shape"), [NETWORKS[0], NETWORKS[5], NETWORKS[11]])
def test_numbers_at_the_edges_of_the_float_types(
    network: Network, shape: tuple[int, ...], dtype: Any
) -> None:
    info, x = np.finfo(dtype), normal(*shape, dtype=dtype)
    inputs = [np.zeros_like(x), x * info.tiny]
    for value in (np.inf, np.nan, info.max, info.tiny / 4):
        inputs.append(x.copy())
        inputs[-1].flat[3] = value
    for x in inputs:
        certificates = recording(run(network, x, parameters(network, shape, "weight", "bias"))).certify()
        assert certificates.certified, str(certificates)


@pytest.mark.parametrize("beta", [-0.5, 0.75, 1.0])
@pytest.mark.parametrize("k", [-1.0, 0.0, 1.0])
def test_neighbours_that_are_all_zero(beta: float, k: float) -> None:
    x = normal(3, 6, 4)
    x[0] = 0
    rec = recording(run(lambda s: F.local_response_norm(s, 3, 0.7, beta, k), x, {}))
    assert rec.certify().certified


def test_recording_and_joining_change_no_bit() -> None:
    states = []
    for recorded in (False, True):
        pc.seed(1)
        model = Everything()
        step, (x, y) = pc.TrainStep(model, pc.SGD(lr=0.1)), batch(np.float32)
        for _ in range(3):
            step.record(x, y).commit() if recorded else step(x, y)
        states.append([array.tobytes() for array in model.state_dict().values()])
    assert states[0] == states[1]


def test_summary_counts_the_parameters() -> None:
    table = pc.summary(Everything(), (1, 2, 5, 4))
    assert table.parameters == sum(p.numel() for p in Theirs().parameters())
    assert {row.path: row.parameters for row in table.rows}["layer"] == 240
