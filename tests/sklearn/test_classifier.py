"""`pc.sklearn.CNNClassifier` keeps scikit-learn's promises, and Pellucid's own: each setting is obeyed, same bits."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import pellucid as pc
from pellucid.nn.init import seeded

CNNClassifier = pc.sklearn.CNNClassifier
LINE = "flatten; dense 8; relu; dense"


@pytest.fixture(scope="module")
def digits():
    """Some of the digits that scikit-learn has, 8×8 with numbers from 0 to 16, as rows."""
    X, y = load_digits(return_X_y=True)
    return X[:120], y[:120]


def images(*shape, dtype=np.uint8):
    return np.random.default_rng(3).integers(0, 256, shape).astype(dtype)


def two(count):
    return np.arange(count) % 2


# None is expected to fail. Its rows are of as many lengths as there are checks, so the network is one for all sizes.
@pytest.mark.slow
@parametrize_with_checks(
    [CNNClassifier("flatten; dense 32; relu; dense", epochs=20, batch_size=16)],
    expected_failed_checks=lambda estimator: {},
)
def test_what_scikit_learn_asks_of_an_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
def test_it_learns_digits(digits):
    X, y = digits
    found = CNNClassifier(image_shape=(1, 8, 8), batch_size=16, random_state=0).fit(X[:100], y[:100])
    assert found.score(X[100:], y[100:]) >= 0.8
    assert (found.n_features_in_, found.image_shape_, found.seed_) == (64, (1, 8, 8), 0)
    assert found.classes_.tolist() == list(range(10))
    assert len(found.history_.epochs) == 10
    assert len(found.history_.losses) == 70
    assert type(found.model_).__name__ == "Tiny"
    assert found.history_.rates[0] == pytest.approx(0.04 * 0.05)  # one cycle
    chances = found.predict_proba(X[100:])
    assert chances.shape == (20, 10)
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-6)
    assert np.array_equal(found.predict(X[100:]), chances.argmax(axis=1))
    assert np.array_equal(found.predict_proba(X[103:104])[0], chances[3])


@pytest.mark.slow
def test_in_pipelines_searches_and_scores(digits):
    X, y = digits
    one = CNNClassifier(image_shape=(1, 8, 8), batch_size=16, epochs=2, random_state=0)
    line = make_pipeline(FunctionTransformer(lambda rows: rows / 16), one)
    grid = {"cnnclassifier__lr": [0.0, 0.1], "cnnclassifier__model": [LINE, "tiny"]}
    search = GridSearchCV(line, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_["cnnclassifier__lr"] == 0.1
    assert search.predict(X[:3]).shape == (3,)
    one.set_params(model=LINE)
    with parallel_config("threading", n_jobs=2):
        scores = cross_val_score(one, X, y, cv=3, error_score="raise")
    assert np.array_equal(scores, cross_val_score(one, X, y, cv=3))


@pytest.mark.slow
def test_clones_and_pickles(digits):
    X, y = digits
    made = CNNClassifier(
        LINE, image_shape=(1, 8, 8), epochs=2, schedule=pc.schedules.Cosine(), augment=pc.Augment(flip=True),
        random_state=0,
    )  # fmt: skip
    found = clone(made).fit(X, y)
    assert not hasattr(made, "model_")
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(again.predict_proba(X), found.predict_proba(X))
    assert again.history_ == found.history_
    assert np.array_equal(clone(found).fit(X, y).predict_proba(X), found.predict_proba(X))


def weights(found):
    return [array.tobytes() for array in found.model_.state_dict().values()]


def test_a_seed_decides_every_bit_and_disturbs_nobody(digits):
    X, y = digits
    made = CNNClassifier(LINE, epochs=2, augment="flip", random_state=7)
    pc.seed(0)
    first = pc.Linear(2, 3)
    rest = pc.Linear(2, 3)
    pc.seed(0)
    assert np.array_equal(pc.Linear(2, 3).weight, first.weight)
    found = made.fit(X, y)
    assert np.array_equal(pc.Linear(2, 3).weight, rest.weight)
    with ThreadPoolExecutor(3) as threads:  # as joblib's threads
        others = list(threads.map(lambda _: weights(clone(made).fit(X, y)), range(6)))
    assert all(other == weights(found) for other in others)
    assert weights(clone(made).set_params(random_state=np.int64(7)).fit(X, y)) == weights(found)
    assert weights(clone(made).set_params(random_state=8).fit(X, y)) != weights(found)
    chance = clone(made).set_params(random_state=None).fit(X, y)
    assert chance.seed_ != clone(chance).fit(X, y).seed_
    assert weights(clone(made).set_params(random_state=chance.seed_).fit(X, y)) == weights(chance)


def test_it_trains_as_fit_does():
    """The same images, standardised by what the training part has, make the same bits by hand."""
    x, y = images(30, 3, 5, 7), two(30)
    settings = {"epochs": 3, "batch_size": 8, "schedule": "cosine", "augment": "flip"}
    found = CNNClassifier("conv 4 k3; relu; flatten; dense", random_state=5, weight_decay=0.01, **settings)
    found.fit(x, y)
    with seeded(5):
        model = pc.nn.blueprint.blueprint("conv 4 k3; relu; flatten; dense", (3, 5, 7), 2).build()
    prepared = pc.Preprocessing(3, 5, 7).learned([x])
    rule = pc.SGD(0.05, 0.9, 0.01, decay_vectors=False)
    history = pc.fit(model, pc.Dataset(x, y, preprocessing=prepared), optimizer=rule, seed=5, **settings)
    assert history.losses == found.history_.losses
    assert [array.tobytes() for array in model.state_dict().values()] == weights(found)
    mean, std = x.mean((0, 2, 3)) / 255, x.std((0, 2, 3)) / 255
    np.testing.assert_allclose((found.preprocessing_.mean, found.preprocessing_.std), (mean, std))


@pytest.mark.parametrize("shape", [(12, 6, 9), (12, 1, 6, 9), (12, 6, 9, 1), (12, 3, 6, 9), (12, 6, 9, 3)])
def test_images_of_any_layout(shape):
    x, y = images(*shape), two(12)
    found = CNNClassifier(LINE, epochs=1, random_state=0).fit(x, y)
    channels = 3 if 3 in shape else 1
    assert found.image_shape_ == (channels, 6, 9)
    assert found.n_features_in_ == channels * 54
    rows = (np.moveaxis(x, 3, 1) if shape[-1] == channels else x).reshape(12, -1)
    flat = CNNClassifier(LINE, epochs=1, random_state=0, image_shape=(channels, 6, 9)).fit(rows, y)
    assert weights(flat) == weights(found)
    assert np.array_equal(flat.predict_proba(x), found.predict_proba(rows))
    assert np.array_equal(found.predict_proba(x.tolist()), found.predict_proba(x.astype(np.int64)))


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int64, np.float32, np.float64])
def test_numbers_mean_the_same_in_every_type(dtype):
    x, y = images(20, 1, 4, 5), two(20)
    found = CNNClassifier(LINE, epochs=2, random_state=0).fit(x, y)
    np.testing.assert_allclose(found.predict_proba(x.astype(dtype)), found.predict_proba(x), rtol=1e-5)
    other = CNNClassifier(LINE, epochs=2, random_state=0).fit(x.astype(dtype), y)
    np.testing.assert_allclose(other.predict_proba(x), found.predict_proba(x), rtol=1e-3)


def test_the_range_of_numbers_does_not_matter():
    x, y = images(20, 3, 4, 5, dtype=np.float32), two(20)
    one, other = (CNNClassifier(LINE, epochs=2, random_state=0).fit(n, y) for n in (x, x / 1024))
    assert np.array_equal(one.predict_proba(x), other.predict_proba(x / 1024))  # a power of 2 rounds nothing


def test_labels_of_any_kind():
    x = images(12, 1, 4, 5)
    for labels in (["no", "yes"], [-3, 40], [0.0, 2.0], [False, True]):
        y = np.array(labels)[two(12)]
        found = CNNClassifier(LINE, epochs=1, random_state=0).fit(x, y)
        assert found.classes_.tolist() == labels
        assert set(found.predict(x).tolist()) <= set(labels)
        assert found.predict(x).dtype == y.dtype


def test_a_function_makes_the_network():
    made = []

    def net(num_classes, in_channels, image_size):
        made.append((in_channels, image_size, num_classes))
        return pc.Sequential(pc.Flatten(), pc.Linear(in_channels * image_size * 7, num_classes))

    x, y = images(10, 3, 5, 7), two(10)
    found = CNNClassifier(net, epochs=1).fit(x, y)
    assert made == [(3, 5, 2)]
    assert isinstance(found.model_, pc.Sequential)
    lenet = CNNClassifier(pc.models.lenet5, epochs=1).fit(images(10, 28, 28), two(10))
    assert lenet.predict_proba(images(2, 28, 28)).shape == (2, 2)
    assert repr(lenet.model_) == repr(pc.models.lenet5(in_channels=1, num_classes=2, image_size=28))


@pytest.mark.slow
def test_what_is_held_out_ends_training_early(digits):
    X, y = digits
    made = CNNClassifier(LINE, image_shape=(1, 8, 8), random_state=0, schedule=None)
    assert made.fit(X, y).history_.epochs[0].validation is None
    held = clone(made).set_params(validation_fraction=0.25).fit(X, y)
    assert {"loss", "accuracy"} == set(held.history_.epochs[0].validation)
    assert len(held.history_.losses) == 10 * 2  # about 90 of 120 images, in batches of 64
    still = {"validation_fraction": 0.25, "early_stopping": 2, "lr": 0.0}
    ended = clone(made).set_params(**still).fit(X, y).history_
    assert (len(ended.epochs), ended.ended) == (3, "early_stopping")


SETTINGS = {
    "model": "flatten; dense", "epochs": 3, "batch_size": 7, "lr": 0.01, "momentum": 0.5, "weight_decay": 0.1,
    "schedule": "step", "augment": "flip", "validation_fraction": 0.2, "random_state": 1, "image_shape": (1, 8, 8),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "image_shape"])
def test_each_setting_is_obeyed(digits, name):
    X, y = digits
    usual = CNNClassifier(LINE, image_shape=(1, 8, 8), epochs=2, random_state=0)
    assert set(SETTINGS) | {"early_stopping"} == set(usual.get_params())
    other = clone(usual).set_params(**{name: SETTINGS[name]})
    assert weights(other.fit(X, y)) != weights(usual.fit(X, y))


X, Y = images(10, 2 * 3 * 4, dtype=np.float32), two(10)
MISTAKES = {
    "a picture's rows without its shape": (
        lambda: CNNClassifier().fit(images(10, 784), Y),
        "max_pool2d 'features.3': the window must not be larger than the padded input. Expected at most 1 positions "
        "along H. Got 2 (kernel 2, dilation 1) on input 1 with padding 0+0. Hint: image_shape=(C,H,W) says how rows "
        "of X are images, such as (1, 28, 28).",
    ),
    "rows of another length": (
        lambda: CNNClassifier(image_shape=(1, 5, 5)).fit(X, Y),
        "CNNClassifier: X must hold images of image_shape. Expected image_shape=(1, 5, 5). Got 24 features.",
    ),
    "images of another shape": (
        lambda: CNNClassifier(image_shape=(1, 4, 6)).fit(X.reshape(-1, 6, 4), Y),
        "CNNClassifier: X must hold images of image_shape. Expected image_shape=(1, 4, 6). Got (1, 6, 4).",
    ),
    "images of another shape than learned": (
        lambda: CNNClassifier(LINE, epochs=1).fit(X.reshape(-1, 6, 4), Y).predict(X.reshape(-1, 4, 6)),
        "CNNClassifier: images must have the shape of those that the network has learned. Expected (1, 6, 4). "
        "Got (1, 4, 6).",
    ),
    "no shape": (
        lambda: CNNClassifier(image_shape=24).fit(X, Y),
        "CNNClassifier: image_shape must be three sizes. Expected (C,H,W). Got image_shape=24.",
    ),
    "two channels": (
        lambda: CNNClassifier(LINE, image_shape=(2, 3, 4)).fit(X, Y),
        "Preprocessing: there is no such size. Expected 1 or 3 channels, sides from 1 to 65536. Got (2, 3, 4).",
    ),
    "a network that is made": (
        lambda: CNNClassifier(pc.models.lenet5()).fit(X, Y),
        "CNNClassifier: model must be a network's name, a line, or a function that makes a network. Expected 'tiny' or "
        "'conv 8 k3; relu; flatten; dense' or pellucid.models.resnet20. Got LeNet5.",
    ),
    "too many outputs": (
        lambda: CNNClassifier("flatten; dense 7").fit(X, Y),
        "CNNClassifier: the network must have an output for each class. Expected (N, 2). Got (N, 7).",
    ),
    "a generator as a seed": (
        lambda: CNNClassifier(LINE, random_state="0").fit(X, Y),
        "CNNClassifier: random_state must be a whole number or None. Expected 0 ≤ random_state < 2⁶³. "
        "Got random_state='0'.",
    ),
    "no epoch": (
        lambda: CNNClassifier(LINE, epochs=0).fit(X, Y),
        "CNNClassifier: epochs must be a whole number ≥ 1. Got epochs=0.",
    ),
    "all held out": (
        lambda: CNNClassifier(LINE, validation_fraction=1).fit(X, Y),
        "CNNClassifier: validation_fraction must be a number in [0, 1). Got validation_fraction=1.",
    ),
    "nothing to end by": (
        lambda: CNNClassifier(LINE, early_stopping=1).fit(X, Y),
        "CNNClassifier: early stopping needs data to validate with. Hint: validation_fraction=0.1.",
    ),
    "numbers beyond float32": (
        lambda: CNNClassifier(LINE).fit(np.where(X > 128, 1e39, X.astype(float)), Y),
        "CNNClassifier: images must be finite numbers of float32. Got 1e+39 at [0, 0, 0, 0]. Hint: mend these images, "
        "or leave them out.",
    ),
    "numbers for classes": (
        lambda: CNNClassifier(LINE).fit(X, X[:, 0] / 7),
        None,  # scikit-learn's words
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told(name):
    call, message = MISTAKES[name]
    with pytest.raises((ValueError, pc.DataError)) as caught:
        call()
    assert message is None or str(caught.value) == message


def test_nothing_is_predicted_before_fit():
    for method in ("predict", "predict_proba"):
        with pytest.raises(NotFittedError):
            getattr(CNNClassifier(), method)(X)


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_scikit_learn_is_loaded_when_it_is_asked_for():
    code = "import sys; from pellucid import *; sklearn; print('sklearn' in sys.modules)"
    assert python(code).stdout == "False\n"
    missing = "import sys; sys.modules['sklearn'] = None; import pellucid as pc\n"
    done = python(f"{missing}try: pc.sklearn.CNNClassifier\nexcept pc.ArgumentError as error: print(error)")
    message = "pellucid.sklearn: this needs scikit-learn, which is not installed. "
    assert done.stdout == f"{message}Hint: pip install 'pellucid[sklearn]'.\n", done.stderr
    assert dir(pc.sklearn) == ["CNNClassifier"]
    with pytest.raises(AttributeError, match="has no attribute 'CNNRegressor'"):
        pc.sklearn.CNNRegressor  # noqa: B018
