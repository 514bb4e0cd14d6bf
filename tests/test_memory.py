"""What cannot fit in memory is refused in one sentence, before any is taken."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.support.command_line import said

import pellucid as pc
from pellucid import limits, memory
from pellucid.bench import serve
from pellucid.bench.cases import INFER, Case, write_weights
from pellucid.bench.contender import ContenderError
from pellucid.bench.measure import Result, _give_up
from pellucid.cli import main


@pytest.fixture
def run(capsys):
    """Run a command line in this process: (exit code, stderr)."""

    def run_line(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return end.value.code, said(capsys.readouterr().err)

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
    pc.models.lenet5()(np.zeros((1, 1, 28, 28)))  # compiling asks for room, too
    monkeypatch.setattr(memory, "available_bytes", lambda: 15_000_000)
    too_much = "the output must fit in memory. Expected at most 15,000,000 bytes, which are available. "
    hint = "Hint: use a smaller batch or input."
    told = f"conv2d 'conv1': {too_much}Got (1000, 6, 28, 28), 18,816,000 bytes. {hint}"
    code, err = run("warmup", "lenet5", "--batch", 1000)
    assert (code, said(err)) == (2, f"error: {told}\n")
    write_weights("lenet5", tmp_path)
    with pytest.raises(SystemExit) as end:  # what a contender says
        serve.serve("pellucid", Case(INFER, "lenet5", 1000), tmp_path, 1, 0.0, io.StringIO())
    assert str(end.value) == told
    with pytest.raises(pc.PellucidError) as error:  # and the bench passes on
        _give_up(Case(INFER, "lenet5", 1000), Result("pellucid"), ContenderError(f"failed: {told}"))
    assert str(error.value) == f"bench: Pellucid cannot do lenet5 b1000. Got failed: {told}"


def test_the_arena_is_refused_before_it_is_taken(monkeypatch):
    pc.TrainStep(pc.models.lenet5(), pc.SGD(lr=0.1))(np.zeros((1, 1, 28, 28)), np.zeros(1, np.int64))
    monkeypatch.setattr(memory, "available_bytes", lambda: 50_000_000)
    with pytest.raises(pc.NumericError) as error:
        pc.TrainStep(pc.models.lenet5(), pc.SGD(lr=0.1))(
            np.zeros((2000, 1, 28, 28)), np.zeros(2000, np.int64)
        )
    assert str(error.value).startswith(
        "plan: all that a run takes must fit in memory. Expected at most 50,000,000 bytes, which are available. Got "
    )


SPREAD = np.broadcast_to(np.float32(0), (1 << 20, 1, 1 << 10, 1 << 10))  # 4 TiB where it is written out
LABELS = np.broadcast_to(np.int64(0), (1 << 20,))
SGD = pc.SGD(0.1)
SUMMING = pc.Sequential(pc.AdaptiveAvgPool2d(1), pc.Flatten(), pc.Linear(1, 10))
COPIERS = {
    "LeNet5: input": lambda: pc.models.lenet5()(SPREAD),
    "TrainStep: x": lambda: pc.TrainStep(pc.models.lenet5(), SGD)(SPREAD, LABELS),
    "record: x": lambda: pc.record(pc.models.lenet5(), SPREAD),
    "batches: a batch as float32": lambda: next(pc.Dataset(SPREAD, LABELS).batches(1 << 20)),
    "fit: a batch as float32": lambda: pc.fit(
        SUMMING, (SPREAD, LABELS), optimizer=SGD, epochs=1, batch_size=1 << 20
    ),
    "conv2d: input": lambda: pc.functional.conv2d(SPREAD, np.ones((1, 1, 3, 3))),
    "relu_backward: input": lambda: pc.functional.relu_backward(SPREAD, SPREAD),
    "filter_image: image": lambda: pc.signal.filter_image(SPREAD.reshape(1 << 20, 1 << 20), "box"),
    "convolve: f": lambda: pc.signal.convolve(SPREAD, SPREAD),
    "check_gradient: input a": lambda: pc.check_gradient(np.copy, lambda g, x: g, (SPREAD,)),
}


@pytest.mark.parametrize("told", COPIERS)
def test_an_array_that_would_have_to_be_written_out_is_refused_before_that(told):
    what = told.partition(" (")[0]
    with pytest.raises(
        pc.NumericError, match=rf"^{what} must fit in memory\. .*, 4,398,046,511,104 bytes\. Hint: "
    ):
        COPIERS[told]()


CHILD = """
import resource, sys
import numpy as np
import pellucid as pc
from pellucid import limits, train

model, x, y = pc.models.vgg_small(), np.zeros((256, 3, 32, 32), np.float16), np.zeros(256, np.int64)
weight = np.ones((64, 3, 3, 3), np.float32)
most = (limits._numbers(limits._PROC / "self" / "status")["VmSize"] << 10) + int(sys.argv[2]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (most, most))
try:
    {
        "train": lambda: pc.TrainStep(model, pc.Adam())(x, y),
        "fit": lambda: pc.fit(model, (x, y), optimizer=pc.Adam(), epochs=1, batch_size=256),
        "infer": lambda: model(x),
        "predict": lambda: pc.predict(model, x),
        "evaluate": lambda: pc.evaluate(model, (x, y)),
        "record": lambda: pc.record(model, x, y, optimizer=pc.Adam()),
        "functional": lambda: pc.functional.conv2d(x.astype(np.float32), weight),
        "parameter": lambda: pc.Linear(8000, 40000),
    }[sys.argv[1]]()
except pc.NumericError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell what is used")
@pytest.mark.parametrize(
    "use", ["train", "fit", "infer", "predict", "evaluate", "record", "functional", "parameter"]
)
@pytest.mark.parametrize("megabytes", [20, 50, 90])
def test_a_process_that_may_take_little_is_told_so(use, megabytes):
    step = pc.TrainStep(pc.models.lenet5(), pc.Adam())
    step(np.zeros((1, 1, 28, 28)), np.zeros(1, np.int64))  # all is compiled
    line = [sys.executable, "-c", CHILD, use, str(megabytes)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, said(done.stderr)) == (0, "")
    assert re.fullmatch(r".+ must fit in memory\. .*Hint: use a smaller batch or input\.\n", done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell what is used")
def test_threads_that_have_no_room_are_refused_and_fewer_go_on():
    code = """
import resource
import numpy as np
import pellucid as pc
from pellucid import limits, train

model, x = pc.models.lenet5(), np.zeros((1, 1, 28, 28))
model(x)
most = (limits._numbers(limits._PROC / "self" / "status")["VmSize"] << 10) + 2**30
resource.setrlimit(resource.RLIMIT_AS, (most, most))
pc.set_num_threads(1024)
try:
    model(x)
except pc.NumericError as error:
    print(error)
pc.set_num_threads(3)
print(model(x).shape)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    told = (
        r"set_num_threads: the system must give so many threads\. Got thread \d+ was refused\. Hint: .+\.\n"
    )
    assert re.fullmatch(told + r"\(1, 10\)\n", done.stdout)
    assert (done.returncode, said(done.stderr)) == (0, "")


def test_the_narrowest_control_group_counts(tmp_path, monkeypatch):
    files = {
        "proc/meminfo": "MemTotal: 90 kB\nMemAvailable: 64 kB\nSwapFree: 6 kB\n",
        "proc/self/cgroup": "4:cpu,memory:/outer\n1:name=systemd:/outer\n0::/a/b\n",
        "cgroup/a/memory.max": "1000\n",
        "cgroup/a/memory.current": "900\n",
        "cgroup/a/memory.stat": "anon 850\ninactive_file 50\n",
        "cgroup/a/b/memory.max": "max\n",
        "cgroup/a/b/memory.current": "800\n",
        "cgroup/memory/outer/memory.limit_in_bytes": "700\n",
        "cgroup/memory/outer/memory.usage_in_bytes": "600\n",
        "cgroup/memory/outer/memory.stat": "inactive_file 1\ntotal_inactive_file 60\n",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(limits, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(limits, "_CGROUP", tmp_path / "cgroup")
    assert limits.machine() == 70 * 1024
    assert limits.container() == 150  # of version 2's a
    (tmp_path / "cgroup/a/b/memory.max").write_text("850")
    assert limits.container() == 50
    (tmp_path / "proc/self/cgroup").write_text("4:memory:/outer\n")
    assert limits.container() == 160
    (tmp_path / "proc/self/cgroup").unlink()
    assert limits.container() == limits.NO_LIMIT


def test_available_memory_is_less_than_the_machine_s():
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 48
    assert 0 < memory.available_bytes() < 4 * total  # with what can be swapped out
