"""A broken TIFF has one error; what libtiff itself would print beside it stays away, and what others print does not."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

import pellucid as pc
from pellucid.data.photo import read_photo
from pellucid.data.pictures.libtiff import silenced


@pytest.fixture
def broken(tmp_path):
    """A TIFF whose compressed numbers are none."""
    content = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    Image.fromarray(noise).save(content, "TIFF", compression="tiff_deflate")
    path = tmp_path / "broken.tiff"
    path.write_bytes(content.getvalue().replace(content.getvalue()[20:60], bytes(40)))
    return path


def test_libtiff_speaks_of_such_a_file(broken, capfd):
    with Image.open(broken) as file, pytest.raises(OSError, match="decoder error"):
        file.load()
    assert capfd.readouterr().err.startswith("ZIPDecode: ")


@pytest.mark.parametrize("read", [read_photo, lambda path: pc.read_image(path, (3, 8, 8))])
def test_nothing_is_printed_beside_the_error(broken, capfd, read):
    with pytest.raises(pc.DataError, match=r": the image cannot be read\. Got OSError: decoder error -2\.$"):
        read(broken)
    assert capfd.readouterr().err == ""


def test_what_others_write_meanwhile_comes_afterwards(broken, capfd):
    lines = b"a warning of mine\nLibrary: says something\nerror: none of libtiff\n"
    with broken.open("rb") as file:
        with silenced(file):
            os.write(2, b"ZIPDecode: Decoding error at scanline 0.\n" + lines)
            assert capfd.readouterr().err == ""
        assert capfd.readouterr().err.encode() == lines
        with pytest.raises(BlockingIOError), silenced(file):
            raise BlockingIOError(os.write(2, lines))
    assert capfd.readouterr().err.encode() == lines


def test_what_pillow_logs_is_not_printed(broken, capfd):
    content = broken.read_bytes()
    tag = TiffImagePlugin.SAMPLESPERPIXEL.to_bytes(2, "little")
    at = content.rindex(tag) + 8
    broken.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
    with pytest.raises(pc.DataError):
        read_photo(broken)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("close", ["2", "0, 2", "1, 2"])
def test_a_closed_stderr_stays_closed(tmp_path, close):
    """The picture's own file gets its number then."""
    pixels = np.arange(120, dtype=np.uint8).reshape(8, 15)
    Image.fromarray(pixels).save(tmp_path / "good.tiff", compression="tiff_lzw")
    code = f"""
import os, pellucid as pc, numpy as np
from pellucid.data.photo import read_photo
for descriptor in ({close},):
    os.close(descriptor)
assert read_photo({str(tmp_path / "good.tiff")!r}).pixels.tolist() == np.arange(120).reshape(8, 15).tolist()
try:
    os.fstat(2)
except OSError:
    os._exit(7)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 7
