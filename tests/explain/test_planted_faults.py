"""Faults planted in what the engine runs: certificates find each of them, in the array where it is and in no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import Array, normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid import winograd
from pellucid.engine.lowering import conv_grad_weight
from pellucid.engine.program import Bound, Program
from pellucid.explain.certificates import Certificate
from pellucid.kernels import tape
from pellucid.kernels.loops.norm import Moments
from pellucid.kernels.loops.norm_statistics import BatchStatistics, GradientStatistics
from pellucid.kernels.loops.parts import PartWalk
from pellucid.kernels.loops.tiles import Call, Walk
from pellucid.winograd import MATRICES, Along, Phase, Side

Fault = Callable[[Any], Any]  # from a launch's table to the faulty one; arrays are changed where they lie


def planted(program: Program, label: str, fault: Fault) -> None:
    """Give the launch of this name another table."""
    (place,) = [i for i, bound in enumerate(program.loops) if bound.name == label]
    bound = program.loops[place]
    faulty = Bound(bound.loop, replace(bound.work, table=fault(bound.work.table)))
    program.loops[place] = faulty
    program.launches[place : place + 1] = tape.launches([faulty.launch(program.plan.bits)])


def found(program: Program, sample: int | None = None) -> dict[str, Certificate]:
    """The arrays in which numbers are not certified."""
    return {array.name: array for array in recording(program).certify(sample).arrays if array.failures}


def calls(walk: Walk | PartWalk, field: str) -> Array:
    """One field of all calls of a walk."""
    return walk.calls[:, Call._fields.index(field)]


def lists(walk: Walk) -> list[Array]:
    """The taps of calls, bytes from A's and from B's place each, for calls that share them once."""
    places = set(zip(calls(walk, "taps") // 16, calls(walk, "taps_count"), strict=True))
    return [walk.taps[at : at + length] for at, length in places]


def dropped_tap(walk: Walk) -> Walk:
    calls(walk, "taps_count")[:] -= 1
    return walk


def dropped_tap_of_one_tile(walk: Walk) -> Walk:
    calls(walk, "taps_count")[0] -= 1
    return walk


def flipped_taps(walk: Walk) -> Walk:
    for taps in lists(walk):
        taps[:, 0] = taps[::-1, 0].copy()
    return walk


def one_line_off(walk: Walk) -> Walk:
    walk.taps[:, 0] += np.diff(np.unique(walk.taps[:, 0])).max()
    return walk


def one_pixel_off(walk: Walk) -> Walk:
    calls(walk, "a")[:] += np.diff(np.unique(walk.taps[:, 0])).min()
    return walk


def other_order(walk: Walk) -> Walk:
    for taps in lists(walk):
        taps[:] = taps[::-1].copy()
    return walk


X = normal(3, 4, 7, 6)
WEIGHT = {"w": normal(6, 2, 3, 2)}
LABELS = {"conv2d.output": "conv2d.output", "grad(input)": "grad(input) by conv2d"}


def grouped(s: Any, w: Any) -> Any:
    """Two groups: a tap is one kernel position."""
    return F.conv2d(s, w, padding=((1, 0), (2, 1)), groups=2)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize(
    "fault",
    [dropped_tap, dropped_tap_of_one_tile, flipped_taps, one_line_off, one_pixel_off, other_order],
    ids=lambda fault: fault.__name__,
)
def test_taps_of_a_convolution(fault: Fault, name: str, dtype: Any) -> None:
    x = X.astype(dtype)
    clean = run(grouped, x, WEIGHT)
    assert not found(clean)
    faulty = run(grouped, x, WEIGHT, plant=lambda program: planted(program, LABELS[name], fault))
    failures = found(faulty)
    assert set(failures) == {name}
    wrong = np.count_nonzero(recording(clean)[name] != recording(faulty)[name])
    assert failures[name].failures == failures[name].replay_mismatches == wrong > 0
    if fault is other_order:
        assert failures[name].largest_share < 1  # within the bound: only the replay tells
    else:
        assert failures[name].largest_share > 1000


def test_a_missing_sum_with_what_was_there() -> None:
    """A residual block whose second contribution to a gradient replaces the first."""

    def network(s: Any, a: Any, b: Any) -> Any:
        hidden = F.conv2d(s, a, padding=1)
        return F.conv2d(hidden, b, padding=1) + hidden

    zeros = np.zeros(1 << 12, np.float32)

    def from_zeros(walk: Walk) -> Walk:
        (stage,) = walk.stages
        return walk._replace(stages=(stage._replace(start=zeros),))

    def plant(program: Program) -> None:
        planted(program, "grad(conv2d.output) by conv2d#2", from_zeros)

    arrays = {"a": normal(4, 3, 3, 3), "b": normal(4, 4, 3, 3, seed=2)}
    with pc.algorithm("direct"):
        clean, faulty = (run(network, normal(2, 3, 5, 6), arrays, plant=p) for p in (None, plant))
    assert not found(clean)
    assert {"grad(conv2d.output)"} == set(found(faulty))


# A weight gradient of 64 images of 32 × 32 positions: 65,536 terms in 8 parts, an image at a time.


def long_sum(plant: Fault | None = None, last_image: float = 1.0) -> Program:
    x = normal(64, 16, 32, 32)
    x[-1] *= last_image

    def faulty(walk: PartWalk) -> PartWalk:
        assert (walk.edges.tolist(), walk.together) == (list(range(0, 65, 8)), 1)
        return plant(walk) if plant else walk

    with pc.algorithm("direct"):
        return run(
            lambda s, w: F.conv2d(s, w, padding=1),
            x,
            {"w": normal(32, 16, 3, 3)},
            plant=lambda program: planted(program, "grad(w), parts", faulty),
        )


def last_image_left_out(walk: PartWalk) -> PartWalk:
    return walk._replace(edges=np.append(walk.edges[:-1], 63))


def border_line_left_out(walk: PartWalk) -> PartWalk:
    calls(walk, "taps_count")[:] -= 1
    return walk


def later_images_replace_earlier_ones(walk: PartWalk) -> PartWalk:
    calls(walk, "rest")[:] = calls(walk, "first")
    return walk


def an_image_in_another_part(walk: PartWalk) -> PartWalk:
    edges = walk.edges.copy()
    edges[1] -= 1
    return walk._replace(edges=edges, shortest=9)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [last_image_left_out, border_line_left_out, later_images_replace_earlier_ones, an_image_in_another_part],
    ids=lambda fault: fault.__name__,
)
def test_a_long_sum(fault: Fault) -> None:
    failures = found(long_sum(fault), sample=40)
    assert set(failures) == {"grad(w)"}
    assert failures["grad(w)"].failures > 20
    assert (failures["grad(w)"].largest_share < 1) == (fault is an_image_in_another_part)


@pytest.mark.slow
def test_a_long_sum_is_right_without_a_fault() -> None:
    assert not found(long_sum(), sample=40)


@pytest.mark.slow
def test_a_long_sum_without_a_border_column(monkeypatch: pytest.MonkeyPatch) -> None:
    tile = conv_grad_weight.Tile

    def shorter(
        bits: int, rows: Any, columns: int, a: int, b: int, run: int, *rest: Any, **settings: Any
    ) -> Any:
        return tile(bits, rows, columns, a, b, run - 1, *rest, **settings)

    monkeypatch.setattr(conv_grad_weight, "Tile", shorter)
    failures = found(long_sum(), sample=40)
    assert set(failures) == {"grad(w)"}
    assert failures["grad(w)"].failures > 20
    met_padding = [address for address in failures["grad(w)"].failed if address.endswith(",2]")]
    assert not met_padding


@pytest.mark.slow
def test_an_image_too_faint_for_the_bound_is_missed_by_the_replay() -> None:
    """Left out, it moves the sum by less than rounding may; the operation-by-operation replay still differs."""
    program = long_sum(last_image_left_out, last_image=1e-4)
    failures = found(program, sample=40)
    assert set(failures) == {"grad(w)"}
    assert failures["grad(w)"].largest_share < 1
    assert failures["grad(w)"].failures == failures["grad(w)"].replay_mismatches > 20
    assert not found(long_sum(last_image=1e-4), sample=40)


# Winograd's algorithm: there is no replay, the bound alone must tell.


def without_a_point(matrix: Any) -> Any:
    return tuple((*row[:3], 0, *row[4:]) for row in matrix)


def with_a_wrong_constant(matrix: Any) -> Any:
    """8 = 2³ becomes 9."""
    return tuple(tuple(9 if c == 8 else c for c in row) for row in matrix)


@pytest.mark.parametrize("spoil", [without_a_point, with_a_wrong_constant], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("direction", "name"),
    [("output", "conv2d.output"), ("grad_input", "grad(input)")],
    ids=["forward", "back"],
)
def test_winograds_transform(
    spoil: Callable[[Any], Any], direction: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind: Any = f"output {spoil.__name__}"  # code is known by its kind: a name of its own
    along = getattr(winograd, direction)

    def spoiled(stride: int, before: int) -> Along:
        return replace(along(stride, before), result=Side((Phase(kind),)))

    def network(s: Any, w: Any) -> Any:
        return F.conv2d(s, w, padding=1)

    x, arrays = normal(2, 5, 9, 7), {"w": normal(4, 5, 3, 3)}
    with pc.algorithm("winograd"):
        assert not found(run(network, x, arrays))
        with monkeypatch.context() as patch:
            patch.setitem(MATRICES, kind, spoil(MATRICES["output"]))
            patch.setitem(winograd._TRANSPOSED, kind, "tile")
            patch.setattr(winograd, direction, spoiled)
            program = run(network, x, arrays)
    failures = found(program)
    assert set(failures) == {name}
    assert failures[name].failures > failures[name].elements / 10
    assert failures[name].largest_share > 1000


def test_a_tile_of_winograds_algorithm_that_is_read_a_pixel_off() -> None:
    def pixel_off(walk: Walk) -> Walk:
        calls(walk, "a")[0] += 5 * 4  # a pixel of five channels
        return walk

    def network(s: Any, w: Any) -> Any:
        return F.conv2d(s, w, padding=1)

    with pc.algorithm("winograd"):
        program = run(
            network,
            normal(2, 5, 9, 7),
            {"w": normal(4, 5, 3, 3)},
            plant=lambda program: planted(program, "conv2d.output", pixel_off),
        )
    failures = found(program)
    assert set(failures) == {"conv2d.output"}
    assert failures["conv2d.output"].failures < failures["conv2d.output"].elements / 2


# What is no sum of products.


def test_an_overlap_of_windows_that_replaces_instead_of_adding() -> None:
    def pooled(s: Any) -> Any:
        return F.max_pool2d(s, 3, stride=2, padding=1)

    def replacing(walk: Walk) -> Walk:
        for taps in lists(walk):  # a window's place, then which of its elements
            taps[3::2, 0] = 255
        return walk

    def plant(program: Program) -> None:
        planted(program, "grad(input) by max_pool2d", replacing)

    x = normal(2, 3, 9, 7)
    clean, faulty = (run(pooled, x, {}, plant=p) for p in (None, plant))
    assert not found(clean)
    failures = found(faulty)
    assert set(failures) == {"grad(input)"}
    differ = recording(clean)["grad(input)"] != recording(faulty)["grad(input)"]
    assert failures["grad(input)"].failures == np.count_nonzero(differ) > 0


def one_number_less(table: BatchStatistics | GradientStatistics) -> Any:
    return table._replace(size=table.size - 1)


def no_eps(table: BatchStatistics) -> BatchStatistics:
    return table._replace(eps=0.0)


def no_moments_of_the_last_image(table: Moments) -> Moments:
    return table._replace(edges=np.append(table.edges[:-1], table.edges[-1] - 1))


@pytest.mark.parametrize(
    ("label", "fault", "wrong"),
    [
        ("batch_norm.statistics", one_number_less, {"batch_norm.mean", "batch_norm.var"}),
        ("batch_norm.moments", no_moments_of_the_last_image, {"batch_norm.mean", "batch_norm.var"}),
        ("batch_norm.statistics", no_eps, {"batch_norm.istd"}),
        ("batch_norm.slopes", one_number_less, {"grad(input)"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_statistics_of_a_batch_norm(label: str, fault: Fault, wrong: set[str], dtype: Any) -> None:
    def network(s: Any, w: Any, b: Any, m: Any, v: Any) -> Any:
        return F.batch_norm(s, m, v, w, b, training=True)

    arrays = {"w": normal(3), "b": normal(3), "m": np.zeros(3), "v": np.ones(3)}
    x = normal(5, 3, 4, 6, dtype=dtype) * np.array([[[[1e-2]]]], dtype)
    assert not found(run(network, x, arrays))
    failures = set(found(run(network, x, arrays, plant=lambda program: planted(program, label, fault))))
    assert wrong <= failures <= wrong | {"updated(v)"}  # the running variance is made of the same count
