"""Summaries as tables and formulas, for `pellucid summary` and `pellucid shape`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.text import Text

from pellucid.cli import output
from pellucid.explain.columns import Columns, cells
from pellucid.language import text

if TYPE_CHECKING:
    from rich.table import Table

    from pellucid.nn.summary import Row, Summary


def table(summary: Summary, lang: str, width: int) -> Table:
    """Every op, and the sums below."""
    heads = ("layer", "type", "output", "parameters", "macs", "bytes", "field", "jump")
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
    drawn = output.table(Columns(tuple(text(_HEADS[head], lang) for head in heads), tuple(rows), 3), width)
    drawn.rows[-2].end_section = True
    return drawn


_HEADS = {
    "layer": "arithmetic.layer",
    "type": "arithmetic.type",
    "output": "arithmetic.output",
    "parameters": "arithmetic.parameters",
    "biases": "arithmetic.biases",
    "macs": "arithmetic.macs",
    "bytes": "arithmetic.bytes",
    "field": "arithmetic.field",
    "jump": "arithmetic.jump",
    "convolution": "arithmetic.convolution",
    "dense": "arithmetic.dense",
    "times": "arithmetic.times",
    "network": "arithmetic.network",
}


def formulas(summary: Summary, lang: str) -> Text:
    """Of every op that slides a window or has parameters, its numbers with the formulas that they come from."""
    lines = []
    for row in summary.rows:
        if row.formulas or row.parameter_formula:
            lines += ["", f"{row.path}  {row.type}"]
            said = [(text(_HEADS[head], lang), formula) for head, formula in _formulas(row)]
            wide = max(cells(label) for label, _ in said)
            lines += [f"  {label}{' ' * (wide - cells(label))}  {formula}" for label, formula in said]
    return Text("\n".join(lines[1:]))


def _formulas(row: Row) -> Iterator[tuple[str, str]]:
    for head, formula in (
        ("output", _axes(row.formulas)),
        ("parameters", row.parameter_formula),
        ("macs", row.macs_formula),
        ("bytes", row.activation_formula),
        ("field", _axes(row.field_formulas)),
    ):
        if formula:
            yield head, formula


def dense(summary: Summary, lang: str, width: int) -> Table | None:
    """Beside each convolution the dense layer between as many numbers; None where there is no convolution."""
    heads = ("layer", "output", "convolution", "dense", "times")
    rows = []
    for row in summary.rows:
        if row.dense_weights and row.parameters:
            weights = row.parameters - row.biases
            shape = "×".join(map(str, row.output_shape[1:]))
            ratio = _ratio(row.dense_weights / weights)
            rows.append((row.path, shape, f"{weights:,}", f"{row.dense_weights:,}", ratio))
    columns = Columns(tuple(text(_HEADS[head], lang) for head in heads), tuple(rows), 2)
    return output.table(columns, width) if rows else None


def compared(summaries: Sequence[tuple[str, Summary]], lang: str, width: int) -> Table:
    """The sums of several networks, and what part they are of the first one's."""
    heads = ("network", "biases", "parameters", "times", "macs", "times", "bytes", "times")
    (_, first), rows = summaries[0], []
    for name, summary in summaries:
        row = [name, f"{summary.biases:,}"]
        for count in ("parameters", "macs", "activation_bytes"):
            number, base = getattr(summary, count), getattr(first, count)
            row += [f"{number:,}", _ratio(number / base) if base else ""]
        rows.append(tuple(row))
    return output.table(Columns(tuple(text(_HEADS[head], lang) for head in heads), tuple(rows), 1), width)


def _axes(formulas: tuple[str, ...]) -> str:
    """One formula for all axes when they have the same."""
    return ",  ".join(dict.fromkeys(formulas))


def _ratio(ratio: float) -> str:
    return f"×{ratio:,.0f}" if ratio >= 100 else f"×{ratio:.3g}"


def _number(number: int) -> str:
    return f"{number:,}" if number else ""


def _sizes(sizes: tuple[float, ...] | None) -> str:
    """One size for all axes when they have the same; fractions as such, and nothing for 0."""
    distinct = dict.fromkeys(sizes or ())
    said = [str(Fraction(size).limit_denominator(1000)) if size else "" for size in distinct]
    return said[0] if len(said) == 1 else "×".join(map(str, map(Fraction, sizes or ())))
