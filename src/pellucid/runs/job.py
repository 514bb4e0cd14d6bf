"""A run put together from its settings: data, network, and how it learns."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from pellucid import nn
from pellucid.data.augment import Augment
from pellucid.errors import ArgumentError, either, say
from pellucid.formats import Saved
from pellucid.nn.transfer import freeze, take_over
from pellucid.runs import networks
from pellucid.runs.options import optimizer, sides
from pellucid.runs.receipt import Receipt
from pellucid.runs.settings import Settings
from pellucid.train.epochs import Epochs
from pellucid.train.loop import prepared
from pellucid.train.losses import CrossEntropyLoss
from pellucid.train.run import digest
from pellucid.train.schedules import SCHEDULES, Schedule

_WEIGHT_DECAY = 5e-4  # of sgd, where settings say nothing


class Job:
    """A run before its first step.

    Args:
        settings: those of the run.

    Attributes:
        optimizer: the rule by which it learns.
        origin: the network that weights are taken from, if there is one.
        images, held_out: what it learns from, and what it is validated with.
        network: with its initial values.

    Raises: ArgumentError for settings that do not fit; what the readers of data and networks raise.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._decay = settings.weight_decay
        if self._decay is None and settings.optimizer == "sgd":
            self._decay = _WEIGHT_DECAY
        self.optimizer = optimizer("train", settings.optimizer, settings.lr, settings.momentum, self._decay)
        self._schedule = _schedule(settings)
        self._augment = None if settings.augment is None else Augment.from_text(settings.augment)
        python = settings.model if networks.is_python(settings.model) else None
        nn.seed(settings.seed)
        self.origin = networks.saved(settings.source, python) if settings.source else None
        if self.origin and self.origin.preprocessing:
            _check_taken(settings)
        self.images, self.held_out = networks.data_for(
            self.origin and replace(self.origin, classes=()), settings.data, self._pictures()
        )
        self.network = self._network()

    def epochs(self, *, validated: bool = True) -> Epochs:
        """The way through the run; without validation, where nothing depends on that, it makes the same steps."""
        settings = self.settings
        validated |= settings.early_stopping is not None
        return prepared(
            self.network.model, self.images, self.held_out if validated else None,
            optimizer=self.optimizer, loss=self.loss(),
            epochs=settings.epochs, batch_size=settings.batch_size, schedule=self._schedule,
            augment=self._augment, seed=settings.seed, clip_norm=settings.clip_norm,
            ema=settings.ema, early_stopping=settings.early_stopping,
        )  # fmt: skip

    def loss(self) -> CrossEntropyLoss:
        """Cross-entropy; balanced, a class weighs the more the fewer images it has, on average 1 for each image."""
        images, smoothing = self.images, self.settings.label_smoothing
        if not self.settings.class_weights:
            return CrossEntropyLoss(label_smoothing=smoothing)
        counts = Counter(images.labels.tolist())
        classes = networks.classes_of(images)
        weights = [len(images) / (len(counts) * counts[c]) if counts[c] else 1.0 for c in range(classes)]
        return CrossEntropyLoss(weights, label_smoothing=smoothing)

    def receipt(self, ended: Epochs) -> Receipt:
        """That of a run which has ended, with the network as it is now."""
        run = ended.run
        return Receipt(
            self.settings, run.recipe, self.held_out.digest() if self.held_out else "",
            digest(self.origin.model.state_dict()) if self.origin else "", self.network.name, run.history.losses,
            run.states(), digest(self.network.model.state_dict()),
        )  # fmt: skip

    def effective(self) -> Settings:
        """The settings with what was left out, so that a file of them means the same when defaults change."""
        rule, settings = self.optimizer, self.settings
        momentum = getattr(rule.rule, "momentum", None) if settings.optimizer == "sgd" else None
        model = self.network.name if settings.model is None and self.origin is None else settings.model
        return settings.but(lr=rule.lr, momentum=momentum, weight_decay=self._decay, model=model)

    def description(self) -> dict[str, Any]:
        """How the network is built, for who opens the run's folder later."""
        return {"model": self.network.name, "settings": dict(self.network.settings)}

    def _pictures(self) -> dict[str, Any]:
        """How pictures become inputs."""
        settings = self.settings
        return {
            "size": None if settings.size is None else sides("train", "--size", settings.size),
            "channels": settings.channels,
            "fit": settings.fit,
            "validation": settings.validation,
            "seed": settings.seed,
            "skip_bad": settings.skip_bad,
        }

    def _network(self) -> Saved:
        """A new network for these images, with the weights of another one as far as they fit."""
        images, origin = self.images, self.origin
        name = self.settings.model
        if name is None:
            name = origin.name if origin else "lenet5"
        network = networks.fresh(name, networks.shape_of(images), networks.classes_of(images, self.held_out))
        new = take_over(network.model, origin.model.state_dict()) if origin else []
        freeze(network.model, self.settings.freeze, but=new)
        return replace(network, classes=images.classes, preprocessing=images.preprocessing)


def _check_taken(settings: Settings) -> None:
    """Pictures become what the network takes that weights come from, so they cannot become something else.

    Raises: ArgumentError when settings say that they should.
    """
    for name, default in (("size", None), ("channels", None), ("fit", "crop")):
        if (given := getattr(settings, name)) != default:
            rule, hint = "with --from, pictures become what that network takes", say("leave it out")
            raise ArgumentError("train", rule, got=f"--{name} {given}", hint=hint)


def _schedule(settings: Settings) -> Schedule | None:
    if settings.schedule not in SCHEDULES:
        rule, got = say("there is no such {what}", what=say("schedule")), repr(settings.schedule)[:80]
        raise ArgumentError("train", rule, expected=either(SCHEDULES), got=got)
    if settings.schedule == "constant" and not settings.warmup:
        return None
    return SCHEDULES[settings.schedule](warmup=settings.warmup)
