"""What ops and optimisers' rules have in common: settings that compare by value, results with formulas and operands."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from inspect import isabstract
from typing import Any, ClassVar

import numpy as np

from pellucid.modules import load_folder

_PART = re.compile("⟦([^⟧]*)⟧")  # of a formula
_KINDS: dict[str, type[Maker]] = {}


class Maker(ABC):
    """Makes numbers of others. Subclasses are frozen dataclasses whose fields are its settings.

    Settings are Python's own numbers, names and tuples of them, one for each axis where there are axes, so that equal
    ones compare and hash as equal. What cannot be brought into that form stays as given, and is refused where settings
    are checked.

    Attributes:
        formulas: how each result is computed, as explanations show it. A part between ⟦ and ⟧ is left out where the
            operand that it names first is not there.
    """

    formulas: ClassVar[Mapping[str, str]]

    def __init_subclass__(cls) -> None:
        if not cls.__name__.startswith("_"):  # a part of another one
            _KINDS[cls.__name__] = cls

    def __post_init__(self) -> None:
        given = dict(vars(self))  # a dataclass has no other attributes yet
        self.settle(_given=given)
        for name, value in given.items():
            if isinstance(value, np.generic):
                self.settle(**{name: float(value) if isinstance(value, np.floating) else value.item()})

    def settle(self, **settings: object) -> None:
        """Give settings the form in which they compare; for `__post_init__` alone."""
        for name, value in settings.items():
            object.__setattr__(self, name, value)

    def given(self, name: str) -> Any:
        """A setting as the caller wrote it, for messages."""
        return vars(self)["_given"].get(name, getattr(self, name))

    @property
    @abstractmethod
    def name(self) -> str:
        """The name in messages and graphs, for example ``conv2d``."""

    @abstractmethod
    def reads(self, of: str) -> tuple[str, ...]:
        """The operands that a result's elements read, as far as they are there."""

    def counted(self, arguments: Sequence[str], given: Collection[str]) -> tuple[str, ...]:
        """Those of some arguments that are given."""
        return tuple(name for name in arguments if name in given)

    def formula_of(self, result: str) -> str:
        """The formula of a result with these settings, all parts included."""
        return self.formulas[result.partition("[")[0]]  # grad_inputs[2] has that of grad_inputs

    def formula(self, result: str, operands: Collection[str]) -> str:
        """The formula of a result that is made of these operands.

        Example:
            >>> from pellucid.ops.linear import Linear
            >>> Linear().formula("output", ["input", "weight"])
            'output[n,o] = Σ_i input[n,i]·weight[o,i]'
        """

        def kept(part: re.Match[str]) -> str:
            named = re.search("[a-z_]+", part[1])
            return part[1] if named and named[0] in operands else ""

        return _PART.sub(kept, self.formula_of(result))


def kinds() -> dict[str, type[Maker]]:
    """All ops and rules by the names of their classes; families of ops are none.

    Example:
        >>> kinds()["Conv"].__name__, "Pointwise" in kinds()
        ('Conv', False)
    """
    load_folder("pellucid.ops")
    return {name: kind for name, kind in sorted(_KINDS.items()) if not isabstract(kind)}
