"""The tree of sums over a batch: where parts begin, how many there are, in which order they are added."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pellucid import batch


def test_parts_by_hand() -> None:
    assert batch.edges(64, 8) == [0, 8, 16, 24, 32, 40, 48, 56, 64]
    assert batch.edges(33, 4) == [0, 8, 16, 24, 33]
    assert batch.edges(5, 4) == [0, 1, 2, 3, 5]
    assert batch.edges(7, 1) == [0, 7]
    assert batch.edges(0, 1) == [0, 0]


@pytest.mark.parametrize(
    ("images", "large", "small"),
    [
        (0, 1, 1), (1, 1, 1), (2, 1, 2), (5, 1, 4), (15, 1, 8), (16, 2, 16), (17, 2, 16), (33, 4, 16), (63, 4, 16),
        (64, 8, 16), (100, 8, 16), (128, 16, 16), (256, 32, 32), (511, 32, 32), (512, 64, 64), (4096, 64, 64),
    ],
)  # fmt: skip
def test_how_many(images: int, large: int, small: int) -> None:
    assert batch.large_parts(images) == large
    assert batch.small_parts(images) == small


def test_more_parts_cut_each_in_two() -> None:
    for images in range(1, 300):
        deep = batch.edges(images, 64)
        assert deep[0] == 0
        assert deep[-1] == images
        for parts in (1, 2, 4, 8, 16, 32):
            assert batch.edges(images, parts) == deep[:: 64 // parts]


def test_parts_differ_by_one_image_and_none_is_empty() -> None:
    for images in range(1, 1100):
        for parts in (batch.large_parts(images), batch.small_parts(images)):
            sizes = {stop - start for start, stop in pairwise(batch.edges(images, parts))}
            assert min(sizes) >= 1
            assert max(sizes) - min(sizes) <= 1
            assert parts & (parts - 1) == 0


def test_whoever_has_a_subtree_adds_it_alone() -> None:
    def add(left: str, right: str) -> str:
        return f"({left}+{right})"

    parts = list("abcdefgh")
    whole = batch.added(parts, add)
    assert whole == "(((a+b)+(c+d))+((e+f)+(g+h)))"
    for ranks in (1, 2, 4, 8):
        size = 8 // ranks
        alone = [batch.added(parts[i : i + size], add) for i in range(0, 8, size)]
        assert batch.added(alone, add) == whole
    assert batch.added(["a"], add) == "a"
    assert [batch.depth(parts) for parts in (1, 2, 4, 64)] == [0, 1, 2, 6]
