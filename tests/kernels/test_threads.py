"""The team of threads: any size, after a fork, from several threads, asleep and awake."""

import multiprocessing
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import pellucid as pc
from pellucid.kernels import tape


@pytest.fixture
def network():
    pc.seed(0)
    return pc.Sequential(pc.Conv2d(3, 5, 3), pc.ReLU(), pc.Flatten(), pc.Linear(5 * 5 * 4, 7))


@pytest.fixture(autouse=True)
def _same_threads_afterwards():
    before = pc.get_num_threads()
    yield
    pc.set_num_threads(before)


IMAGES = np.random.default_rng(0).standard_normal((6, 3, 7, 6)).astype(np.float32)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "2", None, 5000])
def test_the_number_of_threads_is_checked(wrong):
    with pytest.raises(
        pc.ArgumentError, match=r"^set_num_threads: the number of threads must be an integer\."
    ):
        pc.set_num_threads(wrong)


def test_more_threads_than_cores_and_pauses_between_runs_change_nothing(network):
    pc.set_num_threads(1)
    expected = network(IMAGES).tobytes()
    for threads in (2, 7, 1, 3):
        pc.set_num_threads(threads)
        assert pc.get_num_threads() == threads
        for pause in (0, 0.02, 0):  # awake, asleep, awake
            time.sleep(pause)
            assert network(IMAGES).tobytes() == expected


def test_a_team_that_grows_has_scratch_memory_for_all():
    pc.seed(0)
    network, images = pc.Conv2d(16, 16, 3), np.random.default_rng(0).random((20, 16, 12, 12))
    pc.set_num_threads(1)
    with pc.algorithm("winograd"):
        expected = network(images).tobytes()
        for threads in (7, 1, 2):
            pc.set_num_threads(threads)
            assert network(images).tobytes() == expected
            scratch = tape.team._scratch
            assert 0 < scratch.room * threads <= scratch.numbers.size


def test_several_python_threads_share_a_network(network):
    expected = network(IMAGES).tobytes()
    results = []
    threads = [
        threading.Thread(target=lambda: results.extend(network(IMAGES).tobytes() for _ in range(50)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 150


def _child(network, queue):
    queue.put(network(IMAGES).tobytes())


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_forked_process_has_a_team_of_its_own(network):
    pc.set_num_threads(2)
    expected = network(IMAGES).tobytes()
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    process = context.Process(target=_child, args=(network, queue))
    process.start()
    process.join(timeout=60)
    assert process.exitcode == 0
    assert queue.get() == expected


def test_several_python_threads_share_a_training_step(network):
    step = pc.TrainStep(network, pc.Adam(lr=1e-3))
    threads = [
        threading.Thread(target=lambda: [step(IMAGES, np.arange(6)) for _ in range(20)]) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pc.seed(0)
    alone = pc.Sequential(pc.Conv2d(3, 5, 3), pc.ReLU(), pc.Flatten(), pc.Linear(5 * 5 * 4, 7))
    other = pc.TrainStep(alone, pc.Adam(lr=1e-3))
    for _ in range(60):
        other(IMAGES, np.arange(6))
    assert step.steps == 60
    for name, array in alone.state_dict().items():
        assert array.tobytes() == network.state_dict()[name].tobytes()


@pytest.mark.slow
def test_runs_without_a_pause_need_no_more_stack():
    """A worker that stays awake from run to run; each round of its loop once took 48 bytes more of its stack."""
    code = (
        "import threading, pellucid as pc; from pellucid.kernels import tape; "
        "tape.make(); threading.stack_size(1 << 18); pc.set_num_threads(2); "
        "none = tape.launches([]); "
        "[tape.team.play(none) for _ in range(100_000)]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
