"""Mistakes for the report: the image, where the network looks, and what changes its answer."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pellucid.data import Dataset
from pellucid.figures.contact import fitted
from pellucid.figures.style import KERNEL, PRODUCT, SIGNAL
from pellucid.language import text
from pellucid.markup import Markup, joined, tag
from pellucid.nn import Module
from pellucid.review.mistakes import Mistake
from pellucid.review.pictures import Pixels, pixels, plane
from pellucid.review.places import last_layer
from pellucid.review.saliency import grad_cam, saliency
from pellucid.review.scores import percent

Array = NDArray[Any]
_SIDE = 192  # pixels of a picture's longer side at most
_FAINT, _COVER = 0.45, 0.9  # how much of a picture stays below a map, and how much the map covers of it


def cards(model: Module, data: Dataset, found: Sequence[Mistake], lang: str) -> Markup:
    """A card for each mistake, and what its pictures are."""
    if not found:
        return tag("p", text("review.no_mistakes", lang))
    images = data.read(np.array([mistake.index for mistake in found], np.int64))
    x, named = data.scaled(images), np.array([mistake.named for mistake in found])
    layer = last_layer(model, x)
    slopes = saliency(model, x, named)
    maps = None if layer is None else grad_cam(model, x, named, layer)
    how = text("review.how_slopes", lang) if layer is None else text("review.how_maps", lang, layer=layer)
    drawn = [
        _card(mistake, _pictures(images[i], None if maps is None else maps[i], slopes[i], lang), lang)
        for i, mistake in enumerate(found)
    ]
    return joined((tag("p", how), tag("div", *drawn, class_="cards")))


def _card(mistake: Mistake, pictures: Sequence[Markup], lang: str) -> Markup:
    said = partial(text, lang=lang)
    answer = tag("span", said("review.taken_for", name=mistake.named_name), class_="wrong")
    sure = said("review.sure", share=percent(mistake.probability))
    caption = tag(
        "figcaption",
        tag("small", mistake.name),
        tag("span", said("review.is", name=mistake.label_name)),
        tag("span", answer, " ", tag("small", sure)),
    )
    return tag("figure", tag("div", *pictures, class_="maps"), caption, class_="card")


def _pictures(image: Array, map_: Array | None, slopes: Array, lang: str) -> list[Markup]:
    shown = pixels(image)
    found = [picture(shown, text("review.image", lang))]
    if map_ is not None:
        found.append(picture(covered(shown, plane(map_)), text("review.map", lang)))
    strongest = np.take_along_axis(slopes, np.abs(slopes).argmax(axis=0)[np.newaxis], 0)[0]
    return [*found, picture(signed(plane(strongest)), text("review.slopes", lang))]


def covered(shown: Pixels, map_: Array) -> Pixels:
    """A picture in faint grey below a map in yellow."""
    grey = _FAINT * shown.mean(axis=2, keepdims=True) * np.ones(3)
    cover = _COVER * map_.astype(np.float64)[..., np.newaxis]
    return np.asarray(np.rint(grey * (1 - cover) + _rgb(PRODUCT) * cover), np.uint8)


def signed(numbers: Array) -> Pixels:
    """Zero is white, what is positive blue and what is negative vermilion, as strong as it is large.

    Example:
        >>> signed(np.array([[0.0, 2.0, -2.0]])).tolist()
        [[[255, 255, 255], [0, 114, 178], [192, 74, 0]]]
    """
    part = numbers.astype(np.float64) / (np.abs(numbers).max(initial=0) or 1.0)
    ink = np.where((part > 0)[..., np.newaxis], _rgb(SIGNAL), _rgb(KERNEL))
    return np.asarray(np.rint(255 - np.abs(part)[..., np.newaxis] * (255 - ink)), np.uint8)


def _rgb(colour: str) -> Array:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float64)


def picture(shown: Pixels, title: str, kind: str | None = None) -> Markup:
    """Pixels as an image that is part of the page."""
    if max(shown.shape[:2]) > _SIDE and kind is None:
        shown = fitted(shown, _SIDE)
    content = BytesIO()
    Image.fromarray(shown).save(content, "PNG", optimize=True)
    source = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    height, width = shown.shape[:2]
    return tag("img", src=source, alt=title, title=title, width=width, height=height, class_=kind)
