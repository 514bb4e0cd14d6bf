"""Archives that are broken or want to do harm: each ends in one error, and takes no more memory than it should."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from contextlib import suppress

import pytest
from tests.support.picture_sets import pets, picture, png, put, refusal, tarred, zipped

from pellucid.data import datasets
from pellucid.data.sets import archives, sources
from pellucid.errors import DataError, FormatError, PellucidError

PICTURE = png(picture(1))
PETS = pets(2)


@pytest.mark.parametrize("kind", ["zip", "tar", "gz", "bz2", "xz"])
def test_archives_that_are_cut_off_or_damaged(tmp_path, kind):
    path = tmp_path / "pets"
    whole = (
        zipped(path, PETS) if kind == "zip" else tarred(path, PETS, kind.removeprefix("tar"))
    ).read_bytes()
    assert datasets.folder(path)[0].classes == ("ant", "cat")
    needed = len(whole) if kind != "tar" else 512 * (4 * 2 + 1)  # padding behind a tar may be cut off
    for share in range(0, 100, 3):
        path.write_bytes(whole[: needed * share // 100])
        with pytest.raises((DataError, FormatError)):
            datasets.folder(path)
    for place in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with suppress(PellucidError):
            datasets.folder(path)


@pytest.mark.parametrize(
    "name",
    [
        "../cat/1.png",
        "/cat/1.png",
        "cat/../../1.png",
        "cat//1.png",
        "cat/./1.png",
        "c:\\cat\\1.png",
        "cat/..",
        "a\\1.png",
    ],
)
@pytest.mark.parametrize("make", [zipped, tarred])
def test_names_that_lead_elsewhere(tmp_path, name, make):
    path = make(tmp_path / "pets", PETS | {name: PICTURE})
    text = refusal(FormatError, datasets.folder, path)
    assert text == f"data set '{path}': names in an archive must be paths below it. Got {name!r}."


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, b"S"])
def test_links_and_devices_in_tar(tmp_path, kind):
    def with_link(name):
        path = tmp_path / "pets.tar"
        with tarfile.open(path, "w") as archive:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
            info = tarfile.TarInfo("cat/1.png")
            info.size = len(PICTURE)
            archive.addfile(info, io.BytesIO(PICTURE))
        return path

    path = with_link("cat/2.png")
    assert refusal(FormatError, datasets.folder, path) == (
        f"data set '{path}': files in an archive must be no links or devices. Got 'cat/2.png'."
    )
    assert datasets.folder(with_link("cat/notes"))[0].names == ("cat/1.png",)  # left out, never followed


def test_links_in_zip(tmp_path):
    path = tmp_path / "pets.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("cat/1.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    text = refusal(FormatError, datasets.folder, path)
    assert text == f"data set '{path}': files in an archive must be no links or devices. Got 'cat/1.png'."


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_twice(tmp_path, kind):
    path = tmp_path / "pets"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for _ in range(2):
                archive.writestr("cat/1.png", PICTURE)
    else:
        with tarfile.open(path, "w") as archive:
            for name in ("cat/1.png", "./cat/1.png"):
                info = tarfile.TarInfo(name)
                info.size = len(PICTURE)
                archive.addfile(info, io.BytesIO(PICTURE))
    text = refusal(FormatError, datasets.folder, path)
    assert text == f"data set '{path}': an archive must not hold a file twice. Got 'cat/1.png'."


def test_names_of_tar_that_are_no_utf8(tmp_path):
    path = tarred(tmp_path / "pets.tar", {"cat/abc.png": PICTURE})
    content = path.read_bytes().replace(b"cat/abc.png", b"cat/a\xffc.png")
    header = bytearray(content[:512])
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path.write_bytes(header + content[512:])
    text = refusal(DataError, datasets.folder, path)
    assert text == f"data set '{path}': names of files must be UTF-8. Got 'cat/a\\udcffc.png'."


def changed_directory(path, place, form, value):
    """A zip whose directory says something else of its first file."""
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\1\2")
    struct.pack_into(form, content, start + place, value)
    path.write_bytes(content)
    return path


DAMAGED = "the file is damaged: it is not what the archive says of it"


@pytest.mark.parametrize(
    ("place", "form", "value", "text"),
    [
        (16, "<I", 12345, DAMAGED),  # the checksum
        (24, "<I", len(PICTURE) - 1, DAMAGED),  # the size
        (24, "<I", len(PICTURE) + 1, DAMAGED),
        (24, "<I", 2**28 + 1, "the file is too large. Expected at most 268435456 bytes. Got 268435457 bytes"),
        (10, "<H", 12, "files in an archive must be stored or deflated. Got 12"),
        (10, "<H", 97, "files in an archive must be stored or deflated. Got 97"),
    ],
)
def test_zips_whose_directory_is_wrong(tmp_path, place, form, value, text):
    path = changed_directory(zipped(tmp_path / "pets.zip", {"cat/1.png": PICTURE}), place, form, value)
    assert f"Got image '{path / 'cat/1.png'}': {text}." in refusal(DataError, datasets.folder, path)


def test_encrypted_zips(tmp_path):
    path = changed_directory(zipped(tmp_path / "pets.zip", {"cat/1.png": PICTURE}), 8, "<H", 1)
    text = refusal(FormatError, datasets.folder, path)
    assert text == f"data set '{path}': the archive must not be encrypted. Got 'cat/1.png'."


def test_files_of_zips_that_overlap(tmp_path):
    path = zipped(tmp_path / "pets.zip", {"cat/1.png": PICTURE, "cat/2.png": PICTURE})
    content = bytearray(path.read_bytes())
    second = content.rindex(b"PK\1\2")
    struct.pack_into("<I", content, second + 42, 1)
    path.write_bytes(content)
    text = refusal(FormatError, datasets.folder, path)
    assert text == f"data set '{path}': files in an archive must not overlap. Got 'cat/2.png'."


def peak_bytes(call, *arguments):
    """How much Python and NumPy have asked for meanwhile."""
    tracemalloc.start()
    try:
        with pytest.raises(PellucidError):
            call(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_bombs_are_refused_before_they_go_off(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "FREE_BYTES", 1 << 20)
    zeros = bytes(8 << 20)
    path = zipped(tmp_path / "bomb.zip", {"cat/1.png": PICTURE, "cat/notes": zeros})
    assert "the archive holds too much. Expected at most" in refusal(FormatError, datasets.folder, path)
    assert peak_bytes(datasets.folder, path) < 1 << 20
    for kind in ("gz", "bz2", "xz"):
        path = tarred(tmp_path / f"bomb.{kind}", {"cat/1.png": PICTURE, "cat/notes": zeros}, kind)
        assert "unpack it and give the folder" in refusal(FormatError, datasets.folder, path)
        behind = tarred(tmp_path / "small.tar", {"cat/1.png": PICTURE}).read_bytes() + zeros
        pack = {"gz": gzip, "bz2": bz2, "xz": lzma}[kind].compress
        path.write_bytes(pack(behind))
        assert "the archive holds too much" in refusal(FormatError, datasets.folder, path)


def test_pictures_that_are_bombs(tmp_path):
    huge = bytearray(PICTURE)
    huge[16:24] = (11_500).to_bytes(4, "big") * 2
    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4, "big")
    path = zipped(tmp_path / "bomb.zip", {"cat/1.png": bytes(huge)})
    text = refusal(DataError, datasets.folder, path)
    assert "the image is too large. Expected at most 120000000 pixels. Got 11500×11500." in text


def header(name, size, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK]
)
def test_long_headers_of_tar(tmp_path, kind):
    path = tmp_path / "pets.tar"
    path.write_bytes(header("x", 2**40, kind) + bytes(1024))
    assert refusal(FormatError, datasets.folder, path) == (
        f"data set '{path}': a header in the archive is too long. Expected at most 1048576 bytes. "
        "Got 1099511627776 bytes."
    )


@pytest.mark.parametrize(
    "records", [b"5 a=b", b"99 path=x\n", b"0 path=x\n", b"no\n", b"23 GNU.sparse.major=10\n"]
)
def test_pax_headers_that_are_none(tmp_path, records):
    path = tmp_path / "pets.tar"
    path.write_bytes(header("x", len(records), tarfile.XHDTYPE) + records.ljust(512, b"\0") + bytes(1024))
    text = refusal(FormatError, datasets.folder, path)
    assert text == f"data set '{path}': the archive cannot be read. Got {records!r}."


def test_sizes_of_tar_that_are_none(tmp_path):
    path = tmp_path / "pets.tar"
    path.write_bytes(header("cat/1.png", -5) + bytes(1024))
    assert "the archive cannot be read. Got -5 bytes" in refusal(FormatError, datasets.folder, path)
    path.write_bytes(header("cat/1.png", 2**40) + bytes(1024))
    assert "the archive holds too much" in refusal(FormatError, datasets.folder, path)
    path.write_bytes(header("cat/1.png", 5000) + bytes(1024))
    assert refusal(FormatError, datasets.folder, path) == f"data set '{path}': the archive is cut off."


def test_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    path = zipped(tmp_path / "many.zip", {f"a/{i}": b"" for i in range(4)})
    assert refusal(FormatError, datasets.folder, path) == (
        f"data set '{path}': the archive holds too much. Expected at most 3 files. Hint: unpack it and give the folder."
    )


def test_files_larger_than_a_picture_may_be(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_FILE_BYTES", len(PICTURE) - 1)
    for path in (
        put(tmp_path / "folder", {"cat/1.png": PICTURE}),
        zipped(tmp_path / "a.zip", {"cat/1.png": PICTURE}, zipfile.ZIP_STORED),
        tarred(tmp_path / "a.tar", {"cat/1.png": PICTURE}),
        tarred(tmp_path / "a.tar.gz", {"cat/1.png": PICTURE}, "gz"),
    ):
        expected = f"at most {len(PICTURE) - 1} bytes. Got {len(PICTURE)} bytes"
        assert f"the file is too large. Expected {expected}" in refusal(DataError, datasets.folder, path)
