"""Filters beside transparency: what nobody sees does not bleed into what is seen. And arrays in any byte order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pc
from pellucid.cli import main
from pellucid.data import read_photo
from pellucid.formats.photo import write_photo
from pellucid.signal import filter_image, visible
from pellucid.signal.images import BORDERS
from pellucid.signal.kernels import NAMES, named_kernels

MODES = {"reflect": "symmetric", "replicate": "edge", "zero": "constant", "wrap": "wrap"}


def white_of(dtype: Any) -> int:
    return 1 if np.dtype(dtype).kind == "f" else int(np.iinfo(dtype).max)


def glass(dtype: Any, channels: int, size: tuple[int, int] = (9, 7)) -> Any:
    """Noise, half of which is not seen at all."""
    dice = np.random.default_rng(channels)
    image = (dice.random((*size, channels)) * white_of(dtype)).astype(dtype)
    image[dice.random(size) < 0.5, -1] = 0
    return image


def by_hand(image: Any, kernel: Any, border: str) -> Any:
    """Colours as Σp·average(p) − Σm·average(m), pixel by pixel."""
    kernel, outside = np.asarray(kernel, float), [0] * (image.shape[2] - 1) + [white_of(image.dtype)]
    (height, width, channels), (kh, kw) = image.shape, kernel.shape
    pads = ((kh // 2, kh - 1 - kh // 2), (kw // 2, kw - 1 - kw // 2))
    said = [{"constant_values": value} if border == "zero" else {} for value in outside]
    planes = [np.pad(image[..., c].astype(float), pads, MODES[border], **said[c]) for c in range(channels)]
    output = np.zeros((height, width, channels - 1))
    for y, x, c in np.ndindex(output.shape):
        met = np.s_[y : y + kh, x : x + kw]
        for sign in (1, -1):
            part = np.maximum(sign * kernel, 0)
            seen = (part * planes[-1][met]).sum()
            average = (part * planes[-1][met] * planes[c][met]).sum() / seen if seen else image[y, x, c]
            output[y, x, c] += sign * part.sum() * average
    return output


def test_red_that_nobody_sees_beside_black() -> None:
    image = np.array([[[255, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 255]]], np.uint8)
    assert filter_image(image, "box")[0].tolist() == [[0, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 255]]
    assert filter_image(image, "box", raw=True)[0].tolist() == [
        [170, 0, 0, 0],
        [85, 0, 0, 255],
        [0, 0, 0, 255],
    ]


@pytest.mark.parametrize(
    ("row", "kernel", "expected"),
    [
        ([[200, 0], [100, 255], [40, 255]], "0.25 0.5 0.25", [100, 80, 55]),
        ([[204, 51], [100, 255], [40, 255]], "0.25 0.5 0.25", [139, 87.75, 55]),
        ([[9, 0], [8, 0], [7, 0]], "0.25 0.5 0.25", [9, 8, 7]),  # nothing is seen: as it was
        ([[7, 0], [100, 255], [9, 0]], "-1 3 -1", [-179, 100, -173]),  # beside nothing: its own colour
        ([[7, 0], [100, 255], [40, 255]], "-1 3 -1", [-179, 220, -20]),
        ([[7, 0], [100, 255], [40, 255]], "-1 0 1", [93, -60, -60]),  # no edge beside what is not seen
        ([[7, 0], [100, 255], [40, 255]], "1 1 1", [300, 210, 180]),
    ],
)
def test_numbers_by_hand(row: Any, kernel: str, expected: list[float]) -> None:
    image = np.array([row], float) / [1, 255]
    assert filter_image(image, kernel, "replicate")[0, :, 0] == pytest.approx(expected)
    whole = filter_image(np.array([row], np.uint8), kernel, "replicate")[0, :, 0]
    assert whole.tolist() == np.rint(expected).clip(0, 255).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [2, 4])
def test_every_pixel_is_its_definition(dtype: Any, channels: int, border: str, monkeypatch: Any) -> None:
    image, white = glass(dtype, channels), white_of(dtype)
    own = np.random.default_rng(0).normal(size=(4, 5))
    for kernel in (
        named_kernels("box")[0],
        named_kernels("sharpen")[0],
        [[1.0, 2, 3, 4]],
        [[1.0], [-1]],
        own,
    ):
        expected = by_hand(image, kernel, border)
        expected = expected if np.dtype(dtype).kind == "f" else np.rint(expected).clip(0, white)
        whole = filter_image(image, kernel, border)
        assert whole.dtype == dtype
        assert np.array_equal(whole[..., -1], image[..., -1])
        np.testing.assert_allclose(whole[..., :-1], expected, rtol=1e-6, atol=1e-6)
        with monkeypatch.context() as small:
            small.setattr(visible, "_AT_ONCE", 1)  # a few rows at a time
            assert np.array_equal(filter_image(image, kernel, border), whole)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("border", BORDERS)
def test_what_is_opaque_is_filtered_as_without_alpha(name: str, border: str) -> None:
    for dtype in (np.uint8, np.uint16, np.float64):
        image = glass(dtype, 4, (40, 13))
        image[..., -1] = white_of(dtype)
        opaque = filter_image(image[..., :3], name, border)
        assert np.array_equal(filter_image(image, name, border)[..., :3], opaque)
        image[0, 0, -1] = 0  # and beyond its reach nothing changes
        far = np.s_[16:24]
        result = filter_image(image, name, border)[..., :3].astype(float)
        np.testing.assert_allclose(
            result[far], opaque[far], rtol=1e-12, atol=0 if dtype != np.float64 else 1e-12
        )


@pytest.mark.parametrize("name", NAMES)
def test_colours_that_nobody_sees_change_nothing_that_is_seen(name: str) -> None:
    image = glass(np.uint8, 4, (15, 17))
    other = image.copy()
    hidden = image[..., -1] == 0
    other[hidden, :3] = 255 - image[hidden, :3]
    for flip in (False, True):
        results = [filter_image(one, name, strength=0.75, flip=flip)[~hidden] for one in (image, other)]
        assert np.array_equal(*results)
    assert not np.array_equal(*[filter_image(one, "box", raw=True)[~hidden] for one in (image, other)])


def test_colours_that_nobody_sees_may_be_no_numbers() -> None:
    image = glass(np.float64, 4)
    expected = filter_image(image, "gaussian")
    hidden = image[..., -1] == 0
    image[hidden, :3] = [np.nan, np.inf, -np.inf]
    assert np.array_equal(filter_image(image, "gaussian")[~hidden], expected[~hidden])


def test_the_command_has_both_ways(tmp_path: Path, capsys: Any) -> None:
    image = glass(np.uint8, 4)
    write_photo(tmp_path / "a.png", image)
    for raw in (False, True):
        arguments = [
            "filter",
            str(tmp_path / "a.png"),
            "--kernel",
            "box",
            "-o",
            str(tmp_path / "b.png"),
            "--json",
        ]
        with pytest.raises(SystemExit) as end:
            main([*arguments, *(["--raw"] if raw else [])])
        assert not end.value.code
        assert json.loads(capsys.readouterr().out)["raw"] is raw
        assert np.array_equal(read_photo(tmp_path / "b.png").pixels, filter_image(image, "box", raw=raw))


# ------------------------------------------------------------------------------------------ byte order


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("kind", ["u2", "f4", "f8"])
def test_arrays_in_any_byte_order_are_images(tmp_path: Path, kind: str, order: str) -> None:
    for channels in (1, 2, 3, 4):
        native = glass(kind, channels)
        given = native.astype(order + kind)
        assert np.array_equal(filter_image(given, "gaussian"), filter_image(native, "gaussian"))
        for suffix in (".png", ".tif") if kind == "u2" else (".tif",):
            write_photo(tmp_path / f"a{suffix}", given)
            photo = read_photo(tmp_path / f"a{suffix}").pixels
            assert photo.dtype == np.dtype(kind)
            assert np.array_equal(photo.reshape(native.shape), native)
    photo = glass("u2", 3).astype(order + "u2")
    pc.figures.filter_sheet(photo).figure()


@pytest.mark.parametrize("kind", ["u2", "f4", "f8"])
def test_datasets_and_models_take_arrays_in_any_byte_order(kind: str) -> None:
    native = glass(kind, 4, (28, 28)).transpose(2, 0, 1)[:, np.newaxis].copy()
    swapped, labels = native.astype(">" + kind), np.arange(4)
    model = pc.models.lenet5()
    if kind != "u2":  # a model takes numbers that are scaled
        assert np.array_equal(model(swapped), model(native))
    assert np.array_equal(pc.predict(model, swapped), pc.predict(model, native))
    (images, classes), *_ = pc.Dataset(swapped, labels.astype(">i8")).batches(4, shuffle=False)
    assert (images.dtype, classes.dtype) == (np.float32, np.int64)
    expected = native.astype(np.float32) / np.float32(65535 if kind == "u2" else 1)
    assert np.array_equal(images, expected)
    assert np.array_equal(pc.predict(model, native), pc.predict(model, expected))
    assert pc.evaluate(model, (swapped, labels)) == pc.evaluate(model, (expected, labels))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    "kernel", [[[0.1, 0.2, 0.1], [0.1] * 3, [0.1] * 3], [[0.7, -0.2]], [[0.5, 0.3, 0.2]]]
)
def test_where_a_window_is_opaque_nothing_changes(dtype: str, kernel: Any) -> None:
    image = glass(dtype, 4, (40, 31))
    image[..., -1] = white_of(dtype)
    holes = image.copy()
    holes[20, 13, -1] = holes[2, 30, -1] = 0
    changed = (filter_image(holes, kernel) != filter_image(image, kernel)).any(axis=2)
    y, x = np.nonzero(changed)
    near = [(abs(y - 20) <= 1) & (abs(x - 13) <= 1), (abs(y - 2) <= 1) & (x >= 29)]
    assert np.all(near[0] | near[1])
    assert changed.any()
