"""Words in formulas: a formula stands at its op in English, and what it says besides names is found by the English."""

from __future__ import annotations

import re

from pellucid.language.catalogue import chosen
from pellucid.language.entry import Entry

PHRASES = (
    Entry("gradient so far + ", "지금까지의 기울기 + "),
    Entry("velocity before", "이전 velocity"),
    Entry("mean before", "이전 mean"),
    Entry("variance before", "이전 variance"),
    Entry(" in training", "  (학습)"),
    Entry(" in inference", "  (추론)"),
    Entry(" after training", "  (학습 뒤)"),
    Entry(", 0 in padding", ", 패딩은 0"),
    Entry(", padding left out", ", 패딩은 제외"),
    Entry(", glu′ = σ(second) in the first half, ", ", glu′: 앞 절반은 σ(second), "),
    Entry("first·σ(second)·(1 − σ(second)) in the second", "뒤 절반은 first·σ(second)·(1 − σ(second))"),
    Entry("over the windows y that hold i", " (y: i가 든 창)"),
    Entry("over the windows y that i won", " (y: i가 뽑힌 창)"),
    Entry("over the windows y with i", " (y: i가 든 창)"),
    Entry("over the (y,k) that meet at i", " ((y,k): i에서 만나는 쌍)"),
    Entry("over the y whose source is i", " (y: i를 옮겨 온 자리)"),
    Entry("over the outputs that read the operand", " (피연산자를 읽는 출력들)"),
    Entry("over the uses u of the parameter", " (u: 매개변수를 쓰는 곳)"),
    Entry("over the targets that are not ignored", " (n: 무시하지 않는 정답)"),
    Entry("over the `size` channels j around c that exist", " (j: c 둘레에 있는 `size`개의 채널)"),
    Entry(", 0 where no y reads i", ", i를 읽는 y가 없으면 0"),
    Entry(", axis source is axis destination", "  (축 source를 축 destination으로 옮김)"),
    Entry(", axis destination is axis source", "  (축 destination을 축 source로 옮김)"),
    Entry("0 where target[n] is to be ignored", "target[n]을 무시하면 0"),
    Entry("scale where kept(j), else 0", "kept(j)이면 scale, 아니면 0"),
    Entry("1/(1 − p), 0 where p = 1", "1/(1 − p), p = 1이면 0"),
    Entry("1 where input > 0, else negative_slope", "input > 0이면 1, 아니면 negative_slope"),
    Entry("length where length > least, else least", "(length > least이면 length, 아니면 least)"),
    Entry("0 where output ≤ 0, else 1", "output ≤ 0이면 0, 아니면 1"),
    Entry("0 where input < 0, else input", "(input < 0이면 0, 아니면 input)"),
    Entry("input[n,c,y] where indices[n,c,y] = i, else 0", "(indices[n,c,y] = i이면 input[n,c,y], 아니면 0)"),
    Entry(
        "grad_output[n,c,indices[n,c,y]] where input[n,c,y] stays, else 0",
        "(input[n,c,y]가 남으면 grad_output[n,c,indices[n,c,y]], 아니면 0)",
    ),
    Entry(
        "the number of the position, row-major in its channel's plane, that wins window y",
        "창 y에서 뽑힌 위치의 번호 (채널 안에서 행부터 셈)",
    ),
    Entry(
        "i(y) = source of y − before; `value` where there is none",
        "i(y) = y − before에 옮겨 올 위치, 없으면 `value`",
    ),
)

CHOICE = Entry("{one} where {condition}, else {other}", "{condition}이면 {one}, 아니면 {other}")
_PART = r"(?:[^()=\s]|(?<=\S) (?=\S)|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+?"
_CONDITION = _PART.replace("()=", "()")  # equalities are conditions
_CHOICE = re.compile(
    rf"(?<![^\s(])(?P<one>{_PART}) where (?P<condition>{_CONDITION}), else (?P<other>{_PART})(?=\)|$)"
)


def worded(formula: str, lang: str | None = None) -> str:
    """A formula in a language, by default the chosen one.

    Example:
        >>> worded("output = 0 where input < 0, else input", "ko")
        'output = (input < 0이면 0, 아니면 input)'
    """
    lang, said, before = chosen(lang), formula, None
    for phrase in PHRASES:
        said = said.replace(phrase.en, getattr(phrase, lang))
    while lang != "en" and said != before:  # the inner choices first
        before = said
        said = _CHOICE.sub(lambda match: _chosen(match, lang), said)
    return said


def _chosen(choice: re.Match[str], lang: str) -> str:
    """One choice, in parentheses."""
    said: str = getattr(CHOICE, lang).format(**choice.groupdict())
    return said if choice.string[choice.start() - 1] == "(" else f"({said})"
