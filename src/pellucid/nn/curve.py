"""What layers share that apply one function to every number."""

from __future__ import annotations

from inspect import signature
from typing import Any, ClassVar

from pellucid import functional as F
from pellucid.nn.layer import Layer
from pellucid.ops.checks import flag, number


class Curve(Layer):
    """A function of `pellucid.functional` with its settings, which are attributes. `inplace` as in `ReLU`."""

    function: ClassVar[str]
    inplace = False

    def set(self, inplace: bool = False, **settings: float) -> None:
        """Keep the settings, which must be finite numbers."""
        self.inplace = flag(type(self).__name__, "inplace", inplace)
        for name, value in settings.items():
            setattr(self, name, number(type(self).__name__, name, value))

    @property
    def settings(self) -> dict[str, float]:
        """By the names that the function has for them."""
        _, *names = signature(getattr(F, self.function)).parameters
        return {name: getattr(self, name) for name in names}

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return getattr(F, self.function)(input, **self.settings)

    def extra_repr(self) -> str:
        """The settings."""
        shown = [f"{name}={value}" for name, value in self.settings.items()]
        return ", ".join([*shown, *["inplace=True"] * self.inplace])
