"""Datasets and images. What is read here is not trusted."""

from pellucid.data.dataset import Dataset
from pellucid.data.images import read_image

__all__ = ["Dataset", "read_image"]
