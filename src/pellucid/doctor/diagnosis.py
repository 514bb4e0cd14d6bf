"""From a wrong gradient to the mistake's name."""

from __future__ import annotations

import numpy as np

from pellucid.doctor.case import Case
from pellucid.doctor.findings import Diagnosis
from pellucid.doctor.mistakes import MISTAKES, Suspicion, agrees, explained, margin, wrong_shape
from pellucid.doctor.slopes import Floats
from pellucid.language import Message


def diagnose(case: Case, lang: str) -> list[Diagnosis]:
    """The usual mistake that gives just these numbers; none where no known one does."""
    if np.isnan(case.got[case.wrong]).any() or np.isinf(case.got[case.wrong]).any():
        count = int((~np.isfinite(case.gradient)).sum())
        evidence = Message("doctor.not_finite_evidence", count=count, size=case.gradient.size)
        return [_diagnosis("not_finite", case.name, Message("doctor.not_finite"), evidence, lang)]
    for group in MISTAKES:
        agreeing = (s for mistake in group for s in mistake(case) if agrees(case, s))
        best = max(agreeing, key=lambda s: explained(case, s).sum(), default=None)
        if best:
            return [_diagnosis(best.kind, case.name, best.message, _evidence(case, best), lang)]
    return []


def diagnose_shape(case: Case, returned: Floats, lang: str) -> Diagnosis:
    """Why a gradient has not the shape of its input."""
    expected = case.expected.reshape(case.shape) if case.whole else np.full(case.shape, np.nan)
    kind, message = wrong_shape(case.name, returned, expected, margin(case))
    evidence = Message("doctor.shape_evidence", got=returned.shape, expected=case.shape)
    return _diagnosis(kind, case.name, message, evidence, lang)


def _evidence(case: Case, suspicion: Suspicion) -> Message:
    """How many of the wrong numbers the mistake explains, and one of them in figures."""
    wrong, shown = int(case.wrong.sum()), explained(case, suspicion)
    row = int(np.flatnonzero(shown)[0])
    index = ",".join(map(str, case.index(row)))
    example = Message(
        "doctor.example",
        address=f"grad_{case.name}[{index}]",
        got=f"{case.got[row]:.6g}",
        predicted=f"{suspicion.predicted[row]:.6g}",
        expected=f"{case.expected[row]:.6g}",
    )
    if shown.sum() == wrong:
        return Message("doctor.all_explained", wrong=wrong, example=example)
    return Message("doctor.some_explained", explained=int(shown.sum()), wrong=wrong, example=example)


def _diagnosis(kind: str, name: str, message: Message, evidence: Message, lang: str) -> Diagnosis:
    return Diagnosis(kind, name, message.said(lang), evidence.said(lang))
