"""How a model is built from words and whole numbers: by its name, or by a line that describes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pellucid.errors import ArgumentError, say
from pellucid.nn.line import WORDS, network_of
from pellucid.nn.models import MODELS
from pellucid.nn.module import Module
from pellucid.sizes import is_integer

Input = tuple[int, int, int]  # C, H, W
_OF_LINES = ("channels", "height", "width", "num_classes")
_MOST = 10_000  # characters of a line


@dataclass(frozen=True)
class Blueprint:
    """A name of `pellucid.nn.models` or a line, and its settings.

    Raises: ArgumentError for what is neither, and for a setting that the model does not have or that is no whole number
        ≥ 1; those of a name that are left out are its defaults.

    Example:
        >>> blueprint("tiny", (1, 28, 28), 10)
        Blueprint(model='tiny', settings={'in_channels': 1, 'num_classes': 10})
        >>> type(blueprint("flatten; dense", (1, 8, 8), 3).build()).__name__
        'Sequential'
    """

    model: str
    settings: Mapping[str, int]

    def __post_init__(self) -> None:
        known = self._known()
        for key, value in self.settings.items():
            if key not in known:
                expected = say("one of {names}", names=", ".join(known))
                raise ArgumentError(self._short, "there is no such setting", expected=expected, got=repr(key))
            if not is_integer(value) or value < 1:
                raise ArgumentError(self._short, "a setting is a whole number ≥ 1", got=f"{key}={value!r}")
        full = {key: int(self.settings.get(key, default)) for key, default in known.items()}
        object.__setattr__(self, "settings", full)

    def _known(self) -> dict[str, int]:
        """The settings and their defaults."""
        if self.model in MODELS:
            parameters = inspect.signature(MODELS[self.model]).parameters
            return {key: parameter.default for key, parameter in parameters.items()}
        if is_line(self.model):
            return dict.fromkeys(_OF_LINES, 1)
        expected = say("one of {names}", names=", ".join(MODELS))
        raise ArgumentError("model", "there is no such model", expected=expected, got=repr(self.model)[:80])

    @property
    def _short(self) -> str:
        return self.model if self.model in MODELS else "line"

    def build(self) -> Module:
        """The model, with initial values."""
        if self.model in MODELS:
            return MODELS[self.model](**self.settings)
        *shape, classes = (self.settings[key] for key in _OF_LINES)
        return network_of(self.model, tuple(shape), classes)


def is_line(model: str) -> bool:
    """Whether it is meant to be a network in one line."""
    return len(model) <= _MOST and (";" in model or model.split()[:1] in ([word] for word in WORDS))


def blueprint(model: str, shape: Input, classes: int) -> Blueprint:
    """How a named or one-line model is built for inputs of this shape and so many classes.

    Raises: ArgumentError for what is neither, and for a named model that needs square images where they are not.
    """
    if model not in MODELS:
        return Blueprint(model, dict(zip(_OF_LINES, (*shape, classes), strict=True)))
    settings = settings_for(MODELS[model], shape, classes)
    _, height, width = shape
    if "image_size" in settings and height != width:
        rule, hint = say("{model} takes square images", model=model), "--size 32"
        raise ArgumentError("model", rule, got=f"{height}×{width}", hint=hint)
    return Blueprint(model, settings)


def settings_for(make: Callable[..., object], shape: Input, classes: int) -> dict[str, int]:
    """What a function that makes models is called with: the settings of these that it has parameters for.

    Example:
        >>> settings_for(lambda num_classes, in_channels=3, width=8: ..., (1, 28, 28), 10)
        {'num_classes': 10, 'in_channels': 1}
    """
    given = {"in_channels": shape[0], "num_classes": classes, "image_size": shape[1]}
    return {name: given[name] for name in inspect.signature(make).parameters if name in given}
