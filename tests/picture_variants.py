"""All kinds of picture files."""

from __future__ import annotations

from functools import cache

from tests.other_variants import other_variants
from tests.picture_variant import Variant
from tests.tiff_colour_variants import tiff_colour_variants
from tests.tiff_variants import tiff_variants


@cache
def variants() -> tuple[Variant, ...]:
    """All of them."""
    return (*tiff_variants(), *tiff_colour_variants(), *other_variants())
