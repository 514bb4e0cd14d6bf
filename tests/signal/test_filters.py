"""Filters for images: scipy.ndimage as oracle on every border, and what pictures need besides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st

import pellucid as pc
from pellucid.errors import ArgumentError, PellucidError, ShapeError
from pellucid.signal.images import BORDERS
from pellucid.signal.kernels import NAMES, named_kernels

NDIMAGE = {"reflect": "reflect", "replicate": "nearest", "zero": "constant", "wrap": "wrap"}
PHOTO = np.random.default_rng(0).integers(0, 256, (13, 17, 3), dtype=np.uint8)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_equals_ndimage(data: st.DataObject) -> None:
    """Kernels of even sizes too, and larger than the image."""
    border, flip = data.draw(st.sampled_from(BORDERS)), data.draw(st.booleans())
    sizes = [data.draw(st.integers(1, 7)) for _ in range(2)]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    image = rng.standard_normal([data.draw(st.integers(1, 12)) for _ in range(2)])
    kernel = rng.standard_normal(sizes)
    if data.draw(st.booleans()):
        kernel = np.outer(kernel[:, 0], kernel[0])
    oracle = scipy.ndimage.convolve if flip else scipy.ndimage.correlate
    expected = oracle(image, kernel, mode=NDIMAGE[border])
    np.testing.assert_allclose(pc.signal.filter_image(image, kernel, border, flip=flip), expected, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_every_kernel_on_every_border_and_type(name: str, border: str, dtype: Any) -> None:
    image = PHOTO.astype(dtype) * dtype(257) if dtype == np.uint16 else PHOTO.astype(dtype)
    parts = [
        np.stack(
            [
                scipy.ndimage.correlate(image[..., c].astype(float), kernel, mode=NDIMAGE[border])
                for c in range(3)
            ],
            axis=-1,
        )
        for kernel in named_kernels(name)
    ]
    expected = parts[0] if len(parts) == 1 else np.hypot(*parts)
    if np.dtype(dtype).kind == "u":
        expected = np.rint(np.round(expected, 9)).clip(0, np.iinfo(dtype).max)
    result = pc.signal.filter_image(image, name, border)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, expected, rtol=1e-6 if dtype == np.float32 else 1e-13, atol=1e-10)


def test_gaussian_and_sobel_are_those_of_ndimage() -> None:
    image = PHOTO[..., 0].astype(float)
    blurred = pc.signal.filter_image(image, "gaussian", sigma=1.7)
    np.testing.assert_allclose(blurred, scipy.ndimage.gaussian_filter(image, 1.7), atol=1e-12)
    edges = pc.signal.filter_image(image, "sobel")
    parts = [scipy.ndimage.sobel(image, axis) for axis in (0, 1)]
    np.testing.assert_allclose(edges, np.hypot(*parts), atol=1e-10)
    np.testing.assert_array_equal(pc.signal.filter_image(image, "Box blur", size=5).shape, image.shape)


@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,)])
def test_alpha_is_kept(channels: tuple[int, ...]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (6, 9, *channels), dtype=np.uint8)
    result = pc.signal.filter_image(image, "outline")
    assert result.shape == image.shape
    if channels in ((2,), (4,)):
        assert np.array_equal(result[..., -1], image[..., -1])
        grey = pc.signal.filter_image(image[..., 0], "outline")
        raw = pc.signal.filter_image(image, "outline", raw=True)
        assert np.array_equal(raw[..., 0], grey)
        assert np.array_equal(raw[..., -1], image[..., -1])
    assert pc.signal.filter_image(image, "identity") is not image
    assert np.array_equal(pc.signal.filter_image(image, "identity"), image)


def test_strength_goes_from_the_image_to_the_kernel_and_beyond() -> None:
    image = PHOTO[..., 1].astype(float)
    blurred = pc.signal.filter_image(image, "gaussian")
    for strength in (0.0, 0.5, 2.0):
        sharp = pc.signal.filter_image(image, "unsharp", strength=strength)
        np.testing.assert_allclose(sharp, image + strength * (image - blurred), atol=1e-10)
        edges = pc.signal.filter_image(image, "laplacian", strength=strength)
        np.testing.assert_allclose(edges, strength * scipy.ndimage.laplace(image), atol=1e-10)


def test_a_kernel_as_text_is_not_flipped_unless_asked() -> None:
    image = np.zeros((3, 5), np.uint8)
    image[1, 2] = 1
    assert pc.signal.filter_image(image, "1 2; 3 4; 5 6").tolist() == [
        [0, 0, 6, 5, 0],
        [0, 0, 4, 3, 0],
        [0, 0, 2, 1, 0],
    ]
    flipped = pc.signal.filter_image(image, "1 2; 3 4; 5 6", flip=True)
    assert flipped.tolist() == [[0, 1, 2, 0, 0], [0, 3, 4, 0, 0], [0, 5, 6, 0, 0]]


def test_rounding_is_to_the_nearest_and_cut_off() -> None:
    image = np.array([[0, 255, 7]], np.uint8)
    assert pc.signal.filter_image(image, [[-1.0]]).tolist() == [[0, 0, 0]]
    assert pc.signal.filter_image(image, [[3.0]]).tolist() == [[0, 255, 21]]
    assert pc.signal.filter_image(image, [[0.5]]).tolist() == [[0, 128, 4]]
    deep = np.array([[65535, 40000]], np.uint16)
    assert pc.signal.filter_image(deep, "0 2").tolist() == [[65535, 65535]]


def summed_in_float64(image: Any, kernel: Any, border: str = "reflect") -> Any:
    """SciPy's sums, channel by channel."""
    channels = [
        scipy.ndimage.correlate(image[..., c].astype(float), kernel, mode=NDIMAGE[border])
        for c in range(image.shape[2])
    ]
    return np.stack(channels, axis=-1)


WEIGHTS = np.random.default_rng(5).standard_normal((6, 7))
IN_DOUBT = {
    "one pass": np.abs(WEIGHTS) / np.abs(WEIGHTS).sum(),
    "both signs": WEIGHTS / WEIGHTS.sum(),
    "gaussian": named_kernels("gaussian", 9)[0],
    "two terms": named_kernels("unsharp", 11)[0],
    "box": named_kernels("box", 7)[0],
    "a row": np.abs(WEIGHTS[:1]) / np.abs(WEIGHTS[:1]).sum(),
}


@pytest.mark.parametrize("name", IN_DOUBT)
def test_float32_never_decides_how_a_number_is_rounded(name: str) -> None:
    """Half a million sums, of which some are so near to a half that float32 errors are larger."""
    image = np.random.default_rng(6).integers(0, 256, (401, 417, 3), dtype=np.uint8)
    exact = summed_in_float64(image, IN_DOUBT[name])
    expected = np.rint(exact).clip(0, 255)
    sure = np.abs(exact % 1 - 0.5) > 1e-9
    assert sure.mean() > 0.99
    result = pc.signal.filter_image(image, IN_DOUBT[name])
    np.testing.assert_array_equal(result[sure], expected[sure])


def test_where_every_sum_is_in_doubt() -> None:
    """A flat image whose sums are all 382.5·⅓ = 127.5 but for rounding errors: either neighbour is right."""
    image = np.full((20, 300), 255, np.uint8)
    assert set(np.unique(pc.signal.filter_image(image, [[0.1, 0.3, 0.1]]))) <= {127, 128}
    assert set(np.unique(pc.signal.filter_image(image, [[0.125, 0.25, 0.125]]))) == {128}


@pytest.mark.slow
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("kernel", ["box", "sobel", "gaussian", "own"])
def test_borders_between_blocks_do_not_show(kernel: str, border: str) -> None:
    """Several bands of rows and strips of numbers, on any number of threads."""
    image = np.random.default_rng(7).integers(0, 256, (131, 2903, 3), dtype=np.uint8)
    kernels = [np.arange(-17.0, 18).reshape(5, 7)] if kernel == "own" else named_kernels(kernel)
    parts = [summed_in_float64(image, one, border) for one in kernels]
    exact = parts[0] if len(parts) == 1 else np.hypot(*parts)
    expected, sure = np.rint(exact).clip(0, 255), np.abs(exact % 1 - 0.5) > 1e-9
    threads = pc.get_num_threads()
    try:
        for count in (1, 3):
            pc.set_num_threads(count)
            result = pc.signal.filter_image(image, kernels[0] if kernel == "own" else kernel, border)
            np.testing.assert_array_equal(result[sure], expected[sure])
    finally:
        pc.set_num_threads(threads)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 1, 1), (1, 5, 4), (3, 40, 2), (70, 1, 3)])
def test_kernels_larger_than_the_image(shape: tuple[int, int, int], border: str) -> None:
    image = np.random.default_rng(8).standard_normal(shape)
    kernel = np.random.default_rng(9).standard_normal((9, 11))
    result = pc.signal.filter_image(image, kernel, border, raw=True)
    expected = summed_in_float64(image, kernel, border)
    if shape[2] in (2, 4):
        expected[..., -1] = image[..., -1]
    np.testing.assert_allclose(result, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, ">f4", ">f8"])
def test_other_floats_come_back_as_they_were(dtype: Any) -> None:
    image = PHOTO.astype(dtype)
    result = pc.signal.filter_image(image, "box")
    assert result.dtype == image.dtype
    np.testing.assert_allclose(result.astype(float), summed_in_float64(PHOTO, named_kernels("box")[0]), 1e-3)


def test_views_are_read_where_they_lie() -> None:
    whole = np.random.default_rng(10).integers(0, 65536, (40, 60, 3), dtype=np.uint16)
    view = whole[::-2, 5::3]
    before = whole.copy()
    assert np.array_equal(
        pc.signal.filter_image(view, "emboss"), pc.signal.filter_image(view.copy(), "emboss")
    )
    assert np.array_equal(whole, before)


def test_magnitudes_of_huge_and_tiny_numbers() -> None:
    for scale in (1e200, 1e-200):
        image = PHOTO[..., 0] * scale
        parts = [scipy.ndimage.sobel(image, axis) for axis in (0, 1)]
        np.testing.assert_allclose(pc.signal.filter_image(image, "sobel"), np.hypot(*parts), rtol=1e-14)
    assert pc.signal.filter_image([[0.0, np.inf], [0.0, np.nan]], "1 0; 0 0").tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("name", ["ridge", "sobel-x", "own"])
def test_what_a_weight_of_0_meets_does_not_count(name: str) -> None:
    image = PHOTO[..., 0].astype(float)
    image[5, 7], image[2, 3], image[9, 9] = np.nan, np.inf, -np.inf
    weights = np.outer([1.0, 0, 2, 0, 1, 0, 1], [1, 1, 0, 1, 2, 0, 1])
    kernel = weights if name == "own" else named_kernels(name)[0]
    expected = scipy.ndimage.correlate(image, kernel)
    np.testing.assert_allclose(pc.signal.filter_image(image, kernel), expected, atol=1e-11)


def test_the_strongest_and_the_narrowest_kernels_do_not_overflow() -> None:
    step = np.array([[0, 1], [0, 1]], np.uint8)
    assert pc.signal.filter_image(step, "sobel", strength=1e100).tolist() == [[255, 255], [255, 255]]
    assert pc.signal.filter_image(step, [[1e100]], strength=-1e100).tolist() == [[0, 0], [0, 0]]
    assert pc.signal.filter_image(step, "gaussian", sigma=1e-300, size=3).tolist() == step.tolist()
    assert named_kernels("gaussian", sigma=500)[0].shape == named_kernels("box", 4001)[0].shape


REFUSED: list[tuple[Callable[[], Any], type[PellucidError], str]] = [
    (lambda: pc.signal.filter_image(PHOTO, "blurr"), ArgumentError, "no such kernel. Expected box, emboss"),
    (lambda: pc.signal.filter_image(PHOTO, "1 2; 3"), ArgumentError, "rows of equally many numbers"),
    (lambda: pc.signal.filter_image(PHOTO, "1 2; a"), ArgumentError, "Got '1 2; a'"),
    (lambda: pc.signal.filter_image(PHOTO, [1.0]), ShapeError, "Expected (Kh,Kw). Got (1,)"),
    (
        lambda: pc.signal.filter_image(PHOTO, [[np.nan]]),
        ArgumentError,
        "finite numbers up to ±1e+100. Got nan",
    ),
    (lambda: pc.signal.filter_image(PHOTO, [[1, 1e101]]), ArgumentError, "up to ±1e+100. Got 1e+101"),
    (lambda: pc.signal.filter_image(PHOTO, "box", "mirror"), ArgumentError, "Expected one of 'reflect'"),
    (
        lambda: pc.signal.filter_image(PHOTO, "box", size=4),
        ArgumentError,
        "an odd number of pixels, at most 4001.",
    ),
    (
        lambda: pc.signal.filter_image(PHOTO, "box", size=10**21 + 1),
        ArgumentError,
        "at most 4001. Got size=1",
    ),
    (
        lambda: pc.signal.filter_image(PHOTO, "unsharp", sigma=1e9),
        ArgumentError,
        "in (0, 500]. Got sigma=1000",
    ),
    (lambda: pc.signal.filter_image(PHOTO, "sobel", size=3), ArgumentError, "'sobel-magnitude' has no such"),
    (lambda: pc.signal.filter_image(PHOTO, "box", sigma=1.0), ArgumentError, "'box' has no such setting"),
    (lambda: pc.signal.filter_image(PHOTO, "gaussian", sigma=0), ArgumentError, "sigma must be a number in"),
    (lambda: pc.signal.filter_image(PHOTO, [[1.0]], size=3), ArgumentError, "for kernels by name"),
    (lambda: pc.signal.filter_image(PHOTO, "box", strength=np.inf), ArgumentError, "strength must be"),
    (lambda: pc.signal.filter_image(PHOTO, "sobel", strength=1e308), ArgumentError, "in [-1e+100, 1e+100]."),
    (lambda: pc.signal.filter_image(PHOTO.astype(int), "box"), ArgumentError, "Hint: image.astype(float)"),
    (lambda: pc.signal.filter_image(PHOTO.transpose(2, 0, 1), "box"), ShapeError, "channels come last here"),
    (lambda: pc.signal.filter_image(PHOTO[:0], "box"), ShapeError, "this is no image"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_refuses(call: Callable[[], Any], kind: type[PellucidError], message: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert message in str(caught.value)
