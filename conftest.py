"""For tests and docstrings' examples: what runs them has said nothing, and which of them need an oracle.

An oracle is a package that Pellucid has no use for; its numbers and files are compared with ours. All that stands in a
module which imports one, itself or by way of another module of the tests, is marked `oracle`. With `-m "not oracle"`
such a module is not even imported, so that no oracle need be installed.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

for name in ("COLUMNS", "PELLUCID_LANG"):  # how wide a pipe is, and which language to speak
    os.environ.pop(name, None)

ROOT = Path(__file__).parent
ORACLES = {
    "torch", "torchvision", "onnx", "cv2", "tifffile", "imagecodecs", "png", "safetensors", "ml_dtypes", "unicorn",
    "gmpy2", "flint",
}  # fmt: skip
SHARED = (
    "tests.",
    "soak.",
    "pellucid.bench.twins.",
    "pellucid.bench.vision.",
)  # modules that import oracles for others


def imports(path: Path) -> Iterator[str]:
    """Everything that a module imports, in functions as well, by its dotted name."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def needs_oracle(path: Path) -> bool:
    """Whether a module imports an oracle, itself or by way of another one."""
    names = list(imports(path))
    if any(name.partition(".")[0] in ORACLES for name in names):
        return True
    shared = {n for name in names if name.startswith(SHARED) for n in (name, name.rpartition(".")[0])}
    files = [ROOT / top / f"{name.replace('.', '/')}.py" for name in shared for top in ("", "src")]
    return any(needs_oracle(file) for file in files if file.is_file())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a module unread whose tests `-m` will leave out."""
    chosen = config.option.markexpr
    left_out = "not oracle" in chosen and " or " not in chosen
    return True if left_out and collection_path.suffix == ".py" and needs_oracle(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the mark, before `-m` chooses by it."""
    for item in items:
        if needs_oracle(item.path):
            item.add_marker("oracle")
