"""TIFF: bits, sample format and photometric tag decide what a number means (TIFF 6.0 and its supplements)."""

from __future__ import annotations

from typing import BinaryIO

from pellucid.data.pictures.file import check_alone
from pellucid.data.pictures.libtiff import silenced
from pellucid.data.pictures.samples import Samples
from pellucid.data.pictures.tiff import tags as tag
from pellucid.data.pictures.tiff.colours import Colours
from pellucid.data.pictures.tiff.numbers import Layout
from pellucid.data.pictures.tiff.tags import Tags
from pellucid.errors import DataError

_PREVIEW, _MASK = 1, 4  # bits of NewSubfileType
_OLD_PREVIEW = 2  # the number of SubfileType, which it has replaced


def read_tiff(stream: BinaryIO, *, alone: bool) -> tuple[Samples, Tags]:
    """Read a file's first picture, (H,W) or (H,W,2 to 4), not yet turned upright; and its tags.

    Whole numbers of up to 8 bits become uint8, of up to 16 uint16, of 32 float64 in [0,1]; floats stay what
    they are, those of 16 bits as float32.

    Raises: DataError when the file is broken, or when it is not known what its numbers mean.
    """
    tags = Tags(stream)
    if alone:
        check_alone(tags.pictures())
    kind, old_kind = tags.number(tag.SUBFILE_TYPE, 0), tags.number(tag.OLD_SUBFILE_TYPE, 0)
    if kind & (_PREVIEW | _MASK) or old_kind == _OLD_PREVIEW:  # cameras' raw files begin with one
        rule = "the first picture must not be a preview or the mask of another"
        got = f"SubfileType {old_kind}" if old_kind == _OLD_PREVIEW else f"NewSubfileType {kind}"
        raise DataError("image", rule, got=got)
    colours = Colours.of(tags)
    layout = Layout.of(tags, colours)
    with silenced(stream):
        numbers = layout.read(tags)
    return colours.pixels(numbers), tags
