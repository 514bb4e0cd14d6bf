"""Initial values are a function of the seed, the parameter's number and the index, for small and large ones alike."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import pellucid as pc
from pellucid import nn
from pellucid.errors import ArgumentError
from pellucid.nn import init
from pellucid.philox import Purpose, Stream

FAN_IN = [
    (lambda: nn.Conv1d(3, 40, 7), 21),
    (lambda: nn.Conv2d(6, 40, (3, 5), groups=2), 45),
    (lambda: nn.Conv3d(2, 40, (2, 3, 4)), 48),
    (lambda: nn.ConvTranspose2d(6, 40, (3, 5), groups=2), 300),
    (lambda: nn.Linear(30, 50), 30),
]


@pytest.mark.parametrize(("make", "fan_in"), FAN_IN)
def test_values_are_the_fractions_of_the_parameters_streams(make, fan_in):
    nn.seed(3)
    for number in (0, 2):  # a layer's weight and bias, then another layer's
        layer = make()
        for at, array in ((number, layer.weight), (number + 1, layer.bias)):
            fractions = Stream(3, Purpose.INITIAL_VALUES, at).fractions(array.size).reshape(array.shape)
            assert np.array_equal(array, (fractions * (1 / np.sqrt(fan_in))).astype(np.float32))


@pytest.mark.parametrize("shape", [(70, 3, 5, 3), (33, 7), (8, 5, 1, 2, 3), (1001,)], ids=str)
def test_large_parameters_have_the_values_of_small_ones(shape, monkeypatch):
    nn.seed(8)
    small = init.uniform(shape, 9)
    monkeypatch.setattr(init, "_LARGE", 0)
    nn.seed(8)
    assert np.array_equal(init.uniform(shape, 9), small)


def test_where_large_begins():
    nn.seed(1)
    shape = 2, init._LARGE // 2
    fractions = Stream(1, Purpose.INITIAL_VALUES).fractions(init._LARGE)
    assert np.array_equal(init.uniform(shape, 1), fractions.reshape(shape).astype(np.float32))


def test_models_of_both_types_begin_alike():
    nn.seed(2)
    wide = nn.Linear(30, 50).astype("float64")
    nn.seed(2)
    narrow = nn.Linear(30, 50)
    assert np.array_equal(wide.weight, narrow.weight)


def test_threads_share_the_numbers_out():
    nn.seed(4)
    alone = [nn.Linear(5, 3, bias=False).weight for _ in range(200)]
    nn.seed(4)
    with ThreadPoolExecutor(4) as threads:
        layers = list(threads.map(lambda _: nn.Linear(5, 3, bias=False), range(200)))
    assert sorted(a.tobytes() for a in alone) == sorted(layer.weight.tobytes() for layer in layers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_copied_process_goes_on_as_the_first_does():
    nn.seed(6)
    nn.Linear(5, 3)
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.write(write, nn.Linear(4, 2).weight.tobytes())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 1000) == nn.Linear(4, 2).weight.tobytes()
    os.close(read)
    os.close(write)


def test_without_a_seed_processes_differ():
    code = "import pellucid as pc; print(pc.Linear(3, 2).weight.tobytes().hex())"
    first, second = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)
    )
    assert len(first) > 40
    assert first != second


def test_models_without_values_are_zeros_of_limited_size_and_take_no_number():
    nn.seed(0)
    layer = init.without_values(lambda: nn.Linear(4, 5), at_most=4 * 5 + 5)
    with pytest.raises(ArgumentError, match="larger than its file"):
        init.without_values(lambda: nn.Linear(10**9, 10**9), at_most=4 * 5 + 5)
    assert not layer.weight.any()
    first = nn.Linear(4, 5).weight
    nn.seed(0)
    assert np.array_equal(nn.Linear(4, 5).weight, first)


def test_an_array_that_is_refused_takes_no_number():
    pc.seed(0)
    with pytest.raises(pc.PellucidError):
        nn.Linear(10**8, 10**8)
    first = nn.Linear(4, 5).weight
    pc.seed(0)
    assert np.array_equal(nn.Linear(4, 5).weight, first)
