"""Machine code that is loaded for some program and unloaded after it."""

import gc
import sys
import threading

import numpy as np
import pytest

import pellucid as pc
from pellucid.kernels import shelves, simd
from pellucid.kernels.simd import Tile


def tile(number):
    """One of many different tiles."""
    return Tile(32, (0, 100 + number), 16, 1, 16, 1, (0, 16))


@pytest.fixture
def few(monkeypatch):
    """Shelves of one place, of which only the newest stays in any case."""
    monkeypatch.setattr(shelves, "_PLACES", 1)
    monkeypatch.setattr(shelves, "_NEWEST", 1)
    made = shelves.Shelves(), "test"
    monkeypatch.setattr(sys.modules[simd.address.__module__], "_shelves", lambda target: made)
    return made[0]


def loaded(few):
    return [code.rows[1] - 100 for code in few._places]


def test_what_is_borrowed_stays_and_what_is_not_goes(few):
    with shelves.borrowed() as first:
        address = simd.address(tile(0))
        simd.address(tile(1))
    with shelves.borrowed() as second:
        assert simd.address(tile(0)) == address
    for number in (2, 3, 4):
        with shelves.borrowed():
            simd.address(tile(number))
    assert loaded(few) == [0, 1, 3, 4]
    del first
    with shelves.borrowed():
        simd.address(tile(5))
    assert loaded(few) == [0, 4, 5]
    del second
    with shelves.borrowed():
        simd.address(tile(6))
        simd.address(tile(0))
    assert loaded(few) == [6, 0]


def test_what_nobody_borrows_stays_for_good(few):
    simd.address(tile(0))
    for number in (1, 2, 3):
        with shelves.borrowed():
            simd.address(tile(number))
    assert 0 in loaded(few)


def test_programs_borrow_what_they_run(few):
    """Every program's code is elsewhere when there is one place on a shelf, and gone when the program is."""
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 6)).astype(np.float32)
    models = [pc.Sequential(pc.Conv2d(3, outputs, 2), pc.GELU()) for outputs in (4, 9, 17)]
    before = [model(x).tobytes() for model in models]
    count = len(few._places)
    assert count >= 3
    assert [model(x).tobytes() for model in models] == before
    rec = pc.record(models[0], x)
    del models
    gc.collect()
    for number in (1, 2):
        with shelves.borrowed():
            simd.address(tile(number))
    assert len(few._places) < count
    assert rec.explain("0.output[1,2,3,4]").certified


def test_threads_borrow_while_others_clear(few):
    """Each runs what it borrowed, while all shelves but one go whenever nobody has borrowed."""
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 8)).astype(np.float32)
    expected = {size: pc.functional.conv2d(x, np.ones((size, 3, 2, 2), np.float32)) for size in range(1, 6)}
    wrong = []

    def work(first):
        for turn in range(12):
            size = 1 + (first + turn) % 5
            model = pc.Conv2d(3, size, 2, bias=False)
            model.weight[...] = 1
            if not np.allclose(model(x), expected[size], atol=1e-5):
                wrong.append(size)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
