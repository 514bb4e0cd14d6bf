"""File formats. What is read here is not trusted."""

from pellucid.formats.checkpoint import Saved, load_model, load_saved, save_model

__all__ = ["Saved", "load_model", "load_saved", "save_model"]
