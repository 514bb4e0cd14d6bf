"""What augmentation draws: from streams of its own, in the distributions that are promised."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pellucid.data.augment.angles import cosine_and_sine
from pellucid.data.augment.draws import NOTHING, Place, drawn, mixed
from pellucid.data.augment.settings import Settings
from pellucid.philox import Purpose, Stream

MANY = np.arange(20_000)


def of(indices=MANY, shape=(3, 30, 37), seed=5, epoch=2, **settings):
    return drawn(Settings(**settings), indices, shape, seed, epoch)


def fits(numbers, distribution):
    return stats.kstest(numbers, distribution).pvalue > 1e-3


def test_an_image_has_sixteen_blocks_of_the_stream_of_each_kind_of_change():
    crop, flip = (Stream(5, Purpose.AUGMENT, at=2, place=place) for place in (Place.CROP, Place.FLIP))
    one = of(np.array([0, 7, 123_456]), crop=4, flip=True)
    for k, index in enumerate((0, 7, 123_456)):
        y, x = (int(draw) * 9 >> 32 for draw in crop.draws(2, 64 * index))
        assert (one.top[k], one.left[k]) == (y - 4, x - 4)
        assert one.mirrored[k] == flip.draws(1, 64 * index)[0] >> 31


def test_changes_do_not_move_each_other():
    alone, together = of(rotate=10), of(rotate=10, crop=3, flip=True, cutout=4, brightness=1, mixup=1)
    assert np.array_equal(alone.sine, together.sine)


@pytest.mark.parametrize("other", [{"seed": 6}, {"epoch": 3}, {"indices": MANY + 1}])
def test_seed_epoch_and_index_decide(other):
    assert np.mean(of(crop=7).top == of(crop=7, **other).top) < 0.1


def test_places_are_all_alike():
    found = of(crop=2)
    for offsets in (found.top, found.left):
        assert stats.chisquare(np.bincount(offsets + 2, minlength=5)).pvalue > 1e-3
    assert abs(np.corrcoef(found.top, found.left)[0, 1]) < 0.02


def test_half_are_flipped():
    found = of(flip=True, flip_vertical=True)
    for bits in (found.mirrored, found.upside_down):
        assert abs(bits.mean() - 0.5) < 0.02
    assert abs(np.mean(found.mirrored == found.upside_down) - 0.5) < 0.02


def test_alternating_flips_take_turns():
    epochs = [of(epoch=epoch, flip="alternating").mirrored for epoch in range(4)]
    assert np.array_equal(epochs[0] + epochs[1], np.ones(len(MANY)))
    assert np.array_equal(epochs[0], epochs[2])
    assert np.array_equal(epochs[1], epochs[3])
    assert abs(epochs[0].mean() - 0.5) < 0.02


def test_angles_and_shifts_are_uniform():
    found = of(rotate=30, translate=2.5)
    assert fits(np.degrees(np.arctan2(found.sine, found.cosine)), stats.uniform(-30, 60).cdf)
    for shift in (found.down, found.across):
        assert fits(shift, stats.uniform(-2.5, 5).cdf)


def test_factors_are_uniform_and_never_negative():
    found = of(brightness=0.4, contrast=2, saturation=1)
    assert fits(found.brightness, stats.uniform(0.6, 0.8).cdf)
    assert fits(found.contrast, stats.uniform(0, 3).cdf)
    assert fits(found.saturation, stats.uniform(0, 2).cdf)
    assert stats.chisquare(np.unique(found.order, return_counts=True)[1]).pvalue > 1e-3
    assert len(np.unique(found.order)) == 6


def test_grey_images_have_no_saturation():
    steps = {code >> 2 * i & 3 for code in of(shape=(1, 8, 9), saturation=1).order.tolist() for i in range(3)}
    assert steps == {NOTHING}


def test_squares_lie_around_any_pixel():
    found = of(shape=(3, 6, 9), cutout=3)
    assert set(zip(found.cut_top.tolist(), found.cut_bottom.tolist(), strict=True)) == {
        (0, 2), (0, 3), (1, 4), (2, 5), (3, 6), (4, 6),
    }  # fmt: skip
    assert {*found.cut_left.tolist()} == set(range(8))
    assert {*(found.cut_right - found.cut_left).tolist()} == {2, 3}


def test_stretched_parts_have_the_area_and_the_ratio_that_are_asked_for():
    found = of(resized_crop=(0.2, 0.5), ratio=(0.5, 1.5))
    assert (found.top >= 0).all()
    assert (found.top + found.height <= 30).all()
    assert (found.left >= 0).all()
    assert (found.left + found.width <= 37).all()
    area = found.height * found.width / (30 * 37)
    assert 0.17 < area.min() < 0.21 < 0.49 < area.max() < 0.54
    assert abs(area.mean() - 0.35) < 0.01
    ratio = np.log(found.width / found.height)
    assert np.log(0.45) < ratio.min() < np.log(0.53)
    assert np.log(1.45) < ratio.max() < np.log(1.65)
    assert abs(ratio.mean() - (np.log(0.5) + np.log(1.5)) / 2) < 0.02  # fewer wide ones fit than tall ones


def test_where_no_part_fits_it_is_the_largest_in_the_middle():
    found = of(np.arange(9), shape=(1, 100, 3), resized_crop=(1, 1), ratio=(1, 1))
    assert {*zip(*(x.tolist() for x in found[:4]), strict=True)} == {(48, 0, 3, 3)}


@pytest.mark.parametrize("alpha", [0.2, 1, 2.5, 40])
def test_shares_of_mixtures_are_of_beta_distributions(alpha):
    others, shares = mixed(Settings(mixup=alpha), MANY, 50, 3, 1)
    inside = shares[(shares > 1e-4) & (shares < 1 - 1e-4)].astype(float)  # float32 crowds together at 1
    beta = stats.beta(alpha, alpha)
    low, high = beta.cdf(1e-4), beta.cdf(1 - 1e-4)
    assert fits(inside, lambda x: (beta.cdf(x) - low) / (high - low))
    assert abs(np.mean(shares <= 1e-4) - low) < 0.01
    assert shares.max() < 1
    assert stats.chisquare(np.bincount(others, minlength=50)).pvalue > 1e-3


def test_shares_of_extreme_mixtures_are_numbers():
    for alpha in (1e-9, 1e-3, 1e9):
        _, shares = mixed(Settings(mixup=alpha), MANY, 50, 3, 1)
        assert (shares >= 0).all()
        assert (shares < 1).all()


def test_cosines_and_sines():
    turns = np.concatenate([np.linspace(-1, 1, 10_001), [1 / 8, -1 / 8, 3 / 8, 1e-300]])
    cosine, sine = cosine_and_sine(turns)
    assert np.abs(cosine - np.cos(2 * np.pi * turns)).max() < 1e-15
    assert np.abs(sine - np.sin(2 * np.pi * turns)).max() < 1e-15
    quarters = cosine_and_sine(np.arange(-4, 5) / 4)
    assert np.array_equal(quarters, np.round(quarters))
