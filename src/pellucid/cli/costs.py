"""Summaries as tables and formulas, for `pellucid summary` and `pellucid shape`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from pellucid.cli import output
from pellucid.columns import Columns
from pellucid.language import text
from pellucid.nn import sheet

if TYPE_CHECKING:
    from rich.table import Table

    from pellucid.nn.summary import Summary


def table(summary: Summary, lang: str, width: int) -> Table:
    """Every op, and the sums below a line."""
    drawn = output.table(sheet.columns(summary, lang), width)
    drawn.rows[-2].end_section = True
    return drawn


_HEADS = {
    "layer": "arithmetic.layer",
    "output": "arithmetic.output",
    "parameters": "arithmetic.parameters",
    "biases": "arithmetic.biases",
    "macs": "arithmetic.macs",
    "bytes": "arithmetic.bytes",
    "convolution": "arithmetic.convolution",
    "dense": "arithmetic.dense",
    "times": "arithmetic.times",
    "network": "arithmetic.network",
}


def formulas(summary: Summary, lang: str) -> Text:
    """The formulas that the numbers come from."""
    return Text(sheet.formulas(summary, lang))


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


def _ratio(ratio: float) -> str:
    return f"×{ratio:,.0f}" if ratio >= 100 else f"×{ratio:.3g}"
