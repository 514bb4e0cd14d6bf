"""Augmentation: changes of images in training, which depend on (seed, epoch, index) alone."""

from pellucid.data.augment.augment import Augment
from pellucid.data.augment.sources import Source, Sources

__all__ = ["Augment", "Source", "Sources"]
