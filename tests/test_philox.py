"""Random numbers: the published vectors, the layout of counters, and what is made of the draws."""

from __future__ import annotations

import re

import numpy as np
import pytest

import pellucid as pc
from pellucid.kernels.loops.initial_values import draw_uniform
from pellucid.ops.dropout import Dropout
from pellucid.philox import TIMES, Purpose, Stream, check_time, philox

LARGEST = 2**63 - 1


def by_hand(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 as it is published, on Python's integers."""
    (a, b, c, d), (k, m) = counter, key
    for _ in range(10):
        left, right = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = right >> 32 ^ b ^ k, right % 2**32, left >> 32 ^ d ^ m, left % 2**32
        k, m = (k + 0x9E3779B9) % 2**32, (m + 0xBB67AE85) % 2**32
    return [a, b, c, d]


def draw_by_hand(stream: Stream, j: int) -> int:
    """Draw j by the table in `philox.py`."""
    block, at, seed = j // 4, stream.at, stream.seed
    high = at // 2**32 * 2**16 + block // 2**32
    last = int(stream.purpose) * 2**24 + stream.place
    return by_hand([block % 2**32, at % 2**32, high, last], [seed % 2**32, seed // 2**32])[j % 4]


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [  # of Random123's kat_vectors, philox4x32 10
        ("00000000 " * 4, "00000000 " * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff " * 4, "ffffffff " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            "243f6a88 85a308d3 13198a2e 03707344",
            "a4093822 299f31d0",
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_the_published_vectors(counter: str, key: str, words: str) -> None:
    given, secret, expected = ([int(word, 16) for word in text.split()] for text in (counter, key, words))
    assert by_hand(given, secret) == expected
    found = philox(np.array(given, np.uint64), (secret[0], secret[1]))
    assert [int(word) for word in found] == expected


STREAMS = [
    Stream(0, Purpose.INITIAL_VALUES),
    Stream(1, Purpose.DROPOUT, 2**32 - 1, 5),
    Stream(2**32, Purpose.DROPOUT, 2**32, 2**24 - 1),
    Stream(LARGEST, Purpose.ORDER, TIMES - 1),
]


@pytest.mark.parametrize("stream", STREAMS, ids=str)
def test_draws_are_those_of_the_table(stream: Stream) -> None:
    for first in (0, 3, 2**34 - 5, 2**50 - 11):
        expected = [draw_by_hand(stream, first + i) for i in range(11)]
        assert stream.draws(11, first).tolist() == expected
        assert stream.draws_at(np.arange(first, first + 11)).tolist() == expected
    assert stream.draws(0).tolist() == []
    long = stream.draws(100_003)  # more blocks than are made at a time
    assert all(long[j] == draw_by_hand(stream, j) for j in (0, 32767, 32768, 65537, 100_002))


def test_pairs_fractions_and_whole_numbers_are_made_of_draws() -> None:
    stream = STREAMS[1]
    high, low = stream.draws(10)[0::2].tolist(), stream.draws(10)[1::2].tolist()
    pairs = [h * 2**32 + lo for h, lo in zip(high, low, strict=True)]
    assert stream.pairs(5).tolist() == pairs
    assert stream.pairs(2, 3).tolist() == pairs[3:]
    assert stream.fractions(5).tolist() == [(pair // 2**11 - 2**52) / 2**52 for pair in pairs]
    assert stream.whole(99, 10).tolist() == [d * 199 // 2**32 - 99 for d in stream.draws(10).tolist()]


def test_streams_differ_in_every_part() -> None:
    streams = [
        Stream(seed, purpose, at, place)
        for seed in (0, 1, 2**32, LARGEST)
        for purpose in Purpose
        for at in (0, 1, 2**32, TIMES - 1)
        for place in (0, 1, 2**24 - 1)
    ]
    blocks = {tuple(stream.draws(4).tolist()) for stream in streams}
    assert len(blocks) == len(streams)
    counters = {(s.seed, s.last_word, s.at) for s in streams}
    assert len(counters) == len(streams)


@pytest.mark.parametrize("stream", STREAMS, ids=str)
def test_bits_are_fair_and_go_by_themselves(stream: Stream) -> None:
    words = stream.draws(50_000)
    bits = (words[:, None] >> np.arange(32, dtype=np.uint32)) & 1
    np.testing.assert_allclose(bits.mean(axis=0), 0.5, atol=0.015)
    np.testing.assert_allclose(np.corrcoef(bits.T), np.eye(32), atol=0.03)
    np.testing.assert_allclose(np.corrcoef(words[:-1], words[1:])[0, 1], 0, atol=0.03)


def test_positions_in_an_order_are_uniform() -> None:
    orders = np.array([Stream(5, Purpose.ORDER, epoch).order(8) for epoch in range(4000)])
    assert (np.sort(orders, axis=1) == np.arange(8)).all()
    counts = np.array([[(orders[:, place] == i).sum() for i in range(8)] for place in range(8)])
    assert ((counts - 500) ** 2 / 500).sum() < 95  # χ² with 49 degrees of freedom, beyond 99.99 %


def test_a_sample_has_different_numbers_all_alike() -> None:
    samples = [Stream(6, Purpose.CERTIFICATES, at).sample(7, 3) for at in range(3500)]
    assert all(len(sample) == 3 and (np.diff(sample) > 0).all() for sample in samples)
    sets, counts = np.unique(samples, axis=0, return_counts=True)
    assert len(sets) == 35
    assert ((counts - 100) ** 2 / 100).sum() < 80  # χ² with 34 degrees of freedom
    assert Stream(0, Purpose.CERTIFICATES).sample(5, 5).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("stream", STREAMS, ids=str)
def test_the_kernel_draws_the_same_values(stream: Stream, dtype: type) -> None:
    for size, first in ((0, 0), (1, 0), (1001, 6), (64, 2**33 - 4)):
        values = np.empty(size, dtype)
        draw_uniform(values, stream, first, 0.3)
        np.testing.assert_array_equal(values, (stream.fractions(size, first) * 0.3).astype(dtype))


@pytest.mark.parametrize("p", [1e-9, 0.1, 0.5, 0.9])
def test_dropout_keeps_what_reaches_the_threshold(p: float) -> None:
    op, x = Dropout(p), np.ones(200_000)
    kept = op.forward(x, seed=3, step=4, layer=5) != 0
    draws = Stream(3, Purpose.DROPOUT, 4, 5).draws(x.size)
    assert np.array_equal(kept, draws.astype(np.uint64) >= op.threshold)
    assert kept.mean() == pytest.approx(1 - p, abs=6 * np.sqrt(p * (1 - p) / x.size) + 1e-12)


def test_an_epoch_or_a_step_that_does_not_fit_is_refused_once() -> None:
    data = pc.Dataset(np.zeros((3, 1)), np.zeros(3, int))
    list(data.batches(2, epoch=TIMES - 1))
    told = f"batches: epoch must be a whole number. Expected 0 ≤ epoch < 2⁴⁸. Got epoch={TIMES}."
    with pytest.raises(pc.ArgumentError, match=f"^{re.escape(told)}$"):
        data.batches(2, epoch=TIMES)
    step = pc.TrainStep(pc.Sequential(pc.Linear(3, 2), pc.Dropout(0.5)), pc.SGD(0.1))
    x, y = np.ones((2, 3), np.float32), np.array([0, 1])
    step._state.count[0] = TIMES - 2
    step(x, y)
    told = f"TrainStep: step must be a whole number. Expected 0 ≤ step < 2⁴⁸. Got step={TIMES}."
    for call in (step, step.record):
        with pytest.raises(pc.ArgumentError, match=f"^{re.escape(told)}$"):
            call(x, y)
    assert step.steps == TIMES - 1
    assert check_time("here", "step", np.int64(7)) == 7
    for outside in ({"seed": 2**63}, {"seed": -1}, {"at": TIMES}, {"at": -1}, {"place": 2**24}):
        with pytest.raises(AssertionError, match="would repeat another stream"):
            Stream(**{"seed": 0, "purpose": Purpose.DROPOUT, **outside})
