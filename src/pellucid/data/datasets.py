"""The data sets that come with Pellucid, and readers of those in files."""

from pellucid.data.mnist import mnist
from pellucid.data.sets.cifar import cifar10, cifar100
from pellucid.data.sets.folder import folder
from pellucid.data.sets.idx import idx
from pellucid.data.sets.listing import csv
from pellucid.data.sets.npz import npz
from pellucid.data.sets.opening import open

__all__ = ["cifar10", "cifar100", "csv", "folder", "idx", "mnist", "npz", "open"]
