"""Files appear complete or not at all, only where regular files are, and leave nothing behind."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pellucid.errors import FormatError
from pellucid.formats import file as files
from pellucid.formats.file import check_writable, write_whole

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")


@pytest.fixture(autouse=True)
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    write_whole("file", tmp_path / "new", [b"one", memoryview(b"two")])
    assert (tmp_path / "new").read_bytes() == b"onetwo"
    assert mode(tmp_path / "new") == 0o640


@pytest.mark.parametrize("permissions", [0o600, 0o644, 0o666, 0o755, 0o2750, 0o200])
def test_a_file_keeps_its_permissions(tmp_path: Path, permissions: int) -> None:
    path, seen = tmp_path / "old", []
    path.write_bytes(b"old")
    path.chmod(permissions)

    def parts():
        (temporary,) = set(tmp_path.iterdir()) - {path}
        seen.append(mode(temporary))
        yield b"new"

    write_whole("file", path, parts())
    assert mode(path) == permissions
    assert seen[0] & ~permissions == 0
    path.chmod(0o600)
    assert path.read_bytes() == b"new"


def test_a_link_stays_and_leads_to_the_new_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").write_bytes(b"old")
    (tmp_path / "link").symlink_to("folder/old")
    (tmp_path / "chain").symlink_to("link")
    (tmp_path / "dangling").symlink_to("folder/new")
    for name in ("chain", "dangling"):
        check_writable("file", tmp_path / name)
        write_whole("file", tmp_path / name, [name.encode()])
        assert (tmp_path / name).is_symlink()
    assert (tmp_path / "folder" / "old").read_bytes() == b"chain"
    assert (tmp_path / "folder" / "new").read_bytes() == b"dangling"
    assert len(os.listdir(tmp_path / "folder")) == 2


def refused(tmp_path: Path, name: str) -> str:
    """What both say, without a change to anything."""
    before, texts = sorted(os.listdir(tmp_path)), set()
    for attempt in (
        lambda: check_writable("file", tmp_path / name),
        lambda: write_whole("file", tmp_path / name, []),
    ):
        with pytest.raises(FormatError) as caught:
            attempt()
        texts.add(str(caught.value))
    assert sorted(os.listdir(tmp_path)) == before
    (text,) = texts
    return text


def test_places_that_are_none_are_refused_before_and_after_the_work(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to pipe").symlink_to("pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    os.mknod(tmp_path / "socket", stat.S_IFSOCK | 0o600)
    cannot = "file: the file cannot be written. Got"
    pipe = "file: only regular files are written to. Got a named pipe."
    assert refused(tmp_path, "") == "file: this is a folder."
    assert refused(tmp_path, "pipe") == pipe
    assert refused(tmp_path, "to pipe") == pipe
    assert refused(tmp_path, "socket") == "file: only regular files are written to. Got a socket."
    assert refused(tmp_path, "loop") == f"{cannot} Too many levels of symbolic links."
    assert refused(tmp_path, "n" * 256) == f"{cannot} File name too long."
    assert refused(tmp_path, "gone/file") == f"{cannot} No such file or directory."
    assert refused(tmp_path, "file/file") == f"{cannot} Not a directory."
    assert refused(tmp_path, "a\0b") == f"{cannot} embedded null byte."
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_the_longest_name_is_written(tmp_path: Path) -> None:
    name = "n" * 255
    check_writable("file", tmp_path / name)
    assert os.listdir(tmp_path) == []
    write_whole("file", tmp_path / name, [b"new"])
    assert os.listdir(tmp_path) == [name]


OTHER_USER = """
import os, sys
from pathlib import Path
from pellucid.errors import FormatError
from pellucid.formats.file import check_writable, write_whole
os.setgid(65534)
os.setuid(65534)
for name in sys.argv[1:]:
    for attempt in (check_writable, lambda where, path: write_whole(where, path, [b"new"])):
        try:
            attempt(name, Path(name))
        except FormatError as error:
            print(error)
"""


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs to be somebody else")
def test_permissions_of_others_are_respected(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "closed").mkdir(mode=0o755)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open" / "theirs").write_bytes(b"old")
    names = ("closed/new", "open/theirs", "open/new")
    line = [sys.executable, "-c", OTHER_USER, *names]
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=tmp_path)
    cannot = "the file cannot be written. Got Permission denied."
    assert done.stdout.splitlines() == [f"{name}: {cannot}" for name in names[:2] for _ in range(2)]
    assert (tmp_path / "open" / "theirs").read_bytes() == b"old"
    assert (tmp_path / "open" / "new").read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs to be somebody else")
def test_what_was_for_another_owner_or_group_is_not_handed_on(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    path = tmp_path / "shared"
    path.write_bytes(b"old")
    path.chmod(0o6776)
    line = [sys.executable, "-c", OTHER_USER, path.name]
    subprocess.run(line, capture_output=True, check=True, cwd=tmp_path)
    assert path.read_bytes() == b"new"
    assert (path.stat().st_uid, mode(path)) == (65534, 0o706)


def test_root_keeps_the_owner(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs to give files away")
    path = tmp_path / "theirs"
    path.write_bytes(b"old")
    os.chown(path, 65534, 65533)
    path.chmod(0o640)
    write_whole("file", path, [b"new"])
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (65534, 65533, 0o640)


FULL = """
import resource, sys
from pathlib import Path
from pellucid.formats.file import check_writable
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
check_writable("file", Path(sys.argv[1]))
"""


def test_no_room_is_found_before_the_work(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path / "new"], capture_output=True, text=True, check=False
    )
    assert done.stderr.endswith("FormatError: file: the file cannot be written. Got File too large.\n")
    assert os.listdir(tmp_path) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from pellucid.formats.file import write_whole
def parts():
    yield b"half"
    os.kill(os.getpid(), signal.SIGKILL)
write_whole("file", Path(sys.argv[1]), parts())
"""


def test_what_a_killed_save_leaves_the_next_one_removes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert len(os.listdir(tmp_path)) == 2
    assert path.read_bytes() == b"old"
    write_whole("file", tmp_path / "other", [b"new"])
    assert sorted(os.listdir(tmp_path)) == ["file", "other"]


def test_a_save_that_runs_keeps_its_file(tmp_path: Path) -> None:
    def parts():
        for name in ("second", "third"):
            write_whole("file", tmp_path / name, [name.encode()])
            yield name.encode()

    write_whole("file", tmp_path / "first", parts())
    assert (tmp_path / "first").read_bytes() == b"secondthird"
    assert sorted(os.listdir(tmp_path)) == ["first", "second", "third"]


def test_what_is_not_left_by_a_save_stays(tmp_path: Path) -> None:
    left = f".pellucid-{'0' * 16}"
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / f"{left}a").touch()
    (tmp_path / left).symlink_to("kept")
    os.mkfifo(tmp_path / left.replace("0", "1"))
    (tmp_path / left.replace("0", "2")).mkdir()
    before = sorted(os.listdir(tmp_path))
    write_whole("file", tmp_path / "kept", [b"new"])
    assert sorted(os.listdir(tmp_path)) == before


def test_a_file_that_is_taken_for_a_leftover_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cleaner may come between making the file and locking it."""
    lock, turns = files.fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if not turns:
            (path,) = tmp_path.iterdir()
            path.unlink()
        turns.append(operation)
        lock(descriptor, operation)

    monkeypatch.setattr(files.fcntl, "flock", late)
    write_whole("file", tmp_path / "new", [b"new"])
    assert len(turns) == 2
    assert (tmp_path / "new").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["new"]


def test_room_for_the_whole_file_is_looked_for(tmp_path, monkeypatch):
    asked = []

    def fallocate(descriptor, start, size):
        asked.append((start, size))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", fallocate, raising=False)
    check_writable("file", tmp_path / "small")
    with pytest.raises(
        FormatError, match=r"^file: the file cannot be written\. Got No space left on device\.$"
    ):
        check_writable("file", tmp_path / "large", 10**7)
    assert asked == [(0, 10**7)]
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_mounted_is_found_before_the_work(tmp_path, monkeypatch):
    path = tmp_path / "a file"
    path.write_text("good")
    line = rf"36 35 98:0 / {str(path).replace(' ', chr(92) + '040')} rw - ext4 /dev/root rw"
    real = Path.read_bytes
    told = lambda self: f"{line}\n".encode() if str(self) == "/proc/self/mountinfo" else real(self)  # noqa: E731
    monkeypatch.setattr(Path, "read_bytes", told)
    with pytest.raises(FormatError) as caught:
        check_writable("file", path)
    assert str(caught.value) == f"file: nothing can take the place of a file that is mounted. Got '{path}'."
    check_writable("file", tmp_path / "another")
