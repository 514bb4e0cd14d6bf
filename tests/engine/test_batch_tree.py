"""Every sum over a batch is the tree of its parts' sums: parts by themselves, added in pairs, give the same bits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from tests.support.recorded import Array, normal, recording, run

import pellucid as pc
import pellucid.functional as F
from pellucid import batch
from pellucid.engine.lowering import parts as lowered
from pellucid.engine.lowering import winograd_weight_channels
from pellucid.engine.program import Program

Function = Callable[..., Any]


def gradients(function: Function, x: Array, arrays: dict[str, Array], gradient: Array) -> dict[str, Array]:
    """Of the parameters, where the output has this gradient."""

    def given(program: Program) -> None:
        root = program.plan.gradients[program.plan.graph.output]
        images, channels, *space = gradient.shape
        root.memory[...] = np.moveaxis(
            gradient.reshape(images, channels, *(1,) * (3 - len(space)), *space), 1, -1
        )

    rec = recording(run(function, x, arrays, plant=given))
    return {name: rec[f"grad({name})"] for name in arrays}


def output_of(function: Function, x: Array, arrays: dict[str, Array]) -> Array:
    rec = recording(run(function, x, arrays))
    result: Array = rec[next(name for name in rec.names() if name.endswith(".output"))]
    return result


def parts_of(images: int) -> list[slice]:
    edges = batch.edges(images, batch.large_parts(images))
    return [slice(*ends) for ends in pairwise(edges)]


def tree(parts: list[Array]) -> Array:
    return batch.added(parts, np.add)


def set_(function: Function, **settings: Any) -> Function:
    """A function with settings."""
    return lambda s, weight, bias: function(s, weight, bias, **settings)


PRODUCTS: dict[str, tuple[Function, tuple[int, ...], dict[str, tuple[int, ...]]]] = {
    "linear": (F.linear, (23,), {"weight": (37, 23), "bias": (37,)}),
    "linear along the last axis": (F.linear, (3, 2, 23), {"weight": (37, 23), "bias": (37,)}),
    "conv1d": (set_(F.conv1d, stride=2, padding=1), (3, 17), {"weight": (5, 3, 4), "bias": (5,)}),
    "conv2d": (F.conv2d, (3, 8, 9), {"weight": (20, 3, 3, 2), "bias": (20,)}),
    "conv2d packed": (F.conv2d, (2, 12, 14), {"weight": (6, 2, 5, 5), "bias": (6,)}),
    "conv2d groups": (set_(F.conv2d, groups=2), (4, 6, 5), {"weight": (6, 2, 3, 3), "bias": (6,)}),
    "depthwise": (set_(F.conv2d, groups=5), (5, 6, 7), {"weight": (5, 1, 3, 3), "bias": (5,)}),
    "conv3d": (F.conv3d, (2, 4, 5, 6), {"weight": (3, 2, 2, 3, 2), "bias": (3,)}),
    "conv_transpose2d": (
        set_(F.conv_transpose2d, stride=2),
        (3, 4, 5),
        {"weight": (3, 7, 3, 2), "bias": (7,)},
    ),
}


@pytest.mark.parametrize("room", [1 << 20, 300, 1])  # of the parts' sums: for all, for some, for none
@pytest.mark.slow
@pytest.mark.parametrize("images", [17, 64, 100, 130])
@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name: str, images: int, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowered, "_ROOM", room)
    function, shape, sizes = PRODUCTS[name]
    arrays = {key: normal(*size, seed=3) for key, size in sizes.items()}
    x = normal(images, *shape, seed=4)
    with pc.algorithm("direct"):
        gradient = normal(*output_of(function, x, arrays).shape, seed=5)
        whole = gradients(function, x, arrays, gradient)
        parts = [gradients(function, x[part], arrays, gradient[part]) for part in parts_of(images)]
    assert len(parts) == batch.large_parts(images)
    for key in arrays:
        np.testing.assert_array_equal(whole[key], tree([part[key] for part in parts]), key)


def test_a_linear_layer_with_many_parts() -> None:
    images = 523
    arrays = {"weight": normal(19, 16, seed=1), "bias": normal(19, seed=2)}
    x, gradient = normal(images, 16, seed=3), normal(images, 19, seed=4)
    whole = gradients(F.linear, x, arrays, gradient)
    parts = [gradients(F.linear, x[part], arrays, gradient[part]) for part in parts_of(images)]
    assert len(parts) == 64
    for key in arrays:
        np.testing.assert_array_equal(whole[key], tree([part[key] for part in parts]), key)


WINOGRAD = {
    "few channels": (16, 17, 1),
    "few channels, stride 2": (33, 32, 2),
    "many channels": (140, 131, 1),
    "many channels, stride 2": (200, 190, 2),
}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("images", [17, 33, 64])
@pytest.mark.parametrize("name", WINOGRAD)
def test_winograd(name: str, images: int, bias: bool) -> None:
    """Where the gradient of all other images is 0, a sum is that of a part."""
    inputs, outputs, stride = WINOGRAD[name]
    arrays = {"w": normal(outputs, inputs, 3, 3, seed=1)} | ({"b": normal(outputs, seed=2)} if bias else {})
    x = normal(images, inputs, 6, 9, seed=3)

    def function(s: Any, w: Any, b: Any = None) -> Any:
        return F.conv2d(s, w, b, stride=stride, padding=1)

    with pc.algorithm("winograd"):
        gradient = normal(*output_of(function, x, arrays).shape, seed=4)
        whole = gradients(function, x, arrays, gradient)
        parts = []
        for part in parts_of(images):
            alone = np.zeros_like(gradient)
            alone[part] = gradient[part]
            parts.append(gradients(function, x, arrays, alone))
    for key in arrays:
        np.testing.assert_array_equal(whole[key], tree([part[key] for part in parts]), key)


def test_passes_of_images_leave_subtrees(monkeypatch: pytest.MonkeyPatch) -> None:
    x, arrays = normal(36, 140, 6, 5, seed=1), {"w": normal(131, 140, 3, 3, seed=2)}

    def function(s: Any, w: Any) -> Any:
        return F.conv2d(s, w, padding=1)

    def found(images: int) -> Array:
        monkeypatch.setattr(winograd_weight_channels, "_TRANSFORMED", images * 36 * 140 * 4)
        with pc.algorithm("winograd"):
            return gradients(function, x, arrays, gradient)["w"]

    gradient = normal(36, 131, 6, 5, seed=3)
    whole = found(36)
    for images in (9, 18, 20):
        np.testing.assert_array_equal(found(images), whole)
    monkeypatch.setattr(winograd_weight_channels, "_IN_CACHE", 1)
    np.testing.assert_array_equal(found(36), whole)
    in_pieces = found(4)
    np.testing.assert_allclose(in_pieces, whole, rtol=1e-3, atol=1e-3)


def test_passes_of_a_batch() -> None:
    def listed(edges: list[int], most: int) -> list[tuple[tuple[int, ...], bool, int]]:
        found = winograd_weight_channels.passes(edges, most)
        return [(one.edges, one.begins, one.completes) for one in found]

    edges = [0, 8, 16, 24, 33]
    assert listed(edges, 40) == [((0, 8, 16, 24, 33), True, 0)]
    assert listed(edges, 17) == [((0, 8, 16), True, 0), ((16, 24, 33), True, 1)]
    assert listed([0, 8], 5) == [((0, 4), True, 0), ((4, 8), False, 0)]
    assert listed(edges, 8) == [
        ((0, 8), True, 0), ((8, 16), True, 1), ((16, 24), True, 0), ((24, 29), True, 0), ((29, 33), False, 2),
    ]  # fmt: skip


def test_kernel_positions_that_two_packed_rows_share_are_added_once() -> None:
    """A unit's sums go on from those of the unit before, of which a number must have one alone."""
    x, arrays = normal(32, 2, 64, 64, seed=1), {"weight": normal(6, 2, 5, 5, seed=2)}
    gradient = normal(32, 6, 60, 60, seed=3)
    with pc.algorithm("direct"):
        found = gradients(F.conv2d, x, arrays, gradient)["weight"]
    wide = (array.astype(np.float64) for array in (gradient, x, arrays["weight"]))
    exact = F.conv2d_backward(*wide)[1]
    assert np.abs(found - exact).max() < 1e-5 * np.abs(exact).max()


def float64_sum(terms: Array, per_image: int, parts: int) -> Any:
    """Part by part from 0, in order, and the parts as a tree."""
    images = len(terms) // per_image

    def alone(start: int, stop: int) -> Any:
        total = np.float64(0)
        for term in terms[start * per_image : stop * per_image]:
            total = total + term
        return total

    return batch.added([alone(*ends) for ends in pairwise(batch.edges(images, parts))], np.add)


@pytest.mark.parametrize("images", [1, 5, 17, 33, 64])
def test_losses(images: int) -> None:
    parts = batch.small_parts(images)
    x, target = normal(images, 3, 4, seed=1), np.arange(images * 4).reshape(images, 4) % 3
    target[:, 1] = -100
    rec = recording(run(F.cross_entropy, x, {}, target=target))
    expected = float64_sum(rec["cross_entropy.losses"].reshape(-1), 4, parts) / (3 * images)
    assert rec["cross_entropy.output"] == np.float32(expected)
    weights = np.float32([0.1, 0.7, 1.3])
    rec = recording(run(F.cross_entropy, x, {"weight": weights}, target=target))
    counted = np.where(target == -100, 0, weights[abs(target) % 3].astype(np.float64)).reshape(-1)
    count = float64_sum(counted, 4, parts)
    assert rec["cross_entropy.count"] == count
    expected = float64_sum(rec["cross_entropy.losses"].reshape(-1), 4, parts) / count
    assert rec["cross_entropy.output"] == np.float32(expected)
    wanted = normal(images, 3, 4, seed=2)
    rec = recording(run(F.cross_entropy, x, {}, target=abs(wanted)))
    expected = float64_sum(rec["cross_entropy.losses"].reshape(-1), 4, parts) / (4 * images)
    assert rec["cross_entropy.output"] == np.float32(expected)
    rec = recording(run(F.mse_loss, x, {}, target=wanted))
    difference = np.moveaxis(x.astype(np.float64) - wanted, 1, -1).reshape(-1)
    assert rec["mse_loss.output"] == np.float32(float64_sum(difference * difference, 12, parts) / x.size)


@pytest.mark.parametrize("images", [5, 17, 33, 64])
def test_batch_norm(images: int) -> None:
    """Of so many channels that a pixel is a step: a part's numbers are summed one after the other."""
    x, parts = normal(images, 40, 3, 5, seed=1) + np.float32(3), batch.small_parts(images)
    arrays = {"w": normal(40, seed=2), "b": normal(40, seed=3), "m": np.zeros(40), "v": np.ones(40)}
    rec = recording(run(lambda s, w, b, m, v: F.batch_norm(s, m, v, w, b, training=True), x, arrays))
    edges, size, channel = batch.edges(images, parts), images * 15, 7
    numbers = x[:, channel].reshape(images, 15).astype(np.float64)
    firsts, seconds = [], []
    for start, stop in pairwise(edges):
        centre, count = numbers[start, 0], (stop - start) * 15
        first, second = np.float64(0), np.float64(0)
        for value in numbers[start:stop].reshape(-1) - centre:
            first, second = first + value, fused(value, value, second)
        apart = centre - numbers[0, 0]
        firsts.append(first + count * apart)
        seconds.append(second + apart * (2.0 * first + count * apart))
    first, second = batch.added(firsts, np.add), batch.added(seconds, np.add)
    assert rec["batch_norm.mean"][channel] == numbers[0, 0] + first / size
    assert rec["batch_norm.var"][channel] == (second - first * (first / size)) / size
    grads = rec["grad(batch_norm.output)"][:, channel].reshape(-1).astype(np.float64)
    assert rec["grad(b)"][channel] == np.float32(float64_sum(grads, 15, parts))


def fused(x: Any, y: Any, z: Any) -> Any:
    """x·y + z, rounded once."""
    return np.float64(Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z)))


@pytest.mark.parametrize("images", [1, 5, 17, 33, 64])
def test_weights_of_norms_of_sets(images: int) -> None:
    x, parts = normal(images, 4, 3, 5, seed=1), batch.small_parts(images)
    arrays = {"w": normal(4, seed=2), "b": normal(4, seed=3)}
    rec = recording(run(lambda s, w, b: F.group_norm(s, 2, w, b), x, arrays))
    for channel in range(4):
        centred = x[:, channel].astype(np.float64) - rec["group_norm.mean"][:, channel // 2, None, None]
        normal_ = centred * rec["group_norm.istd"][:, channel // 2, None, None]
        grads = rec["grad(group_norm.output)"][:, channel].astype(np.float64)
        scaled = float64_sum((grads * normal_).reshape(-1), 15, parts)
        assert rec["grad(w)"][channel] == np.float32(scaled)
        assert rec["grad(b)"][channel] == np.float32(float64_sum(grads.reshape(-1), 15, parts))


@pytest.mark.parametrize("images", [1, 5, 17, 33, 64])
def test_broadcast_parameters(images: int) -> None:
    x, parts = normal(images, 3, 4, 5, seed=1), batch.small_parts(images)
    rec = recording(run(lambda s, w: s * w, x, {"w": normal(3, 1, 5, seed=2)}))
    grad = rec["grad(mul.output)"]

    def alone(start: int, stop: int) -> Any:
        total = np.zeros((3, 5), np.float32)
        for n in range(start, stop):
            for y in range(4):
                wide = grad[n, :, y].astype(np.float64) * x[n, :, y] + total
                total = wide.astype(np.float32)
        return total

    expected = batch.added([alone(*ends) for ends in pairwise(batch.edges(images, parts))], np.add)
    np.testing.assert_array_equal(rec["grad(w)"][:, 0], expected)
