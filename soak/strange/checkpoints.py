"""Checkpoints that are whole but lie: with the right checksum, other positions, arrays and texts; and no files."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.formats.run import RunState, load_run, save_run
from soak.strange.case import Case, Content
from soak.strange.texts import bound

Change = Callable[[RunState], object]


def cases(good: Path) -> Iterator[Case]:
    """All, made from the checkpoints of a good run."""
    *older, newest = sorted(good.glob("step-*.safetensors"))
    kept: dict[str, Content] = {path.name: path.read_bytes() for path in older}
    for what, change in _changes(load_run(newest)):

        def write(path: Path, change: Change = change) -> None:
            state = load_run(newest)
            change(state)
            save_run(path, state)

        yield Case("checkpoint", f"checkpoint {what}", {**kept, newest.name: write}, "", None)
    for what, make in {
        "that is a named pipe": os.mkfifo,
        "that is a folder": Path.mkdir,
        "that is a socket": bound,
        "that is a link to itself": lambda path: path.symlink_to(path.name),
        "that is empty": lambda path: path.write_bytes(b""),
        "of 16 sparse GiB": lambda path: (path.write_bytes(newest.read_bytes()), os.truncate(path, 2**34)),
        "of 17 sparse GiB": lambda path: (
            path.write_bytes(newest.read_bytes()),
            os.truncate(path, 2**34 + 2**30),
        ),
        "with a header of 2⁶³ bytes": lambda path: path.write_bytes(
            b"\0" * 7 + b"\x80" + newest.read_bytes()[8:]
        ),
        "that is a model": lambda path: path.write_bytes((good.parent / "model").read_bytes()),
        "that is older than it says": lambda path: path.write_bytes(older[-1].read_bytes()),
    }.items():
        # one that is no file cannot be replaced by the checkpoint of the same step
        legal = None if what.startswith("that is a") and "model" not in what else True
        yield Case("checkpoint", f"checkpoint {what}", {**kept, newest.name: make}, "", legal)
        if "older" not in what:
            yield Case("checkpoint", f"only checkpoint {what}", {newest.name: make}, "", False)
    yield Case(
        "checkpoint",
        "checkpoint of 10¹⁵ − 1 steps",
        {**kept, f"step-{10**15 - 1}.safetensors": newest.read_bytes()},
        "",
        True,
    )
    yield Case("checkpoint", "folder that is a file", {"x": b""}, "x", False)
    yield Case("checkpoint", "folder that is a named pipe", {"x": os.mkfifo}, "x", False)


def _changes(good: RunState) -> Iterator[tuple[str, Change]]:
    values: tuple[Any, ...] = (
        None,
        -1,
        2**31,
        10**18,
        10**400,
        1.5,
        True,
        "",
        "x",
        "nan",
        "inf",
        "-0x1p-1074",
        [],
        {},
        [[]],
        [{}],
    )
    for key in good.state:
        for value in values:
            yield f"with {key} {value!r:.20}", lambda state, k=key, v=value: state.state.update({k: v})
        yield f"without {key}", lambda state, k=key: state.state.pop(k)
    for key in good.recipe:
        yield f"of another {key}", lambda state, k=key: state.recipe.update({k: ["x"]})
    yield "of another recipe", lambda state: state.recipe.update({"x" * 10**5: 1})
    yield "without a recipe", lambda state: state.recipe.clear()
    for key in good.arrays:
        yield f"without {key}", lambda state, k=key: state.arrays.pop(k)
        yield (
            f"with {key} of nothing",
            lambda state, k=key: state.arrays.update({k: state.arrays[k].ravel()[:0]}),
        )
        yield (
            f"with {key} of other numbers",
            lambda state, k=key: state.arrays.update({k: state.arrays[k].astype(np.int64)}),
        )
        yield f"with {key} of NaN", lambda state, k=key: _not_finite(state.arrays, k)
    yield (
        "with an array of 2²⁶ numbers",
        lambda state: state.arrays.update({"model/x": np.zeros(2**26, np.float32)}),
    )
    yield "with 10⁴ arrays", lambda state: state.arrays.update({f"x{i}": np.zeros(1) for i in range(10**4)})
    yield "with negative steps", lambda state: state.arrays.update({"step/steps": np.array(-1)})
    yield "with 2⁶² steps", lambda state: state.arrays.update({"step/steps": np.array(2**62)})
    deep: Any = {}
    for _ in range(400):
        deep = {"a": copy.copy(deep)}
    yield "of deep words", lambda state: state.state.update({"x": deep})


def _not_finite(arrays: dict[str, Any], key: str) -> None:
    array = arrays[key].copy()
    if array.dtype.kind == "f":
        array[...] = np.nan
    arrays[key] = array
