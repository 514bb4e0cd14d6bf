"""`fit`, `evaluate` and `predict` with several inputs and targets, and with losses of one's own."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.recorded import normal

import pellucid as pc
from pellucid import functional as F

LEFT, RIGHT = normal(2, 23, 4)
LABELS = (LEFT[:, 0] > RIGHT[:, 0]).astype(np.int64)


class Both(pc.Module):
    """Which of two is larger, and their difference."""

    def __init__(self, one=True):
        self.one, self.fc, self.gap = one, pc.Linear(4, 2), pc.Linear(4, 4)

    def forward(self, left, right):
        logits = self.fc(left - right)
        return logits if self.one else (logits, {"gap": self.gap(left) - right})


class Twice(pc.Module):
    """Two outputs of one input."""

    def __init__(self):
        self.fc = pc.Linear(4, 2)

    def forward(self, x):
        return self.fc(x), x


TWICE = Twice()


def two(output, y):
    return F.cross_entropy(output[0], y["which"]) + 0.1 * F.mse_loss(output[1]["gap"], y["gap"])


@pytest.fixture
def model():
    pc.seed(0)
    return Both()


def test_two_inputs_learn_and_are_evaluated(model):
    data = ((LEFT, RIGHT), LABELS)
    before = pc.evaluate(model, data)
    history = pc.fit(model, data, data, optimizer=pc.Adam(lr=0.1), epochs=5, batch_size=8)
    after = pc.evaluate(model, data)
    assert after["loss"] < before["loss"] / 2
    assert after["accuracy"] > 0.9
    assert history.epochs[-1].validation == after
    logits = model(LEFT, RIGHT)
    assert after["accuracy"] == (logits.argmax(1) == LABELS).mean()
    expected = F.cross_entropy(logits.astype(float), LABELS)
    assert after["loss"] == pytest.approx(float(expected), rel=1e-6)
    probabilities = pc.predict(model, {"right": RIGHT, "left": LEFT})
    assert np.allclose(probabilities, F.softmax(logits, 1))
    assert probabilities.tobytes() == pc.predict(model, (LEFT, RIGHT)).tobytes()


def test_batches_of_two_inputs_are_those_of_data_in_order(model):
    batches = [((LEFT[:8], RIGHT[:8]), LABELS[:8]), ((LEFT[8:], RIGHT[8:]), LABELS[8:])]
    history = pc.fit(model, batches, optimizer=pc.SGD(lr=0.1), epochs=2)
    pc.seed(0)
    step = pc.TrainStep(Both(), pc.SGD(lr=0.1))
    losses = [step((left, right), y) for _ in range(2) for (left, right), y in batches]
    assert history.losses == losses
    assert history.epochs[0].loss == pytest.approx((8 * losses[0] + 15 * losses[1]) / 23)


def test_a_loss_of_several_targets_is_trained_and_evaluated(tmp_path):
    pc.seed(1)
    model = Both(one=False)
    data = ({"left": LEFT, "right": RIGHT}, {"which": LABELS, "gap": LEFT - RIGHT})
    settings = {"optimizer": pc.Adam(lr=0.05), "loss": two, "batch_size": 8}
    history = pc.fit(model, data, data, epochs=4, checkpoint=tmp_path / "run", **settings)
    found = pc.evaluate(model, data, loss=two)
    assert list(found) == ["loss"]
    assert history.epochs[-1].validation == found
    assert found["loss"] < history.epochs[0].loss
    assert found["loss"] == pytest.approx(float(two(model(LEFT, RIGHT), data[1])), rel=1e-5)
    pc.seed(1)
    again = Both(one=False)
    going = pc.fit(again, data, data, epochs=4, checkpoint=tmp_path / "run", resume=True, **settings)
    assert going.losses == history.losses
    assert all((a == b).all() for a, b in zip(again.parameters(), model.parameters(), strict=True))


def test_a_dataset_is_trained_with_a_loss_of_one_s_own():
    pc.seed(2)
    data = pc.Dataset(LEFT.reshape(23, 4, 1, 1), targets=RIGHT)
    model = pc.Sequential(pc.Flatten(), pc.Linear(4, 4))
    history = pc.fit(
        model,
        data,
        data,
        optimizer=pc.SGD(lr=0.05),
        epochs=2,
        batch_size=8,
        loss=lambda o, y: ((o - y) ** 2).mean(),
    )
    expected = ((model(data.images).astype(float) - RIGHT) ** 2).mean()
    assert history.epochs[-1].validation["loss"] == pytest.approx(expected, rel=1e-5)


def test_what_does_not_fit_is_told(model):
    for call, said in {
        lambda: pc.evaluate(model, ((LEFT, RIGHT[:5]), LABELS)): (
            "evaluate: all arrays must have the same examples along their first axis. "
            "Got 23 in x.0, 5 in x.1, 23 in y."
        ),
        lambda: pc.predict(Both(one=False), (LEFT, RIGHT)): (
            "predict: a classifier's output is (N, classes). Got tuple."
        ),
        lambda: pc.evaluate(TWICE, (LEFT, LABELS)): "evaluate: one output is needed here. Got tuple.",
        lambda: pc.saliency(TWICE, LEFT, 0): "saliency: one output is needed here. Got tuple.",
        lambda: pc.fit(model, ((LEFT, RIGHT), LABELS), optimizer=pc.SGD(0.1), epochs=1, augment="flip"): (
            "fit: a dataset of images is augmented. Got Augment(flip=True)."
        ),
    }.items():
        with pytest.raises(pc.PellucidError) as caught:
            call()
        assert str(caught.value) == said
    with pytest.raises(pc.NumericError, match=r"evaluate: the loss must be finite. Got nan"):
        pc.evaluate(model, ((LEFT * np.nan, RIGHT), LABELS))
