"""Mistakes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from pellucid import memory
from pellucid.data.dataset import DataLike, dataset
from pellucid.errors import ArgumentError, say
from pellucid.figures import Film, contact
from pellucid.language import chosen, text
from pellucid.review.mistakes import Mistake
from pellucid.review.pictures import pixels
from pellucid.review.scores import percent

_MOST = 240  # pictures


@memory.enough("contact_sheet")
def contact_sheet(data: DataLike, mistakes: Sequence[Mistake], *, lang: str | None = None) -> Film:
    """Mistakes as one picture, under each its name, its class, and the class that the network names.

    Args:
        data: the dataset, or pair, that they were made on.
        mistakes: up to 240, as `pellucid.mistakes` gives them.
        lang: the labels' language.

    Raises: ArgumentError for none or too many mistakes, or for one of other data; PellucidError, when it is drawn,
        without matplotlib or a font.
    """
    data, lang = dataset("contact_sheet", data), chosen(lang)
    if not 1 <= len(mistakes) <= _MOST:
        rule, expected = "a sheet shows some mistakes", say("1 to {last}", last=_MOST)
        raise ArgumentError("contact_sheet", rule, expected=expected, got=f"{len(mistakes)}")
    indices = np.array([mistake.index for mistake in mistakes], np.int64)
    if indices.max() >= len(data):
        expected, got = say("0 to {last}", last=len(data) - 1), f"{indices.max()}"
        raise ArgumentError("contact_sheet", "mistakes are of this data", expected=expected, got=got)
    pictures = [contact.fitted(pixels(image)) for image in data.read(indices)]
    title = text("review.most_sure", lang, count=len(mistakes))
    return contact.contact_sheet(title, pictures, [_caption(mistake, lang) for mistake in mistakes], lang)


def _caption(mistake: Mistake, lang: str) -> tuple[str, ...]:
    said = partial(text, lang=lang)
    return (
        mistake.name,
        said("review.is", name=mistake.label_name),
        said("review.taken_for", name=mistake.named_name),
        said("review.sure", share=percent(mistake.probability)),
    )
