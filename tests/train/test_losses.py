"""Losses with settings: what a step, a recording and a training run make of them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import pellucid as pc

X = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
Y = np.array([2, 0, 1, 1, 2])
PLANES = np.random.default_rng(1).normal(size=(3, 2, 5, 4)).astype(np.float32)
PIXELS = np.random.default_rng(2).integers(0, 3, (3, 5, 4))


def model(*layers):
    pc.seed(3)
    return pc.Sequential(*layers or (pc.Linear(4, 3),))


def segmenting():
    pc.seed(4)
    return model(pc.Conv2d(2, 5, 3, padding=1), pc.ReLU(), pc.Conv2d(5, 3, 1))


def step(loss="cross_entropy", network=None):
    return pc.TrainStep(network or model(), pc.SGD(lr=0.1, momentum=0.9), loss)


def said(call):
    with pytest.raises(pc.PellucidError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "loss", "y"),
    [
        ("cross_entropy", pc.CrossEntropyLoss(), Y),
        ("cross_entropy", pc.CrossEntropyLoss(weight=np.ones(3)), Y),
        ("mse_loss", pc.MSELoss(), X[:, :3]),
    ],
)
def test_a_loss_as_usual_has_the_bits_of_its_name(name, loss, y):
    named, made = step(name), step(loss)
    assert [named(X, y) for _ in range(3)] == [made(X, y) for _ in range(3)]
    for key, array in named.model.state_dict().items():
        assert array.tobytes() == made.model.state_dict()[key].tobytes()
    assert made.loss is loss


LOSSES = {
    "weights": (pc.CrossEntropyLoss([0.5, 2, 1.5]), Y),
    "ignored": (pc.CrossEntropyLoss(ignore_index=1), Y),
    "smoothing": (pc.CrossEntropyLoss(label_smoothing=0.1), Y),
    "all": (pc.CrossEntropyLoss([0.5, 2, 1.5], 255, 0.1), np.array([2, 255, 1, 0, 255])),
    "probabilities": (pc.CrossEntropyLoss(), abs(X[:, :3])),
    "weighted probabilities": (pc.CrossEntropyLoss([0.5, 2, 1.5], label_smoothing=0.2), abs(X[:, 1:])),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_recording_has_the_bits_of_the_step_and_is_certified(name, dtype):
    loss, y = LOSSES[name]
    fast = step(loss, model().astype(dtype))
    again = pickle.loads(pickle.dumps(fast))
    recorded = copy.deepcopy(fast)
    for _ in range(3):
        rec = recorded.record(X, y)
        assert rec.certify().certified, str(rec.certify())
        rec.commit()
        assert fast(X, y) == again(X, y) == float(rec["loss"])
    assert fast.model[0].weight.tobytes() == recorded.model[0].weight.tobytes()
    assert ("loss.weight" in rec) == (loss.weight is not None)
    one = pc.record(model().astype(dtype), X, y, optimizer=pc.SGD(lr=0.1), loss=loss)
    assert one.certify(sample=20).certified


@pytest.mark.parametrize("settings", [{}, {"weight": [1, 3, 0.5]}, {"label_smoothing": 0.2}], ids=str)
def test_one_label_per_pixel(settings):
    """What is ignored takes part neither in the loss nor in any gradient."""
    labels = PIXELS.copy()
    labels[:, 2:, 1] = -100
    first = step(pc.CrossEntropyLoss(**settings), segmenting())
    rec = first.record(PLANES, labels)
    assert rec.certify(sample=40).certified
    gradient = rec["grad(2.output)"]
    counts = np.moveaxis(np.broadcast_to(labels != -100, (3, *labels.shape)), 0, 1)
    assert (gradient[counts] != 0).all()
    assert not gradient[~counts].any()
    assert not rec["cross_entropy.losses"][labels == -100].any()
    losses = [first(PLANES, labels) for _ in range(4)]
    assert losses == sorted(losses, reverse=True)
    rows = np.moveaxis(np.eye(3)[PIXELS], -1, 1)
    assert step(network=segmenting())(PLANES, PIXELS) == pytest.approx(
        step(network=segmenting())(PLANES, rows)
    )


def test_ignored_images_leave_the_step_as_it_is_without_them():
    whole, part = step(pc.CrossEntropyLoss(ignore_index=7)), step()
    assert whole(X, np.array([2, 0, 7, 7, 7])) == pytest.approx(part(X[:2], Y[:2]), rel=1e-6)
    np.testing.assert_allclose(whole.model[0].weight, part.model[0].weight, rtol=1e-5)


def test_a_batch_of_which_nothing_counts_has_no_loss_and_changes_nothing():
    one = step()
    before = one.model.state_dict()
    with pytest.raises(pc.NumericError, match=r"nothing was changed\. Got nan in loss"):
        one(X, np.full(5, -100))
    assert all((before[name] == array).all() for name, array in one.model.state_dict().items())


def test_fit_takes_a_loss_and_ignores_its_labels():
    labels = np.array([2, 0, 9, 1, 9])
    loss = pc.CrossEntropyLoss([1, 2, 3], ignore_index=9, label_smoothing=0.1)
    settings = {"optimizer": pc.SGD(lr=0.1), "epochs": 2, "batch_size": 5, "loss": loss}
    history = pc.fit(model(), (X, labels), (X, Y), **settings)
    assert history.epochs[1].loss < history.epochs[0].loss
    assert said(lambda: pc.fit(model(), (X, labels - 10), **settings)) == (
        "fit: a label must be a class of the network. Expected 0 to 2, or 9. Got labels[0] = -8."
    )
    assert said(lambda: pc.fit(model(), (X, labels), (X, labels - 10), **settings)) == (
        "fit: a label must be a class of the network. Expected 0 to 2, or 9. Got validation labels[0] = -8."
    )
    assert said(lambda: pc.fit(model(), (X, Y), **settings | {"loss": pc.MSELoss()})) == (
        "fit: labels are classes, so the loss must be cross_entropy. Got labels and mse_loss. "
        "Hint: targets are floating numbers."
    )


def test_fit_validates_with_what_the_loss_counts():
    """Images and pixels that are ignored are left out of loss and accuracy, as if they were not there."""
    labels, loss = np.array([2, 9, 9, 1, 9]), pc.CrossEntropyLoss([1, 2, 3], ignore_index=9)
    network, settings = model(), {"optimizer": pc.SGD(lr=0.1), "epochs": 2, "loss": loss}
    last = pc.fit(network, (X, Y), (X, labels), **settings).epochs[1].validation
    assert (
        last
        == pc.evaluate(network, (X, labels), loss=loss)
        == pc.evaluate(network, (X, labels), ignore_index=9)
    )
    assert last == pytest.approx(pc.evaluate(network, (X[[0, 3]], labels[[0, 3]])), rel=1e-6)
    planes, pixels = segmenting(), PIXELS.copy()
    pixels[:, 1:4] = 9
    pixels[0, 0, 1] = 4
    assert said(lambda: pc.fit(planes, (PLANES, PIXELS), (PLANES, pixels), **settings)) == (
        "fit: a label must be a class of the network. Expected 0 to 2, or 9. Got validation labels[0,0,1] = 4."
    )
    pixels[0, 0, 1] = 9
    last = pc.fit(planes, (PLANES, PIXELS), (PLANES, pixels), **settings).epochs[1].validation
    assert last == pc.evaluate(planes, (PLANES, pixels), ignore_index=9)


def test_fit_takes_class_probabilities():
    shares = abs(np.random.default_rng(7).normal(size=(5, 3))).astype(np.float32)
    settings = {"optimizer": pc.SGD(lr=0.1), "epochs": 2, "batch_size": 3, "loss": pc.CrossEntropyLoss()}
    networks = [model(), model()]
    data = pc.Dataset(X, targets=shares), (X, shares)
    runs = [pc.fit(net, part, part, **settings) for net, part in zip(networks, data, strict=True)]
    assert runs[0].losses == runs[1].losses
    logits = networks[0](X).astype(np.float64)
    logarithms = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    expected = {
        "loss": -(shares * logarithms).sum(1).mean(),
        "accuracy": (logits.argmax(1) == shares.argmax(1)).mean(),
    }
    assert runs[0].epochs[1].validation == pytest.approx(expected, rel=1e-6)
    assert pc.evaluate(networks[0], data[1], loss="cross_entropy") == runs[0].epochs[1].validation
    mixed = pc.fit(
        model(), data[0], (X, Y), **settings
    )  # probabilities to learn from, classes to validate with
    assert mixed.losses == runs[0].losses
    assert pc.evaluate(networks[0], data[0]) == pytest.approx(
        {"loss": ((networks[0](X) - shares) ** 2).mean()}
    )


NOTHING = "there is nothing to evaluate on. Got labels that are all 9, which is ignored."
NUMBERS = (
    "targets are numbers, so the loss must be mse_loss. Got targets and cross_entropy. "
    "Hint: labels are whole numbers, class probabilities floating ones (N, classes, …)."
)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pc.evaluate(model(), (X, Y * 0 + 9), ignore_index=9), f"evaluate: {NOTHING}"),
        (
            lambda: pc.fit(
                model(), (X, Y), (X, Y * 0 + 9), epochs=1, optimizer=pc.SGD(0.1),
                loss=pc.CrossEntropyLoss(ignore_index=9),
            ),
            f"fit: {NOTHING}",
        ),
        (
            lambda: pc.fit(model(), (X, Y * 0 - 100), epochs=1, optimizer=pc.SGD(0.1)),
            "fit: there is nothing to train on. Got labels that are all -100, which is ignored.",
        ),
        (
            lambda: pc.evaluate(model(), (X, Y + 1), ignore_index=9),
            "evaluate: a label must be a class of the network. Expected 0 to 2, or 9. Got labels[0] = 3.",
        ),
        (
            lambda: pc.evaluate(model(), (X, Y), loss="mse_loss", ignore_index=9),
            "evaluate: only cross_entropy has labels to ignore. Got ignore_index=9.",
        ),
        (
            lambda: pc.evaluate(model(), (X, Y), ignore_index=0.5),
            "CrossEntropyLoss: ignore_index must be an integer. Got 0.5.",
        ),
        (
            lambda: pc.evaluate(model(), (X, X[:, :3]), ignore_index=9),
            "evaluate: class probabilities have no class to ignore. Expected ignore_index=-100. Got ignore_index=9.",
        ),
        (
            lambda: pc.evaluate(model(), (X, X), loss="cross_entropy"),
            "evaluate: class probabilities must have the shape of the network's output. Expected (5, 3). Got (5, 4).",
        ),
        (
            lambda: pc.evaluate(model(), (X, Y), loss="mse"),
            "evaluate: loss has no such name. Expected cross_entropy or mse_loss. Got 'mse'.",
        ),
        (
            lambda: pc.evaluate(model(), pc.Dataset(X, targets=X[:, 0]), loss="cross_entropy"),
            f"evaluate: {NUMBERS}",
        ),
        (
            lambda: pc.fit(model(), pc.Dataset(X, targets=Y[:, None]), epochs=1, optimizer=pc.SGD(0.1)),
            f"fit: {NUMBERS}",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_told(call, message):
    assert said(call) == message


def test_fit_takes_numbers_and_batches_of_probabilities():
    settings = {"optimizer": pc.SGD(lr=0.1), "epochs": 2}
    named, made = (
        pc.fit(model(), (X, X[:, :3]), **settings, loss=loss).losses for loss in ("mse_loss", pc.MSELoss())
    )
    assert named == made
    batches = [(X[:3], abs(X[:3, :3])), (X[3:], abs(X[3:, :3]))]
    losses = pc.fit(model(), batches, **settings, loss=pc.CrossEntropyLoss(label_smoothing=0.1)).losses
    assert sum(losses[2:]) < sum(losses[:2])


def test_a_models_own_names_stay():
    class Named(pc.Module):
        def __init__(self):
            self.loss = pc.Linear(4, 3)

        def forward(self, x):
            return self.loss(x)

    rec = step(pc.CrossEntropyLoss([1, 2, 3]), Named()).record(X, Y)
    assert rec["loss.weight"].shape == (3, 4)
    np.testing.assert_array_equal(rec["loss.weight#2"], [1, 2, 3])
    assert rec.certify(sample=20).certified


def test_what_a_loss_is_made_of_stays():
    weight = np.array([1.0, 2, 3])
    loss = pc.CrossEntropyLoss(weight, label_smoothing=np.float32(0.25))
    weight[0] = 5
    assert repr(loss) == "CrossEntropyLoss(weight=[1.0, 2.0, 3.0], ignore_index=-100, label_smoothing=0.25)"
    assert repr(pc.MSELoss()) == "MSELoss()"
    for name in ("label_smoothing", "weight", "reduction"):
        assert said(lambda name=name: setattr(loss, name, 0)) == (
            f"CrossEntropyLoss: a loss is made with its settings. Got {name} = 0. "
            "Hint: make another CrossEntropyLoss."
        )


KIND = "CrossEntropyLoss: "
WEIGHT = f"{KIND}weight must have one finite number per class. Expected (classes,). Got weight"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pc.CrossEntropyLoss([[1, 2]]), f"{WEIGHT} (1, 2)."),
        (lambda: pc.CrossEntropyLoss(3.0), f"{WEIGHT} ()."),
        (lambda: pc.CrossEntropyLoss([1, np.inf]), f"{WEIGHT} [1.0, inf]."),
        (lambda: pc.CrossEntropyLoss(ignore_index=True), f"{KIND}ignore_index must be an integer. Got True."),
        (
            lambda: pc.CrossEntropyLoss(label_smoothing=1.5),
            f"{KIND}label_smoothing must be a number in [0, 1]. Got label_smoothing=1.5.",
        ),
        (
            lambda: pc.CrossEntropyLoss(reduction="sum"),
            f"{KIND}there is no setting 'reduction'. Expected weight, ignore_index, label_smoothing.",
        ),
        (lambda: pc.MSELoss(2), "MSELoss: too many positional arguments. Expected no settings."),
        (
            lambda: step(pc.CrossEntropyLoss([1e39, 1, 1]))(X, Y),
            f"{KIND}weight must lie within the range of float32. Got 1e+39 at [0].",
        ),
        (
            lambda: step(pc.CrossEntropyLoss([1, 2]))(X, Y),
            "cross_entropy 'cross_entropy': weight must have one value per class. Expected (3,). Got weight (2,).",
        ),
        (
            lambda: step(pc.CrossEntropyLoss(ignore_index=1))(X, X[:, :3]),
            "cross_entropy: class probabilities have no class to ignore. Expected ignore_index=-100. "
            "Got ignore_index=1.",
        ),
        (
            lambda: step(pc.CrossEntropyLoss(ignore_index=9))(X, Y + 1),
            "cross_entropy: a label must be a class of the network. Expected 0 to 2, or 9. Got y[0] = 3.",
        ),
        (
            lambda: step()(X, X),
            "TrainStep: class probabilities must have the shape of the network's output. Expected y (5, 3). "
            "Got y (5, 4).",
        ),
        (
            lambda: step()(X, X[:4, :3]),
            "TrainStep: class probabilities must have the shape of the network's output. Expected y (5, 3). "
            "Got y (4, 3).",
        ),
        (
            lambda: step()(X, Y[:, None]),
            "TrainStep: there must be one label per input. Expected y (5,). Got y (5, 1). "
            "Hint: use y.reshape(-1).",
        ),
        (
            lambda: step()(X, Y[:, None].astype(float)),
            "TrainStep: labels must be whole numbers. Got y of dtype float64. "
            "Hint: use y.reshape(-1).astype(np.int64).",
        ),
        (
            lambda: step(network=segmenting())(PLANES, Y[:3]),
            "cross_entropy 'cross_entropy': target must have the input's shape without the classes. "
            "Expected target (3, 5, 4) for input (3, 3, 5, 4). Got target (3,). "
            "Hint: end the network in logits (N, classes), for example with Flatten and Linear.",
        ),
        (
            lambda: step(network=segmenting())(PLANES, PIXELS * 2),
            "cross_entropy: a label must be a class of the network. Expected 0 to 2. Got y[0,0,0] = 4.",
        ),
        (
            lambda: step(pc.CrossEntropyLoss),
            "TrainStep: loss has no such name. Expected cross_entropy or mse_loss. "
            f"Got {pc.CrossEntropyLoss!r}.",
        ),
    ],
)
def test_what_does_not_fit_is_told(call, message):
    assert said(call) == message


def test_targets_of_another_kind_get_a_program_of_their_own():
    one = step()
    one(X, abs(X[:, :3]))
    message = said(lambda: one(X, np.eye(3, dtype=int)[Y]))
    assert message.endswith("Got y (5, 3). Hint: use y.argmax(axis=1) for one-hot rows.")
    assert one(X, Y) > 0
    assert one(X, abs(X[:, :3])) > 0
    assert said(lambda: one(X, np.array([0, 1, 2, 3, 0]))).endswith("Got y[3] = 3.")
