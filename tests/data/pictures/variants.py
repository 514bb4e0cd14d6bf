"""All kinds of picture files."""

from __future__ import annotations

from functools import cache

from tests.data.pictures.other_variants import other_variants
from tests.data.pictures.tiff_colour_variants import tiff_colour_variants
from tests.data.pictures.tiff_variants import tiff_variants
from tests.data.pictures.variant import Variant


@cache
def variants() -> tuple[Variant, ...]:
    """All of them."""
    return (*tiff_variants(), *tiff_colour_variants(), *other_variants())
