"""The folder of compiled kernels: damaged files are made again, and where there is no folder there is a warning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pellucid.kernels import cache

PROGRAM = """
import numpy as np, pellucid as pc
pc.seed(0)
print(pc.Sequential(pc.Conv2d(1, 2, 3), pc.Sigmoid())(np.ones((1, 1, 4, 4))).sum())
"""


def run(folder):
    environment = {**os.environ, "PELLUCID_CACHE_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_damaged_files_are_made_again(tmp_path):
    first = run(tmp_path)
    assert first.returncode == 0, first.stderr
    files = [path for path in tmp_path.rglob("*") if path.suffix in (".o", ".nbi")]
    assert len(files) > 3
    for path in files:
        path.write_bytes(path.read_bytes()[:20])
    second = run(tmp_path)
    assert (second.returncode, second.stdout) == (0, first.stdout), second.stderr


def test_without_a_folder_kernels_are_made_for_the_process(tmp_path):
    file = tmp_path / "a file"
    file.write_text("in the way")
    done = run(file)
    assert done.returncode == 0, done.stderr
    assert "UserWarning: compiled kernels cannot be kept" in done.stderr


def test_what_is_written_is_read_when_it_is_whole(tmp_path):
    path = Path(tmp_path) / "code"
    assert cache.read(path) is None
    cache.write(path, b"code")
    assert cache.read(path) == b"code"
    path.write_bytes(path.read_bytes()[:-1])
    assert cache.read(path) is None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_only_the_owner_may_enter():
    assert cache.folder().stat().st_mode & 0o077 == 0
