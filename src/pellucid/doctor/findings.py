"""What the doctor found, as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from pellucid.doctor.terms import Terms
from pellucid.language import text


@dataclass(frozen=True)
class Diagnosis:
    """A usual mistake that explains a wrong gradient.

    Attributes:
        kind: the mistake's name, which does not depend on the language: "kernel_flipped", "batch_sum_missing", …
        input: the input whose gradient it is.
        text: what the mistake is and how to mend it.
        evidence: the numbers that speak for it.
    """

    kind: str
    input: str
    text: str
    evidence: str

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as values that JSON knows."""
        return {"kind": self.kind, "input": self.input, "text": self.text, "evidence": self.evidence}


@dataclass(frozen=True, eq=False)
class WrongElement:
    """A wrong number of a gradient.

    Attributes:
        input: the input whose gradient it is in.
        index: where.
        got: what backward returned.
        expected: what forward's differences give.
        terms: what the expected number is the sum of, a sequence.
    """

    input: str
    index: tuple[int, ...]
    got: float
    expected: float
    terms: Terms = field(repr=False)

    @property
    def address(self) -> str:
        """The element's address: grad_weight[0,1,2]."""
        return f"grad_{self.input}[{','.join(map(str, self.index))}]"

    def to_dict(self, limit: int | None = None) -> dict[str, Any]:
        """The element as values that JSON knows, with at most `limit` terms, largest first."""
        return {
            "input": self.input,
            "index": list(self.index),
            "got": _json(self.got),
            "expected": self.expected,
            "terms": [term.to_dict() for term in self.terms[:limit]],
            "term_count": len(self.terms),
        }


@dataclass(frozen=True)
class InputCheck:
    """One input's gradient.

    Attributes:
        input: its name.
        shape: its shape.
        ok: whether the gradient is right.
        got: the gradient along a random direction; where one differed, along this one.
        expected: what forward's differences give along it.
        tolerance: how far the two may be apart.
        compared: how many elements were compared one by one; 0 where every direction agreed.
        wrong: how many of these are wrong.
        directions: how many directions there are: one through all elements, the others share them out.
    """

    input: str
    shape: tuple[int, ...]
    ok: bool
    got: float
    expected: float
    tolerance: float
    compared: int = 0
    wrong: int = 0
    directions: int = 1

    @property
    def each(self) -> bool:
        """Whether every element had a direction or a comparison of its own."""
        size = math.prod(self.shape)
        return self.directions > size or self.compared == size

    def to_dict(self) -> dict[str, Any]:
        """The check as values that JSON knows."""
        numbers = {name: _json(getattr(self, name)) for name in ("got", "expected", "tolerance")}
        return {
            "input": self.input,
            "shape": list(self.shape),
            "ok": self.ok,
            **numbers,
            "compared": self.compared,
            "wrong": self.wrong,
            "directions": self.directions,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Findings:
    """What was found in all gradients of a layer.

    Attributes:
        ok: whether every gradient is right.
        checks: one for each input that was differentiated.
        diagnoses: the usual mistakes that explain what is wrong; none where no known one does.
        wrong: the wrong elements.
        notes: what else there is to know: inputs that were left out or moved, numbers that show too little.
        lang: the language of the texts.
    """

    ok: bool
    checks: tuple[InputCheck, ...]
    diagnoses: tuple[Diagnosis, ...]
    wrong: tuple[WrongElement, ...]
    notes: tuple[str, ...]
    lang: str

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.ok:
            each = all(check.each for check in self.checks)
            return text("doctor.right" if each else "doctor.none_differs", self.lang)
        names = ", ".join(check.input for check in self.checks if not check.ok)
        return text("doctor.wrong", self.lang, names=names)

    def count(self, check: InputCheck) -> str:
        """How many numbers of a gradient are wrong, as a sentence."""
        return text("doctor.count", self.lang, name=check.input, wrong=check.wrong, compared=check.compared)

    def wrong_of(self, name: str) -> tuple[WrongElement, ...]:
        """The wrong elements of one input's gradient."""
        return tuple(element for element in self.wrong if element.input == name)

    def to_dict(self, limit: int | None = 20) -> dict[str, Any]:
        """Everything as values that JSON knows; at most the first `limit` wrong elements of each input."""
        wrong = [element for check in self.checks for element in self.wrong_of(check.input)[:limit]]
        return {
            "ok": self.ok,
            "verdict": self.verdict,
            "checks": [check.to_dict() for check in self.checks],
            "diagnoses": [diagnosis.to_dict() for diagnosis in self.diagnoses],
            "wrong": [element.to_dict(limit) for element in wrong],
            "notes": list(self.notes),
            "lang": self.lang,
        }


def _json(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
