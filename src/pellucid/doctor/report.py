"""What the doctor says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from textwrap import fill

from pellucid.doctor.findings import Findings, InputCheck, WrongElement
from pellucid.doctor.html import page
from pellucid.language import text

_WRONG = 4  # wrong elements of an input that are written out
_TERMS = 4  # terms of each
_WIDTH = 100  # columns of a report as text


@dataclass(frozen=True, eq=False, repr=False)
class GradientReport(Findings):
    """The result of `check_gradient`; printed, its sentences, and in a notebook a page.

    `Findings` has its attributes.
    """

    def __repr__(self) -> str:
        found = ", ".join(f"{diagnosis.input}: {diagnosis.kind}" for diagnosis in self.diagnoses)
        return f"<GradientReport {'right' if self.ok else 'wrong'}{': ' * bool(found)}{found}>"

    def __str__(self) -> str:
        lines = [self.verdict, *map(self._check_line, self.checks)]
        for diagnosis in self.diagnoses:
            said = f"grad_{diagnosis.input}, {diagnosis.kind}: {diagnosis.text}"
            lines += ["", self._wrapped(said), self._wrapped(f"  {diagnosis.evidence}")]
        for check in self.checks:
            if elements := self.wrong_of(check.input):
                lines += ["", self.count(check)]
                for element in elements[:_WRONG]:
                    lines += self._element_lines(element)
                if len(elements) > _WRONG:
                    lines.append("  " + text("doctor.more_wrong", self.lang, count=len(elements) - _WRONG))
        lines += ["", *map(self._wrapped, self.notes)] if self.notes else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return page(self)

    def _check_line(self, check: InputCheck) -> str:
        sign = "✓" if check.ok else "✗"
        if math.isnan(check.got) and not check.compared:
            line = text("doctor.not_along", self.lang)
        else:
            line = text(
                "doctor.along",
                self.lang,
                got=f"{check.got:.9g}",
                expected=f"{check.expected:.9g}",
                tolerance=f"{check.tolerance:.1g}",
            )
        return f"  {sign} grad_{check.input} {check.shape}: {line}"

    def _element_lines(self, element: WrongElement) -> list[str]:
        got, expected = f"{element.got:.6g}", f"{element.expected:.6g}"
        lines = [f"  {element.address}: " + text("doctor.element", self.lang, got=got, expected=expected)]
        lines += [f"    {'+' if i else '='} {term}" for i, term in enumerate(element.terms[:_TERMS])]
        if not element.terms:
            lines.append("    = 0 " + text("doctor.no_terms", self.lang))
        if len(element.terms) > _TERMS:
            lines.append("    " + text("doctor.more_terms", self.lang, count=len(element.terms) - _TERMS))
        return lines

    def _wrapped(self, paragraph: str) -> str:
        """A paragraph on lines of at most 100 columns; Korean letters take two."""
        width = _WIDTH if self.lang == "en" else _WIDTH * 2 // 3
        return fill(paragraph, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
