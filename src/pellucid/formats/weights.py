"""Plain weights: arrays by name, as other programs write and read them, in a safetensors or npz file.

A safetensors file is as `safetensors.torch.save_file` writes it, with texts as metadata:

    {"format": "pt", "producer": "pellucid", "sha256": "…", "classes": "[…]", "preprocessing": "{…}"}

`classes` and `preprocessing`, JSON as in a model file, may be missing. An npz file is as np.savez writes it, without
pickles; the same texts but for the checksum, which the archive has of its own, are one JSON text in the archive's
comment, where NumPy's readers do not look. Names, shapes and meaning are PyTorch's. Files are not trusted.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from pellucid import memory
from pellucid.data.preprocessing import Preprocessing
from pellucid.data.sets.npy import SUFFIX, VERSION, opened
from pellucid.errors import ArgumentError, FormatError, either, say
from pellucid.formats import container, reader
from pellucid.formats.container import FilePath
from pellucid.formats.file import write_whole
from pellucid.numbers import as_array

Array = NDArray[Any]
LIMITS = container.Limits(say("weights file"), file_bytes=2**34, header_bytes=2**22)
SUFFIXES = {"safetensors": ".safetensors", "npz": ".npz"}  # of each format
_PRODUCER = {"producer": "pellucid"}
_MOST_TEXT = 0xFFFF  # bytes of an archive's comment


def save_weights(
    path: FilePath,
    state_dict: Mapping[str, Any],
    *,
    classes: Sequence[str] = (),
    preprocessing: Preprocessing | None = None,
) -> None:
    """Write a state dict for other programs: a safetensors or npz file, by its name's ending.

    PyTorch takes it as it is: `net.load_state_dict(safetensors.torch.load_file(path))`. Numbers stay as they are, NaN
    as well. The file appears complete or not at all; one that exists is replaced. Equal weights give equal bytes.

    Args:
        path: the file, .safetensors or .npz.
        state_dict: arrays by their names, such as `model.state_dict()`; in safetensors float32, float64 or int64.
        classes: what the classes are called.
        preprocessing: how pictures become inputs.

    Raises: ArgumentError for a name that does not say the format, and for what is no array of real numbers; FormatError
        when the file would be too long or cannot be written.

    Example:
        >>> import tempfile, pellucid as pc
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pc.save_weights(f"{folder}/weights.npz", pc.Linear(3, 2).state_dict())
        ...     sorted(pc.load_weights(f"{folder}/weights.npz"))
        ['bias', 'weight']
    """
    where, path = _where(path), Path(path)
    if path.suffix.lower() not in SUFFIXES.values():
        rule = "the file's name must say its format"
        raise ArgumentError(where, rule, expected=either(SUFFIXES.values()), got=repr(path.name)[:80])
    if not isinstance(state_dict, Mapping):
        raise ArgumentError(where, "a state dict maps names to arrays", got=type(state_dict).__name__)
    arrays = {str(name): as_array(where, str(name), value) for name, value in state_dict.items()}
    texts = dict(_PRODUCER)
    if classes:
        texts["classes"] = json.dumps(list(classes), ensure_ascii=False)
    if preprocessing:
        texts["preprocessing"] = json.dumps(asdict(preprocessing))
    if path.suffix.lower() == SUFFIXES["npz"]:
        write_whole(where, path, [_archive(where, arrays, texts)])
    else:
        container.write(where, path, arrays, {"format": "pt", **texts}, LIMITS)


def load_weights(path: FilePath) -> dict[str, Array]:
    """The arrays of a safetensors or npz file by their names, for `model.load_state_dict`.

    Such files are what `safetensors.torch.save_file(net.state_dict(), path)`, `np.savez(path, **arrays)` and
    `save_weights` write, and model files. bfloat16 becomes float32, which holds it exactly; all else stays.

    Raises: FormatError when the file is missing, too large, damaged, or of another format, such as the pickles of
        torch.save, which can run code; NumericError when there is no memory for it.

    Example:
        >>> import tempfile, pellucid as pc
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pc.save_weights(f"{folder}/weights.safetensors", {"weight": [[3.0, 4.0]]})
        ...     pc.Linear(2, 1, bias=False).load_state_dict(pc.load_weights(f"{folder}/weights.safetensors"))
        IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    """
    where, path = _where(path), Path(path)
    start = reader.begins(where, path, 8)
    if start.startswith(b"PK"):
        return _of_archive(where, path)
    if any(start[4:]):  # where a header's length, at most some million, has zeros
        raise _foreign(where, repr(start))
    with reader.opened(where, path, LIMITS, reader.FOREIGN) as file:
        wider = sum(layout.size_bytes for layout in file.layouts.values() if layout.kind == "BF16")
        size_bytes = wider + sum(layout.size_bytes for layout in file.layouts.values())
        memory.require(where, say("the arrays"), size_bytes)
        exported = _PRODUCER.items() <= file.metadata.items()
        if exported and container.CHECKSUM not in file.metadata:
            raise FormatError(where, "weights that Pellucid wrote must have a checksum")
        ours = exported or file.metadata.get("format", "").startswith("pellucid")
        arrays = file.arrays(checked=ours)
        return {name: _numbers(file.layouts[name].kind, array) for name, array in arrays}


def _numbers(kind: str, stored: Array) -> Array:
    """What stored numbers are."""
    if kind == "BF16":
        return (stored.astype(np.uint32) << 16).view(np.float32)
    return stored != 0 if kind == "BOOL" else stored


def _archive(where: str, arrays: Mapping[str, Array], texts: Mapping[str, str]) -> memoryview:
    """An archive with no time in it, so that equal arrays give equal bytes."""
    comment = json.dumps(texts, ensure_ascii=False, sort_keys=True).encode()
    if len(comment) > _MOST_TEXT:
        rule, hint = "class names have no room in an archive", "--format safetensors"
        expected, got = (
            say("at most {most} bytes", most=_MOST_TEXT),
            say("{count} bytes", count=len(comment)),
        )
        raise FormatError(where, rule, expected=expected, got=got, hint=hint)
    LIMITS.check(where, sum(array.nbytes for array in arrays.values()), 0)
    content = BytesIO()
    with memory.enough(where), zipfile.ZipFile(content, "w") as archive:
        for name, array in sorted(arrays.items()):
            info = zipfile.ZipInfo(name + SUFFIX)
            info.create_system = 3  # on every system
            with archive.open(info, "w", force_zip64=True) as file:
                npy.write_array(file, np.asarray(array, order="C"), VERSION, allow_pickle=False)
        archive.comment = comment
        LIMITS.check(where, sum(info.file_size for info in archive.infolist()), 0)  # with the arrays' headers
    return content.getbuffer()


def _of_archive(where: str, path: Path) -> dict[str, Array]:
    """The arrays of an npz file; torch.save writes archives, too, but of pickles."""
    with opened(where, path, FormatError) as arrays, memory.enough(where):
        if not arrays.names:
            raise _foreign(where, ", ".join(arrays.others[:3])[:80] or None)
        LIMITS.check(where, arrays.size_bytes(), 0)
        memory.require(where, say("the arrays"), arrays.size_bytes())
        found = {name: arrays.read(name) for name in arrays.names}
        for name, array in found.items():
            if array.dtype.kind not in "fiub":
                rule = say("'{name}' must hold real numbers", name=name)
                raise FormatError(where, rule, got=f"{array.dtype}")
        return {
            name: array.astype(array.dtype.newbyteorder("="), copy=False) for name, array in found.items()
        }


def _foreign(where: str, got: str | None) -> FormatError:
    rule = "weights are read from safetensors and npz files, and never from pickles"
    hint = (
        "in PyTorch, safetensors.torch.save_file(net.state_dict(), 'weights.safetensors') writes such a file"
    )
    return FormatError(where, rule, got=got, hint=hint)


def _where(path: FilePath) -> str:
    return say("weights '{path}'", path=str(path))
