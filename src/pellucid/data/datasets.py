"""The datasets that come with Pellucid."""

from pellucid.data.mnist import mnist

__all__ = ["mnist"]
