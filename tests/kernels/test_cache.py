"""The folder of compiled kernels: damaged files are made again, and where there is no folder there is a warning."""

import itertools
import os
import pkgutil
import shutil
import stat
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from pellucid import kernels
from pellucid.kernels import cache, simd

PROGRAM = """
import numpy as np, pellucid as pc
pc.seed(0)
print(pc.Sequential(pc.Conv2d(1, 2, 3), pc.Sigmoid())(np.ones((1, 1, 4, 4))).sum())
"""

TRAINING = """
import sys
import numpy as np, pellucid as pc
from pellucid.kernels.progress import progress
pc.seed(0)
model = pc.Sequential(pc.Conv2d(1, 2, 3), pc.BatchNorm2d(2), pc.GELU(), pc.Flatten(), pc.Linear(8, 3))
step = pc.TrainStep(model, pc.Adam())
x, y = np.random.default_rng(0).random((4, 1, 4, 4)), np.arange(4) % 3
print([step(x, y).hex() for _ in range(3)], pc.record(model, x).explain("4.output[1,2]").replay)
print("compiled", progress.total > 0, "with Numba", "numba" in sys.modules)
"""
KERNELS = """
import sys
from importlib import import_module
from pellucid.kernels.jit import Kernel
from pellucid.kernels.progress import progress
for name in MODULES:
    for kernel in vars(import_module(f"pellucid.kernels.{name}")).values():
        if isinstance(kernel, Kernel):
            assert kernel.address(32) != kernel.address(64)
print("numba" in sys.modules)
"""
FORKS = """
import os, threading
import numpy as np, pellucid as pc
# a module that another thread is importing when Python forks stays locked
import pellucid.engine.inference, pellucid.nn
x = np.ones((1, 1, 4, 4))
compiling = threading.Thread(target=lambda: pc.Sequential(pc.Conv2d(1, 2, 3), pc.Sigmoid())(x))
compiling.start()
child = os.fork()
assert pc.Sequential(pc.Conv2d(1, 3, 3), pc.Tanh())(x).shape == (1, 3, 2, 2)
if not child:
    os._exit(0)
compiling.join()
assert os.waitpid(child, 0)[1] == 0
"""


def run(folder, program=PROGRAM, **settings):
    environment = {**os.environ, "PELLUCID_CACHE_DIR": str(folder), **settings}
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
def test_damaged_files_are_made_again(tmp_path):
    first = run(tmp_path)
    assert first.returncode == 0, first.stderr
    files = list(tmp_path.rglob("*.o"))
    assert len(files) > 3
    for damage in (lambda code: code[:20], lambda code: code[:-1] + bytes([code[-1] ^ 1]), lambda code: b""):
        for path in files:
            path.write_bytes(damage(path.read_bytes()))
        for _ in range(2):  # the second time everything is read and nothing compiled
            again = run(tmp_path)
            assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr


@pytest.mark.slow
def test_files_in_each_other_s_place_are_made_again(tmp_path):
    first = run(tmp_path)
    one, other, *_ = sorted(tmp_path.rglob("*.o"))
    code = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(code)
    again = run(tmp_path)
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, first.stdout.splitlines()[0]), again.stderr


@pytest.mark.slow
def test_numba_is_imported_only_to_compile(tmp_path):
    first, second = run(tmp_path, TRAINING), run(tmp_path, TRAINING)
    numbers, compiled = first.stdout.splitlines()
    assert compiled == "compiled True with Numba True", first.stderr
    assert second.stdout.splitlines() == [numbers, "compiled False with Numba False"], second.stderr


@pytest.mark.slow
def test_every_kernel_needs_the_c_library_alone():
    """What a function calls is looked up when it is loaded: the process would end if it were not there."""
    modules = [module.name for module in pkgutil.iter_modules(kernels.__path__) if not module.ispkg]
    program = KERNELS.replace("MODULES", repr(modules))
    for _ in range(2):
        done = run(cache.folder().parent, program)
        assert done.returncode == 0, done.stderr
    assert done.stdout == "False\n"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_is_copied_while_another_thread_compiles(tmp_path):
    done = run(tmp_path, FORKS)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_a_full_disk_costs_time_only(tmp_path):
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    done = run(tmp_path, full + PROGRAM)
    assert (done.returncode, done.stdout) == (0, run(tmp_path).stdout)
    assert "UserWarning: compiled kernels cannot be kept" in done.stderr
    assert "kept for next time" not in done.stderr


def test_room_that_runs_out_is_told(tmp_path, monkeypatch):
    place = cache._Folder.made(tmp_path / "gone")
    monkeypatch.setattr(cache, "_place", lambda: place)
    shutil.rmtree(place.path)
    with pytest.warns(UserWarning, match="compiled kernels cannot be kept"):
        assert not cache.write("code", b"code")


@pytest.mark.slow
def test_each_target_has_files_of_its_own(tmp_path):
    for name in simd.native():
        before = set(tmp_path.rglob("*.o"))
        done = run(tmp_path, PELLUCID_TARGET=name)
        assert done.returncode == 0, done.stderr
        assert set(tmp_path.rglob("*.o")) > before


@pytest.mark.slow
def test_a_target_that_the_processor_is_not_is_refused(tmp_path):
    done = run(tmp_path, PELLUCID_TARGET="vax")
    assert "environment 'PELLUCID_TARGET': this processor runs no such code. Expected " in done.stderr
    assert done.stderr.rstrip().endswith("Got vax.")


@pytest.mark.slow
def test_without_a_folder_kernels_are_made_for_the_process(tmp_path):
    file = tmp_path / "a file"
    file.write_text("in the way")
    done = run(file, HOME=str(file), XDG_CACHE_HOME=str(file), TMPDIR=str(file), PELLUCID_CACHE_DIR=str(file))
    assert done.returncode == 0, done.stderr
    assert "UserWarning: compiled kernels cannot be kept" in done.stderr


def test_what_is_written_is_read_when_it_is_whole(tmp_path, monkeypatch):
    place = cache._Folder.made(tmp_path)
    monkeypatch.setattr(cache, "_place", lambda: place)
    assert cache.read("code") is None
    cache.write("code", b"code")
    assert cache.read("code") == b"code"
    path = tmp_path / "code"
    path.write_bytes(path.read_bytes()[:-1])
    assert cache.read("code") is None


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_the_place_of_a_file_is_damage(tmp_path):
    """Reading it would wait for a writer who never comes."""
    first = run(tmp_path)
    for path in tmp_path.rglob("*.o"):
        path.unlink()
        os.mkfifo(path)
    again = run(tmp_path)
    assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr
    assert all(path.is_file() for path in tmp_path.rglob("*.o"))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_only_the_owner_may_enter():
    assert cache.folder().stat().st_mode & 0o077 == 0


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home and a folder for temporary files of our own."""
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir(mode=0o700)
    monkeypatch.delenv("PELLUCID_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def chosen():
    """Where code is kept, and the warning about it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        place = cache._place.__wrapped__()
    return place and place.path.parent, [str(warning.message) for warning in caught]


def test_the_usual_places(home, monkeypatch):
    assert chosen() == (home / "home" / "pellucid", [])
    monkeypatch.setenv("PELLUCID_CACHE_DIR", str(home / "new" / "folder"))
    assert chosen() == (home / "new" / "folder", [])
    assert {path.stat().st_mode & 0o777 for path in (home / "new").rglob("*") if path.is_dir()} == {0o700}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
def test_a_folder_that_others_can_write_to_is_not_used(home, monkeypatch, mode):
    """Below a sticky one ours is safe, if it is ours."""
    open_ = home / "open"
    (open_ / "cache").mkdir(parents=True, mode=0o700)
    open_.chmod(mode)
    monkeypatch.setenv("PELLUCID_CACHE_DIR", str(open_ / "cache"))
    if mode & stat.S_ISVTX:
        assert chosen() == (open_ / "cache", [])
        return
    place, (text,) = chosen()
    assert place == home / "home" / "pellucid"
    assert text == (
        f"compiled kernels cannot be kept (others can write to {open_}); "
        f"{place / cache._fingerprint()} takes them instead"
    )


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs to give folders away")
def test_a_folder_of_somebody_else_is_not_used(home, monkeypatch):
    theirs = home / "theirs"
    theirs.mkdir(mode=0o755)
    os.chown(theirs, 65534, 65534)
    (home / "link").symlink_to(theirs)
    for name in ("theirs", "link"):
        monkeypatch.setenv("PELLUCID_CACHE_DIR", str(home / name / "cache"))
        place, (text,) = chosen()
        assert place == home / "home" / "pellucid"
        assert text.startswith(f"compiled kernels cannot be kept ({theirs} belongs to somebody else); ")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_at_last_there_is_a_private_folder_among_temporary_files(home, monkeypatch):
    (home / "home").chmod(0o777)
    place, texts = chosen()
    assert place == home / "temporary" / f"pellucid-{os.getuid()}"
    assert place.stat().st_mode & 0o777 == 0o700
    assert len(texts) == 1
    place.chmod(0o770)
    nowhere, (text,) = chosen()
    assert nowhere is None
    assert text == (
        f"compiled kernels cannot be kept (others can write to {home / 'home'}); "
        "set PELLUCID_CACHE_DIR to a folder that can be written to"
    )
    monkeypatch.setenv("PELLUCID_LANG", "ko")
    _, (text,) = chosen()
    assert text == (
        f"컴파일한 커널을 보관할 수 없습니다(다른 사용자도 쓸 수 있는 폴더입니다: {home / 'home'}). "
        "PELLUCID_CACHE_DIR에 쓰기 가능한 폴더를 지정하십시오"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_files_that_others_may_have_written_are_not_loaded(tmp_path):
    place = cache._Folder.made(tmp_path / "cache")
    place.write("code", b"code")
    path = Path(place.path, "code")
    assert path.stat().st_mode & 0o777 == 0o600
    assert place.read("code") == b"code"
    for mode in (0o620, 0o602):
        path.chmod(mode)
        assert place.read("code") is None
    path.chmod(0o600)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        place.read("code")
    if os.getuid() == 0:
        path.unlink()
        place.write("code", b"code")
        os.chown(path, 65534, -1)
        assert place.read("code") is None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_was_looked_at_is_what_is_read(tmp_path):
    """Another folder that has taken the place of ours meanwhile is not read."""
    place = cache._Folder.made(tmp_path / "cache")
    place.write("code", b"code")
    place.path.rename(tmp_path / "ours")
    cache._Folder.made(tmp_path / "cache").write("code", b"other")
    assert place.read("code") == b"code"


def test_files_used_longest_ago_go_when_a_folder_is_full(tmp_path, monkeypatch):
    place = cache._Folder.made(tmp_path)
    monkeypatch.setattr(cache, "_place", lambda: place)
    monkeypatch.setattr(cache, "_MOST_BYTES", 8 * 4096)
    monkeypatch.setattr(cache, "_writes", itertools.count(1))
    now = time.time()
    for age, name in enumerate("abcdefgh"):
        cache.write(name, name.encode())
        os.utime(tmp_path / name, (0, now - 10 * cache._DAY_SECONDS + age))
    os.unlink(tmp_path / "probe")
    place.make_room()
    assert sorted(path.name for path in tmp_path.iterdir()) == list("abcdefgh")
    assert cache.read("a") == b"a"
    monkeypatch.setattr(cache, "_writes", itertools.count(cache._WRITES))
    cache.write("i", bytes(5000))
    assert sorted(path.name for path in tmp_path.iterdir()) == list("afghi")
    assert cache.read("b") is None
    assert cache.read("a") == b"a"


def test_a_file_that_another_process_removes_is_no_fault(tmp_path, monkeypatch):
    place = cache._Folder.made(tmp_path)
    for name in "abc":
        place.write(name, b"")
    monkeypatch.setattr(cache, "_MOST_BYTES", 4096)
    unlink = os.unlink

    def removed_by_two(name, **options):
        unlink(name, **options)
        unlink(name, **options)

    monkeypatch.setattr(cache.os, "unlink", removed_by_two)
    place.make_room()
    assert len(list(tmp_path.iterdir())) <= 1


@pytest.mark.slow
def test_a_process_that_compiles_makes_room(tmp_path):
    """Its first file is a moment to look."""
    run(tmp_path)
    (place,) = tmp_path.iterdir()
    old = place / "old"
    old.write_bytes(b"")
    os.truncate(old, 300 << 20)  # which takes no room, but says so
    os.utime(old, (0, 0))
    for path in place.glob("tile_*"):
        path.unlink()
    assert run(tmp_path).returncode == 0
    assert not old.exists()
