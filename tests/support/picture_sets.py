"""Small data sets of pictures, as folders and archives."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


def picture(seed: int, height: int = 5, width: int = 4, colours: int = 3) -> np.ndarray:
    shape = (height, width, colours) if colours > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def put(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: dict[str, bytes], kind: str = "") -> Path:
    with tarfile.open(path, f"w:{kind}") as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def pets(count: int = 5, **shape: int) -> dict[str, bytes]:
    """So many cats and ants, in this order."""
    return {
        f"{animal}/{i}.png": png(picture(10 * k + i, **shape))
        for k, animal in enumerate(("cat", "ant"))
        for i in range(count)
    }


def refusal(error: type[Exception], call: Callable[..., Any], *arguments: Any, **settings: Any) -> str:
    """What the error says that a call raises."""
    with pytest.raises(error) as caught:
        call(*arguments, **settings)
    return str(caught.value)
