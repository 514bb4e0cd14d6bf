"""The folder of compiled kernels: damaged files are made again, and where there is no folder there is a warning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pellucid.kernels import cache, simd

PROGRAM = """
import numpy as np, pellucid as pc
pc.seed(0)
print(pc.Sequential(pc.Conv2d(1, 2, 3), pc.Sigmoid())(np.ones((1, 1, 4, 4))).sum())
"""


def run(folder, **settings):
    environment = {**os.environ, "PELLUCID_CACHE_DIR": str(folder), **settings}
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
    for _ in range(2):  # the second time everything is read and nothing compiled
        again = run(tmp_path)
        assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr


def test_each_target_has_files_of_its_own(tmp_path):
    for name in simd.native():
        before = set(tmp_path.rglob("*.o"))
        done = run(tmp_path, PELLUCID_TARGET=name)
        assert done.returncode == 0, done.stderr
        assert set(tmp_path.rglob("*.o")) > before


def test_a_target_that_the_processor_is_not_is_refused(tmp_path):
    done = run(tmp_path, PELLUCID_TARGET="vax")
    assert "environment 'PELLUCID_TARGET': this processor runs no such code. Expected " in done.stderr
    assert done.stderr.rstrip().endswith("Got vax.")


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
