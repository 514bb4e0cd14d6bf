"""Datasets and images. What is read here is not trusted."""

from pellucid.data.dataset import Dataset
from pellucid.data.images import read_image
from pellucid.data.photo import Photo, read_photo

__all__ = ["Dataset", "Photo", "read_image", "read_photo"]
