"""A summary as text: its ops in columns, and the formulas that their numbers come from."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from pellucid.columns import Columns, cells
from pellucid.language import chosen, text
from pellucid.nn.counted import Counted, Row

_HEADS = (
    "arithmetic.layer",
    "arithmetic.type",
    "arithmetic.output",
    "arithmetic.parameters",
    "arithmetic.macs",
    "arithmetic.bytes",
    "arithmetic.field",
    "arithmetic.jump",
)


def columns(summary: Counted, lang: str | None = None) -> Columns:
    """Every op, and the sums below."""
    lang = chosen(lang)
    rows: list[tuple[str, ...]] = [
        (
            row.path,
            row.type,
            "×".join(map(str, row.output_shape[1:])),
            _number(row.parameters),
            _number(row.macs),
            _number(row.activation_bytes),
            _sizes(row.receptive_field),
            _sizes(row.jump),
        )
        for row in summary.rows
    ]
    sums = (f"{number:,}" for number in (summary.parameters, summary.macs, summary.activation_bytes))
    rows.append((text("arithmetic.total", lang), "", "", *sums, "", ""))
    if summary.trainable < summary.parameters:
        rows.append((text("arithmetic.trainable", lang), "", "", f"{summary.trainable:,}", "", "", "", ""))
    return Columns(tuple(text(head, lang) for head in _HEADS), tuple(rows), 3)


def formulas(summary: Counted, lang: str | None = None) -> str:
    """Of every op that slides a window or has parameters, its numbers with the formulas that they come from."""
    lang = chosen(lang)
    lines = []
    for row in summary.rows:
        if row.formulas or row.parameter_formula:
            lines += ["", f"{row.path}  {row.type}"]
            said = [(text(head, lang), formula) for head, formula in _formulas(row)]
            wide = max(cells(label) for label, _ in said)
            lines += [f"  {label}{' ' * (wide - cells(label))}  {formula}" for label, formula in said]
    return "\n".join(lines[1:])


def _formulas(row: Row) -> Iterator[tuple[str, str]]:
    for head, formula in (
        ("arithmetic.output", _axes(row.formulas)),
        ("arithmetic.parameters", row.parameter_formula),
        ("arithmetic.macs", row.macs_formula),
        ("arithmetic.bytes", row.activation_formula),
        ("arithmetic.field", _axes(row.field_formulas)),
    ):
        if formula:
            yield head, formula


def _axes(formulas: tuple[str, ...]) -> str:
    """One formula for all axes when they have the same."""
    return ",  ".join(dict.fromkeys(formulas))


def _number(number: int) -> str:
    return f"{number:,}" if number else ""


def _sizes(sizes: tuple[float, ...] | None) -> str:
    """One size for all axes when they have the same; fractions as such, and nothing for 0."""
    distinct = dict.fromkeys(sizes or ())
    said = [str(Fraction(size).limit_denominator(1000)) if size else "" for size in distinct]
    return said[0] if len(said) == 1 else "×".join(map(str, map(Fraction, sizes or ())))
