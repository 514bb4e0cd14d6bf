"""What cannot fit in memory is refused in one sentence, before any is taken."""

from __future__ import annotations

import io
import os
import re

import numpy as np
import pytest

import pellucid as pc
from pellucid.bench import serve
from pellucid.bench.cases import INFER, Case, write_weights
from pellucid.bench.contender import ContenderError
from pellucid.bench.measure import Result, _give_up
from pellucid.cli import main
from pellucid.engine import memory


@pytest.fixture
def run(capsys):
    """Run a command line in this process: (exit code, stderr)."""

    def run_line(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return end.value.code, capsys.readouterr().err

    return run_line


TOO_LARGE = {
    "bench lenet5 --batch 1000000000 --no-cold --rounds 1": (
        r"bench: the inputs of lenet5 b1000000000 must fit in memory\. Expected at most [\d,]+ bytes, which are "
        r"available\. Got \(4, 1000000000, 1, 28, 28\), 12,544,000,000,000 bytes\. Hint: use a smaller batch or input\."
    ),
    "warmup lenet5 --batch 1000000000": (
        r"warmup: a batch must fit in memory\. Expected at most [\d,]+ bytes, which are available\. "
        r"Got \(1000000000, 1, 28, 28\), 3,136,000,000,000 bytes\. Hint: use a smaller batch or input\."
    ),
    "warmup lenet5 --batch 1000000000000000000000": r"warmup: a batch must fit in memory\. .*",
}


@pytest.mark.parametrize("line", TOO_LARGE)
def test_a_batch_that_no_memory_holds_is_refused_at_once(run, line):
    code, err = run(*line.split(" "))
    assert code == 2
    assert re.fullmatch(f"error: {TOO_LARGE[line]}\n", err)


def test_what_needs_more_memory_than_its_inputs_is_told_in_the_same_words(run, monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "available_bytes", lambda: 15_000_000)
    too_much = "the output must fit in memory. Expected at most 15,000,000 bytes, which are available. "
    hint = "Hint: use a smaller batch or input."
    told = f"conv2d 'conv1': {too_much}Got (1000, 6, 28, 28), 18,816,000 bytes. {hint}"
    assert run("warmup", "lenet5", "--batch", 1000) == (2, f"error: {told}\n")
    write_weights("lenet5", tmp_path)
    with pytest.raises(SystemExit) as end:  # what a contender says
        serve.serve("pellucid", Case(INFER, "lenet5", 1000), tmp_path, 1, 0.0, io.StringIO())
    assert str(end.value) == told
    with pytest.raises(pc.PellucidError) as error:  # and the bench passes on
        _give_up(Case(INFER, "lenet5", 1000), Result("pellucid"), ContenderError(f"failed: {told}"))
    assert str(error.value) == f"bench: Pellucid cannot do lenet5 b1000. Got failed: {told}"


def test_the_arena_is_refused_before_it_is_taken(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 500_000)
    with pytest.raises(pc.NumericError) as error:
        pc.TrainStep(pc.models.lenet5(), pc.SGD(lr=0.1))(np.zeros((20, 1, 28, 28)), np.zeros(20, np.int64))
    assert str(error.value).startswith(
        "plan: the network's tensors must fit in memory. Expected at most 500,000 bytes, which are available. Got "
    )


def test_available_memory_is_less_than_the_machine_s():
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 48
    assert 0 < memory.available_bytes() < 4 * total  # with what can be swapped out
