"""Runs that something comes in between: interrupts, handlers of signals, forks, refusals of the system."""

import copy
import ctypes
import os
import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest

import pellucid as pc
from pellucid.engine import graph
from pellucid.kernels import tape, turns, worker
from pellucid.train import batch

UPWARD = 0x800  # FE_UPWARD of x86
X = np.random.default_rng(0).random((3, 2, 6, 7), np.float32)
Y = np.array([0, 3, 1])


def fresh(optimizer=None):
    pc.seed(0)
    layers = [pc.Conv2d(2, 5, 3), pc.BatchNorm2d(5), pc.ReLU(), pc.Flatten(), pc.Linear(100, 4)]
    return pc.TrainStep(pc.Sequential(*layers), optimizer or pc.SGD(lr=0.1, momentum=0.9))


def weights(step):
    return {name: array.tobytes() for name, array in step.model.state_dict().items()}


def test_an_interrupt_of_a_forward_ends_the_tracing():
    class Interrupted(pc.Module):
        def forward(self, x):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Interrupted()(X)
    assert not graph.tracing()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="needs this C library")
@pytest.mark.parametrize("optimizer", [pc.SGD(lr=0.1, momentum=0.9), pc.Adam(), pc.AdamW()], ids=str)
@pytest.mark.parametrize("threads", [1, 3])
def test_the_callers_rounding_changes_nothing_and_stays(threads, optimizer):
    library = ctypes.CDLL("libm.so.6")
    before = pc.get_num_threads()
    pc.set_num_threads(threads)
    try:
        usual, upward, other, double = (fresh(optimizer) for _ in range(4))
        for step in (other, double):
            step.model.astype("float64")
        expected = [usual(X, Y) for _ in range(3)]
        assert library.fesetround(UPWARD) == 0
        found = [upward(X, Y) for _ in range(3)]
        assert library.fegetround() == UPWARD
        found.append(double(X, Y))
        library.fesetround(0)
    finally:
        library.fesetround(0)
        pc.set_num_threads(before)
    expected.append(other(X, Y))
    assert weights(double) == weights(other)
    assert found == expected
    assert weights(upward) == weights(usual)


def test_scratch_memory_that_is_not_there_is_missed_once():
    step = fresh()
    loss = step.record(X, Y).loss
    with pytest.raises(
        pc.NumericError, match=r"^plan: the arrays must fit in memory\. Got unable to allocate"
    ):
        tape.team._room(1 << 55)
    assert step(X, Y) == loss


def test_threads_that_the_system_refuses_are_named(monkeypatch):
    before, step = pc.get_num_threads(), fresh()
    loss = step.record(X, Y).loss

    def refused(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(worker._thread, "start_new_thread", refused)
    pc.set_num_threads(1)
    pc.set_num_threads(3)
    try:
        with pytest.raises(pc.NumericError) as caught:
            step(X, Y)
        assert str(caught.value) == (
            "set_num_threads: the system must give so many threads. Got thread 2 was refused. "
            "Hint: use set_num_threads(1) or a higher limit on processes."
        )
        assert step.steps == 0
        monkeypatch.undo()
        assert step(X, Y) == loss
    finally:
        pc.set_num_threads(before)


def test_a_handler_in_the_middle_of_a_run_may_predict_but_not_step():
    step = fresh()
    expected = step.model(X)
    with turns.running:  # where a signal's handler is called
        assert step.model(X).tobytes() == expected.tobytes()
        for call in (step, step.record):
            with pytest.raises(pc.ArgumentError) as caught:
                call(X, Y)
            assert str(caught.value) == (
                "TrainStep: a step cannot be made in the middle of another run. "
                "Hint: let the signal's handler or the forward only note it."
            )
    assert step.steps == 0


def test_a_commit_is_refused_when_another_step_has_come_first():
    step = fresh()
    rec = step.record(X, Y)
    step(X, Y)
    after = weights(step)
    with pytest.raises(pc.ArgumentError, match="the model has moved on since this step was recorded"):
        rec.commit()
    assert weights(step) == after
    assert step.steps == 1


@pytest.mark.parametrize("optimizer", [pc.SGD(lr=0.1), pc.SGD(lr=0.1, momentum=0.9), pc.Adam()], ids=str)
def test_a_commit_changes_all_that_a_step_changes(optimizer):
    open_, fast = fresh(optimizer), fresh(optimizer)
    for _ in range(3):
        open_.record(X, Y).commit()
        fast(X, Y)
    assert open_.steps == fast.steps == 3
    assert weights(open_) == weights(fast)
    assert open_.model[1].num_batches_tracked == 3
    for name, state in fast._state._arrays.items():
        assert {k: v.tobytes() for k, v in state.items()} == {
            k: v.tobytes() for k, v in open_._state._arrays[name].items()
        }


def test_labels_are_the_steps_own_before_they_are_checked():
    given = np.array([1, 2, 0])
    assert not np.shares_memory(batch.labels(given, 3), given)


def test_read_only_weights_are_not_written():
    step = fresh()
    step(X, Y)
    before = weights(step)
    step.model[0].weight.flags.writeable = False
    with pytest.raises(pc.ArgumentError) as caught:
        step(X, Y)
    assert str(caught.value) == (
        "TrainStep: a step changes the model's arrays, so they must be writeable. Got '0.weight' is read-only. "
        "Hint: use 0.weight.flags.writeable = True."
    )
    assert weights(step) == before
    assert step.model(X).shape == (3, 4)


def test_a_deleted_parameter_is_missed():
    step = fresh()
    step.model(X)
    step(X, Y)
    del step.model[0].weight
    for call in (lambda: step.model(X), lambda: step(X, Y)):
        with pytest.raises(pc.MissingError, match=r"^Conv2d '0': there is no attribute 'weight'\.$"):
            call()


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"]
)
def test_copies_of_a_step_go_on_alone(copied):
    step = fresh(pc.Adam())
    step(X, Y)
    twin = copied(step)
    assert twin.steps == 1
    assert twin.model is not step.model
    assert [twin(X, Y) for _ in range(2)] == [step(X, Y) for _ in range(2)]
    assert weights(twin) == weights(step)


@pytest.mark.slow
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_of_recordings_and_traces_say_the_same(copied):
    rec = fresh().record(X, Y)
    twin = copied(rec)
    assert twin.names() == rec.names()
    assert twin.certify(sample=3).certified
    with pytest.raises(pc.ArgumentError) as caught:
        twin.commit()
    assert str(caught.value) == (
        "commit: a recording that was loaded or copied has no update to carry out. "
        "Hint: commit the recording that step.record returns."
    )
    for name, entry in rec.entries.items():
        if entry.source is not None:
            trace = rec.explain(f"{name}[{','.join('0' * len(entry.shape))}]")
            assert copied(trace).to_dict() == trace.to_dict()


@pytest.mark.slow
@pytest.mark.parametrize(("value", "expected"), [("3", 3), ("2,4", 2), ("5000", 1024)])
def test_the_environment_says_how_many_threads(value, expected):
    code = "import pellucid; print(pellucid.get_num_threads())"
    environment = {**os.environ, "OMP_NUM_THREADS": value}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{expected}\n"


@pytest.mark.slow
@pytest.mark.parametrize("value", ["", "0", "-1", "many", "1.5"])
def test_what_is_no_number_of_threads_counts_for_nothing(value):
    code = "import os, pellucid; print(pellucid.get_num_threads() == len(os.sched_getaffinity(0)))"
    environment = {**os.environ, "OMP_NUM_THREADS": value}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


DATA = pc.Dataset(np.random.default_rng(1).random((40, 2, 6, 7), np.float32), np.arange(40) % 4)


def fitted(*, callbacks, epochs=3, validation=None):
    """A model that was interrupted, what its callbacks saw, and as many steps without a break."""
    step, seen = fresh(), []
    with pytest.raises(KeyboardInterrupt):
        pc.fit(
            step.model, DATA, validation, optimizer=step.optimizer, epochs=epochs, batch_size=8,
            callbacks=[seen.append, *callbacks],
        )  # fmt: skip
    alone = fresh()
    for epoch in range(epochs):
        for x, y in DATA.batches(8, 0, epoch):
            if alone.steps < sum(hasattr(event, "batch") for event in seen):
                alone(x, y)
    return step, seen, alone


def test_the_first_ctrl_c_ends_training_after_the_step():
    def press(event):
        if getattr(event, "batch", 0) == 2:
            signal.raise_signal(signal.SIGINT)  # the other callbacks still see the step
            late.append(event)

    late = []
    step, seen, alone = fitted(callbacks=[press, late.append])
    assert [event.batch for event in seen] == [1, 2]
    assert late[-2:] == [seen[-1]] * 2
    assert weights(step) == weights(alone)
    assert step.model(X).shape == (3, 4)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_ctrl_c_ends_training_at_once():
    def press(event):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    step, seen, alone = fitted(callbacks=[press])
    assert len(seen) == 1
    assert weights(step) == weights(alone)


def test_ctrl_c_ends_an_evaluation_between_its_batches():
    class Pressing(pc.Dataset):
        def batches(self, *arguments, **settings):
            signal.raise_signal(signal.SIGINT)
            yield from super().batches(*arguments, **settings)
            raise AssertionError

    _, seen, _ = fitted(callbacks=[], validation=Pressing(DATA.images, DATA.labels))
    assert [event.batch for event in seen] == [1, 2, 3, 4, 5]


def test_a_handler_of_ones_own_is_left_alone():
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    try:
        step = fresh()
        press = lambda event: signal.raise_signal(signal.SIGINT)  # noqa: E731
        history = pc.fit(
            step.model, DATA, optimizer=step.optimizer, epochs=1, batch_size=20, callbacks=[press]
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(history.epochs) == 1
    assert len(pressed) == 3


def test_a_model_takes_its_own_numbers_in_another_order():
    model = pc.Sequential(pc.Linear(64, 64, bias=False), pc.Linear(64, 64, bias=False))
    first, second = (np.array(layer.weight) for layer in model)
    model[0].weight = model[0].weight[::-1]
    assert (model[0].weight == first[::-1]).all()
    model.load_state_dict({"0.weight": model[0].weight.T, "1.weight": second})
    assert (model[0].weight == first[::-1].T).all()
    model.load_state_dict({"0.weight": model[1].weight, "1.weight": model[0].weight})
    assert (model[0].weight == second).all()
    assert (model[1].weight == first[::-1].T).all()


def test_a_state_is_loaded_wholly_or_not_at_all():
    step, other = fresh(), weights(fresh())
    state = {name: array + 1 for name, array in step.model.state_dict().items()}
    step.model[4].weight.flags.writeable = False
    with pytest.raises(pc.ArgumentError) as caught:
        step.model.load_state_dict(state)
    assert str(caught.value) == (
        "Sequential.load_state_dict: names and shapes must be those of the model; nothing was loaded. "
        "Got unfit: 4.weight: the array must be writeable. Got a read-only one."
    )
    assert weights(step) == other
    with pytest.raises(pc.ArgumentError, match=r"^Linear\.weight: the array must be writeable"):
        step.model[4].weight = state["4.weight"]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
def test_interrupts_leave_one_state_or_the_other():
    model = pc.models.lenet5()
    states = [
        {name: np.full_like(array, value) for name, array in model.state_dict().items()} for value in (1, 2)
    ]

    model.load_state_dict(states[1])

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for i in range(200):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-6 * (1 + 2 * i))
                for _ in range(3):
                    model.load_state_dict(states[i % 2])
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                pass
            with turns.running:  # after what has begun
                assert len({float(array.flat[0]) for array in model.state_dict().values()}) == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("change", ["read-only", "another layer"])
def test_a_commit_is_refused_when_it_cannot_be_the_recorded_step(change):
    step = fresh()
    rec, before = step.record(X, Y), weights(step)
    if change == "read-only":
        step.model[1].running_mean.flags.writeable = False
    else:
        step.model[0].padding = 1
    with pytest.raises(pc.ArgumentError, match="must be writeable" if change == "read-only" else "moved on"):
        rec.commit()
    assert weights(step) == before


@pytest.mark.parametrize(
    "kind", [pc.ShapeError, pc.ArgumentError, pc.AddressError, pc.NumericError, pc.MissingError]
)
def test_errors_can_be_pickled(kind):
    error = kind("conv2d", "channels must match", expected="C=3", got="C=1", hint="look").at("features.3")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert again.path == "features.3"


def test_training_within_training_is_ended_by_one_ctrl_c():
    inner = []

    def train_another(event):
        step = fresh()
        press = lambda event: (inner.append(event), signal.raise_signal(signal.SIGINT))  # noqa: E731
        pc.fit(step.model, DATA, optimizer=step.optimizer, epochs=1, batch_size=8, callbacks=[press])

    step = fresh()
    with pytest.raises(KeyboardInterrupt):
        pc.fit(step.model, DATA, optimizer=step.optimizer, epochs=1, batch_size=8, callbacks=[train_another])
    assert len(inner) == 1


def test_a_path_ends_where_numbers_were_given():
    rec = fresh().record(X, Y)
    assert str(rec.why("0.output[0,0,0,0]", depth=10**30)) == str(rec.why("0.output[0,0,0,0]", depth=99))
