"""From a wrong gradient to the mistake's name."""

from __future__ import annotations

import numpy as np

from pellucid.doctor.case import Case
from pellucid.doctor.mistakes import MISTAKES, Suspicion, agrees, margin, wrong_shape
from pellucid.doctor.report import Diagnosis
from pellucid.doctor.slopes import Floats
from pellucid.language import Message


def diagnose(case: Case, lang: str) -> list[Diagnosis]:
    """The first usual mistake that gives just these numbers; none where no known one does."""
    if np.isnan(case.got[case.wrong]).any() or np.isinf(case.got[case.wrong]).any():
        count = int((~np.isfinite(case.gradient)).sum())
        evidence = Message("doctor.not_finite_evidence", count=count, size=case.gradient.size)
        return [_diagnosis("not_finite", case.name, Message("doctor.not_finite"), evidence, lang)]
    for mistake in MISTAKES:
        for suspicion in mistake(case):
            if agrees(case, suspicion):
                evidence = _evidence(case, suspicion)
                return [_diagnosis(suspicion.kind, case.name, suspicion.message, evidence, lang)]
    return []


def diagnose_shape(case: Case, returned: Floats, lang: str) -> Diagnosis:
    """Why a gradient has not the shape of its input."""
    expected = case.expected.reshape(case.shape) if case.whole else np.full(case.shape, np.nan)
    kind, message = wrong_shape(case.name, returned, expected, margin(case))
    evidence = Message("doctor.shape_evidence", got=returned.shape, expected=case.shape)
    return _diagnosis(kind, case.name, message, evidence, lang)


def _evidence(case: Case, suspicion: Suspicion) -> Message:
    """How many of the wrong numbers the mistake explains, and one of them in figures."""
    wrong = case.wrong
    claimed = wrong if suspicion.claimed is None else wrong & suspicion.claimed
    row = int(np.flatnonzero(claimed)[0])
    index = ",".join(map(str, case.index(row)))
    example = Message(
        "doctor.example",
        address=f"grad_{case.name}[{index}]",
        got=f"{case.got[row]:.6g}",
        predicted=f"{suspicion.predicted[row]:.6g}",
        expected=f"{case.expected[row]:.6g}",
    )
    if claimed.sum() == wrong.sum():
        return Message("doctor.all_explained", wrong=int(wrong.sum()), example=example)
    return Message(
        "doctor.some_explained", explained=int(claimed.sum()), wrong=int(wrong.sum()), example=example
    )


def _diagnosis(kind: str, name: str, message: Message, evidence: Message, lang: str) -> Diagnosis:
    return Diagnosis(kind, name, message.said(lang), evidence.said(lang))
