"""File formats. What is read here is not trusted."""

from pellucid.formats.checkpoint import load_model, save_model

__all__ = ["load_model", "save_model"]
