"""A run that is interrupted, damaged or looked at goes on with the bits of one that was left alone."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pc
from pellucid.errors import ArgumentError, DataError, FormatError
from pellucid.formats.run import load_run, save_run
from pellucid.train import epochs

RNG = np.random.default_rng(7)
TRAIN = pc.Dataset(RNG.integers(0, 256, (22, 2, 7, 5), np.uint8), RNG.integers(0, 3, 22))
TEST = TRAIN[:9]
EPOCHS, SIZE = 3, 5  # five steps an epoch, the last one of two images


def network() -> pc.Module:
    pc.seed(1)
    return pc.Sequential(
        pc.Conv2d(2, 4, 3, padding=1),
        pc.BatchNorm2d(4),
        pc.ReLU(),
        pc.Dropout(0.2),
        pc.Flatten(),
        pc.Linear(140, 3),
    )


OPTIMIZERS = {
    "sgd": lambda: pc.SGD(0.05, momentum=0.9, weight_decay=1e-3),
    "adamw": lambda: pc.AdamW(1e-2),
}


def trained(kind: str = "sgd", **settings: Any) -> tuple[pc.Module, Any]:
    model = network()
    given = {"epochs": EPOCHS, "batch_size": SIZE, "seed": 3, "schedule": "cosine", **settings}
    return model, pc.fit(model, TRAIN, TEST, optimizer=OPTIMIZERS[kind](), **given)


def bits(model: pc.Module) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in model.state_dict().items()}


class StopError(Exception):
    pass


def stopping(step: int, seen: list[Any]) -> Any:
    """A callback that ends a run roughly after so many steps of it."""

    def callback(event: Any) -> None:
        seen.append(event)
        if sum(hasattr(some, "batch") for some in seen) == step:
            raise StopError

    return callback


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("step", [1, 4, 5, 6, 12, 15])
def test_a_run_resumed_from_any_step_has_the_bits_of_one_that_was_not_interrupted(kind, step, tmp_path):
    whole, history = trained(kind)
    always = pc.Checkpoints(tmp_path / "run", every_s=0)
    with pytest.raises(StopError):
        trained(kind, checkpoint=always, callbacks=[stopping(step, [])])
    threads = pc.get_num_threads()
    try:
        pc.set_num_threads(3)
        resumed, found = trained(kind, checkpoint=tmp_path / "run", resume=True)
    finally:
        pc.set_num_threads(threads)
    assert bits(resumed) == bits(whole)
    assert found.losses == history.losses
    assert found.rates == history.rates
    assert [(e.epoch, e.loss, e.validation) for e in found.epochs] == [
        (e.epoch, e.loss, e.validation) for e in history.epochs
    ]


def test_a_finished_run_is_returned_as_it_is(tmp_path):
    whole, history = trained(checkpoint=tmp_path)
    seen: list[Any] = []
    again, found = trained(checkpoint=tmp_path, resume=True, callbacks=[seen.append])
    assert not seen
    assert bits(again) == bits(whole)
    assert found.losses == history.losses


def test_ctrl_c_leaves_a_checkpoint_behind_the_step(tmp_path):
    def press(event: Any) -> None:
        if getattr(event, "batch", 0) == 3 and event.epoch == 1:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trained(checkpoint=tmp_path, callbacks=[press])
    assert max(pc.Checkpoints(tmp_path).paths()) == 8
    whole, _ = trained()
    resumed, _ = trained(checkpoint=tmp_path, resume=True)
    assert bits(resumed) == bits(whole)


def test_a_damaged_checkpoint_is_told_about_and_the_one_before_it_is_used(tmp_path):
    whole, _ = trained(checkpoint=tmp_path)
    newest = pc.Checkpoints(tmp_path).paths()[15]
    content = bytearray(newest.read_bytes())
    content[-5] ^= 1
    newest.write_bytes(content)
    with pytest.warns(UserWarning, match=r"checksum\. Training goes on from the checkpoint before it\.$"):
        resumed, _ = trained(checkpoint=tmp_path, resume=True)
    assert bits(resumed) == bits(whole)


def test_a_damaged_checkpoint_goes_when_there_is_a_newer_one(tmp_path):
    """Until then it stays, and is none of the two that a run always has."""
    whole, _ = trained()
    always = {"checkpoint": pc.Checkpoints(tmp_path, every_s=0)}
    with pytest.raises(StopError):
        trained(callbacks=[stopping(8, [])], **always)
    damaged = pc.Checkpoints(tmp_path).paths()[8]
    damaged.rename(damaged := tmp_path / "step-000000010.safetensors")
    damaged.write_bytes(damaged.read_bytes()[:-9])

    def sound(steps: int) -> list[int]:
        with pytest.warns(UserWarning, match="before it"), pytest.raises(StopError):
            trained(resume=True, callbacks=[stopping(steps, [])], **always)
        return [*pc.Checkpoints(tmp_path).paths()]

    always = {"checkpoint": pc.Checkpoints(tmp_path, every_s=0)}
    assert sound(1)[-3:] == [7, 8, 10]
    assert damaged.exists()
    damaged.rename(damaged := tmp_path / "step-000000009.safetensors")
    assert sound(2)[-2:] == [9, 10]
    damaged = tmp_path / "step-000000011.safetensors"
    damaged.write_bytes(b"broken")
    always = {"checkpoint": pc.Checkpoints(tmp_path, every_s=1e9)}
    with pytest.warns(UserWarning, match="before it"):
        resumed, _ = trained(resume=True, **always)
    assert not damaged.exists()
    assert bits(resumed) == bits(whole)


def test_where_all_are_damaged_there_is_one_error(tmp_path):
    trained(checkpoint=tmp_path, epochs=1)
    for path in pc.Checkpoints(tmp_path).paths().values():
        path.write_bytes(path.read_bytes()[:-3])
    with (
        pytest.warns(UserWarning, match="Training goes on"),
        pytest.raises(FormatError, match="cannot be read as safetensors"),
    ):
        trained(checkpoint=tmp_path, epochs=1, resume=True)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"batch_size": 4}, "batch_size"),
        ({"seed": 4}, "seed"),
        ({"schedule": "step"}, "schedule"),
        ({"epochs": 4}, "steps"),
        ({"kind": "adamw"}, "optimizer"),
        ({"drop_last": True}, "drop_last"),
    ],
)
def test_a_run_does_not_go_on_with_other_settings(settings, name, tmp_path):
    trained(checkpoint=tmp_path)
    with pytest.raises(ArgumentError, match=rf"^fit: a run goes on with the {name} that it began with\. "):
        trained(checkpoint=tmp_path, resume=True, **settings)


def test_nor_with_other_data(tmp_path):
    trained(checkpoint=tmp_path)
    model, other = network(), pc.Dataset(TRAIN.images, (TRAIN.labels + 1) % 3)
    with pytest.raises(ArgumentError, match=r"^fit: a run goes on with the data that it began with\. "):
        pc.fit(
            model, other, TEST, optimizer=OPTIMIZERS["sgd"](), epochs=EPOCHS, batch_size=SIZE, seed=3,
            schedule="cosine", checkpoint=tmp_path, resume=True,
        )  # fmt: skip


def test_without_a_schedule_a_run_can_be_made_longer(tmp_path):
    longer, _ = trained(schedule=None, epochs=2)
    trained(schedule=None, epochs=1, checkpoint=tmp_path)
    resumed, _ = trained(schedule=None, epochs=2, checkpoint=tmp_path, resume=True)
    assert bits(resumed) == bits(longer)


def test_two_runs_do_not_mix_in_one_folder(tmp_path):
    trained(checkpoint=tmp_path, epochs=1)
    with pytest.raises(ArgumentError) as error:
        trained(checkpoint=tmp_path, epochs=1)
    assert str(error.value) == (
        f"fit: the folder holds a run already. Got '{tmp_path}'. Hint: go on with resume=True (--resume), or choose "
        "another folder."
    )


def test_a_failed_save_leaves_what_was_there(tmp_path, monkeypatch):
    trained(checkpoint=tmp_path, epochs=1)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    state = load_run(next(iter(before)))
    with pytest.raises(FormatError, match=r"the file cannot be written\. Got No space left on device\."):
        pc.Checkpoints(tmp_path).save(99, state)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_early_stopping_leaves_the_best_model():
    states: list[dict[str, bytes]] = []
    model = network()

    def keep(event: Any) -> None:
        if isinstance(event, pc.Epoch):
            states.append(bits(model))

    history = pc.fit(
        model, TRAIN, TEST, optimizer=pc.SGD(0.3), epochs=30, batch_size=5, early_stopping=2, callbacks=[keep]
    )
    accuracies = [epoch.validation["accuracy"] for epoch in history.epochs]
    assert history.ended == "early_stopping"
    best = int(np.argmax(accuracies))
    assert len(accuracies) == best + 3
    assert bits(model) == states[best]


def test_a_callback_may_end_training():
    def enough(event: Any) -> Any:
        return "stop" if getattr(event, "batch", 0) == 2 else None

    _, history = trained(callbacks=[enough])
    assert (len(history.losses), history.epochs, history.ended) == (2, [], "callback")


def test_batches_may_be_a_list_or_an_iterator():
    batches = list(TRAIN.batches(SIZE, seed=3, epoch=0))
    models = [network() for _ in range(3)]
    for model, given in zip(models, (batches, iter(batches), TRAIN), strict=True):
        pc.fit(model, given, optimizer=pc.SGD(0.05), epochs=1, batch_size=SIZE, seed=3)
    assert bits(models[0]) == bits(models[1]) == bits(models[2])
    with pytest.raises(DataError) as error:
        pc.fit(models[1], iter(batches), optimizer=pc.SGD(0.05), epochs=2)
    assert str(error.value) == (
        "fit: the iterator has no more batches. Got epoch 2. Hint: give a list of batches, or an object whose "
        "__iter__ begins anew."
    )


def test_numbers_are_learned_from_pairs():
    x = RNG.standard_normal((20, 3)).astype(np.float32)
    y = x @ np.array([[1.0], [2.0], [-1.0]], np.float32)
    model = pc.Linear(3, 1)
    before = pc.evaluate(model, pc.Dataset(x, targets=y))["loss"]
    history = pc.fit(model, (x, y), (x, y), optimizer=pc.SGD(0.1), loss="mse_loss", epochs=20, batch_size=7)
    assert history.epochs[-1].validation["loss"] < before / 100


def test_a_last_batch_of_one_image_is_joined_where_there_is_batch_norm():
    data = TRAIN[:11]
    seen: list[Any] = []
    pc.fit(network(), data, optimizer=pc.SGD(0.05), epochs=1, batch_size=5, callbacks=[seen.append])
    assert seen[-2].batches == 2
    plain = pc.Sequential(pc.Flatten(), pc.Linear(70, 3))
    pc.fit(plain, data, optimizer=pc.SGD(0.05), epochs=1, batch_size=5, callbacks=[seen.append])
    assert seen[-2].batches == 3
    pc.fit(
        plain, data, optimizer=pc.SGD(0.05), epochs=1, batch_size=5, drop_last=True, callbacks=[seen.append]
    )
    assert seen[-2].batches == 2


def test_a_second_ctrl_c_in_the_middle_of_a_step_leaves_the_checkpoint_before_it(tmp_path, monkeypatch):
    whole, _ = trained()
    made = pc.TrainStep.__call__

    def interrupted(step: Any, x: Any, y: Any) -> float:
        loss = made(step, x, y)
        if step.steps == 7:  # the update is made, and the loop does not know of it
            raise KeyboardInterrupt
        return loss

    monkeypatch.setattr(pc.TrainStep, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trained(checkpoint=pc.Checkpoints(tmp_path, every_s=0))
    monkeypatch.undo()
    assert max(pc.Checkpoints(tmp_path).paths()) == 6
    resumed, _ = trained(checkpoint=tmp_path, resume=True)
    assert bits(resumed) == bits(whole)


def test_any_error_between_steps_leaves_a_checkpoint(tmp_path):
    def fail(event: Any) -> None:
        if getattr(event, "batch", 0) == 3:
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the callback's own
        trained(checkpoint=tmp_path, callbacks=[fail])
    assert max(pc.Checkpoints(tmp_path).paths()) == 3


def test_averages_are_those_of_a_run_without_a_break(tmp_path):
    settings: dict[str, Any] = {"ema": 0.9, "clip_norm": 0.5, "augment": "crop 1; flip"}
    whole, history = trained(**settings)
    always = pc.Checkpoints(tmp_path, every_s=0)
    with pytest.raises(StopError):
        trained(checkpoint=always, callbacks=[stopping(8, [])], **settings)
    resumed, found = trained(checkpoint=tmp_path, resume=True, **settings)
    assert bits(resumed) == bits(whole)
    assert [epoch.validation for epoch in found.epochs] == [epoch.validation for epoch in history.epochs]


def test_ctrl_c_while_averages_are_validated_leaves_a_checkpoint_of_the_last_step(tmp_path, monkeypatch):
    settings: dict[str, Any] = {"ema": 0.9}
    whole, _ = trained(**settings)
    judge = epochs.scores

    def pressed(*given: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return judge(*given)

    monkeypatch.setattr(epochs, "scores", pressed)
    with pytest.raises(KeyboardInterrupt):
        trained(checkpoint=tmp_path, **settings)
    assert max(pc.Checkpoints(tmp_path).paths()) == 5
    monkeypatch.undo()
    resumed, _ = trained(checkpoint=tmp_path, resume=True, **settings)
    assert bits(resumed) == bits(whole)


@pytest.mark.parametrize("wanted", ["averages", "best"])
def test_whatever_ends_training_leaves_the_model_that_a_finished_run_would(wanted):
    """Here an error of a callback, behind an epoch and three steps."""
    settings: dict[str, Any] = {"ema": 0.9} if wanted == "averages" else {"restore_best": True}

    def enough(event: Any) -> Any:
        return "stop" if (event.epoch, getattr(event, "batch", 0)) == (1, 3) else None

    finished, _ = trained(**settings, callbacks=[enough])
    model = network()
    with pytest.raises(StopError):
        pc.fit(
            model, TRAIN, TEST, optimizer=OPTIMIZERS["sgd"](), epochs=EPOCHS, batch_size=SIZE, seed=3,
            schedule="cosine", callbacks=[stopping(8, [])], **settings,
        )  # fmt: skip
    assert bits(model) == bits(finished)
    plain, _ = trained(callbacks=[enough])
    assert bits(model) != bits(plain)


def test_what_is_frozen_is_part_of_the_recipe(tmp_path):
    trained(checkpoint=tmp_path)
    model = network()
    model[0].bias.requires_grad = False
    with pytest.raises(ArgumentError, match=r"^fit: a run goes on with the frozen that it began with\. "):
        pc.fit(
            model, TRAIN, TEST, optimizer=OPTIMIZERS["sgd"](), epochs=EPOCHS, batch_size=SIZE, seed=3,
            schedule="cosine", checkpoint=tmp_path, resume=True,
        )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": -1},
        {"epoch": 99},
        {"batch": 2},
        {"lr": "0x1p99999"},
        {"epochs": [{}]},
        {"loss_sum": 3},
        {"loss_sum": "nan"},
        {"best": {"score": "-inf", "epoch": 0}},
        {"batch": 6, "images": 27},
    ],
)
def test_a_state_that_does_not_hold_together_is_refused(change, tmp_path):
    trained(checkpoint=tmp_path)
    (path,) = [path for steps, path in pc.Checkpoints(tmp_path).paths().items() if steps == 15]
    state = load_run(path)
    state.state |= change
    save_run(path, state)
    with pytest.raises(FormatError) as error:
        trained(checkpoint=tmp_path, resume=True)
    assert str(error.value) == "fit: the checkpoint's state is broken."


@pytest.mark.parametrize("name", ["losses", "rates"])
def test_losses_and_rates_that_are_not_finite_are_refused(name, tmp_path):
    trained(checkpoint=tmp_path)
    path = [*pc.Checkpoints(tmp_path).paths().values()][-1]
    state = load_run(path)
    state.arrays[name][2] = np.nan
    save_run(path, state)
    with pytest.raises(FormatError, match=r"^fit: the checkpoint's state is broken\.$"):
        trained(checkpoint=tmp_path, resume=True)


def test_a_best_model_of_another_shape_is_refused_before_training_and_not_behind_it(tmp_path):
    trained(checkpoint=tmp_path)
    path = [*pc.Checkpoints(tmp_path).paths().values()][-1]
    state = load_run(path)
    state.arrays["best/0.bias"] = state.arrays["best/0.bias"][1:]
    save_run(path, state)
    with pytest.raises(FormatError, match=r"^fit: the checkpoint's state is broken\.$"):
        trained(checkpoint=tmp_path, resume=True)


def test_a_long_word_of_a_checkpoint_makes_no_long_message(tmp_path):
    trained(checkpoint=tmp_path)
    path = [*pc.Checkpoints(tmp_path).paths().values()][-1]
    state = load_run(path)
    state.recipe["x" * 10**5] = 1
    save_run(path, state)
    with pytest.raises(ArgumentError) as error:
        trained(checkpoint=tmp_path, resume=True)
    assert len(str(error.value)) < 1000


def test_an_epoch_counts_its_steps_also_behind_an_interruption(tmp_path):
    counts = [epoch.steps for epoch in trained()[1].epochs]
    assert sum(counts) == len(trained()[1].losses)
    assert len(set(counts)) == 1

    def press(event: Any) -> str | None:
        return "stop" if isinstance(event, pc.Progress) and event.batch == 2 and event.epoch == 1 else None

    trained(checkpoint=tmp_path, callbacks=[press])
    _, history = trained(checkpoint=tmp_path, resume=True)
    assert [epoch.steps for epoch in history.epochs] == counts
