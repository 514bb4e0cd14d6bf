"""A network that learns to name images, as scikit-learn's pipelines, searches and scores take it.

The one file that imports scikit-learn.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from pellucid.data.augment import Augment
from pellucid.data.dataset import Dataset
from pellucid.data.preprocessing import Preprocessing
from pellucid.data.sets.arrays import images_of
from pellucid.data.sets.tree import held_out
from pellucid.engine.graph import trace
from pellucid.errors import ArgumentError, ShapeError, either, say, told_by
from pellucid.nn.blueprint import blueprint, settings_for
from pellucid.nn.init import seeded
from pellucid.nn.module import Module
from pellucid.numbers import white
from pellucid.ops.checks import number
from pellucid.seeds import LARGEST
from pellucid.sizes import is_integer
from pellucid.train import SGD, fit, predict
from pellucid.train.schedules import Schedule

Array = NDArray[Any]
Shape = tuple[int, int, int]  # C, H, W
_NAME = "CNNClassifier"


class CNNClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of images for scikit-learn: `fit(X, y)` trains a network by SGD, `predict(X)` names classes.

    X holds images (N,C,H,W), (N,H,W) or (N,H,W,C) with C=1 or C=3, or flat rows (N, C·H·W), whose `image_shape` says
    what they are; without it a row is an image of one line, (1, 1, features). Numbers may be of any real type, and mean
    the same in each: 200 as uint8 and 200.0 are one pixel. Each channel is standardised by the mean and the standard
    deviation that it has in the training data, so their range does not matter. Labels are numbers or strings.

    Args:
        model: a name such as "tiny" or "resnet20", a network in one line such as "conv 8 k3; relu; flatten; dense", or
            a function that makes a module; of `in_channels`, `num_classes` and `image_size` (the height) it is given
            those that it has parameters for.
        image_shape: (C,H,W) of flat rows. The shape of other images is their own, and must be this one if it is given.
        epochs: how often each image is seen.
        batch_size: images per update.
        lr, momentum, weight_decay: of SGD. Biases and norms do not decay.
        schedule: how the learning rate changes, such as "cosine", or a schedule of `pellucid.schedules`; None: not.
        augment: how training images change in each epoch, such as "crop 2; flip" or a `pellucid.Augment`. Changes of
            colours take numbers from 0 to 1, or of 8 or 16 bits.
        validation_fraction: the share of each class that is held out, to be evaluated after each epoch.
        early_stopping: end after so many epochs without a better validation, and keep the best network.
        random_state: the seed that decides initial weights, order, augmentation and what is held out: a whole number,
            with which the same data give the same bits, or None for another one in each fit.

    Attributes:
        classes_: the labels, sorted.
        n_features_in_: C·H·W.
        image_shape_: (C,H,W).
        model_: the trained module.
        preprocessing_: how images become its inputs (`pellucid.data.Preprocessing`).
        history_: what happened in training (`pellucid.History`).
        seed_: the seed that was used, whatever chose it.

    Raises: ArgumentError, a ValueError, for settings that are none, and from `fit` whatever `pellucid.fit` raises.

    Example:
        >>> X = np.array([[[i, 0], [0, i]] for i in range(10)], np.uint8)
        >>> y = ["dark"] * 5 + ["light"] * 5
        >>> classifier = CNNClassifier("flatten; dense 8; relu; dense", epochs=20, random_state=0).fit(X, y)
        >>> classifier.predict(X[[0, 9]]).tolist(), classifier.predict_proba(X).shape
        (['dark', 'light'], (10, 2))
        >>> classifier.n_features_in_, len(classifier.history_.epochs)
        (4, 20)
    """

    def __init__(
        self,
        model: str | Callable[..., Module] = "tiny",
        *,
        image_shape: Shape | None = None,
        epochs: int = 10,
        batch_size: int = 64,
        lr: float = 0.05,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        schedule: str | Schedule | None = "one-cycle",
        augment: str | Augment | None = None,
        validation_fraction: float = 0.0,
        early_stopping: int | None = None,
        random_state: int | None = None,
    ) -> None:
        self.model = model
        self.image_shape = image_shape
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.augment = augment
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.random_state = random_state

    @told_by(_NAME, "fit")
    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network; returns the estimator.

        Raises: ValueError for unfit data, in scikit-learn's words where it knows them, else an error of Pellucid.
        """
        X, own = _flat(X)
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        classes, labels = np.unique(y, return_inverse=True)
        shape = self._shape(X.shape[1], own)
        seed = _seed(self.random_state)
        with seeded(seed):
            network = _made(self.model, shape, len(classes))
        guessed = own is None and self.image_shape is None
        _check_outputs(network, shape, len(classes), guessed=guessed)
        share = number(_NAME, "validation_fraction", self.validation_fraction, "[0, 1)")
        data = Dataset(_pixels(X).reshape(-1, *shape), labels, classes=tuple(map(str, classes)))
        training, validation = _parts(data, held_out(labels, share, seed))
        if validation is None and self.early_stopping is not None:
            rule, hint = "early stopping needs data to validate with", "validation_fraction=0.1"
            raise ArgumentError(_NAME, rule, hint=hint)
        preprocessing = Preprocessing(*shape).learned([training.images])
        history = fit(
            network,
            replace(training, preprocessing=preprocessing),
            validation and replace(validation, preprocessing=preprocessing),
            optimizer=SGD(self.lr, self.momentum, self.weight_decay, decay_vectors=False),
            epochs=self.epochs,
            batch_size=self.batch_size,
            schedule=self.schedule,
            augment=self.augment,
            early_stopping=self.early_stopping,
            seed=seed,
        )
        self.classes_, self.image_shape_, self.seed_ = classes, shape, seed
        self.model_, self.preprocessing_, self.history_ = network, preprocessing, history
        self._white = white(data.images.dtype)
        return self

    @told_by(_NAME, "predict")
    def predict_proba(self, X: Any) -> Array:
        """The probability of each class (N, classes), in the order of `classes_`; of no image does it depend on others.

        Raises: NotFittedError before `fit`; ValueError for what are no images of `image_shape_`.
        """
        check_is_fitted(self)
        X, own = _flat(X)
        X = validate_data(self, X, reset=False)
        if own not in (None, self.image_shape_):
            rule = "images must have the shape of those that the network has learned"
            raise ShapeError(_NAME, rule, expected=f"{self.image_shape_}", got=f"{own}")
        images = _pixels(X).reshape(-1, *self.image_shape_)
        if white(images.dtype) != self._white:  # numbers of another type, which mean the same
            images = images.astype(np.float32) / np.float32(self._white)
        unknown = np.zeros(len(images), np.int64)
        return predict(self.model_, Dataset(images, unknown, preprocessing=self.preprocessing_))

    def predict(self, X: Any) -> Array:
        """The likeliest class of each image; of several, the first in `classes_`."""
        best = self.predict_proba(X).argmax(axis=1)  # first, since it checks that there are classes
        labels: Array = self.classes_[best]
        return labels

    def _shape(self, features: int, own: Shape | None) -> Shape:
        """C, H, W of the images: their own, or what the setting says of flat rows."""
        if self.image_shape is None:
            return own or (1, 1, features)
        try:
            channels, height, width = self.image_shape
        except (TypeError, ValueError):
            channels = height = width = 0
        shape = channels, height, width
        if not all(is_integer(size) and size > 0 for size in shape):
            rule, got = "image_shape must be three sizes", f"image_shape={self.image_shape!r}"
            raise ArgumentError(_NAME, rule, expected="(C,H,W)", got=got)
        if (own or shape) != shape or channels * height * width != features:
            rule = "X must hold images of image_shape"
            got = f"{own}" if own else say("{count} features", count=features)
            raise ShapeError(_NAME, rule, expected=f"image_shape={shape}", got=got)
        return shape


def _flat(X: Any) -> tuple[Any, Shape | None]:
    """Rows as they are; images as rows, with their shape. scikit-learn checks rows, and knows their number."""
    if (X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim) not in (3, 4):
        return X, None
    images = images_of(_NAME, _pixels(np.asarray(X)))
    _, channels, height, width = images.shape
    return images.reshape(len(images), -1), (channels, height, width)


def _pixels(X: Array) -> Array:
    """Images as networks learn them: of 8 and 16 bits, and floating ones, as they are; all other numbers as float32."""
    return X.astype(np.float32) if X.dtype.kind in "iub" and white(X.dtype) == 1 else X


def _parts(data: Dataset, held: NDArray[np.bool_]) -> tuple[Dataset, Dataset | None]:
    """What to train on, and what is held out, if anything is."""
    if not held.any():
        return data, None
    return data.take(np.flatnonzero(~held)), data.take(np.flatnonzero(held))


def _seed(given: Any) -> int:
    if given is None:
        return int.from_bytes(os.urandom(8), "little") >> 1
    if not is_integer(given) or not 0 <= given <= LARGEST:
        rule, expected = "random_state must be a whole number or None", "0 ≤ random_state < 2⁶³"
        raise ArgumentError(_NAME, rule, expected=expected, got=f"random_state={given!r}"[:80])
    return int(given)


def _made(model: Any, shape: Shape, classes: int) -> Module:
    """A network with initial values for such images and so many classes."""
    if isinstance(model, str):
        return blueprint(model, shape, classes).build()
    if not isinstance(model, Module) and callable(model):
        made = model(**settings_for(model, shape, classes))
        if isinstance(made, Module):
            return made
    rule = "model must be a network's name, a line, or a function that makes a network"
    expected = either(["'tiny'", "'conv 8 k3; relu; flatten; dense'", "pellucid.models.resnet20"])
    raise ArgumentError(_NAME, rule, expected=expected, got=type(model).__name__)


def _check_outputs(network: Module, shape: Shape, classes: int, *, guessed: bool) -> None:
    """Look before training whether images fit into the network, and whether it has an output for each class."""
    inputs = {"input": ((2, *shape), network.dtype)}
    try:
        output = trace(network.trace_forward, inputs, dict(network.named_arrays()), training=False).output
    except ShapeError as error:
        if guessed:
            error.hint = say("image_shape=(C,H,W) says how rows of X are images, such as (1, 28, 28)")
            raise error.of(error.where) from None
        raise
    if output.shape != (2, classes):
        rule, got = (
            "the network must have an output for each class",
            f"(N, {', '.join(map(str, output.shape[1:]))})",
        )
        raise ShapeError(_NAME, rule, expected=f"(N, {classes})", got=got)
