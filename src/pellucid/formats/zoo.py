"""Networks that were trained here and come with Pellucid: their files, compressed, with their receipts.

What each of them is, and the command that made it, stand in zoo_files/README.md.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from pellucid.errors import FormatError, say

PREFIX = "zoo:"
MODEL, RECEIPT = ".safetensors", ".receipt.jsonl"


def names() -> list[str]:
    """What they are called.

    Example:
        >>> names()
        ['zoo:lenet5', 'zoo:mnist_cnn', 'zoo:resnet20']
    """
    found = (file.name for file in _folder().iterdir())
    return sorted(PREFIX + name.removesuffix(f"{MODEL}.gz") for name in found if name.endswith(f"{MODEL}.gz"))


@contextmanager
def unpacked(name: str, kind: str = MODEL) -> Iterator[Path]:
    """One of their files, where it can be read meanwhile.

    Raises: FormatError when there is no such network.
    """
    if name not in names():
        where = say("model file '{path}'", path=name)
        rule, expected = "there is no such network in the zoo", ", ".join(names())
        raise FormatError(where, rule, expected=expected)
    with tempfile.TemporaryDirectory(prefix="pellucid-") as folder:
        path = Path(folder, name.removeprefix(PREFIX) + kind)
        packed = _folder() / f"{path.name}.gz"
        with packed.open("rb") as file, gzip.open(file) as content, path.open("wb") as out:
            shutil.copyfileobj(content, out)
        yield path


def _folder() -> Path:
    return Path(str(files("pellucid.formats"))) / "zoo_files"
