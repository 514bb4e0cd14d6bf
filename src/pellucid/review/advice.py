"""A run that goes nowhere says so: what is seen, and what to try.

A run goes somewhere when its loss is at most half of what a network that knows nothing has, and when it does better
than guessing; of such a run nothing is said, whatever its figures are. That loss is the lower one of training's and of
the cross-entropy of the images, which no smoothing and no mixed images raise; with class weights it is the latter. Else
these rules look at it, causes before consequences:

standing      the learning rate is 0
constant      a weight of which all numbers are the same stays so: its units compute the same (a network of zeros)
inputs        the root mean square of the inputs is above 10 or below 0.01; weights are initialised for about 1
dead          in a ReLU more than half of the units are 0 for all images
not_finite    a few more updates end in NaN or infinity
update_large  ‖after − before‖/‖before‖ of a weight's update is above 0.2. Bundled networks that learn have 0.002 to
              0.07 in their first epochs: the largest are those of a last layer behind few updates.
update_small  the same is below 10⁻⁴ for all weights: it takes more than 10,000 such updates to make them anew. At the
              learning rate 10⁻⁴ lenet5, which learns nearly nothing, has 2·10⁻⁵.
loss_high     the loss is more than 5 % above log C, or has grown where it compares numbers
one_class     all images are taken for one class
guessing      no more are right than if all were taken for the most frequent class
log_classes   the loss is within 3 to 5 % of log C for C classes, or of the entropy of their shares, which is below it

The loss is the mean over the last fifth of the last epoch's steps, if there is a history, else that of the images.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pellucid import memory
from pellucid.data.dataset import DataLike, dataset
from pellucid.errors import DataError, told_by
from pellucid.language import Message, chosen
from pellucid.nn import Module
from pellucid.review.looks import Course, Guess, Probe, course, guess, probe
from pellucid.review.scores import class_names
from pellucid.train import History, Optimizer
from pellucid.train.history import check_history
from pellucid.train.kinds import check_model, check_optimizer
from pellucid.train.losses import Loss
from pellucid.train.own_loss import loss_of

ENOUGH = 100  # steps: of fewer, what they have not come to says little
_GOOD = 0.5  # of the loss of who knows nothing
_LARGE, _SMALL = 10.0, 0.01  # inputs
_DEAD = 0.5
_WILD, _SLOW = 0.2, 1e-4  # updates
_NEAR, _ABOVE = 0.97, 1.05  # of the loss of who knows nothing


@dataclass(frozen=True)
class Finding:
    """Something that keeps a run from learning.

    Attributes:
        kind: by which rule, one of the names above.
        text: what is seen, and what to try.
        layer: where: a layer's or a weight's name; None where it is no single one.
    """

    kind: str
    text: str
    layer: str | None = None

    def __str__(self) -> str:
        return self.text


@memory.enough("advice")
@told_by("advice", "TrainStep")
def advice(
    model: Module,
    data: DataLike,
    y: Any = None,
    *,
    optimizer: Optimizer | None = None,
    history: History | None = None,
    loss: str | Loss = "cross_entropy",
    clip_norm: float | None = None,
    lang: str | None = None,
) -> tuple[Finding, ...]:
    """Say why a network in training does not learn, and what to try; nothing where it learns.

    The network classifies up to 1,024 images of the data. A copy of it makes eight updates on 256 of them. The network
    itself and its training stay as they are. `pellucid.review.advice` says which rules there are.

    Args:
        model: the network, behind an epoch or more.
        data: a dataset or a pair (images, labels), such as the training data or those held out; or images.
        y: labels, where `data` are images.
        optimizer: that of the training; None leaves updates out.
        history: what `fit` returned; its losses and learning rates count.
        loss, clip_norm: as of `fit`.
        lang: "en" or "ko"; None for that of `PELLUCID_LANG`.

    Raises: ArgumentError for a history that `fit` has not returned; DataError for data without images, or with a label
        that is no class; NumericError where the network's outputs are not finite; what `TrainStep` and `record` raise.

    Example:
        >>> import numpy as np, pellucid as pc
        >>> pc.seed(0)
        >>> model, x = pc.models.lenet5(), np.random.default_rng(0).random((40, 1, 28, 28), np.float32)
        >>> model.conv2.bias[...] = -10
        >>> found = advice(model, x, np.arange(40) % 10, optimizer=pc.SGD(lr=0.05))
        >>> [(finding.kind, finding.layer) for finding in found][0]
        ('dead', 'relu#2')
    """
    check_model("advice", model)
    lang, given = chosen(lang), dataset("advice", data if y is None else (data, y))
    check_history("advice", history)
    criterion = loss_of("advice", loss)
    if optimizer is not None:
        check_optimizer("advice", optimizer)
    if not len(given):
        raise DataError("advice", "there is nothing to evaluate on", got="0 images")
    rates = [*(history.rates if history else ()), *(() if optimizer is None else (optimizer.lr,))]
    lr = max(rates, default=None)  # a schedule's highest
    if lr == 0:
        return (Finding("standing", Message("advice.standing").said(lang)),)
    known, gone = guess(model, given, criterion), course(history)
    if _goes_on(known, gone, criterion):
        return ()
    if optimizer is not None and lr is not None:
        optimizer = copy.copy(optimizer)
        optimizer.lr = lr
    seen = probe(model, given, optimizer, criterion, clip_norm)
    rules = _Rules(known, gone, seen, lr, len(history.losses) if history else 0, given.classes)
    return tuple(Finding(kind, message.said(lang), layer) for kind, layer, message in rules.findings())


def _goes_on(known: Guess | None, gone: Course | None, loss: Loss) -> bool:
    """Whether a run goes somewhere; unknown counts as such."""
    if known is not None:
        losses = [
            known.loss
        ]  # smoothing and mixed images keep that of training high, class weights may make it low
        if gone is not None and loss.weight is None:
            losses.append(gone.recent)
        return min(losses) <= _GOOD * known.entropy and known.accuracy > known.chance
    return gone is None or gone.recent < 0.9 * gone.first


_Found = tuple[str, str | None, Message]


@dataclass
class _Rules:
    """The figures, and what the rules say of them."""

    known: Guess | None
    gone: Course | None
    seen: Probe
    lr: float | None
    steps: int
    classes: Sequence[str]

    def findings(self) -> Iterator[_Found]:
        """By the rules, in their order."""
        causes = [*self._numbers(), *self._updates(), *self._loss_high()]
        yield from causes
        if self.known is not None:
            yield from self._guesses(self.known, {kind for kind, *_ in causes})

    def _numbers(self) -> Iterator[_Found]:
        """What is wrong with the network's numbers or the inputs."""
        seen = self.seen
        for name, (value, count) in list(seen.constant.items())[:1]:
            yield "constant", name, Message("advice.constant", layer=name, value=value, count=count)
        if seen.size > _LARGE:
            yield "inputs", None, Message("advice.inputs_large", size=seen.size)
        elif seen.size < _SMALL:
            yield "inputs", None, Message("advice.inputs_small", size=seen.size)
        dead = [unit for unit in seen.dead if unit.share > _DEAD] if not seen.constant else []
        for unit in dead[:1]:
            yield (
                "dead",
                unit.layer,
                Message(
                    "advice.dead", layer=unit.layer, input=unit.input, units=unit.units, share=unit.share
                ),
            )

    def _updates(self) -> Iterator[_Found]:
        """What is wrong with the size of updates."""
        seen, lr = self.seen, self.lr
        if seen.broken is not None:
            yield "not_finite", None, Message("advice.not_finite", found=seen.broken, lr=lr)
        if not seen.ratios or lr is None:
            return
        layer, ratio = max(seen.ratios.items(), key=lambda item: item[1])
        if ratio > _WILD:
            yield "update_large", layer, Message("advice.update_large", layer=layer, ratio=ratio, lr=lr)
        dead = any(unit.share > _DEAD for unit in seen.dead)
        if ratio < _SLOW and not dead and not seen.constant:
            yield "update_small", layer, Message("advice.update_small", layer=layer, ratio=ratio, lr=lr)

    def _loss_high(self) -> Iterator[_Found]:
        """A loss that is above that of who knows nothing, or that grows where there is no such one."""
        gone, known = self.gone, self.known
        if known is not None:
            loss, nothing = self._loss(known), math.log(known.classes)
            if loss > _ABOVE * nothing:
                said = Message("advice.loss_high", loss=loss, nothing=nothing, classes=known.classes)
                yield "loss_high", None, said
        elif gone is not None and gone.recent > _ABOVE * gone.first:
            yield "loss_high", None, Message("advice.loss_grows", first=gone.first, loss=gone.recent)

    def _guesses(self, known: Guess, causes: set[str]) -> Iterator[_Found]:
        """That a classifier only guesses."""
        images, accuracy, chance = known.images, known.accuracy, known.chance
        if known.named is not None and accuracy <= chance < 1:
            name = class_names(self.classes, known.classes)[known.named]
            yield "one_class", None, Message("advice.one_class", images=images, name=name)
        if accuracy <= chance:
            hint = self._hint(known, causes)
            said = Message("advice.guessing", accuracy=accuracy, images=images, chance=chance, advice=hint)
            yield "guessing", None, said
        loss, nothing = self._loss(known), math.log(known.classes)
        if _NEAR * known.entropy <= loss <= _ABOVE * nothing:
            said = Message("advice.log_classes", loss=loss, nothing=nothing, classes=known.classes)
            yield "log_classes", None, said

    def _hint(self, known: Guess, causes: set[str]) -> Message:
        """What to try where a network guesses."""
        if self._loss(known) < _GOOD * known.entropy:
            return Message("advice.memorised")
        if self.lr is None:
            return Message("advice.unknown_lr")
        if causes & {"dead", "not_finite", "update_large", "loss_high"}:
            return Message("advice.slower", lr=self.lr)
        if "update_small" in causes or self.steps < ENOUGH:
            return Message("advice.longer", lr=self.lr)
        return Message("advice.labels")

    def _loss(self, known: Guess) -> float:
        return self.gone.recent if self.gone else known.loss
