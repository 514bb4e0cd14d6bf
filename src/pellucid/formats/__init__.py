"""File formats. What is read here is not trusted."""

from pellucid.formats.checkpoint import Saved, load_model, load_saved, save_model
from pellucid.formats.weights import load_weights, save_weights

__all__ = ["Saved", "load_model", "load_saved", "load_weights", "save_model", "save_weights"]
