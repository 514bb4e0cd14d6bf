"""A report as a piece of HTML for notebooks: no scripts, nothing from elsewhere, light and dark."""

from __future__ import annotations

import math
from html import escape

from pellucid.doctor.findings import Findings, WrongElement
from pellucid.language import text

_STYLE = """
.pellucid-doctor { --good: #1a7f37; --bad: #b42318; --line: #8886; font: 14px/1.45 system-ui, sans-serif }
.pellucid-doctor table { border-collapse: collapse; margin: .4em 0 1em; font: inherit }
.pellucid-doctor caption { text-align: left; opacity: .75 }
.pellucid-doctor th, .pellucid-doctor td { border-bottom: 1px solid var(--line); padding: .2em .8em .2em 0;
  text-align: left; vertical-align: top }
.pellucid-doctor code { font: 12.5px/1.45 ui-monospace, monospace }
.pellucid-doctor .good { color: var(--good) } .pellucid-doctor .bad { color: var(--bad) }
.pellucid-doctor blockquote { border-left: 3px solid var(--bad); margin: .6em 0; padding: 0 0 0 .8em }
@media (prefers-color-scheme: dark) { .pellucid-doctor { --good: #57c478; --bad: #ff8a7a } }
"""
_ROWS = 8  # wrong elements of an input
_TERMS = 6  # terms of each


def page(report: Findings) -> str:
    """The report as HTML."""
    lang = report.lang
    parts = [
        f"<h4>{text('doctor.title', lang)}</h4>",
        f"<p class={_tone(report.ok)}>{escape(report.verdict)}</p>",
    ]
    heads = [text("doctor.input", lang), text("doctor.shape_column", lang), text("doctor.got", lang)]
    rows = [
        [
            f"<span class={_tone(check.ok)}>{'✓' if check.ok else '✗'}</span> <code>grad_{escape(check.input)}</code>",
            f"{check.shape}",
            "—" if math.isnan(check.got) else f"{check.got:.9g}",
            f"{check.expected:.9g}",
        ]
        for check in report.checks
    ]
    parts.append(_table([*heads, text("doctor.expected", lang)], rows, text("doctor.direction", lang)))
    for diagnosis in report.diagnoses:
        heading = f"<code>grad_{escape(diagnosis.input)}</code>, <code>{diagnosis.kind}</code>"
        said = f"{heading}<br>{escape(diagnosis.text)}"
        parts.append(f"<blockquote>{said}<br><small>{escape(diagnosis.evidence)}</small></blockquote>")
    for check in report.checks:
        if elements := report.wrong_of(check.input):
            parts += [f"<p>{escape(report.count(check))}</p>", _wrong(elements, lang)]
    parts += [f"<p><small>{escape(note)}</small></p>" for note in report.notes]
    return f'<div class="pellucid-doctor" lang="{lang}"><style>{_STYLE}</style>{"".join(parts)}</div>'


def _wrong(elements: tuple[WrongElement, ...], lang: str) -> str:
    """The first wrong elements with their largest terms."""
    heads = [text("doctor.input", lang), text("doctor.got", lang), text("doctor.expected", lang)]
    rows = []
    for element in elements[:_ROWS]:
        terms = [f"<code>{escape(str(term))}</code>" for term in element.terms[:_TERMS]]
        if len(element.terms) > _TERMS:
            terms.append(escape(text("doctor.more_terms", lang, count=len(element.terms) - _TERMS)))
        address = f"<code>{escape(element.address)}</code>"
        rows.append([address, f"{element.got:.6g}", f"{element.expected:.6g}", "<br>".join(terms)])
    return _table([*heads, text("doctor.terms", lang)], rows)


def _table(heads: list[str], rows: list[list[str]], caption: str = "") -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><tr>{head}</tr>{body}</table>"


def _tone(ok: bool) -> str:
    return "good" if ok else "bad"
