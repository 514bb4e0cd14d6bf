"""Data sets of pictures: training and validation, of which both have what the training part has taught."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from pellucid.data.dataset import Dataset
from pellucid.data.sets.collecting import collect
from pellucid.data.sets.settings import Settings
from pellucid.data.sets.sources import Member, Source
from pellucid.data.sets.tree import Tree, held_out
from pellucid.errors import DataError
from pellucid.language import text, told

_SHOWN = 3  # names in a warning


def of_pictures(
    source: Source, members: Sequence[Member], tree: Tree, settings: Settings
) -> tuple[Dataset, Dataset | None]:
    """The data sets of these pictures; no validation where there are no images for it.

    Raises: DataError when pictures cannot be read, unless they may be skipped; when a class has none to train with.
    """
    members = [members[i] for i in tree.order]
    collected = collect(source, members, settings)
    good = collected.good
    labels = tree.labels[good]
    held = (
        held_out(labels, settings.validation, settings.seed) if tree.held_out is None else tree.held_out[good]
    )
    lacking = set(range(len(tree.classes))) - set(labels[~held].tolist())
    if lacking:
        rule = "each class must have a picture to train with"
        raise DataError(source.where, rule, got=repr(tree.classes[min(lacking)]))
    preprocessing = collected.learned(good[~held])
    skipped = _skipped([members[i].name for i in sorted(set(range(len(members))) - set(good.tolist()))])

    def part(chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Dataset:
        rows = good[chosen]
        names = tuple(members[row].name for row in rows)
        images = collected.stock.images(rows)
        return Dataset(
            images, labels[chosen], None, tree.classes, names, preprocessing=preprocessing, skipped=skipped
        )

    return part(~held), part(held) if held.any() else None


def _skipped(names: list[str]) -> tuple[str, ...]:
    """The names of pictures that are left out, after a warning."""
    if names:
        shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        warnings.warn(text("data.skipped", told(), count=len(names), names=shown), stacklevel=5)
    return tuple(names)
