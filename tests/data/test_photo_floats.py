"""Floats that no reader takes are not written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.command_line import said

from pellucid.cli import main
from pellucid.data import read_photo
from pellucid.errors import NumericError
from pellucid.formats.photo import write_photo

FINITE = "nothing was written, since pixels must be finite numbers. Got {} numbers that are NaN or infinite."
ALPHA = "nothing was written, since alpha must lie between 0 and 1. Got {}."
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f4"])
@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        ([[0, INF]], FINITE.format("1 of 2")),
        ([[-INF, INF]], FINITE.format("2 of 2")),
        ([[NAN]], FINITE.format("1 of 1")),
        ([[[0, 1, NAN]]], FINITE.format("1 of 3")),
        ([[[NAN, 0]]], FINITE.format("1 of 2")),
        ([[[0, INF]]], FINITE.format("1 of 2")),
        ([[[0, 1.5]]], ALPHA.format("1.5 to 1.5")),
        ([[[0, 1], [0, -0.5]]], ALPHA.format("-0.5 to 1")),
        ([[[0, 0, 0, 255]]], ALPHA.format("255 to 255")),
    ],
)
def test_what_is_not_written(tmp_path: Path, pixels: Any, said: str, dtype: str) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"before")
    with pytest.raises(NumericError) as error:
        write_photo(path, np.array(pixels, dtype))
    assert str(error.value) == f"picture '{path}': {said}"
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize(
    "pixels", [[[-3e38, 3e38]], [[[5, 1]]], [[[5, 0]]], [[[9, -9, 1]]], [[[9, -9, 1, 0.5]]], [[[7]]]]
)
def test_what_is_written(tmp_path: Path, pixels: Any) -> None:
    path = tmp_path / "a.tif"
    write_photo(path, np.array(pixels, np.float32))
    assert read_photo(path).pixels.ravel().tolist() == np.array(pixels, np.float32).ravel().tolist()


@pytest.mark.parametrize(("dtype", "huge"), [("f4", 3e38), ("f8", 1.7e308)])
@pytest.mark.parametrize(
    ("kernel", "wrong"),
    [("sharpen", 3), ("outline", 3), ("laplacian", 3), ("1 0 -1", 2), ("3", 3), ("box", 0)],
)
def test_a_kernel_that_makes_floats_too_large(
    tmp_path: Path, capsys: Any, dtype: str, huge: float, kernel: str, wrong: int
) -> None:
    source, target = tmp_path / "a.tif", tmp_path / "b.tif"
    write_photo(source, np.array([[huge, -huge, huge]], dtype))
    with pytest.raises(SystemExit) as end:
        main(["filter", str(source), "--kernel", kernel, "-o", str(target)])
    told = said(capsys.readouterr().err)
    if wrong:
        assert (end.value.code, told) == (2, f"error: picture '{target}': {FINITE.format(f'{wrong} of 3')}\n")
        assert not target.exists()
    else:
        assert (end.value.code or 0, told) == (0, "")
        assert np.isfinite(read_photo(target).pixels).all()
