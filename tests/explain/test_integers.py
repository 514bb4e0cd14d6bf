"""Integer runs: every layer of a recording on whole numbers, which must come out exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid.engine.lowering import conv_forward, conv_grad_input, conv_grad_weight
from pellucid.errors import ArgumentError
from pellucid.explain.integers import _Layer
from pellucid.kernels.simd import Tile
from pellucid.ops.conv import Conv
from pellucid.ops.linear import Linear

NETWORKS: dict[str, Any] = {
    "1d": (
        lambda s, w, b: F.conv1d(s, w, b, stride=2, padding=(3,), dilation=2),
        (5, 3, 17),
        {"w": (4, 3, 3), "b": (4,)},
    ),
    "2d": (
        lambda s, w: F.conv2d(s, w, padding=((2, 0), (1, 3)), stride=(1, 2), groups=2),
        (3, 4, 9, 7),
        {"w": (6, 2, 3, 2)},
    ),
    "depthwise": (
        lambda s, w: F.conv2d(s, w, padding=1, stride=(2, 1), groups=5),
        (3, 5, 9, 7),
        {"w": (10, 1, 3, 2)},
    ),
    "3d": (lambda s, w: F.conv3d(s, w, padding=(1, 0, 1)), (2, 3, 4, 5, 6), {"w": (5, 3, 2, 3, 1)}),
    "flipped": (
        lambda s, w, b: F.conv2d(s, w, b, (2, 1), (1, 2), flip=True),
        (3, 4, 9, 7),
        {"w": (5, 4, 3, 2), "b": (5,)},
    ),
    "transposed": (
        lambda s, w, b: F.conv_transpose2d(s, w, b, stride=(2, 3), padding=1),
        (2, 3, 5, 4),
        {"w": (3, 4, 3, 4), "b": (4,)},
    ),
    "linear along the last axis": (F.linear, (7, 3, 2, 5), {"weight": (4, 5), "bias": (4,)}),
    "linear": (lambda s, w, b: F.linear(F.flatten(s, 1), w, b), (7, 3, 5), {"w": (4, 15), "b": (4,)}),
}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_result_is_exact(network: str, dtype: Any) -> None:
    function, shape, arrays = NETWORKS[network]
    program = run(function, normal(*shape, dtype=dtype), {k: normal(*v) for k, v in arrays.items()})
    rec = recording(program)
    runs = rec.integer_runs()
    ours = {a.name: a.elements for a in runs.arrays}
    sums = {a.name: a.elements for a in rec.certify().arrays if a.kind == "sum"}
    assert ours == sums
    assert len(ours) == 2 + len(arrays)
    assert runs.certified
    assert all(a.largest_ulps == a.largest_share == 0 for a in runs.arrays)


def shortened(*args: Any, **settings: Any) -> Tile:
    """One product of each stretch less."""
    tile = Tile(*args, **settings)
    return replace(tile, run=tile.run - 1)


@pytest.mark.parametrize(
    ("lowering", "wrong"), [(conv_forward, "conv2d.output"), (conv_grad_weight, "grad(w)")]
)
def test_a_product_less_is_noticed(lowering: Any, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, arrays = normal(3, 4, 9, 7), {"w": normal(6, 2, 3, 2)}
    rec = recording(run(lambda s, w: F.conv2d(s, w, groups=2), x, arrays))
    monkeypatch.setattr(lowering, "Tile", shortened)
    runs = rec.integer_runs()
    assert not runs.certified
    (failed,) = [array for array in runs.arrays if array.failures]
    assert failed.name == wrong
    assert failed.failures > failed.elements / 2
    assert len(failed.failed) == 10
    assert failed.failed[0].startswith(f"{wrong}[")


def test_layers_by_winograds_algorithm_and_empty_ones_are_left_out() -> None:
    with pc.algorithm("winograd"):
        program = run(lambda s, w: F.conv2d(s, w, padding=1), normal(2, 3, 6, 5), {"w": normal(4, 3, 3, 3)})
    assert recording(program).integer_runs().arrays == ()
    empty = _Layer(Conv(2), ((0, 3, 6, 5), (4, 3, 3, 3), None), np.dtype(np.float32))
    assert empty.run(0) == {}


def test_numbers_are_as_large_as_exact_sums_allow() -> None:
    conv = _Layer(Conv(2, padding=1), ((64, 16, 32, 32), (32, 16, 3, 3), None), np.dtype(np.float32))
    assert conv._products("output", (64, 32, 32, 32)) == 16 * 9
    assert conv._products("grad_input", (64, 16, 32, 32)) == 32 * 9
    assert conv._products("grad_weight", (32, 16, 3, 3)) == 65_536
    features = 1 << 24
    too_long = _Layer(Linear(), ((1, features), (1, features), None), np.dtype(np.float32))
    assert too_long.run(0) == {}


def test_the_seed_decides_and_is_checked() -> None:
    rec = recording(run(F.conv2d, normal(2, 3, 6, 5), {"weight": normal(4, 3, 3, 3)}))
    assert rec.integer_runs(1) == rec.integer_runs(seed=1)
    with pytest.raises(ArgumentError) as caught:
        rec.integer_runs(-1)
    assert (
        str(caught.value)
        == "integer_runs: seed must be a whole number. Expected 0 ≤ seed < 2⁶³. Got seed=-1."
    )


@pytest.mark.parametrize("network", NETWORKS)
def test_how_much_stays_in_the_cache_changes_no_bit(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weight gradients stretch by stretch of positions: rows, and parts of them."""
    function, shape, arrays = NETWORKS[network]
    x, arrays = normal(*shape), {k: normal(*v) for k, v in arrays.items()}
    whole = recording(run(function, x, arrays))
    for numbers, shortest in ((60, 16), (1, 2)):
        monkeypatch.setattr(conv_grad_weight, "_BLOCK_NUMBERS", numbers)
        monkeypatch.setattr(conv_grad_weight, "_SHORTEST", shortest)
        cut = recording(run(function, x, arrays))
        for name in arrays:
            assert cut[f"grad({name})"].tobytes() == whole[f"grad({name})"].tobytes()


def test_stores_past_the_caches_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    x, arrays = normal(3, 48, 9, 7), {"w": normal(48, 1, 3, 2), "b": normal(48)}

    def network(s: Any, w: Any, b: Any) -> Any:
        return F.conv2d(s, w, b, padding=1, stride=(2, 1), groups=48)

    tiles: list[Tile] = []

    def noted(*args: Any, **settings: Any) -> Tile:
        tiles.append(Tile(*args, **settings))
        return tiles[-1]

    usual = recording(run(network, x, arrays))
    for lowering in (conv_forward, conv_grad_input):
        monkeypatch.setattr(lowering, "Tile", noted)
    monkeypatch.setattr("pellucid.engine.lowering.walk._PAST_BYTES", 0)
    past = recording(run(network, x, arrays))
    assert past.certify().certified
    for name in usual.names():
        assert past[name].tobytes() == usual[name].tobytes()
    assert tiles
    assert all("!nontemporal" in str(tile.emit()) for tile in tiles)
