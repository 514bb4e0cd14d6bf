"""The parts of a page of documentation that can be run: its commands, its Python, and the arithmetic in its text."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"```(python|console)\n(.*?)```(?:\n```text\n(.*?)```)?", flags=re.DOTALL)
_NUMBER = r"−?[\d.]+(?:/\d+)?"
_NAME = re.compile(r"(?<!\S)([^\W\d][\w\[\],]*) +(?=−?\d)")
_SIGNS = {"·": "*", "×": "*", "−": "-", "∂L/∂": "grad_", "′": "_new"}


class Block(NamedTuple):
    """A fenced block, and the block of output right below it."""

    language: str
    source: str
    output: str


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    return [Block(*parts) for parts in _BLOCK.findall(text)]


def said(block: Block) -> list[str]:
    """What Python prints: the comments behind calls that stand for themselves, then the block below."""
    return re.findall(r"^\w+\(.*\)  +# (.*)$", block.source, flags=re.MULTILINE) + block.output.splitlines()


def statements(text: str) -> list[str]:
    """The arithmetic in the text: indented lines and code spans that end in a number, `name = 2·3 = 6`.

    In a line, what stands behind two blanks is a remark.
    """
    found = re.findall(r"^    (\S.*)$|`([^`\n]+)`", _prose(text), flags=re.MULTILINE)
    lines = (re.split("  +", line or span)[0] for line, span in found)
    return [line for line in lines if re.search(rf"[=≈] {_NUMBER}$", line)]


def grids(text: str) -> list[tuple[str, list[float]]]:
    """Arrays drawn in the text: indented, each with its name before its first row, side by side."""
    found = []
    for lines in re.findall(r"(?:^    .*\n)+", _prose(text), flags=re.MULTILINE):
        first, *below = lines.splitlines()
        heads = list(_NAME.finditer(first))
        if not re.fullmatch(r"[\d.−\s|+-]*", "".join([_NAME.sub("", first), *below])):
            continue
        for head, end in zip(heads, [*(head.start() for head in heads[1:]), None], strict=True):
            rows = [first[head.end() : end], *(line[head.start() : end] for line in below)]
            numbers = re.findall(r"−?[\d.]+", "\n".join(rows))
            found.append((head[1], [float(number.replace("−", "-")) for number in numbers]))
    return found


def check(statement: str, names: Mapping[str, Any]) -> None:
    """All sides of a statement are the same number; names are those of the page's Python.

    ∂L/∂x₃ is `grad_x3`, w′ is `w_new`. Behind ≈ stands a number rounded to its last digit.
    """
    *left, last = re.split("[=≈]", statement)
    value = _number(last, names)
    tolerance = 0.5 * 10 ** -len(last.partition(".")[2]) if "≈" in statement else 1e-12 * max(1, abs(value))
    for side in left:
        assert abs(_number(side, names) - value) <= tolerance, f"{statement}: {side.strip()} is not {last}"


def _prose(text: str) -> str:
    """What stands outside fenced blocks."""
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def _number(side: str, names: Mapping[str, Any]) -> float:
    for sign, word in _SIGNS.items():
        side = side.replace(sign, word)
    plain = unicodedata.normalize("NFKC", side).strip()  # ₃ is 3
    return float(eval(plain, {"exp": math.exp, "ln": math.log}, names))
