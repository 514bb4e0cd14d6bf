"""The relation against brute force: every reading of it must tell the same story."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pellucid.errors import ArgumentError, ShapeError
from pellucid.geometry import Axis, Geometry, window
from pellucid.sizes import padding_pairs, per_axis


@st.composite
def axes(draw: st.DrawFn, ceil_mode: bool = False) -> Axis:
    """An axis whose window fits; in ceil mode, as in pooling, paddings are at most half a window."""
    kernel = draw(st.integers(1, 5))
    most = kernel // 2 if ceil_mode else 4
    axis = Axis(
        input=draw(st.integers(1, 12)),
        kernel=kernel,
        stride=draw(st.integers(1, 4)),
        dilation=draw(st.integers(1, 3)),
        before=draw(st.integers(0, most)),
        after=draw(st.integers(0, most)),
        ceil_mode=ceil_mode,
    )
    assume(axis.extent <= axis.input + axis.before + axis.after)
    return axis


either = st.booleans().flatmap(axes)
few = settings(max_examples=60, deadline=None)


@few
@given(axes())
def test_output_counts_the_windows_that_fit(axis: Axis) -> None:
    room = axis.input + axis.before + axis.after
    assert axis.output == sum(y * axis.stride + axis.extent <= room for y in range(room))


@few
@given(axes(ceil_mode=True))
def test_ceil_mode_lets_the_last_window_overhang(axis: Axis) -> None:
    """A window more where the one before has not reached the end, unless it would start behind the input."""
    room = axis.input + axis.before + axis.after
    windows = [
        y
        for y in range(room)
        if y == 0
        or ((y - 1) * axis.stride + axis.extent < room and y * axis.stride < axis.input + axis.before)
    ]
    assert axis.output == len(windows)


@few
@given(either)
def test_taps_and_sources_are_inverse(axis: Axis) -> None:
    reads = {(y, k, i) for y in range(axis.output) for k, i in axis.taps(y)}
    assert reads == {(y, k, i) for i in range(axis.input) for y, k in axis.sources(i)}
    assert all(i == axis.position(y, k) for y, k, i in reads)


@few
@given(either)
def test_order_is_by_kernel_position(axis: Axis) -> None:
    for y in range(axis.output):
        assert [k for k, _ in axis.taps(y)] == sorted(k for k, _ in axis.taps(y))
    for i in range(axis.input):
        assert [k for _, k in axis.sources(i)] == sorted(k for _, k in axis.sources(i))


@few
@given(either)
def test_table_says_where_taps_begin_and_end(axis: Axis) -> None:
    assert axis.table.shape == (axis.output, 3)
    for y, (start, first, stop) in enumerate(axis.table.tolist()):
        assert start == axis.position(y, 0)
        assert [k for k, _ in axis.taps(y)] == list(range(first, stop))


@few
@given(either, either)
def test_geometry_combines_its_axes(rows: Axis, columns: Axis) -> None:
    geometry = Geometry((rows, columns))
    reads = {(y, k, i) for y in np.ndindex(*geometry.output) for k, i in geometry.taps(y)}
    assert reads == {(y, k, i) for i in np.ndindex(*geometry.input) for y, k in geometry.sources(i)}
    assert len(reads) == np.prod([sum(len(a.taps(y)) for y in range(a.output)) for a in geometry.axes])


@few
@given(either, either)
def test_slices_of_the_padded_input_meet_the_same_elements(rows: Axis, columns: Axis) -> None:
    geometry = Geometry((rows, columns))
    plane = np.arange(rows.input * columns.input).reshape(geometry.input)
    padded = np.pad(plane, geometry.padded, constant_values=-1)
    np.testing.assert_array_equal(padded[geometry.inside], plane)
    met = np.full((*geometry.output, *geometry.kernel), -1)
    for y in np.ndindex(*geometry.output):
        for k, i in geometry.taps(y):
            met[(*y, *k)] = plane[i]
    for k, at in geometry.kernel_slices():
        np.testing.assert_array_equal(padded[at], met[(..., *k)])


def test_formula_shows_its_numbers() -> None:
    assert Axis(7, 3, stride=2, before=1, after=1).formula == "floor((7 + 2·1 − 1·(3−1) − 1)/2) + 1 = 4"
    assert (
        Axis(8, 2, stride=4, before=1, ceil_mode=True).formula == "ceil((8 + 1 + 0 − 1·(2−1) − 1)/4) + 1 = 3"
    )


def test_per_axis() -> None:
    assert per_axis("conv2d", "stride", np.int32(3), 2) == (3, 3)
    assert per_axis("conv2d", "stride", [3], 2) == (3, 3)
    assert per_axis("conv3d", "stride", [3, 1, 2], 3) == (3, 1, 2)


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "2", None, (1, 2, 3), (1, 0), ()])
def test_per_axis_refuses(value: object) -> None:
    with pytest.raises(ArgumentError, match="stride must be an integer, or one integer per axis"):
        per_axis("conv2d", "stride", value, 2)  # type: ignore[arg-type]


def test_padding_pairs() -> None:
    assert padding_pairs("conv2d", 2, (3, 3), (1, 1), (1, 1)) == ((2, 2), (2, 2))
    assert padding_pairs("conv2d", [2, 0], (3, 3), (1, 1), (1, 1)) == ((2, 2), (0, 0))
    assert padding_pairs("conv2d", [(2, 0), [1, 3]], (3, 3), (1, 1), (1, 1)) == ((2, 0), (1, 3))
    assert padding_pairs("conv2d", "valid", (3, 3), (1, 1), (1, 1)) == ((0, 0), (0, 0))
    assert padding_pairs("conv2d", "same", (2, 3), (1, 1), (3, 2)) == ((1, 2), (2, 2))


@pytest.mark.parametrize("value", [-1, (1, -1), ((1, 2),), ((1, 2, 3), (1, 2)), ((1,), (2,)), "full", None])
def test_padding_pairs_refuses(value: object) -> None:
    with pytest.raises(ArgumentError):
        padding_pairs("conv2d", value, (3, 3), (1, 1), (1, 1))  # type: ignore[arg-type]


def test_window_must_fit() -> None:
    assert window("conv1d", (5,), (3,), (1,), ((0, 0),), (2,)).output == (1,)
    assert window("max_pool1d", (1,), (3,), (3,), ((0, 0),), (1,), ceil_mode=True).output == (1,)
    with pytest.raises(ShapeError, match="Expected at most 5 positions along W"):
        window("conv1d", (5,), (3,), (1,), ((0, 0),), (3,))
    with pytest.raises(ShapeError, match="spatial sizes must be positive"):
        window("conv2d", (5, 0), (1, 1), (1, 1), ((0, 0), (2, 2)), (1, 1))
